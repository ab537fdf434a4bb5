"""Pointwise effects that between them use everything the compiler knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, lookup, lookup3d, noise, normal, pointwise, table, uniform

A = Any


@pointwise
def warm(r: A, g: A, b: A, *, amount: float = Param(0.8, min=0, max=1)) -> A:
    """Warm brown toning."""
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return r + amount * (np.minimum(1.1 * y, 1) - r), g + amount * (0.95 * y - g), b + amount * (0.75 * y - b)


@pointwise(space="any")
def power(c: A, *, value: float = Param(1.4, min=0.5, max=3)) -> A:
    """Raise to a power."""
    return np.power(np.clip(c, 0, 1), value)


@pointwise(space="yuv")
def vivid(y: A, u: A, v: A, *, amount: float = Param(1.4, min=0, max=3)) -> A:
    """Scale chroma."""
    return y, u * amount, v * amount


@pointwise(space="yuv")
def soft_vivid(y: A, u: A, v: A, *, amount: float = Param(0.6, min=0, max=1)) -> A:
    """Scale chroma where there is little."""
    gain = 1 + amount * np.exp(-4 * np.hypot(u, v))
    return y, u * gain, v * gain


@pointwise(space="linear")
def stops(r: A, g: A, b: A, *, amount: float = Param(0.5, min=-3, max=3)) -> A:
    """Scale light."""
    gain = 2.0**amount
    return r * gain, g * gain, b * gain


@pointwise(space="linear")
def balanced_light(r: A, g: A, b: A, *, amount: float = Param(0.3, min=0, max=1)) -> A:
    """Take light from one channel to others, as white balance does."""
    return (1 + amount) * r - 0.4 * amount * g, g - 0.1 * amount * r + 0.1 * amount * b, (1 - amount) * b


@pointwise(space="luma")
def wave(y: A, *, amount: float = Param(0.2, min=0, max=1)) -> A:
    """Bend luma."""
    return y + amount * np.sin(3 * y) * np.cos(y)


@pointwise(space="luma")
def lift(y: A, *, amount: float = Param(0.1, min=0, max=1)) -> A:
    """Raise luma."""
    return y + amount


@pointwise
def grainy(r: A, g: A, b: A, *, x: A, y: A, width: A, height: A, frame: A, t: A, amount: float = Param(0.1)) -> A:
    """Darken the corners and add grain."""
    gain = 1 - 0.5 * np.hypot(x / width - 0.5, y / height - 0.5) + amount * noise(x, y, frame, 3) + 0.001 * t
    return r * gain, g * gain, b * gain


@pointwise
def filmy(
    r: A, g: A, b: A, *, x: A, y: A, width: A, height: A, frame: A, amount: float = Param(0.1), seed: int = Param(3)
) -> A:
    """Add noise from a plate."""
    own, common = normal(2, x, y, width, height, frame + seed)
    return r + amount * own, g + amount * common, b + amount * common


@uniform
def gains(kelvin: float, tint: float) -> tuple[float, float, float]:
    steps = [kelvin / 6500, 1.0, 6500 / kelvin]
    for k in range(3):
        steps[k] = min(max(steps[k], 0.5), 2.0)
    return steps[0], steps[1] + tint, steps[2]


@pointwise
def balance(r: A, g: A, b: A, *, kelvin: float = Param(5600.0, min=1000, max=20000), tint: float = Param(0.1)) -> A:
    """Scale channels by a function of parameters."""
    red, green, blue = gains(kelvin, tint)
    return r * red, g * green, b * blue


@table
def bent(power: float) -> Any:
    return np.linspace(0, 1, 33) ** power


@pointwise(space="any")
def curve(c: A, *, power: float = Param(1.5, min=0.3, max=3)) -> A:
    """Look up in a line."""
    return lookup(bent(power), c)


@table
def solid(size: float, power: float) -> Any:
    steps = np.linspace(0, 1, int(size)) ** power
    r, g, b = np.meshgrid(steps, steps, steps, indexing="ij")
    return np.stack([0.7 * r + 0.3 * g, 0.8 * g + 0.2 * b * b, b], -1)


@pointwise
def cubic(r: A, g: A, b: A, *, size: int = Param(17, min=2, max=65), power: float = Param(1.2)) -> A:
    """Look up in a cube."""
    return lookup3d(solid(size, power), r, g, b)


@pointwise
def masked(r: A, g: A, b: A, *, level: float = Param(0.5), swap: bool = Param(False)) -> A:
    """Choose by comparisons."""
    bright = (r + g + b) / 3 > level
    if swap:
        r, b = b, r
    return np.where(bright & ~(b > 0.9), r * 0.5, r), g * (b > 0.1), np.select([b > g, b < 0.2], [b, g], 0.5 * b)


@pointwise(space="yuv")
def turned(y: A, u: A, v: A, *, degrees: float = Param(20.0, min=-180, max=180)) -> A:
    """Turn hue by way of its angle."""
    angle, size = np.arctan2(v, u) + np.radians(degrees), np.hypot(u, v)
    return y, size * np.cos(angle), size * np.sin(angle)


@pointwise
def rounded(r: A, g: A, b: A, *, levels: int = Param(7, min=2, max=64)) -> A:
    """Mix of roundings, roots and logarithms."""
    near = np.rint(np.clip(r, 0, 1) * levels) / levels
    return 0.9 * r + 0.1 * near, np.cbrt(g), np.log2(1 + np.maximum(b, 0)) + 0.1 * np.tanh(b)


@pointwise(alpha=True)
def opaque(r: A, g: A, b: A, a: A, *, amount: float = Param(0.5, min=0, max=1)) -> A:
    """Scale opacity."""
    return r, g, b, a * amount


SMOOTH = [warm, power, vivid, soft_vivid, stops, wave, lift, grainy, filmy, balance, curve, cubic, turned]
"""Effects without jumps, which may stand in any chain."""
EVERY = [*SMOOTH, masked, rounded, opaque]
