"""Colours and curves that the parts of the scene share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Samples from 0 to 1, `(H, W, 3)` or a part or a layer of such a picture.
Image: TypeAlias = NDArray[Any]


def hex_colour(text: str) -> Image:
    """Return `#rrggbb` as three numbers from 0 to 1."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def gradient(colours: Sequence[str], count: int) -> Image:
    """Return `(count, 3)` colours that run smoothly through those given."""
    stops = np.linspace(0, 1, len(colours))
    places = np.linspace(0, 1, count)
    table = np.stack([hex_colour(colour) for colour in colours])
    return np.stack([np.interp(places, stops, table[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)


def smooth(x: Image) -> Image:
    """Return a smooth step from 0 to 1 over `x` from 0 to 1."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def blend(area: Image, colour: Image, alpha: Image) -> None:
    """Lay `colour` over `area` where `alpha` says, in place."""
    area += (colour - area) * alpha[..., None]
