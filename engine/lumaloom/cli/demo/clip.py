"""Writes the demo's own clip: the scene as H.264, a plucked tune as AAC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from lumaloom.cli.demo.pictures import Picture
from lumaloom.cli.demo.scene import FRAMES, HEIGHT, RATE, SECONDS, WIDTH, Scene, tone
from lumaloom.errors import CancelledError
from lumaloom.media.atomic import AtomicFile
from lumaloom.run import Workers, ordered_map
from lumaloom.services.pools import Pool

_SAMPLES = 48000


def write_clip(path: Path, workers: int, cancel: threading.Event, on_frame: Callable[[int, int], None]) -> None:
    """Draw and encode the clip; it appears under its name when it is whole.

    Args:
        path: an MP4 file, replaced if it is there.
        workers: threads that draw.
        cancel: set it to stop.
        on_frame: called with frames done and frames in all.

    Raises:
        CancelledError: `cancel` was set; nothing is left.
        OutputError: the file can't be written.

    """
    staged = AtomicFile(path, overwrite=True)
    try:
        _encode(staged.path, workers, cancel, on_frame)
        staged.commit()
    finally:
        staged.discard()


def _drawn(workers: Workers) -> Generator[int | Picture, None, None]:
    return ordered_map(Scene().draw, range(FRAMES), workers=workers, limit=64 << 20, size=lambda _: WIDTH * HEIGHT * 16)


def _encode(path: Path, workers: int, cancel: threading.Event, on_frame: Callable[[int, int], None]) -> None:
    with av.open(str(path), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "18", "g": "15"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.color_primaries = video.color_trc = video.colorspace = 1  # BT.709
        video.color_range = 1
        sound = out.add_stream("aac", rate=_SAMPLES, layout="stereo")
        with Pool("demo", workers) as pool, pool.lane("clip") as lane, closing(_drawn(lane)) as drawn:
            for number, picture in enumerate(drawn):
                if cancel.is_set():
                    raise CancelledError(f"{path.parent}: cancelled while drawing the clip; it was not written")
                frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), format="rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                out.mux(video.encode(frame))
                on_frame(number + 1, FRAMES)
        out.mux(video.encode(None))
        size = 1024
        for start in range(0, SECONDS * _SAMPLES, size):
            block: NDArray[np.float32] = tone(start, size, _SAMPLES)
            samples = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            samples.sample_rate, samples.pts, samples.time_base = _SAMPLES, start, Fraction(1, _SAMPLES)
            out.mux(sound.encode(samples))
        out.mux(sound.encode(None))
