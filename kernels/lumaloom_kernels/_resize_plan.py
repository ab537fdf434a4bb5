"""How a resize is computed on the CPU: which family of vectors, in which order, by which tables.

Along y a weighted sum is easy in vectors. Along x each output sample has its own source samples; so for
every group of output samples in a vector there are a window in the source, some groups wide, and indices
into it (`LaneTable`). The window moves by a pixel from one weight to the next, the indices stay. Where
samples are spread over more than the widest window and a group is a vector, vectors overlap, and each
counts only as far as the next one begins; else they are picked one by one.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._lanes import WEIGHT_BITS, has_fixed_point, pick_group, pick_windows
from ._resize_table import AxisTable, Box, axis_table

TILE_SAMPLES = 8192  # of the output's rows; what is made of them stays in the second-level cache
BLOCK_ROWS = 4  # rows that are filtered along x together
MAX_FIXED_TAPS = 16  # so that roundings add up to less than half a step
_LINE = 2  # vectors that the shortest line has


class LaneTable(NamedTuple):
    """One axis in vectors: lane l of vector v is output sample ``places[v] + l``.

    It is the sum over k of ``weights[v, k, l] * src[bases[v, g] + k * channels + indices[v, l]]``, where g is
    the group of the lane; ``windows`` has as many zeros as groups fit into the window, none where any index may be.
    """

    places: NDArray[np.int64]
    bases: NDArray[np.int64]
    indices: NDArray[Any]
    weights: NDArray[Any]
    windows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """What the kernels of ``_resize_cpu`` need; widths count samples."""

    family: Any  # a scalar: np.int16(0) or np.float32(0)
    rows_first: bool
    x: LaneTable
    y: AxisTable
    in_width: int  # at least; narrower sources are padded
    out_width: int  # more than the output has where the last vector sticks out
    tile: int  # vectors
    lows: NDArray[np.int64]  # where the part of a source row begins that a tile needs
    counts: NDArray[np.int64]  # its samples
    ring: int  # rows to keep between the two passes


@lru_cache(32)
def make_plan(shape: tuple[int, int, int], size: tuple[int, int], method: str, box: Box, dtype: str) -> Plan:
    """Plan to resize ``box`` of an image of shape (H, W, C) to ``size`` = (width, height)."""
    height, width, channels = shape
    x = axis_table(width, size[0], method, (box[0], box[2]))
    y = axis_table(height, size[1], method, (box[1], box[3]))
    taps = max(x.weights.shape[1], y.weights.shape[1])
    fixed = dtype == "uint8" and taps <= MAX_FIXED_TAPS and has_fixed_point()
    family = np.int16(0) if fixed else np.float32(0)
    lanes = 32 if fixed else 16
    x_weights, y_weights = (_fixed(t.weights) if fixed else t.weights for t in (x, y))

    least = _LINE * lanes
    margin = (x_weights.shape[1] - 1) * channels
    in_width = max(width, -(-least // channels) + x_weights.shape[1] - 1) * channels
    table = _lane_table(x.starts, x_weights, channels, lanes, in_width, (box[2] - box[0]) / size[0])
    tile = TILE_SAMPLES // lanes
    window = max(pick_group(lanes) * len(table.windows), int(table.indices.max()) + 1)
    lasts = np.minimum(np.arange(tile - 1, len(table.bases) + tile - 1, tile), len(table.bases) - 1)
    lows = np.minimum(table.bases[::tile, 0], in_width - least)
    counts = np.maximum(table.bases[lasts, -1] + window + margin - lows, least)
    return Plan(
        family=family,
        rows_first=box[3] - box[1] >= size[1],
        x=table,
        y=AxisTable(y.starts, y_weights),
        in_width=in_width,
        out_width=int(table.places[-1]) + lanes,
        tile=tile,
        lows=_read_only(lows),
        counts=_read_only(counts),
        ring=(1 + (y.weights.shape[1] + BLOCK_ROWS - 2) // BLOCK_ROWS) * BLOCK_ROWS,
    )


def _fixed(weights: NDArray[np.float32]) -> NDArray[Any]:
    """Return weights in fixed point whose sum is exactly one; the largest takes up the rest."""
    scaled = np.rint(weights.astype(np.float64) * (1 << WEIGHT_BITS)).astype(np.int64)
    scaled[np.arange(len(scaled)), scaled.argmax(axis=1)] += (1 << WEIGHT_BITS) - scaled.sum(axis=1)
    return _read_only(scaled.astype(np.int16))


def _lane_table(
    starts: NDArray[np.int32], weights: NDArray[Any], channels: int, lanes: int, in_width: int, scale: float
) -> LaneTable:
    """Lay the samples of a row out in vectors."""
    count = len(starts) * channels
    group, margin = pick_group(lanes), (weights.shape[1] - 1) * channels
    for windows, step in _ways(group, lanes, channels, scale):
        places = np.arange(0, count, step)
        if step == lanes <= count:
            places = np.minimum(places, count - lanes)
        samples = np.minimum(places[:, None] + np.arange(lanes), count - 1)
        origins = starts[samples // channels] * channels + samples % channels
        used = np.minimum(step, group)
        bases = origins.reshape(len(places), -1, group)[:, :, :used].min(axis=2)
        spans = (origins - bases.repeat(group, axis=1))[:, :step]
        window = group * windows or int(spans.max()) + 1
        if spans.max() < window:
            break
    bases = np.minimum(bases, in_width - window - margin)
    indices = origins - bases.repeat(group, axis=1)
    indices = np.minimum(indices, window - 1).astype(np.int16 if lanes == 32 else np.int32)
    spread = np.ascontiguousarray(weights[samples // channels].transpose(0, 2, 1))
    places, bases, indices, spread = map(_read_only, (places.astype(np.int64), bases.astype(np.int64), indices, spread))
    return LaneTable(places, bases, indices, spread, (0,) * windows)


def _ways(group: int, lanes: int, channels: int, scale: float) -> list[tuple[int, int]]:
    """Return what to try: how many groups a window is wide, and how far apart vectors lie."""
    if group < lanes:
        return [(windows, lanes) for windows in (*pick_windows(), 0)]
    windows = pick_windows()[-1]
    pixels = min(lanes // channels, int((windows * lanes - channels) / (channels * scale)) + 1)
    return [(windows, lanes), *((windows, n * channels) for n in range(pixels, 0, -1))]


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
