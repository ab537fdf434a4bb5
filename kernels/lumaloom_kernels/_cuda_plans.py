"""What to launch for a call: kernels, grids, blocks, arguments and tables, worked out without a device.

A plan depends on the layout of the arrays and on the parameters alone, so it is made once, kept, and
the tests on machines without a GPU run the very same plans.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._checks import BORDERS, Border, ParameterError, ShapeError
from ._cuda_tables import Table, fir_weights, fitted, gaussian_axis

PREFIX = {"uint8": "u8", "uint16": "u16", "float32": "f32"}
ALIGNED_SRC, ALIGNED_OUT = 1, 2  # the flags of _cuda_samples.cuh
SCRATCH_ALIGNMENT = 256
MAX_GRID_Y = 65535
MAX_BOX_RADIUS = 32767  # sums of 16-bit samples over one axis fit 32 bits

FIR_ROWS = 16  # TILE_ROWS of gaussian_blur.cu
FIR_PIXELS = {1: 256, 2: 128, 3: 64, 4: 64}  # Tile<C>::pixels
BOX_PIXELS = {1: 128, 2: 64, 3: 32, 4: 32}  # of a block of box_blur.cu
BOX_CHUNK = 32
PASS_ROWS = 4  # of _cuda_resample.cu
PASS_THREADS = 128
RESIZE_ROWS = 8  # TILE_ROWS of resize.cu
RESIZE_SPAN = 1024  # MAX_SPAN
RESIZE_THREADS = 256
SCALE_THREADS = 256

AxisTable = Callable[[int, int, str, tuple[float, float]], tuple[NDArray[np.int32], NDArray[np.float32]]]


class Layout(NamedTuple):
    """How an image lies in memory: rows of ``width * channels`` samples, ``pitch`` bytes apart."""

    height: int
    width: int
    channels: int
    dtype: str
    pitch: int
    alignment: int  # largest power of two, at most 16, that divides every row's address

    @property
    def samples(self) -> int:
        """Samples in a row."""
        return self.width * self.channels

    @property
    def itemsize(self) -> int:
        """Bytes of a sample."""
        return np.dtype(self.dtype).itemsize


class Pointer(NamedTuple):
    """An argument that is an address: of an array, of a part of the scratch memory, or of a table."""

    of: Literal["src", "out", "scratch", "table"]
    at: Any = 0  # bytes into the scratch memory, or the table's name


class Launch(NamedTuple):
    """One kernel launch; ``arguments`` are NumPy scalars of the parameters' types and pointers."""

    module: str
    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The launches of one call in order, the tables that they read, and the scratch bytes that they need."""

    launches: tuple[Launch, ...]
    tables: dict[str, NDArray[Any]]
    scratch: int


def layout_of(shape: tuple[int, ...], strides: tuple[int, ...], dtype: str, address: int) -> Layout | None:
    """Return the layout of an array, or None where the pixels of a row do not lie side by side."""
    height, width = shape[:2]
    channels = shape[2] if len(shape) == 3 else 1
    itemsize = np.dtype(dtype).itemsize
    if channels > 1 and strides[2] != itemsize:
        return None
    if width > 1 and strides[1] != channels * itemsize:
        return None
    pitch = strides[0] if height > 1 else width * channels * itemsize
    common = math.gcd(address, pitch, 16) if height > 1 else math.gcd(address, 16)
    return Layout(height, width, channels, dtype, pitch, common)


@lru_cache(256)
def gaussian_blur(src: Layout, out: Layout, sigma: tuple[float, float], border: Border) -> Plan:
    """Plan a Gaussian blur: one kernel for narrow ones, shrink, blur and enlarge for wide ones."""
    wx = fir_weights(sigma[0], src.dtype, 4 if src.channels % 2 else 2)  # rows are read by 16 bytes
    wy = fir_weights(sigma[1], src.dtype, 2)
    if wx is None or wy is None:
        x = gaussian_axis(src.width, sigma[0], src.dtype, border)
        y = gaussian_axis(src.height, sigma[1], src.dtype, border)
        steps = [("y", y[0]), ("x", x[0]), ("y", y[1]), ("x", x[1]), ("x", x[2]), ("y", y[2])]
        return _passes(src, out, steps)
    radius_x, radius_y = len(wx) // 2, len(wy) // 2
    flags = _aligned(src, 4) * ALIGNED_SRC + _aligned(out, 8) * ALIGNED_OUT
    launch = Launch(
        "gaussian_blur",
        f"gaussian_{PREFIX[src.dtype]}_c{src.channels}",
        _grid(_ceil(src.width, FIR_PIXELS[src.channels]), _ceil(src.height, FIR_ROWS)),
        (_fir_threads(src.channels, radius_x, radius_y), 1, 1),
        (
            *_pointers(Pointer("src"), src.pitch, Pointer("out"), out.pitch),
            *_ints(src.width, src.height),
            *(Pointer("table", "x"), np.int32(radius_x), Pointer("table", "y"), np.int32(radius_y)),
            *_ints(BORDERS.index(border), flags),
        ),
    )
    return Plan((launch,), {"x": wx, "y": wy}, 0)


def _grid(x: int, y: int) -> tuple[int, int, int]:
    """Return a grid of blocks, or say that the device takes no such grid."""
    if y > MAX_GRID_Y:
        raise ShapeError(f"src: expected an image of fewer rows on a GPU; it needs {y} rows of blocks of {MAX_GRID_Y}")
    return x, y, 1


def _fir_threads(channels: int, radius_x: int, radius_y: int) -> int:
    """Return the block size that leaves the fewest threads idle in the last round of either step."""
    down = FIR_ROWS // 8 * _ceil((FIR_PIXELS[channels] + 2 * radius_x) * channels, 4)
    along = FIR_ROWS * FIR_PIXELS[channels] // 8

    def cost(threads: int) -> int:
        work_down = _ceil(down, threads) * 4 * (2 * radius_y + 1)
        return threads * (work_down + _ceil(along, threads) * channels * (2 * radius_x + 1))

    return min(range(128, 257, 32), key=cost)


@lru_cache(256)
def box_blur(src: Layout, out: Layout, radius: tuple[int, int], border: Border) -> Plan:
    """Plan a box blur: running sums down the columns into a transposed image, and once more back."""
    if max(radius) > MAX_BOX_RADIUS:
        raise ParameterError(f"radius: expected at most {MAX_BOX_RADIUS} on a GPU, got {max(radius)}")
    x, y = 2 * radius[0] + 1, 2 * radius[1] + 1
    if src.dtype == "float32":
        between, counts = "float32", (y, x)
    else:
        between = "uint16" if src.dtype == "uint8" and 255 * y < 1 << 16 else "uint32"
        counts = (1, x * y)
    name = {**PREFIX, "uint32": "u32"}
    pitch = _round_up(src.height * src.channels * np.dtype(between).itemsize, SCRATCH_ALIGNMENT)
    half = f"box_{name[src.dtype]}_{name[between]}", src.width, src.height, radius[1], counts[0]
    back = f"box_{name[between]}_{name[src.dtype]}", src.height, src.width, radius[0], counts[1]
    ends = (
        _pointers(Pointer("src"), src.pitch, Pointer("scratch"), pitch),
        _pointers(Pointer("scratch"), pitch, Pointer("out"), out.pitch),
    )
    launches = []
    for (kernel, columns, rows, reach, count), pointers in zip((half, back), ends, strict=True):
        segment = max(64, _round_up(reach, BOX_CHUNK))
        launches.append(
            Launch(
                "box_blur",
                kernel,
                _grid(_ceil(columns, BOX_PIXELS[src.channels]), _ceil(rows, segment)),
                (BOX_PIXELS[src.channels] * src.channels, 1, 1),
                (
                    *pointers,
                    *_ints(columns, rows, src.channels, reach, segment, BORDERS.index(border)),
                    *(np.uint32(count), np.float32(1 / count)),
                ),
            )
        )
    return Plan(tuple(launches), {}, pitch * src.width)


@lru_cache(256)
def resize(src: Layout, out: Layout, kind: str, box: tuple[float, float, float, float], table: AxisTable) -> Plan:
    """Plan a resize: one kernel for both axes where a tile's columns fit shared memory, else two passes."""
    x = fitted(src.width, *table(src.width, out.width, kind, (box[0], box[2])))
    y = fitted(src.height, *table(src.height, out.height, kind, (box[1], box[3])))
    tile = None if x.is_identity or y.is_identity else _resize_tile(x, src.channels)
    if tile is None:
        return _passes(src, out, [("y", y), ("x", x)])
    pixels, spans = tile
    launch = Launch(
        "resize",
        f"resize_{PREFIX[src.dtype]}",
        _grid(len(spans), _ceil(out.height, RESIZE_ROWS)),
        (RESIZE_THREADS, 1, 1),
        (
            *_pointers(Pointer("src"), src.pitch, Pointer("out"), out.pitch),
            *_ints(src.width, out.width, out.height, src.channels),
            *(Pointer("table", "starts_x"), Pointer("table", "weights_x"), np.int32(x.taps)),
            *(Pointer("table", "starts_y"), Pointer("table", "weights_y"), np.int32(y.taps)),
            *(Pointer("table", "spans"), *_ints(pixels, _aligned(src, 4) * ALIGNED_SRC)),
        ),
    )
    tables = {**_named(x, "x", transposed=True), **_named(y, "y"), "spans": spans}
    return Plan((launch,), tables, 0)


