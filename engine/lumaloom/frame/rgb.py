"""RGB between integers and float, exactly: swscale goes through fewer bits than either has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lumaloom.frame.formats import PixelFormat

if TYPE_CHECKING:
    from lumaloom.frame.frame import Frame


def rescaled_rgb(frame: Frame, target: PixelFormat) -> Frame:
    """Return a full-range RGB frame in another RGB format: black stays 0, white becomes the peak; new alpha is opaque.

    Integers get the nearest step; what is below black or above white, or no number, is clipped.
    """
    source = {
        letter: plane if len(row.channels) == 1 else plane[..., place]
        for row, plane in zip(frame.format.planes, frame.planes, strict=True)
        for place, letter in enumerate(row.channels)
    }
    scale = np.float32(target.peak / frame.format.peak)
    planes = []
    for row in target.planes:
        plane = np.empty(row.shape(frame.width, frame.height), target.dtype)
        for place, letter in enumerate(row.channels):
            view = plane if len(row.channels) == 1 else plane[..., place]
            if letter not in source:
                view[...] = target.peak
                continue
            values = source[letter] * scale
            view[...] = values if target.is_float else np.rint(np.fmin(np.fmax(values, 0), target.peak))
        planes.append(plane)
    return frame.with_planes(tuple(planes), format=target)
