"""Pictures laid on frames: scaled, placed, and put into memory as the compiled code reads them.

A table of a picture is an array `(height + 1, channels, at least width)`: rows of red, green, blue, and of opacity
where it has any; uint8 or uint16. Its last row and column go on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from lumaloom.frame import Transfer
from lumaloom.memory import default_pool
from lumaloom.pointwise.spaces import to_code, to_light

FITS = ("stretch", "cover", "contain", "none")
# Which part of the room beside a picture is left of it, and which above it.
_ANCHORS = {
    "center": (0.5, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0), "left": (0.0, 0.5), "right": (1.0, 0.5),
    "top-left": (0.0, 0.0), "top-right": (1.0, 0.0), "bottom-left": (0.0, 1.0), "bottom-right": (1.0, 1.0),
}  # fmt: skip
# White of an SDR picture in the light of other transfers: by BT.2408, 203 cd/m2 and 75 % of HLG's signal.
WHITE = {Transfer.PQ: 1.0, Transfer.HLG: 0.26496256, Transfer.LINEAR: 1.0}
MAX_PIXELS = 1 << 26

Samples = np.ndarray[Any, Any]
Size = tuple[int, int]
Box = tuple[float, float, float, float]
Resize = Callable[[Sequence[Samples], Size, Box, Sequence[Samples]], None]


@dataclass(frozen=True)
class Lie:
    """How a picture lies on the frame.

    Attributes:
        fit: one of `FITS`.
        anchor: where, if it leaves room.
        numbers: `x`, `y` and `width` of `Picture`, as symbols or numbers.
    """

    fit: str = FITS[0]
    anchor: str = "center"
    numbers: tuple[Any, ...] = (0, 0, 0)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Lie:
        """Return what the parameters of a stage say."""
        fit = values.get("fit", FITS[0])
        if "anchor" not in values:
            return cls(fit)
        return cls(fit, values["anchor"], tuple(values.get(name, 0) for name in ("x", "y", "width")))

    @property
    def leaves_room(self) -> bool:
        """Whether frames may show beside the picture, which makes its table one of four channels."""
        return self.fit in ("contain", "none")


def new_table(size: Size, channels: int, dtype: Any) -> Samples:
    """Return a table for frames of a width and height, of any samples; its memory is used again once it is gone."""
    width, height = size
    shape, kind = (height + 1, channels, width + -width % 64), np.dtype(dtype)
    nbytes = math.prod(shape) * kind.itemsize
    table: Samples = default_pool().acquire(nbytes)[:nbytes].view(kind).reshape(shape)
    return table


def planes_of(table: Samples, size: Size) -> list[Samples]:
    """View the channels of a table, `(height, width)` each."""
    width, height = size
    return [table[:height, k, :width] for k in range(table.shape[1])]


def closed(table: Samples, size: Size) -> Samples:
    """Return a table whose last row and column were made to go on."""
    width, height = size
    table[:height, :, width:] = table[:height, :, width - 1 : width]
    table[height] = table[height - 1]
    return table


def inner_size(own: Size, lie: Lie, size: Size, own_width: int, refuse: Callable[[str], NoReturn]) -> Size:
    """Return width and height to which a picture is resized; what of it is cut off is not counted.

    Args:
        own: width and height that it has.
        lie: how it lies; its numbers are not looked at.
        size: width and height of the frames.
        own_width: `width` of `Picture`.
        refuse: raises the error of a picture that would be too large, told what it would be.
    """
    if not lie.leaves_room:
        return size
    scale = min(size[0] / own[0], size[1] / own[1]) if lie.fit == "contain" else (own_width or own[0]) / own[0]
    inner = max(round(own[0] * scale), 1), max(round(own[1] * scale), 1)
    if inner[0] * inner[1] > MAX_PIXELS:
        refuse(f"would be {inner[0]}x{inner[1]}; make it narrower")
    return inner


def laid(
    planes: Sequence[Samples],
    lie: Lie,
    size: Size,
    numbers: Sequence[int],
    refuse: Callable[[str], NoReturn],
    resize: Resize | None = None,
) -> Samples:
    """Return the table of a picture for frames of a size.

    Args:
        planes: red, green, blue, and opacity if it has any, `(H, W)` each, uint8 or uint16.
        lie: how it lies; its numbers are not looked at.
        size: width and height of the frames.
        numbers: `x`, `y` and `width` of `Picture`.
        refuse: as `inner_size` takes it.
        resize: does so, told the planes, the size, the part that is taken, and where the result goes.
    """
    (rows, columns), (width, height) = planes[0].shape, size
    x, y, own_width = numbers
    dtype, resize = planes[0].dtype, resize or _resize
    inner = inner_size((columns, rows), lie, size, own_width, refuse)
    if not lie.leaves_room:
        most = max(width / columns, height / rows)
        seen = (width / most, height / most) if lie.fit == "cover" else (float(columns), float(rows))
        left, top = (columns - seen[0]) / 2, (rows - seen[1]) / 2
        table = new_table(size, len(planes), dtype)
        resize(planes, size, (left, top, left + seen[0], top + seen[1]), planes_of(table, size))
        return closed(table, size)
    if inner != (columns, rows):
        resized = planes_of(new_table(inner, len(planes), dtype), inner)
        resize(planes, inner, (0.0, 0.0, float(columns), float(rows)), resized)
        planes = resized
    shares = _ANCHORS[lie.anchor]
    at_x, at_y = (int((size[k] - inner[k]) * shares[k]) + (x, y)[k] for k in (0, 1))
    table = new_table(size, 4, dtype)
    table[...] = 0
    for target, plane in zip(planes_of(table, size), [*planes, None][:4], strict=True):
        part = target[max(at_y, 0) : max(at_y + inner[1], 0), max(at_x, 0) : max(at_x + inner[0], 0)]
        top, left = max(-at_y, 0), max(-at_x, 0)
        part[...] = np.iinfo(dtype).max if plane is None else plane[top:, left:][: part.shape[0], : part.shape[1]]
    return closed(table, size)


def _resize(planes: Sequence[Samples], size: Size, box: Box, out: Sequence[Samples]) -> None:
    """Resize by a triangle that widens where it shrinks; what is see-through lends no colour to its neighbours."""
    from lumaloom_kernels import resize

    if size == planes[0].shape[::-1] and box == (0.0, 0.0, *map(float, size)):
        for plane, target in zip(planes, out, strict=True):
            target[...] = plane
        return
    if len(planes) == 3:
        for plane, target in zip(planes, out, strict=True):
            resize(plane, size, "bilinear", box=box, out=target)
        return
    peak = np.iinfo(planes[0].dtype).max
    share = planes[3].astype(np.float32) / np.float32(peak)
    opacity = resize(share, size, "bilinear", box=box)
    for plane, target in zip(planes[:3], out, strict=False):
        mixed = resize(plane * share, size, "bilinear", box=box)
        mixed /= np.maximum(opacity, 1e-6)
        target[...] = np.floor(np.clip(mixed, 0, peak) + 0.5).clip(0, peak)
    out[3][...] = np.floor(np.clip(opacity * peak, 0, peak) + 0.5).clip(0, peak)


def recoded(planes: Sequence[Samples], transfer: Transfer) -> list[Samples]:
    """Return an SDR picture with its colours coded by another transfer, one of `WHITE`, in 16 bits."""
    peak = np.iinfo(planes[0].dtype).max
    table = _recoding(transfer, peak)
    opacity = [plane.astype(np.uint16) * np.uint16(65535 // peak) for plane in planes[3:]]
    return [*(table[plane] for plane in planes[:3]), *opacity]


@lru_cache(4)
def _recoding(transfer: Transfer, peak: int) -> Samples:
    light = to_light(Transfer.SRGB)(np.arange(peak + 1) / peak) * WHITE[transfer]
    codes: Samples = np.rint(np.clip(to_code(transfer)(light), 0, 1) * 65535).astype(np.uint16)
    return codes