def _resize_tile(x: Table, channels: int) -> tuple[int, NDArray[np.int32]] | None:
    """Return the widest tile, in pixels, whose source columns fit shared memory, or None.

    With it comes an array of a row for every tile: its first source sample, a multiple of four, and its
    groups of four samples.
    """
    for tile in (128, 64, 32, 16, 8):
        tiles = np.arange(0, x.out_size, tile)
        low = np.minimum.reduceat(x.starts, tiles).astype(np.int64) * channels & ~3
        high = (np.maximum.reduceat(x.starts, tiles).astype(np.int64) + x.taps) * channels
        groups = -(-(high - low) // 4)
        if groups.max() * 4 <= RESIZE_SPAN:
            return tile, np.stack([low, groups], axis=1).astype(np.int32)
    return None


@lru_cache(256)
def scale_offset(src: Layout, out: Layout, gain: float, offset: float, low: float, high: float) -> Plan:
    """Plan the pointwise kernel; rows without gaps are taken as one long row."""
    rows, samples = src.height, src.samples
    if src.pitch == out.pitch == samples * src.itemsize:
        rows, samples = 1, rows * samples
    lanes = 16 // src.itemsize
    launch = Launch(
        "scale_offset",
        f"scale_offset_{PREFIX[src.dtype]}",
        _grid(_ceil(samples, lanes * SCALE_THREADS), min(rows, MAX_GRID_Y)),
        (SCALE_THREADS, 1, 1),
        (
            *_pointers(Pointer("src"), src.pitch, Pointer("out"), out.pitch),
            *(np.int64(samples), np.int32(rows)),
            *(np.float32(value) for value in (gain, offset, low, high)),
            np.int32(src.alignment == out.alignment == 16),
        ),
    )
    return Plan((launch,), {}, 0)


def _passes(src: Layout, out: Layout, steps: list[tuple[str, Table]]) -> Plan:
    """Plan a chain of passes over one axis each, float32 in between, alternating two scratch images."""
    steps = [step for step in steps if not step[1].is_identity] or steps[:1]
    images = [src]
    for axis, table in steps[:-1]:
        height, width = images[-1].height, images[-1].width
        height, width = (table.out_size, width) if axis == "y" else (height, table.out_size)
        pitch = _round_up(width * src.channels * 4, SCRATCH_ALIGNMENT)
        images.append(Layout(height, width, src.channels, "float32", pitch, 16))
    images.append(out)
    sizes = [image.height * image.pitch for image in images[1:-1]]
    second = max(sizes[0::2], default=0)
    places = [Pointer("src"), *(Pointer("scratch", second * (k % 2)) for k in range(len(sizes))), Pointer("out")]
    launches: list[Launch] = []
    tables: dict[str, NDArray[Any]] = {}
    for k, (axis, table) in enumerate(steps):
        tables |= _named(table, str(k), transposed=axis == "x")
        launches.append(_pass(axis, table, images[k], places[k], images[k + 1], places[k + 1], str(k)))
    return Plan(tuple(launches), tables, second + max(sizes[1::2], default=0))


def _pass(axis: str, table: Table, src: Layout, at: Pointer, out: Layout, to: Pointer, name: str) -> Launch:
    suffix = f"{PREFIX[src.dtype]}_{PREFIX[out.dtype]}"
    arrays = _pointers(at, src.pitch, to, out.pitch)
    weights = (Pointer("table", f"starts_{name}"), Pointer("table", f"weights_{name}"), np.int32(table.taps))
    rows = _ceil(out.height, PASS_ROWS)
    if axis == "y":
        flags = _aligned(src, 4) * ALIGNED_SRC + _aligned(out, 4) * ALIGNED_OUT
        return Launch(
            "_cuda_resample",
            f"pass_down_{suffix}",
            _grid(_ceil(src.samples, 4 * PASS_THREADS), rows),
            (PASS_THREADS, 1, 1),
            (*arrays, *_ints(src.samples, out.height), *weights, np.int32(flags)),
        )
    return Launch(
        "_cuda_resample",
        f"pass_along_{suffix}",
        _grid(_ceil(out.samples, PASS_THREADS), rows),
        (PASS_THREADS, 1, 1),
        (*arrays, *_ints(out.width, out.height, out.channels), *weights),
    )


def _named(table: Table, name: str, *, transposed: bool = False) -> dict[str, NDArray[Any]]:
    weights = np.ascontiguousarray(table.weights.T if transposed else table.weights)
    return {f"starts_{name}": table.starts, f"weights_{name}": weights}


def _aligned(image: Layout, samples: int) -> bool:
    return image.alignment % min(16, samples * image.itemsize) == 0


def _pointers(src: Pointer, src_pitch: int, out: Pointer, out_pitch: int) -> tuple[Any, ...]:
    return src, np.int64(src_pitch), out, np.int64(out_pitch)


def _ints(*values: int) -> tuple[np.int32, ...]:
    return tuple(np.int32(value) for value in values)


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _round_up(a: int, b: int) -> int:
    return _ceil(a, b) * b
