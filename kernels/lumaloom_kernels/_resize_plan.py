"""How a resize is computed on the CPU: in which family of vectors, in which order, in which tiles."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, WEIGHT_BITS, has_fixed_point
from ._resize_table import AxisTable, Box, axis_table

TILE_SAMPLES = 384  # of the larger side of a tile's rows: turned, they stay in the first-level cache
LEAST_SAMPLES = 32  # of a row, as many as are turned together
SAMPLE_BYTES = 16  # of an entry of a `SampleTable`
MAX_FIXED_TAPS = 16  # so that roundings add up to less than half a step


class SampleTable(NamedTuple):
    """One axis of turned rows: where each output sample's first column lies, and its first weight, in bytes."""

    places: NDArray[np.int64]
    weights: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the kernels of ``_resize_cpu`` need; widths count samples."""

    family: Any  # a scalar: np.int16(0) or np.float32(0)
    rows_first: bool
    x: SampleTable
    y: AxisTable
    in_width: int  # at least; narrower sources are padded
    out_width: int  # at least
    tile: int  # output samples of a row that are made together
    places: NDArray[np.int64]  # the first of each tile; the last tile overlaps the one before
    lows: NDArray[np.int64]  # where the part of a source row begins that a tile needs
    counts: NDArray[np.int64]  # its samples
    ring: int  # rows to keep: of the source, or between the two passes


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

    origins = (x.starts[:, None].astype(np.int64) * channels + np.arange(channels)).ravel()
    shares = np.arange(size[0]).repeat(channels) * x_taps * family.nbytes
    count, in_width = len(origins), max(width * channels, LEAST_SAMPLES)
    scale = max((box[2] - box[0]) / size[0], 1.0)
    tile = min(count, max(int(TILE_SAMPLES / scale), LEAST_SAMPLES))
    tile = -(-count // max(1, count // tile))
    firsts = np.minimum(np.arange(0, count, tile), count - tile)
    ends = np.minimum(firsts + tile - 1, count - 1) // channels * channels + channels - 1
    lows = np.minimum(origins[firsts // channels * channels], in_width - LEAST_SAMPLES)
    return Plan(
        family=family,
        rows_first=rows_first,
        x=SampleTable(_read_only(np.stack([origins * VECTOR_BYTES, shares], 1)), x_weights),
        y=AxisTable(y.starts, y_weights),
        in_width=in_width,
        out_width=max(count, LEAST_SAMPLES),
        tile=tile,
        places=_read_only(firsts),
        lows=_read_only(lows),
        counts=_read_only(np.maximum(origins[ends] + (x_taps - 1) * channels + 1 - lows, LEAST_SAMPLES)),
        ring=y_taps if rows_first else (1 + (y_taps + lanes - 2) // lanes) * lanes,
    )


def _fixed(weights: NDArray[np.float32]) -> NDArray[Any]:
    """Return weights in fixed point whose sum is exactly one; the largest takes up the rest."""
    scaled = np.rint(weights.astype(np.float64) * (1 << WEIGHT_BITS)).astype(np.int64)
    scaled[np.arange(len(scaled)), scaled.argmax(axis=1)] += (1 << WEIGHT_BITS) - scaled.sum(axis=1)
    return _read_only(scaled.astype(np.int16))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
