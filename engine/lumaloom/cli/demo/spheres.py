"""Glossy spheres that orbit above the floor, with soft shadows and reflections of sky and floor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lumaloom.cli.demo.paint import Image, blend, gradient, hex_colour, smooth

_FOCAL, _EYE = 700.0, 1.02
_LIGHT = np.array([-0.55, -0.70, 0.46], np.float32)
_SKY_SEEN = ("#fff1dd", "#ffb27a", "#e0566b", "#7a2180", "#2a1560", "#0b0d2b")
_FLOOR_SEEN = ("#ff9a86", "#7a2a7c", "#1c1040", "#0a0824")


@dataclass(frozen=True, slots=True)
class _Sphere:
    """One sphere: its place on the orbit in turns, radius, two colours, number of stripes and how mirror-like."""

    place: float
    radius: float
    light: str
    dark: str
    stripes: int
    mirror: float


_ALL = (
    _Sphere(0.00, 0.46, "#ff5d8f", "#ffe3ec", 10, 0.28),
    _Sphere(0.37, 0.36, "#2fd6c6", "#0c4d63", 14, 0.35),
    _Sphere(0.70, 0.54, "#cfd6ff", "#b9c2f5", 0, 0.85),
)


def add(image: Image, phase: float, horizon: int) -> None:
    """Draw all spheres with their shadows, the far ones first."""
    placed = []
    for sphere in _ALL:
        angle = 2 * math.pi * (phase + sphere.place)
        x, z = 1.8 * math.sin(angle), 4.35 - 1.15 * math.cos(angle)
        hover = 0.20 + 0.12 * math.sin(2 * math.pi * (2 * phase + sphere.place))
        placed.append((z, x, hover, sphere))
    placed.sort(key=lambda item: -item[0])
    for z, x, hover, sphere in placed:
        _shadow(image, horizon, x, z, sphere.radius, hover)
    for z, x, hover, sphere in placed:
        column = image.shape[1] / 2 + _FOCAL * x / z
        row = horizon + _FOCAL * (_EYE - hover - sphere.radius) / z
        _ball(image, sphere, column, row, _FOCAL * sphere.radius / z, phase)


def _window(image: Image, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
    height, width = image.shape[:2]
    rows = slice(max(math.floor(top), 0), max(min(math.ceil(bottom), height), 0))
    return rows, slice(max(math.floor(left), 0), max(min(math.ceil(right), width), 0))


def _grid(rows: slice, columns: slice) -> tuple[Image, Image]:
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
    return y, np.arange(columns.start, columns.stop, dtype=np.float32)[None, :]


def _shadow(image: Image, horizon: int, x: float, z: float, radius: float, hover: float) -> None:
    """Darken the floor under a sphere: wider and fainter the higher it hovers."""
    column, row = image.shape[1] / 2 + _FOCAL * (x + 0.15) / z, horizon + _FOCAL * _EYE / z
    across = _FOCAL * radius * (1.05 + 0.5 * hover) / z
    along = across * 0.30
    rows, columns = _window(image, column - 2 * across, row - 2 * along, column + 2 * across, row + 2 * along)
    rows = slice(max(rows.start, horizon), max(rows.stop, horizon))
    y, xs = _grid(rows, columns)
    distance = ((xs - column) / across) ** 2 + ((y - row) / along) ** 2
    image[rows, columns] *= 1 - (0.88 - 0.5 * hover) * np.exp(-1.4 * distance)[..., None]


def _ball(image: Image, sphere: _Sphere, column: float, row: float, radius: float, phase: float) -> None:
    """Draw one sphere of `radius` pixels."""
    rows, columns = _window(image, column - radius - 2, row - radius - 2, column + radius + 2, row + radius + 2)
    y, x = _grid(rows, columns)
    nx, ny = np.broadcast_arrays((x - column) / radius, (y - row) / radius)
    square = nx * nx + ny * ny
    alpha = np.clip((1 - np.sqrt(square)) * radius + 0.5, 0, 1)
    nz = np.sqrt(np.maximum(1 - square, 0))
    facing = np.maximum(nx * _LIGHT[0] + ny * _LIGHT[1] + nz * _LIGHT[2], 0)
    shade = 0.20 + 0.95 * facing
    colour = _skin(sphere, nx, ny, nz, phase, radius) * shade[..., None]
    fresnel = sphere.mirror + (1 - sphere.mirror) * (1 - nz) ** 3
    colour += (_surroundings(nx, ny, nz) - colour) * fresnel[..., None]
    glint = np.maximum(2 * nz * facing - _LIGHT[2], 0) ** 48
    colour += glint[..., None] * np.array([1.0, 0.96, 0.9], np.float32)
    # Light that the floor throws back at the underside.
    colour += (smooth(ny) * (1 - nz) * 0.35)[..., None] * hex_colour("#ff4fa0")
    blend(image[rows, columns], colour, alpha)


def _skin(
    sphere: _Sphere,
    nx: Image,
    ny: Image,
    nz: Image,
    phase: float,
    radius: float,
) -> Image:
    """Return the sphere's own colour: stripes from pole to pole that turn with time."""
    light, dark = hex_colour(sphere.light), hex_colour(sphere.dark)
    if not sphere.stripes:
        return np.broadcast_to(light, (*nx.shape, 3)).copy()
    tilt = 0.42
    px, py = nx * math.cos(tilt) - ny * math.sin(tilt), nx * math.sin(tilt) + ny * math.cos(tilt)
    longitude = np.arctan2(px, nz) + 2 * np.pi * phase
    ring = np.sqrt(np.maximum(1 - py * py, 1e-4))
    # An edge about two pixels wide keeps the stripes smooth up to the poles.
    sharpness = np.clip(radius * ring / sphere.stripes, 0.3, 12)
    wave = smooth(0.5 + 0.5 * np.clip(np.sin(longitude * sphere.stripes / 2) * sharpness, -1, 1))
    return np.asarray(dark + (light - dark) * wave[..., None], np.float32)


def _surroundings(nx: Image, ny: Image, nz: Image) -> Image:
    """Return what the surface mirrors towards the eye: sky above, the lit floor below."""
    up = -2 * nz * ny
    side = 2 * nz * nx
    sky = gradient(_SKY_SEEN, 256)[(np.clip(up, 0, 1) * 255).astype(np.int64)]
    floor = gradient(_FLOOR_SEEN, 256)[(np.clip(-up, 0, 1) * 255).astype(np.int64)]
    depth = 1 / np.maximum(-up, 0.03)
    ahead = 2 * nz * nz - 1
    lines = np.maximum(_mirror_line(side * depth * 1.2), _mirror_line(ahead * depth * 1.2)) * smooth(-up * 4)
    floor = floor + lines[..., None] * np.array([0.55, 0.18, 0.5], np.float32)
    return np.asarray(np.where((up > 0)[..., None], sky, floor), np.float32)


def _mirror_line(position: Image) -> Image:
    return np.asarray(np.clip(1.5 - 18 * np.abs(position - np.round(position)), 0, 1))
