"""Colour lookup files for tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

Cube = np.ndarray[Any, np.dtype[Any]]


def some_cube(size: int, seed: int = 0) -> Cube:
    """Return a cube that bends colours, indexed by red, green, blue."""
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, size)] * 3, indexing="ij"), axis=-1)
    bent = grid ** np.array([0.8, 1.0, 1.3]) @ np.array([[0.8, 0.1, 0.0], [0.1, 0.8, 0.2], [0.1, 0.1, 0.8]])
    return np.asarray(np.clip(bent + np.random.default_rng(seed).normal(0, 0.02, bent.shape), 0, 1))


def rows(table: Cube) -> str:
    return "".join(" ".join(f"{value:.7f}" for value in row) + "\n" for row in table.reshape(-1, 3))


def red_fastest(cube: Cube) -> Cube:
    return cube.transpose(2, 1, 0, 3)


def write_cube(path: Path, cube: Cube, head: str = "") -> Path:
    path.write_text(f"{head}LUT_3D_SIZE {len(cube)}\n{rows(red_fastest(cube))}")
    return path


def write_3dl(path: Path, cube: Cube, mesh: list[int], top: int, head: str = "") -> Path:
    values = np.rint(cube * top).astype(int).reshape(-1, 3)
    body = "\n".join(" ".join(map(str, row)) for row in values)
    path.write_text(f"{head}{' '.join(map(str, mesh))}\n{body}\n")
    return path


def write_hald(path: Path, cube: Cube, pixel_format: str = "rgb24") -> Path:
    side = round(len(cube) ** 1.5)
    dtype, top = (np.uint8, 255) if pixel_format == "rgb24" else (np.uint16, 65535)
    picture = np.rint(red_fastest(cube) * top).astype(dtype).reshape(side, side, 3)
    write_png(path, picture, pixel_format)
    return path


def write_png(path: Path, picture: Cube, pixel_format: str = "rgb24") -> None:
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base = pixel_format, Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(picture, format=pixel_format)
    path.write_bytes(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)]))
