"""Chroma key."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise, uniform
from lumaloom_effects._color import COLOR_HELP, color_of, luma


@uniform
def _key(color: str) -> tuple[float, float, float, float]:
    """Return Cb and Cr of the colour by BT.709, and its direction (0, 0 for gray)."""
    r, g, b = color_of(color, "chromakey: color")
    y = luma(r, g, b)
    u, v = (b - y) / 1.8556, (r - y) / 1.5748
    length = math.hypot(u, v)
    across, down = (u / length, v / length) if length > 1e-6 else (0.0, 0.0)
    return u, v, across, down


@pointwise(space="yuv", alpha=True, also=("greenscreen", "bluescreen", "keyer", "colorkey"))
def chromakey(
    y: Any,
    u: Any,
    v: Any,
    alpha: Any,
    *,
    color: str = Param("#00ff00", help=f"What becomes transparent: {COLOR_HELP}."),
    similarity: float = Param(0.2, min=0, max=1, help="Distance up to which colours are transparent."),
    blend: float = Param(0.1, min=0, max=1, help="Over how much more distance opacity comes back."),
    spill: float = Param(0.5, min=0, max=1, help="How much of the key's colour is taken from what stays."),
) -> Any:
    """Make a colour transparent, such as a green screen.

    `alpha = alpha * clip((d - similarity) / blend, 0, 1)` with `d = sqrt(((Cb - key)**2 + (Cr - key)**2) / 2)`, as
    FFmpeg's `chromakey` (Cb, Cr from -1/2 to 1/2). What Cb and Cr have in the direction of the key is lessened
    by `spill`.
    """
    key_u, key_v, across, down = _key(color)
    du, dv = u - key_u, v - key_v
    beyond = np.sqrt((du * du + dv * dv) * 0.5) - similarity
    kept = np.where(blend > 1e-4, np.clip(beyond / np.maximum(blend, 1e-4), 0, 1), np.where(beyond > 0, 1.0, 0.0))
    excess = spill * np.maximum(u * across + v * down, 0)
    return y, u - excess * across, v - excess * down, alpha * kept
