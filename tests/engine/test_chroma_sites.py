"""Halved chroma by where its samples lie: the compiled conversions beside places and distances, nothing else.

Luma samples lie at whole numbers. Chroma sample k lies at 2 k and an offset by the tag (ITU-T H.273, figure 1). A
sample that is wanted at a place is the mean of those that are nearest to it; both ways. In interlaced frames this is
so within each field, whose rows are every other one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumaloom.effect import Frame
from lumaloom.frame import FORMATS, ChromaLocation, Colour
from lumaloom.pointwise.program import program
from tests.engine.frames import POOL, noise, spec

Plane = np.ndarray[tuple[int, int], np.dtype[np.float64]]
# How far right of and below the first luma sample the first chroma sample lies.
OFFSETS = {
    ChromaLocation.UNSPECIFIED: (0, 0.5),
    ChromaLocation.LEFT: (0, 0.5),
    ChromaLocation.CENTER: (0.5, 0.5),
    ChromaLocation.TOPLEFT: (0, 0),
    ChromaLocation.TOP: (0.5, 0),
    ChromaLocation.BOTTOMLEFT: (0, 1),
    ChromaLocation.BOTTOM: (0.5, 1),
}


def nearest(places: Plane, wanted: Plane) -> Plane:
    """Return the matrix that takes samples at places to samples at others."""
    distances = np.abs(wanted[:, None] - places[None, :])
    chosen = distances == distances.min(axis=1, keepdims=True)
    return chosen / chosen.sum(axis=1, keepdims=True)


def along(size: int, offset: float, halve: bool, by_fields: bool = False) -> Plane:
    """Return the matrix of one direction, from so many luma places to chroma's or back."""
    if by_fields:
        half = along(size // 2, offset, halve)
        whole = np.zeros((2 * half.shape[0], 2 * half.shape[1]))
        for field in (0, 1):
            whole[field::2, field::2] = half
        return whole
    luma = np.arange(size, dtype=np.float64)
    chroma = 2.0 * np.arange(-(-size // 2)) + offset
    return nearest(luma, chroma) if halve else nearest(chroma, luma)


def chroma_of(frame: Frame) -> list[Plane]:
    """Return Cb and Cr, in steps."""
    shift = frame.format.shift
    planes = {
        letter: plane if plane.ndim == 2 else plane[..., k]
        for row, plane in frame.items()
        for k, letter in enumerate(row.channels)
    }
    return [(planes[letter] >> shift).astype(np.float64) for letter in "uv"]


def converted(src: Frame, name: str) -> Frame:
    """Return a frame in another format by the code that effects are compiled with."""
    out = Frame.allocate(replace(src.spec, format=FORMATS[name]), POOL)
    program([], src.spec, out.spec).run([], src, out)
    return out


QUICK = [(ChromaLocation.TOPLEFT, "nv12", "yuv444p"), (ChromaLocation.BOTTOM, "yuv422p12le", "yuv444p12le")]
PAIRS = [("yuv420p", "yuv444p"), ("nv12", "yuv444p"), ("p010le", "yuv444p10le"), ("yuv422p12le", "yuv444p12le")]


@pytest.mark.parametrize(
    ("location", "halved", "whole"),
    [
        pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow)
        for case in ((location, *pair) for location in ChromaLocation for pair in PAIRS)
    ],
)
def test_chroma_lies_where_its_tag_says(location: ChromaLocation, halved: str, whole: str) -> None:
    x, y = OFFSETS[location]
    for width, height, interlaced in ((33, 19, False), (66, 20, True), (1, 1, False), (5, 2, False), (66, 18, True)):
        by_fields = interlaced and height % 4 == 0
        low = FORMATS[halved].subsampling[1] == 1
        for name, other, halve in ((halved, whole, False), (whole, halved, True)):
            src = noise(spec(name, width, height, Colour(chroma=location), interlaced=interlaced))
            across = along(width, x, halve)
            down = along(height, y, halve, by_fields) if low else np.eye(height)
            for found, samples in zip(chroma_of(converted(src, other)), chroma_of(src), strict=True):
                assert np.abs(found - down @ samples @ across.T).max() <= 0.5 + 1e-3
