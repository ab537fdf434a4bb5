"""What the built-in effects are, in plain float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]

from lumaloom.effect import Effect, Frame
from lumaloom.frame import FORMATS
from lumaloom.plugins import default_registry
from tests.engine.frames import POOL, noise, same, spec

__all__ = ["FORMATS", "POOL", "SIZES", "effect", "noise", "rendered", "same", "spec", "worst"]

SIZES = ((33, 17), (7, 5), (1, 1), (64, 34))
Plane = np.ndarray[Any, np.dtype[Any]]
MODES = {"reflect101": "mirror", "replicate": "nearest"}


def effect(call: str) -> Effect:
    return default_registry().create(call)


def rendered(what: Effect, src: Frame) -> Frame:
    """Render as the planner does, from planes that can't be written; padding has to stay as it is."""
    before = [plane.copy() for plane in src.planes]
    writable = [plane.flags.writeable for plane in src.planes]
    for plane in src.planes:
        plane.flags.writeable = False
    pool = Marked()
    out = Frame.allocate(what.output(src.spec), pool, like=src)
    what.render(src, out)
    for plane, old, flag in zip(src.planes, before, writable, strict=True):
        assert np.array_equal(plane, old), "the source was written to"
        plane.flags.writeable = flag
    assert pool.padding(out) == b"\xa5", "padding was written to"
    return out


class Marked:
    """A pool whose buffers start as 0xA5."""

    def acquire(self, nbytes: int) -> Any:
        self.buffer = POOL.acquire(nbytes)
        self.buffer[:] = 0xA5
        return self.buffer

    def padding(self, frame: Frame) -> bytes:
        inside = np.zeros(self.buffer.nbytes, bool)
        start = self.buffer.ctypes.data
        for plane in frame.planes:
            shadow = inside[plane.ctypes.data - start :]
            bytes_per_row = plane[0].nbytes
            for row in range(plane.shape[0]):
                shadow[row * plane.strides[0] :][:bytes_per_row] = True
        rest = self.buffer[~inside]
        return bytes(sorted(set(rest.tolist()))) or b"\xa5"


def worst(found: Plane, expected: Plane) -> float:
    """Return the greatest difference, in steps of integers or parts of 1e-5 + 1e-4 of the value for float."""
    difference = np.abs(found.astype(np.float64) - expected)
    if found.dtype == np.float32:
        return float((difference / (1e-5 + 1e-4 * np.abs(expected))).max())
    return float(difference.max())


def channels(plane: Plane) -> Iterator[Plane]:
    yield from [plane] if plane.ndim == 2 else np.moveaxis(plane, 2, 0)


def by_channel(plane: Plane, function: Callable[[Plane], Plane]) -> Plane:
    results = [function(channel.astype(np.float64)) for channel in channels(plane)]
    return results[0] if plane.ndim == 2 else np.stack(results, axis=-1)


def gaussian(plane: Plane, sigma_x: float, sigma_y: float, border: str) -> Plane:
    return by_channel(
        plane, lambda channel: ndimage.gaussian_filter(channel, (sigma_y, sigma_x), mode=MODES[border], truncate=6)
    )


def box(plane: Plane, radius_x: int, radius_y: int, border: str) -> Plane:
    def mean(channel: Plane) -> Plane:
        padded = np.pad(
            channel,
            ((radius_y, radius_y), (radius_x, radius_x)),
            "edge" if border == "replicate" else "reflect",
        )
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius_y + 1, 2 * radius_x + 1))
        means: Plane = windows.mean(axis=(2, 3))
        return means

    return by_channel(plane, mean)


def _cubic(t: Plane) -> Plane:
    t = np.abs(t)
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0))


FILTERS: dict[str, Callable[[Plane], Plane]] = {
    "bilinear": lambda t: np.maximum(1 - np.abs(t), 0),
    "bicubic": _cubic,
    "lanczos": lambda t: np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0),
}


def weights(source: int, target: int, scale: float, kind: str, offset: float = 0.0) -> Plane:
    """Return `(target, source)` weights: sample i of the result lies at `(i + 1/2) * scale` of the source.

    Samples that lie `offset` off the centres of their cells do so in both; beyond the edge there is the edge.
    """
    centres = ((np.arange(target) + 0.5 + offset)[:, None] * scale - offset).clip(0, source)
    if kind == "area":
        left, right = centres - scale / 2, centres + scale / 2
        edges = np.arange(source)[None, :]
        table = np.maximum(np.minimum(right, edges + 1) - np.maximum(left, edges), 0)
    else:
        table = FILTERS[kind]((np.arange(source)[None, :] + 0.5 - centres) / max(scale, 1))
    normalised: Plane = table / table.sum(axis=1, keepdims=True)
    return normalised


def resized(
    plane: Plane,
    shape: tuple[int, ...],
    scale: tuple[float, float],
    kind: str,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Plane:
    across = weights(plane.shape[1], shape[1], scale[0], kind, offset[0])
    down = weights(plane.shape[0], shape[0], scale[1], kind, offset[1])
    return by_channel(plane, lambda channel: down @ channel @ across.T)
