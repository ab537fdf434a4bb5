"""Between gray and the other models: luma is taken over as it is.

swscale reads every gray as full range whatever its tag, so gray frames never go through it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lumaloom.frame.formats import FORMATS, PixelFormat
from lumaloom.frame.spec import FrameSpec

if TYPE_CHECKING:
    from lumaloom.frame.frame import Frame

# YUV that holds a gray's luma without loss; float has no such row and goes through 16 bits.
FULL_CHROMA = {8: "yuv444p", 10: "yuv444p10le", 12: "yuv444p12le", 16: "yuv444p16le", 32: "yuv444p16le"}
_GRAY = {8: "gray", 10: "gray10le", 12: "gray12le", 16: "gray16le"}


def with_chroma(frame: Frame) -> Frame:
    """Return a gray frame as YUV 4:4:4 with neutral chroma; integer luma is shared, not copied."""
    if frame.format.is_float:
        frame = rescaled(frame, FORMATS["gray16le"])
    row = FORMATS[FULL_CHROMA[frame.format.depth]]
    luma = frame.planes[0]
    neutral = np.full(luma.shape, 1 << (row.depth - 1), row.dtype)
    return frame.with_planes((luma, neutral, neutral), format=row)


def luma_of(frame: Frame, target: PixelFormat) -> Frame:
    """Return the luma of a YUV 4:4:4 frame as gray `target`; samples of the same depth are shared, not copied."""
    row = FORMATS[_GRAY[frame.format.depth]]
    return rescaled(frame.with_planes(frame.planes[:1], format=row), target)


def rescaled(frame: Frame, target: PixelFormat) -> Frame:
    """Return a gray frame in another depth: black stays black and white stays white."""
    if target is frame.format:
        return frame
    return relevelled(frame, replace(frame.spec, format=target))


def relevelled(frame: Frame, spec: FrameSpec) -> Frame:
    """Return a gray frame with the black and white of `spec`, in its depth and range."""
    target = spec.format
    (black, white), (new_black, new_white) = frame.spec.levels, spec.levels
    values = (frame.planes[0].astype(np.float32) - np.float32(black)) * np.float32(
        (new_white - new_black) / (white - black)
    ) + np.float32(new_black)
    if not target.is_float:
        values = np.rint(values).clip(0, target.peak)
    return frame.with_planes((values.astype(target.dtype),), format=target, colour=spec.colour)
