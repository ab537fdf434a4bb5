"""Memory stays flat however long the input is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.media import clips

_RENDER = """
import resource, sys
import lumaloom
lumaloom.render(sys.argv[1], sys.argv[2], ["blur sigma=4", "brightness amount=0.1"], preset="ultrafast", threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _looped(count: int) -> Iterator[av.VideoFrame]:
    few = list(clips.pictures(25, width=320, height=240))
    for number in range(count):
        picture = few[number % len(few)]
        picture.pts = None
        yield picture


def _peak(folder: Path, count: int) -> int:
    """Peak resident kilobytes of a render of `count` frames in a process of its own."""
    options = {"preset": "ultrafast", "g": "50"}
    source = clips.make(folder / f"{count}.mp4", width=320, height=240, frames=_looped(count), options=options)
    command = [sys.executable, "-c", _RENDER, str(source), str(folder / f"{count}.mkv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
def test_ten_thousand_frames_take_the_memory_of_a_thousand(tmp_path: Path) -> None:
    short, long = _peak(tmp_path, 1_000), _peak(tmp_path, 10_000)
    assert long <= short * 1.02
