"""What transfer functions mean: the light that a coded sample stands for, and back."""

import numbers
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import KindError, ParameterError

# A signal x up to the cut is light x / slope, above it ((x + a) / (1 + a)) ** power.
POWERS: dict[str, tuple[float, float, float, float]] = {
    "srgb": (0.04045, 12.92, 0.055, 2.4),  # IEC 61966-2-1
    "bt709": (4.5 * 0.018053968510807, 4.5, 0.09929682680944, 1 / 0.45),  # ITU-R BT.709-6, BT.601, BT.2020
    "bt1886": (0.0, 1.0, 0.0, 2.4),  # ITU-R BT.1886 with a black of 0
    "gamma22": (0.0, 1.0, 0.0, 2.2),
    "gamma28": (0.0, 1.0, 0.0, 2.8),
}
TRANSFERS = (*POWERS, "pq", "hlg", "linear")

PQ_POWERS = (2610 / 16384, 2523 / 4096 * 128)  # SMPTE ST 2084, ITU-R BT.2100
PQ_1, PQ_2, PQ_3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32  # the first is 1 + the third - the second
PQ_PEAK = 10000.0  # cd/m2
LIMIT = 1e6  # samples beyond count as that
HLG_A, HLG_B, HLG_C = 0.17883277, 0.28466892, 0.55991073  # ITU-R BT.2100


def light_of(signal: NDArray[np.float64], transfer: str, peak: float) -> NDArray[np.float64]:
    """Return linear light of a coded signal, by the definition."""
    if transfer == "pq":
        root = np.clip(signal, 0, 1) ** (1 / PQ_POWERS[1])
        light = np.maximum(root - PQ_1, 0) / (PQ_2 - PQ_3 * root)
        return np.asarray(light ** (1 / PQ_POWERS[0]) * (PQ_PEAK / peak))
    if transfer == "hlg":
        x = np.clip(signal, 0, 1)
        return np.where(x <= 0.5, x * x / 3, (np.exp((x - HLG_C) / HLG_A) + HLG_B) / 12)
    cut, slope, a, power = POWERS[transfer]
    x = np.abs(signal)
    return np.copysign(np.where(x <= cut, x / slope, ((x + a) / (1 + a)) ** power), signal)


def signal_of(light: NDArray[np.float64], transfer: str, peak: float) -> NDArray[np.float64]:
    """Return the coded signal of linear light, by the definition."""
    if transfer == "pq":
        root = np.clip(light * (peak / PQ_PEAK), 0, 1) ** PQ_POWERS[0]
        return np.asarray(((PQ_1 + PQ_2 * root) / (1 + PQ_3 * root)) ** PQ_POWERS[1])
    if transfer == "hlg":
        x = np.clip(light, 0, 1)
        return np.where(x <= 1 / 12, np.sqrt(3 * x), HLG_A * np.log(np.maximum(12 * x - HLG_B, 0.5)) + HLG_C)
    cut, slope, a, power = POWERS[transfer]
    x = np.abs(light)
    return np.copysign(np.where(x <= cut / slope, x * slope, (1 + a) * x ** (1 / power) - a), light)


def by_definition(src: NDArray[Any], transfer: str, peak: float, *, linear: bool) -> NDArray[Any]:
    """Convert an image in float64, to linear light or from it."""
    if transfer == "linear":
        return src.copy()
    top = 1.0 if src.dtype.kind == "f" else float(np.iinfo(src.dtype).max)
    convert = light_of if linear else signal_of
    channels = src[..., :3] if src.ndim == 3 and src.shape[2] == 4 else src
    limited = np.clip(channels.astype(np.float64) / top, -LIMIT, LIMIT)
    result = round_to(convert(limited, transfer, peak) * top, src.dtype)
    return result if channels is src else np.concatenate([result, src[..., 3:]], axis=2)


@lru_cache(32)
def table_of(dtype: np.dtype[Any], transfer: str, peak: float, linear: bool, channels: int) -> NDArray[Any]:
    """Return the results of all whole numbers, of shape (1, N), or with alpha's in the last of four rows."""
    values = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    table = by_definition(values[None], transfer, peak, linear=linear)
    return table if channels != 4 else np.concatenate([table, table, table, values[None]])


def check_transfer(transfer: Any, peak: Any) -> tuple[str, float]:
    """Return both as they must be."""
    if not isinstance(transfer, str) or transfer not in TRANSFERS:
        raise ParameterError(f"transfer: expected one of {', '.join(TRANSFERS)}, got {transfer!r}")
    if not isinstance(peak, numbers.Real) or isinstance(peak, (bool, np.bool_)):
        raise KindError(f"peak: expected a number, got {peak!r}")
    if not 1 <= float(peak) <= PQ_PEAK:
        raise ParameterError(f"peak: expected cd/m2 from 1 to 10000, got {peak!r}")
    return transfer, float(peak)
