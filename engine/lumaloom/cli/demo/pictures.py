"""RGB pictures: written as PNG, and fitted into boxes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from lumaloom.media.atomic import AtomicFile

Picture = NDArray[np.uint8]


def write_png(path: Path, picture: Picture, *, overwrite: bool = True) -> None:
    """Write an `(H, W, 3)` or `(H, W, 4)` picture; a file under that name is replaced where `overwrite` says so.

    Raises:
        OutputError: it can't be written.

    """
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base = "rgb24" if picture.shape[2] == 3 else "rgba", Fraction(1, 25)
    packets = [*encoder.encode(av.VideoFrame.from_ndarray(picture, format=encoder.pix_fmt)), *encoder.encode(None)]
    staged = AtomicFile(path, overwrite=overwrite)
    try:
        staged.path.write_bytes(b"".join(bytes(packet) for packet in packets))
        staged.commit()
    finally:
        staged.discard()


def fitted(picture: Picture, width: int, height: int) -> Picture:
    """Return a picture scaled to lie within `width` x `height`; samples become means, or squares where it grows."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    method = Interpolation.AREA if scale < 1 else Interpolation.POINT
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return np.asarray(frame.reformat(*size, "rgb24", interpolation=method).to_ndarray(), np.uint8)
