"""How a resize is computed on the CPU: in which family of vectors, by which axis first, in which parts of the rows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, WEIGHT_BITS, has_fixed_point
from ._lines import address
from ._picks import VECTORS, picks_of
from ._resize_table import Box, axis_table

TILE_SAMPLES = 384  # of the larger side of a tile's rows: turned, they stay in the first-level cache
LEAST_SAMPLES = 32  # of a row, as many as are turned together
SAMPLE_BYTES, TILE_BYTES = 16, 24  # of an entry of these tables
STRIP_BYTES = 48
STRIP_ROOM = 28 << 10  # bytes of the rows of a strip that are in use at once: they stay in the first-level cache
LEAST_VECTORS = 16  # of a strip
MAX_FIXED_TAPS = 16  # so that roundings add up to less than half a step

Parts: TypeAlias = tuple[tuple[Any, ...], int, int, int, tuple[int, ...], tuple[NDArray[Any], ...]]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the kernels need, as plain numbers: addresses are of ``tables``, distances in bytes.

    Those of ``_resize_shuffled`` and of ``_resize_cpu`` have tables and spaces of their own along x.
    """

    family: Any  # a scalar: np.int16(0) or np.float32(0)
    shuffled: bool
    rows_first: bool
    y: tuple[int, int, int]  # where each row's first source row is, and its weights; how many of these
    x: tuple[Any, ...]
    in_width: int  # samples, at least; narrower sources are padded
    out_width: int  # likewise
    room: int  # bytes of working memory
    spaces: tuple[int, ...]
    tables: tuple[NDArray[Any], ...]


@lru_cache(32)
def make_plan(shape: tuple[int, int, int], size: tuple[int, int], method: str, box: Box, dtype: str) -> Plan:
    """Plan to resize ``box`` of an image of shape (H, W, C) to ``size`` = (width, height)."""
    height, width, channels = shape
    x = axis_table(width, size[0], method, (box[0], box[2]))
    y = axis_table(height, size[1], method, (box[1], box[3]))
    x_taps, y_taps = x.weights.shape[1], y.weights.shape[1]
    fixed = dtype == "uint8" and max(x_taps, y_taps) <= MAX_FIXED_TAPS and has_fixed_point()
    family = np.int16(0) if fixed else np.float32(0)
    x_weights, y_weights = (_fixed(table.weights) if fixed else table.weights for table in (x, y))
    rows_first = box[3] - box[1] >= size[1]
    y_tables = tuple(map(_read_only, (y.starts.astype(np.int64), y_weights)))
    # The source sample that each output sample begins with.
    origins = (x.starts[:, None].astype(np.int64) * channels + np.arange(channels)).ravel()
    common = (origins, x_weights, channels, width * channels, family, rows_first, y_taps, np.dtype(dtype))
    parts = shuffled(*common)
    found = parts or turned(*common, max((box[2] - box[0]) / size[0], 1.0))
    x_numbers, in_width, out_width, room, spaces, tables = found
    return Plan(
        family=family,
        shuffled=parts is not None,
        rows_first=rows_first,
        y=(*map(address, y_tables), y_taps),
        x=x_numbers,
        in_width=in_width,
        out_width=out_width,
        room=room,
        spaces=spaces,
        tables=(*y_tables, *tables),
    )


