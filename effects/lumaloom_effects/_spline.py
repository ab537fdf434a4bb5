"""Curves through points: monotone cubic pieces, so that a curve never swings past its points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumaloom.effect import ParameterError

_MAX_POINTS = 256
# Entries of a table; between them lines, which are within 3e-7 of a curve with a curvature of 4.
TABLE_SIZE = 4097

Floats = NDArray[np.float64]


def points_of(text: str, owner: str) -> Floats:
    """Return the points of text such as `0:0 0.5:0.6 1:1` (FFmpeg's `0/0 0.5/0.6 1/1` too), `(N, 2)`, by their x.

    Raises:
        ParameterError: no such points, outside 0 to 1, or two at one x; `owner` says whose: `curves: red`.

    """
    expects = f"{owner} expects points x:y from 0 to 1, such as '0:0 0.5:0.6 1:1'"
    words = text.replace(",", " ").replace("/", ":").split()
    try:
        points = [[float(number) for number in word.split(":")] for word in words[: _MAX_POINTS + 1]]
    except ValueError:
        raise ParameterError(f"{expects}; got {_short(text)}") from None
    if not 1 <= len(points) <= _MAX_POINTS or any(len(point) != 2 for point in points):
        raise ParameterError(f"{expects}, at most {_MAX_POINTS}; got {_short(text)}")
    table = np.array(sorted(points))
    if not ((table >= 0) & (table <= 1)).all():
        raise ParameterError(f"{expects}; got {_short(text)}")
    if len(table) > 1 and not (np.diff(table[:, 0]) > 1e-6).all():
        raise ParameterError(f"{owner} expects every x once; got {_short(text)}")
    return table


def is_straight(text: str, owner: str) -> bool:
    """Whether all points lie on the diagonal and reach from end to end, so that the curve changes nothing."""
    points = points_of(text, owner)
    return len(points) > 1 and bool((points[:, 0] == points[:, 1]).all() and points[0, 0] == 0 and points[-1, 0] == 1)


def curve_table(points: Floats) -> Floats:
    """Return the curve through points at `TABLE_SIZE` even steps from 0 to 1; level before the first and after all.

    Piecewise cubic Hermite with the slopes of Fritsch and Butland: the weighted harmonic mean of the slopes beside
    a point, 0 where they turn, so that the curve is monotone where the points are. Source: F. N. Fritsch and
    J. Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984.
    """
    at = np.linspace(0, 1, TABLE_SIZE)
    if len(points) == 1:
        return np.full(TABLE_SIZE, points[0, 1])
    x, y = points.T
    width, slope = np.diff(x), np.diff(y) / np.diff(x)
    tangent = _tangents(width, slope)
    at = at.clip(x[0], x[-1])
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = width[left]
    s = (at - x[left]) / h
    run = y[left] * (1 + 2 * s) * (1 - s) ** 2 + y[left + 1] * s * s * (3 - 2 * s)
    return np.asarray(run + h * s * (1 - s) * (tangent[left] * (1 - s) - tangent[left + 1] * s))


def _tangents(width: Floats, slope: Floats) -> Floats:
    if len(slope) == 1:
        return np.repeat(slope, 2)
    tangent = np.zeros(len(slope) + 1)
    first, second = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    same = slope[:-1] * slope[1:] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (first + second) / (first / slope[:-1] + second / slope[1:])
    tangent[1:-1] = np.where(same, mean, 0)
    tangent[0] = _end(width[0], width[1], slope[0], slope[1])
    tangent[-1] = _end(width[-1], width[-2], slope[-1], slope[-2])
    return tangent


def _end(h0: float, h1: float, d0: float, d1: float) -> float:
    """Return the slope at an end: that of the parabola through three points, bent so that nothing overshoots."""
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    if slope * d0 <= 0:
        return 0.0
    return 3 * d0 if d0 * d1 <= 0 and abs(slope) > 3 * abs(d0) else slope


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
