"""Sequences of small pictures, each file of its own shade."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 48, 32
ENCODERS = {"png": "png", "jpg": "mjpeg", "tif": "tiff", "exr": "exr", "dpx": "dpx", "webp": "libwebp", "bmp": "bmp"}


def make(
    folder: Path, numbers: Iterable[int], name: str = "shot.%04d.png", fmt: str = "rgb24", width: int = WIDTH
) -> str:
    """Write a picture for every number, and return the pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / (name % number)).write_bytes(picture(number, name.rpartition(".")[2], fmt, width))
    return str(folder / name)


def picture(number: int, extension: str = "png", fmt: str = "rgb24", width: int = WIDTH) -> bytes:
    """Return a file whose samples depend on its number."""
    context = av.CodecContext.create(ENCODERS[extension], "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, HEIGHT, fmt, Fraction(1, 25)
    if extension == "webp":
        context.options = {"lossless": "1"}
    frame = av.VideoFrame(width, HEIGHT, fmt)
    for place, plane in enumerate(frame.planes):
        samples = np.frombuffer(memoryview(plane), np.float32 if "f32" in fmt else np.uint8)
        noise = np.random.default_rng(100 * number + place).integers(0, 256, samples.size)
        samples[:] = noise / 255 if "f32" in fmt else noise
    return b"".join(map(bytes, [*context.encode(frame), *context.encode(None)]))
