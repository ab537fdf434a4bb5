"""The images that kernels are measured on: interleaved RGB, and the planes of video, of 8 and 16 bits and float."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Kind:
    """What an image is made of; the sides of a plane of chroma are a part of the frame's."""

    channels: int
    dtype: str
    part: int = 1


KINDS = {
    "rgb8": Kind(3, "uint8"),
    "y8": Kind(1, "uint8"),
    "uv8": Kind(1, "uint8", 2),
    "rgb16": Kind(3, "uint16"),
    "y16": Kind(1, "uint16"),
    "rgbf": Kind(3, "float32"),
}
# name -> height and width of the frame
SIZES = {"1080p": (1080, 1920), "4k": (2160, 3840)}


@cache
def image(kind: str, size: str = "1080p") -> NDArray[Any]:
    """Return an image of a kind, contiguous; it is made once and must not be written."""
    made = KINDS[kind]
    height, width = (side // made.part for side in SIZES[size])
    scene = _scene(height, width)
    samples = scene if made.channels > 1 else scene[..., 0]
    limit = 1 if made.dtype == "float32" else np.iinfo(made.dtype).max
    return np.ascontiguousarray((samples * limit).astype(made.dtype))


def top(samples: NDArray[Any]) -> float:
    """Return the largest value of an image's type: 255, 65535 or 1.0."""
    return 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)


@cache
def _scene(height: int, width: int) -> NDArray[np.float32]:
    """Make three channels, 0 to 1, with the spectrum of natural images (1/f amplitudes) and hard edges."""
    random = np.random.default_rng(7)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    amplitude = 1 / np.maximum(np.hypot(fx, fy), 1 / width)
    edges = (np.arange(width) // 97 + np.arange(height)[:, None] // 61) % 7 == 0
    scene = np.empty((height, width, 3), np.float32)
    for channel in range(3):
        phase = np.exp(2j * np.pi * random.random(amplitude.shape))
        plane = np.fft.irfft2(amplitude * phase, (height, width))
        plane = (plane - plane.mean()) / (5 * plane.std()) + 0.5 + 0.4 * edges
        scene[..., channel] = np.clip(plane, 0, 1)
    return scene
