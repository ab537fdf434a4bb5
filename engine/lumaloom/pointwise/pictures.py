"""Pictures from files as inputs of pointwise effects: decoded once, scaled to the frame, read beside its pixels.

Of videos, which count as pictures too, this has what a function gets of them; see `footage` for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from stat import S_ISREG
from typing import Any, NoReturn

import numpy as np

from lumaloom.errors import ParameterError
from lumaloom.frame import Transfer
from lumaloom.pointwise.footage import NOTHING, Beside, Footage, Moving
from lumaloom.pointwise.ir import const, node
from lumaloom.pointwise.laying import MAX_PIXELS, WHITE, Lie, Samples, laid, recoded
from lumaloom.pointwise.spaces import Form, Working
from lumaloom.pointwise.trace import Symbol, node_of

_MAX_BYTES = 256 << 20
_KEPT_SCALED, _KEPT_DECODED = 8, 2
_CODECS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "mjpeg"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"))


class Picture(tuple[Any, ...]):
    """Type of a parameter of a pointwise effect that names a picture: `file: Picture = Param(help="...")`.

    Users give the name of a PNG, JPEG, WebP, TIFF or BMP file, or of a video. The function gets the picture, scaled to
    the frame, as the channels of its own space at this pixel, then opacity: `*over, opacity = file`. In space `any`,
    where it sees one channel at a time, it gets the same channel of the picture: red with red, and luma where frames
    are gray. Called with arrays, it takes a tuple of these.

    Where the effect has a text parameter `fit`, that says how it is scaled: `stretch`, `cover` (what sticks out is
    cut), `contain` (what is left is transparent) or `none` (it has a size of its own). Where it has a text parameter
    `anchor` too, that says where a picture lies that leaves room: at a side or corner such as `right` or `top-left`, or
    in the `center`; and numbers `x` and `y` by how many pixels it lies right of and below that, `width` how wide it is
    with `none`, 0 for its own width.

    Of a video the function gets the frame that is shown at the time of the frame that is made, upright and with its
    opacity; times count from the first frames of both. Where the effect has a number parameter `start`, the video is so
    many seconds ahead, and below 0 it begins so much later; where it has a text parameter `after`, that says what comes
    after the video's end: `hold` (its last frame), `loop` or `none` (nothing, as before its beginning).
    """

    __slots__ = ()


def shown(
    owner: str,
    name: str,
    lie: Lie,
    space: str,
    form: Form,
    place: tuple[Any, ...],
    clip: Footage | None = None,
    beside: Beside = NOTHING,
) -> Picture:
    """Return the channels and the opacity of a picture, as a stage works on them.

    Args:
        owner: effect and parameter, for messages.
        name: of the file.
        lie: how it lies on the frame.
        space: of the stage.
        form: of colour before the stage. A picture's sRGB counts as the coding of SDR frames, as players show both
            alike; for PQ, HLG and linear frames its light is coded anew. Its primaries count as the frame's.
        place: `x`, `y`, `width` and `height`, as symbols or numbers and arrays.
        clip: what the file is, if it is a video.
        beside: what of it is shown, for arrays.

    Raises:
        ParameterError: there is no such file, or it is no picture, or too large.

    """
    coding = form.coding
    if clip is not None:
        moving = Moving.on(clip, lie, coding)
        channels = _read(moving, moving.channels, moving.bits, place, lie.numbers, partial(moving.of, beside))
    else:
        path = Path(name)
        size, changed = _stamp(path, owner)
        transfer = coding.transfer if coding.transfer in WHITE else None
        still = Still(path, size, changed, lie.fit, lie.anchor, transfer, owner)
        channels = _read(still, still.channels, still.bits, place, lie.numbers, still)
    colour, opacity = Working(coding, "rgb", tuple(channels[:3])), channels[3]
    if space == "luma" or (space == "any" and form.space == "y"):
        return Picture((colour.to("yuv")[0], opacity))
    return Picture((*colour.to("rgb" if space == "any" else space), opacity))


def _read(
    source: Still | Moving, count: int, bits: int, place: tuple[Any, ...], numbers: tuple[Any, ...], table: Any
) -> tuple[Any, ...]:
    """Return red, green, blue as coded for the frame and opacity, each from 0 to 1, at a place."""
    x, y, width, height = place
    if isinstance(x, Symbol):
        here = node("table", tuple(map(node_of, (width, height, *numbers))), source)
        args = (here, node_of(x), node_of(y))
        found: list[Any] = [Symbol(node("texel", args, (k, count, bits))) for k in range(count)]
        opaque: Any = Symbol(const(1))
    else:
        found, opaque = list(texels(table(width, height, *numbers), x, y)), 1.0
    return tuple(value * (1 / ((1 << bits) - 1)) for value in found) + (opaque,) * (4 - count)


def is_clip(name: str) -> bool:
    """Whether there is something in a file that is no picture, by its name and its first bytes: it may be a video."""
    path = Path(name)
    if path.suffix.lower() in _SUFFIXES:
        return False
    try:
        if not S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return False
    return bool(head) and _codec(head) is None


def _codec(head: bytes) -> str | None:
    """Return the decoder of a picture file by its first bytes, None where there is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return next((name for start, name in _CODECS if head.startswith(start)), None)


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

    Called with the width and height of frames, and the numbers of its `Lie`, it gives a table as `laying` has them.
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

    @property
    def channels(self) -> int:
        """How many its tables have."""
        return 4 if self.decoded().shape[2] == 4 or Lie(self.fit).leaves_room else 3

    @property
    def bits(self) -> int:
        """Of a sample of its tables."""
        return 16 if self.decoded().dtype == np.uint16 or self.transfer is not None else 8

    def decoded(self) -> Samples:
        """Return `(H, W, 3)`, or `(H, W, 4)` where some of it is see-through; uint8 or uint16."""
        return _decoded(self.path, self.size, self.changed, self.owner)


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
    codec = _codec(data)
    if codec is None:
        _refuse(owner, path, "is no picture; expected a PNG, JPEG, WebP, TIFF or BMP file, or a video in a render")
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (av.FFmpegError, MemoryError):
        frames = []
    if len(frames) != 1 or frames[0].is_corrupt:
        _refuse(owner, path, f"is damaged, or has more than {MAX_PIXELS >> 20} megapixels")
    deep = any(component.bits > 8 for component in frames[0].format.components)
    name = "rgba64le" if deep else "rgba"
    samples: Samples = reformat(frames[0], name).to_ndarray()
    opaque = bool((samples[..., 3] == np.iinfo(samples.dtype).max).all())
    return np.ascontiguousarray(samples[..., :3] if opaque else samples)


@lru_cache(_KEPT_SCALED)
def _scaled(still: Still, width: int, height: int, *numbers: int) -> Samples:
    samples = still.decoded()
    planes = [samples[..., k] for k in range(samples.shape[2])]
    if still.transfer is not None:
        planes = recoded(planes, still.transfer)
    lie = Lie(still.fit, still.anchor)
    return laid(planes, lie, (width, height), numbers, partial(_refuse, still.owner, still.path))
