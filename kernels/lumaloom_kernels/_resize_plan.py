"""How a resize is computed on the CPU: in which family of vectors, in which order, in which tiles."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, WEIGHT_BITS, has_fixed_point
from ._lines import address
from ._resize_table import Box, axis_table

TILE_SAMPLES = 384  # of the larger side of a tile's rows: turned, they stay in the first-level cache
LEAST_SAMPLES = 32  # of a row, as many as are turned together
SAMPLE_BYTES, TILE_BYTES = 16, 24  # of an entry of these tables
MAX_FIXED_TAPS = 16  # so that roundings add up to less than half a step


@dataclass(frozen=True, eq=False)
class Plan:
    """What the kernels of ``_resize_cpu`` need, as plain numbers: addresses are of ``tables``, distances in bytes."""

    family: Any  # a scalar: np.int16(0) or np.float32(0)
    rows_first: bool
    y: tuple[int, int, int]  # where each row's first source row is, and its weights; how many of these
    x: tuple[int, int, int, int, int, int]  # samples, weights, how many of these, samples of a tile, tiles, how many
    in_width: int  # samples, at least; narrower sources are padded
    out_width: int  # likewise
    room: int  # bytes of working memory
    spaces: tuple[int, ...]  # from line to line, from row to row of the ring and of what is made; rows of the ring;
    # where columns, turned samples, ring and rows are that are made; the lines are where the memory begins
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
    lanes, rows_first = VECTOR_BYTES // family.nbytes, box[3] - box[1] >= size[1]

    # A sample: how far the first column lies behind that of source sample 0, and its weights behind the first.
    origins = (x.starts[:, None].astype(np.int64) * channels + np.arange(channels)).ravel()
    shares = np.arange(size[0]).repeat(channels) * x_taps * family.nbytes
    samples = np.stack([origins * VECTOR_BYTES, shares], 1)
    # A tile: its first sample, the source sample with which its lines begin, and how many they have.
    count, in_width = len(origins), max(width * channels, LEAST_SAMPLES)
    tile = min(count, max(int(TILE_SAMPLES / max((box[2] - box[0]) / size[0], 1.0)), LEAST_SAMPLES))
    tile = -(-count // max(1, count // tile))
    firsts = np.minimum(np.arange(0, count, tile), count - tile)  # the last tile overlaps the one before
    lows = np.minimum(origins[firsts // channels * channels], in_width - LEAST_SAMPLES)
    ends = origins[(firsts + tile - 1) // channels * channels + channels - 1] + (x_taps - 1) * channels + 1
    counts = np.maximum(ends - lows, LEAST_SAMPLES)
    tiles = np.stack([firsts, lows, counts], 1)

    out_width = max(count, LEAST_SAMPLES)
    ring_rows = y_taps if rows_first else (1 + (y_taps + lanes - 2) // lanes) * lanes
    line, ring = _pitch(in_width * family.nbytes), _pitch((in_width if rows_first else out_width) * family.nbytes)
    made = _pitch(out_width * np.dtype(dtype).itemsize)
    parts = [lanes * line, int(counts.max()) * VECTOR_BYTES, max(tile, LEAST_SAMPLES) * VECTOR_BYTES, ring_rows * ring]
    columns, turned, ring_at, made_at = np.cumsum(parts).tolist()
    tables = tuple(map(_read_only, (y.starts.astype(np.int64), y_weights, samples, x_weights, tiles)))
    y_at, y_weights_at, samples_at, x_weights_at, tiles_at = map(address, tables)
    return Plan(
        family=family,
        rows_first=rows_first,
        y=(y_at, y_weights_at, y_taps),
        x=(samples_at, x_weights_at, x_taps, tile, tiles_at, len(tiles)),
        in_width=in_width,
        out_width=out_width,
        room=made_at + lanes * made,
        spaces=(line, ring, made, ring_rows, columns, turned, ring_at, made_at),
        tables=tables,
    )


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
