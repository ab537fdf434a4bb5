"""Ribbons of fine threads that wave across each other, woven over and under."""

from __future__ import annotations

import numpy as np

from lumaloom.cli.demo.paint import Image, gradient

_COUNT = 22
_REACH = 3  # rows to each side of a thread's centre
# Colours along the ribbon, height of its centre, sign of its motion.
_RIBBONS = (
    (("#ffcf6b", "#ff7a59", "#ff3d81", "#b43cff"), 235.0, 1.0),
    (("#47f0d2", "#3fa7ff", "#7a5cff", "#ff5fd2"), 265.0, -1.0),
)


def add(sky: Image, phase: float) -> None:
    """Add both ribbons to the sky, for `phase` from 0 to 1; the motion is periodic."""
    height, width = sky.shape[:2]
    x = np.arange(width, dtype=np.float32)
    turn = 2 * np.pi * phase
    for colours, centre, sign in _RIBBONS:
        along = gradient(colours, width)
        weights, places = [], []
        for thread in range(_COUNT):
            spread = (thread - (_COUNT - 1) / 2) / _COUNT
            y = _course(x, turn, centre, sign, spread)
            lit = 0.34 + 0.30 * np.cos(x / 70 - sign * turn * 2 + thread * 0.55)
            weight, place = _stroke(x, y, lit, width, height)
            weights.append(weight)
            places.append(place)
        total = np.bincount(np.concatenate(places), np.concatenate(weights), height * width)
        light = total.reshape(height, width).astype(np.float32)
        sky += light[..., None] * along[None]


def _course(x: Image, turn: float, centre: float, sign: float, spread: float) -> Image:
    """Return the rows along which one thread of a ribbon runs; `spread` is its place in it, -0.5 to 0.5."""
    twist = np.cos(x / 215 + sign * turn + 0.9 * sign)
    wave = 62 * np.sin(x / 190 + sign * turn) + 22 * np.sin(x / 83 - turn * 2 + centre)
    return np.asarray(centre + sign * wave + 150 * spread * twist, np.float32)


def _stroke(x: Image, y: Image, lit: Image, width: int, height: int) -> tuple[Image, Image]:
    """Return the light of one thread and the flat places that it falls on."""
    rows = np.floor(y)[:, None] + np.arange(-_REACH, _REACH + 1)
    light = np.exp(-(((rows - y[:, None]) / 0.85) ** 2)) + 0.10 * np.exp(-np.abs(rows - y[:, None]) / 1.6)
    light *= lit[:, None]
    light[(rows < 0) | (rows >= height)] = 0
    places = np.clip(rows, 0, height - 1).astype(np.int64) * width + x.astype(np.int64)[:, None]
    return light.ravel(), places.ravel()