def shuffled(
    origins: NDArray[np.int64], weights: NDArray[Any], channels: int, in_width: int, family: Any, rows_first: bool,
    y_taps: int, dtype: np.dtype[Any],
) -> Parts | None:  # fmt: skip
    """Plan vectors that pick their samples out of windows, and strips of them; None where these are too narrow."""
    lanes, size, count = VECTOR_BYTES // family.nbytes, family.nbytes, len(origins)
    picks = picks_of(origins, weights, channels) if in_width >= lanes else None
    if picks is None:
        return None
    places, number, window = picks.entries[:, 1], len(picks.entries), 2 * len(picks.pairs) * lanes
    # A strip: its first entry, how many, its first source sample, how many; its first output sample, how many.
    most = max(STRIP_ROOM // ((y_taps + 1) * VECTOR_BYTES), LEAST_VECTORS)
    if rows_first:  # it is the source's rows that wait
        most = max(int(most * count / (origins[-1] - origins[0] + 1)), LEAST_VECTORS)
    step = -(-number // -(-number // most))
    step += -step % VECTORS  # and so in whole lines of the caches
    firsts = np.arange(0, number, step)
    counts = np.minimum(step, number - firsts)
    lows = np.minimum.reduceat(picks.entries[:, 0], firsts) // size
    lows = np.minimum(lows - lows % lanes, in_width - lanes)  # loads along y are whole lines of the caches
    starts, stops = places[firsts], places[firsts + counts - 1] + lanes
    lasts = np.maximum.reduceat(picks.last, firsts) + (weights.shape[1] - 1) * channels
    widths = np.maximum(lasts + 1 - lows, lanes)
    strips = np.stack([firsts, counts, lows, widths, starts, stops - starts], 1)

    line = _pitch((int(widths.max()) + window) * size)
    ring = line if rows_first else _pitch(int((stops - starts).max()) * size)
    made = line + y_taps * ring
    tables = tuple(map(_read_only, (picks.entries, strips)))
    numbers = (*map(address, tables), len(strips), picks.taps, picks.pairs)
    room = made + int((stops - starts).max()) * dtype.itemsize + VECTOR_BYTES
    return numbers, in_width, count, room, (line, ring, made), (*tables, *picks.tables)


def turned(
    origins: NDArray[np.int64], weights: NDArray[Any], channels: int, in_width: int, family: Any, rows_first: bool,
    y_taps: int, dtype: np.dtype[Any], scale: float,
) -> Parts:  # fmt: skip
    """Plan tiles that are turned, so that a vector holds a column of as many rows as it has lanes.

    The numbers are samples, weights, how many of these, samples of a tile, tiles, how many. The spaces are from line to
    line, from row to row of the ring and of what is made; rows of the ring; where columns, turned samples, ring and
    rows are that are made; the lines are where the memory begins.
    """
    lanes, taps, count = VECTOR_BYTES // family.nbytes, weights.shape[1], len(origins)
    # A sample: how far the first column lies behind that of source sample 0, and its weights behind the first.
    shares = np.arange(count) // channels * taps * family.nbytes
    samples = np.stack([origins * VECTOR_BYTES, shares], 1)
    # A tile: its first sample, the source sample with which its lines begin, and how many they have.
    in_width = max(in_width, LEAST_SAMPLES)
    tile = min(count, max(int(TILE_SAMPLES / scale), LEAST_SAMPLES))
    tile = -(-count // max(1, count // tile))
    firsts = np.minimum(np.arange(0, count, tile), count - tile)  # the last tile overlaps the one before
    lows = np.minimum(origins[firsts // channels * channels], in_width - LEAST_SAMPLES)
    ends = origins[(firsts + tile - 1) // channels * channels + channels - 1] + (taps - 1) * channels + 1
    counts = np.maximum(ends - lows, LEAST_SAMPLES)
    tiles = np.stack([firsts, lows, counts], 1)

    out_width = max(count, LEAST_SAMPLES)
    ring_rows = y_taps if rows_first else (1 + (y_taps + lanes - 2) // lanes) * lanes
    line, ring = _pitch(in_width * family.nbytes), _pitch((in_width if rows_first else out_width) * family.nbytes)
    made = _pitch(out_width * dtype.itemsize)
    parts = [lanes * line, int(counts.max()) * VECTOR_BYTES, max(tile, LEAST_SAMPLES) * VECTOR_BYTES, ring_rows * ring]
    columns, turned_at, ring_at, made_at = np.cumsum(parts).tolist()
    tables = tuple(map(_read_only, (samples, weights, tiles)))
    samples_at, weights_at, tiles_at = map(address, tables)
    numbers = (samples_at, weights_at, taps, tile, tiles_at, len(tiles))
    spaces = (line, ring, made, ring_rows, columns, turned_at, ring_at, made_at)
    return numbers, in_width, out_width, made_at + lanes * made, spaces, tables


def _pitch(count: int) -> int:
    """Return an odd number of vectors, in bytes, so that rows don't compete for cache lines."""
    return (-(-count // VECTOR_BYTES) | 1) * VECTOR_BYTES


def _fixed(weights: NDArray[np.float32]) -> NDArray[Any]:
    """Return weights in fixed point whose sum is exactly one; the largest takes up the rest."""
    scaled = np.rint(weights.astype(np.float64) * (1 << WEIGHT_BITS)).astype(np.int64)
    scaled[np.arange(len(scaled)), scaled.argmax(axis=1)] += (1 << WEIGHT_BITS) - scaled.sum(axis=1)
    return _read_only(scaled.astype(np.int16))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
