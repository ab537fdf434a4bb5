"""Pictures from files as inputs of pointwise effects: decoded once, scaled to the frame, read beside its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, NoReturn

import numpy as np

from lumaloom.errors import ParameterError
from lumaloom.frame import Transfer
from lumaloom.pointwise.ir import const, node
from lumaloom.pointwise.spaces import Form, Working, to_code, to_light
from lumaloom.pointwise.trace import Symbol, node_of

FITS = ("stretch", "cover", "contain", "none")
# Which part of the room beside a picture is left of it, and which above it.
_ANCHORS = {
    "center": (0.5, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0), "left": (0.0, 0.5), "right": (1.0, 0.5),
    "top-left": (0.0, 0.0), "top-right": (1.0, 0.0), "bottom-left": (0.0, 1.0), "bottom-right": (1.0, 1.0),
}  # fmt: skip
_MAX_BYTES, _MAX_PIXELS = 256 << 20, 1 << 26
_KEPT_SCALED, _KEPT_DECODED = 8, 2
_CODECS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "mjpeg"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
# White of an SDR picture in the light of other transfers: by BT.2408, 203 cd/m2 and 75 % of HLG's signal.
_WHITE = {Transfer.PQ: 1.0, Transfer.HLG: 0.26496256, Transfer.LINEAR: 1.0}

Samples = np.ndarray[Any, Any]


class Picture(tuple[Any, ...]):
    """Type of a parameter of a pointwise effect that names a picture: `file: Picture = Param(help="...")`.

    Users give the name of a PNG, JPEG, WebP, TIFF or BMP file. The function gets the picture, scaled to the frame, as
    the channels of its own space at this pixel, then opacity: `*over, opacity = file`. In space `any`, where it sees
    one channel at a time, it gets the same channel of the picture: red with red, and luma where frames are gray.
    Called with arrays, it takes a tuple of these.

    Where the effect has a text parameter `fit`, that says how it is scaled: `stretch`, `cover` (what sticks out is
    cut), `contain` (what is left is transparent) or `none` (it has a size of its own). Where it has a text parameter
    `anchor` too, that says where a picture lies that leaves room: at a side or corner such as `right` or `top-left`, or
    in the `center`; and numbers `x` and `y` by how many pixels it lies right of and below that, `width` how wide it is
    with `none`, 0 for its own width.
    """

    __slots__ = ()


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


def shown(owner: str, name: str, lie: Lie, space: str, form: Form, place: tuple[Any, ...]) -> Picture:
    """Return the channels and the opacity of a picture, as a stage works on them.

    Args:
        owner: effect and parameter, for messages.
        name: of the file.
        lie: how it lies on the frame.
        space: of the stage.
        form: of colour before the stage. A picture's sRGB counts as the coding of SDR frames, as players show both
            alike; for PQ, HLG and linear frames its light is coded anew. Its primaries count as the frame's.
        place: `x`, `y`, `width` and `height`, as symbols or numbers and arrays.

    Raises:
        ParameterError: there is no such file, or it is no picture, or too large.

    """
    path = Path(name)
    size, changed = _stamp(path, owner)
    transfer = form.coding.transfer if form.coding.transfer in _WHITE else None
    still = Still(path, size, changed, lie.fit, lie.anchor, transfer, owner)
    channels = still.at(*place, *lie.numbers)
    colour, opacity = Working(form.coding, "rgb", tuple(channels[:3])), channels[3]
    if space == "luma" or (space == "any" and form.space == "y"):
        return Picture((colour.to("yuv")[0], opacity))
    return Picture((*colour.to("rgb" if space == "any" else space), opacity))


def stamp(name: str) -> object:
    """Return what changes when a file does; None where there is none."""
    try:
        status = Path(name).stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class Still:
    """A picture file as it is now, and how it lies on frames: a table of the compiled code.

    Called with the width and height of frames, and the numbers of its `Lie`, it gives an array
    `(height + 1, channels, more than width)`: rows of red, green, blue, and opacity where the picture is not opaque;
    uint8 or uint16. Its last row and column go on.
    """

    path: Path
    size: int
    changed: int
    fit: str
    anchor: str
    transfer: Transfer | None
    owner: str

    def __repr__(self) -> str:
        return "picture"  # code does not depend on what is in it

    def __call__(self, width: float, height: float, *numbers: float) -> Samples:
        """Return the samples for frames of a size; recent ones are kept."""
        return _scaled(self, int(width), int(height), *map(int, numbers))

    def at(self, x: Any, y: Any, width: Any, height: Any, *numbers: Any) -> tuple[Any, ...]:
        """Return red, green, blue as coded for the frame and opacity, each from 0 to 1, at a place."""
        samples = _decoded(self.path, self.size, self.changed, self.owner)
        deep = samples.dtype == np.uint16 or self.transfer is not None
        count = 4 if samples.shape[2] == 4 or self.fit in ("contain", "none") else 3
        bits = 16 if deep else 8
        if isinstance(x, Symbol):
            table = node("table", tuple(map(node_of, (width, height, *numbers))), self)
            args = (table, node_of(x), node_of(y))
            found: list[Any] = [Symbol(node("texel", args, (k, count, bits))) for k in range(count)]
            opaque: Any = Symbol(const(1))
        else:
            found, opaque = list(texels(self(width, height, *numbers), x, y)), 1.0
        return tuple(value * (1 / ((1 << bits) - 1)) for value in found) + (opaque,) * (4 - count)


def texels(table: Samples, x: Any, y: Any) -> tuple[Any, ...]:
    """Return every channel of a table at the pixels around whose centres `x` and `y` lie, by definition."""
    rows = np.clip(np.floor(y).astype(np.int64), 0, len(table) - 1)
    columns = np.clip(np.floor(x).astype(np.int64), 0, table.shape[2] - 1)
    return tuple(table[rows, k, columns].astype(np.float64) for k in range(table.shape[1]))


def _refuse(owner: str, path: Path, what: str) -> NoReturn:
    raise ParameterError(f"{owner} {str(path)!r}: {what}") from None


def _stamp(path: Path, owner: str) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError) as problem:
        _refuse(owner, path, f"can't be read: {getattr(problem, 'strerror', None) or problem}")
    if not S_ISREG(status.st_mode):
        _refuse(owner, path, "is no regular file; give the name of a picture")
    if status.st_size > _MAX_BYTES:
        _refuse(owner, path, f"expected a picture of at most {_MAX_BYTES >> 20} MiB, got {status.st_size >> 20} MiB")
    return status.st_size, status.st_mtime_ns


@lru_cache(_KEPT_DECODED)
def _decoded(path: Path, size: int, changed: int, owner: str) -> Samples:
    """Return `(H, W, 3)`, or `(H, W, 4)` where some of it is see-through; uint8 or uint16.

    The decoder alone reads the file: no demuxer guesses at formats, and none follows names in it.
    """
    import av

    from lumaloom.frame.pyav import reformat

    try:
        data = path.read_bytes()
    except OSError as problem:
        _refuse(owner, path, f"can't be read: {problem.strerror}")
    codec = next((name for start, name in _CODECS if data.startswith(start)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        codec = "webp"
    if codec is None:
        _refuse(owner, path, "is no picture; expected a PNG, JPEG, WebP, TIFF or BMP file")
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.options = {"max_pixels": str(_MAX_PIXELS)}
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (av.FFmpegError, MemoryError):
        frames = []
    if len(frames) != 1 or frames[0].is_corrupt:
        _refuse(owner, path, f"is damaged, or has more than {_MAX_PIXELS >> 20} megapixels")
    deep = any(component.bits > 8 for component in frames[0].format.components)
    name = "rgba64le" if deep else "rgba"
    samples: Samples = reformat(frames[0], name).to_ndarray()
    opaque = bool((samples[..., 3] == np.iinfo(samples.dtype).max).all())
    return np.ascontiguousarray(samples[..., :3] if opaque else samples)


@lru_cache(_KEPT_SCALED)
def _scaled(still: Still, width: int, height: int, x: int, y: int, own_width: int) -> Samples:
    samples = _decoded(still.path, still.size, still.changed, still.owner)
    if still.transfer is not None:
        samples = _recoded(samples, still.transfer)
    fitted = _fitted(samples, still, width, height, (x, y), own_width)
    beyond = -width % 64
    return np.ascontiguousarray(np.pad(fitted, ((0, 1), (0, beyond), (0, 0)), "edge").transpose(0, 2, 1))


def _recoded(samples: Samples, transfer: Transfer) -> Samples:
    """Return the colours coded by the frame's transfer, 16 bits."""
    peak = np.iinfo(samples.dtype).max
    codes = np.arange(peak + 1) / peak
    light = to_light(Transfer.SRGB)(codes) * _WHITE[transfer]
    table = np.rint(np.clip(to_code(transfer)(light), 0, 1) * 65535).astype(np.uint16)
    colours = table[samples[..., :3]]
    opacity = samples[..., 3:].astype(np.uint16) * np.uint16(65535 // peak)
    return np.concatenate([colours, opacity], axis=2)


def _fitted(
    samples: Samples, still: Still, width: int, height: int, offset: tuple[int, int], own_width: int
) -> Samples:
    """Return the picture at the size of the frame."""
    rows, columns = samples.shape[:2]
    whole, fit = (0.0, 0.0, float(columns), float(rows)), still.fit
    scales = width / columns, height / rows
    if fit == "cover":
        seen = width / max(scales), height / max(scales)
        left, top = (columns - seen[0]) / 2, (rows - seen[1]) / 2
        return _resized(samples, (width, height), (left, top, left + seen[0], top + seen[1]))
    if fit == "stretch":
        return _resized(samples, (width, height), whole)
    scale = min(scales) if fit == "contain" else (own_width or columns) / columns
    inner = max(round(columns * scale), 1), max(round(rows * scale), 1)
    if inner[0] * inner[1] > _MAX_PIXELS:
        _refuse(still.owner, still.path, f"would be {inner[0]}x{inner[1]}; make it narrower")
    picture = samples if inner == (columns, rows) else _resized(samples, inner, whole)
    left, top = (
        int((room - side) * share) + by
        for room, side, share, by in zip((width, height), inner, _ANCHORS[still.anchor], offset, strict=True)
    )
    visible = picture[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    result = np.zeros((height, width, 4), samples.dtype)
    part = result[max(top, 0) :, max(left, 0) :][: visible.shape[0], : visible.shape[1]]
    part[..., 3] = np.iinfo(samples.dtype).max
    part[..., : samples.shape[2]] = visible
    return result


def _resized(samples: Samples, size: tuple[int, int], box: tuple[float, float, float, float]) -> Samples:
    """Resize by a triangle that widens where it shrinks; what is see-through lends no colour to its neighbours."""
    from lumaloom_kernels import resize

    if samples.shape[2] == 3:
        return resize(samples, size, "bilinear", box=box)
    peak = np.iinfo(samples.dtype).max
    share = samples[..., 3:].astype(np.float32) / peak
    mixed = resize(np.concatenate([samples[..., :3] * share, share], axis=2), size, "bilinear", box=box)
    colours = mixed[..., :3] / np.maximum(mixed[..., 3:], 1e-6)
    whole = np.concatenate([colours, mixed[..., 3:] * peak], axis=2)
    rounded: Samples = np.floor(np.clip(whole, 0, peak) + 0.5).clip(0, peak).astype(samples.dtype)
    return rounded
