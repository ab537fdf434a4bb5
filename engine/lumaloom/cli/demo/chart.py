"""A small test chart: a turning star, line pairs from coarse to fine, and small print."""

from __future__ import annotations

from functools import cache

import numpy as np

from lumaloom.cli.demo import font
from lumaloom.cli.demo.paint import Image, gradient, hex_colour

WIDTH, HEIGHT = 318, 132
_STAR = 108
_RAYS = 18
_PAIRS = (6, 4, 3, 2, 1)
_PRINT = ("resolution", "1 2 3 4 6 px lines", "the quick brown fox")


def add(image: Image, x: int, y: int, phase: float) -> None:
    """Draw the chart with its top left corner at `x`, `y`; the star turns with `phase`."""
    panel = image[y : y + HEIGHT, x : x + WIDTH]
    panel *= 0.30
    panel += 0.30 * hex_colour("#0a0a24")
    for edge in (panel[:1], panel[-1:], panel[:, :1], panel[:, -1:]):
        edge += (hex_colour("#8f8fd8") - edge) * 0.55
    angle, inside = _polar()
    rays = np.clip(0.5 + np.sin(angle * _RAYS + phase * 4 * np.pi) * inside[1], 0, 1)
    star = panel[12 : 12 + _STAR, 12 : 12 + _STAR]
    star += (rays[..., None] * np.float32(0.96) - star) * inside[0][..., None]
    left = 12 + _STAR + 16
    for line, text in enumerate(_PRINT):
        font.draw(panel, text, left, 14 + 14 * line, (0.80, 0.83, 0.98))
    _bars(panel, left, 62)
    ramp = gradient(("#05051a", "#7a5cff", "#ff5fd2", "#ffcf6b", "#ffffff"), WIDTH - left - 12)
    panel[HEIGHT - 28 : HEIGHT - 12, left : WIDTH - 12] = ramp


def _bars(panel: Image, left: int, top: int) -> None:
    """Draw groups of upright lines, each group finer than the one before."""
    for pair in _PAIRS:
        width = min(33, (WIDTH - 12) - left)
        columns = np.arange(width) // pair % 2 == 0
        panel[top : top + 34, left : left + width] = np.where(columns, 0.95, 0.05)[None, :, None]
        left += 33 + 1


@cache
def _polar() -> tuple[Image, tuple[Image, Image]]:
    """Return the angle of every point of the star, its coverage, and how sharp its rays can be there."""
    y, x = np.mgrid[0:_STAR, 0:_STAR].astype(np.float32) - (_STAR - 1) / 2
    radius = np.hypot(x, y)
    coverage = np.clip(_STAR / 2 - radius, 0, 1)
    # Half a ray is pi * radius / rays pixels wide; the edge is one pixel.
    return np.arctan2(y, x), (coverage, np.clip(radius / _RAYS * 1.2, 0.1, 6))
