"""Primaries, whites and adaptation: the 3x3 matrices between kinds of light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
D65 = 0.3127, 0.3290
_C, _DCI = (0.310, 0.316), (0.314, 0.351)

# x, y of red, green, blue, white: ITU-T H.273, table 2.
PRIMARIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    "bt470m": ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), _C),
    "bt470bg": ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), D65),
    "smpte170m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    "smpte240m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    "film": ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    "ebu3213": ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def xyz_of(white: tuple[float, float]) -> Matrix:
    """Return X, Y, Z of a chromaticity at Y = 1."""
    x, y = white
    return np.array([x / y, 1.0, (1 - x - y) / y])


def adaptation(source: tuple[float, float], target: tuple[float, float]) -> Matrix:
    """Return the matrix on X, Y, Z that takes one white to another, by von Kries in Bradford's cone space."""
    before, after = _BRADFORD @ xyz_of(source), _BRADFORD @ xyz_of(target)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(after / before) @ _BRADFORD)


@lru_cache
def to_xyz(primaries: str) -> Matrix:
    """Return the matrix from linear R, G, B to X, Y, Z; white has Y = 1. Source: SMPTE RP 177."""
    *colours, white = PRIMARIES[primaries]
    columns = np.stack([xyz_of(colour) for colour in colours], axis=1)
    return np.asarray(columns * np.linalg.solve(columns, xyz_of(white)))


def bt709_to_xyz() -> Matrix:
    """Return `to_xyz` of BT.709."""
    return to_xyz("bt709")


def between(source: str, target: str) -> Matrix:
    """Return the matrix from linear light of one set of primaries to that of another, adapted to its white."""
    if source == target:
        return np.eye(3)
    adapted = adaptation(PRIMARIES[source][3], PRIMARIES[target][3])
    return np.asarray(np.linalg.inv(to_xyz(target)) @ adapted @ to_xyz(source))
