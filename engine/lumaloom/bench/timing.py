"""Calls of several contenders in turn, and what they took."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_ROUNDS = 5
SLOW_MS, SLOW_ROUNDS = 100.0, 3  # a call this long is made this often
ENDLESS_MS = 1000.0  # a call this long is made once: how far it loses is known


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one contender's calls."""

    median_ms: float
    least_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    calls: int


@dataclass(frozen=True)
class First:
    """What a contender's first call gave, and the milliseconds that it took."""

    value: Any
    ms: float


def first_calls(contenders: Mapping[str, Callable[[], object]]) -> dict[str, First]:
    """Call every contender once."""
    return {name: First(*_timed(call)) for name, call in contenders.items()}


def interleaved(
    contenders: Mapping[str, Callable[[], object]], seconds: float, first: Mapping[str, First] | None = None
) -> dict[str, Timing]:
    """Time all contenders in turn, round after round, for at least `seconds`.

    Args:
        contenders: What to call, by name.
        seconds: How long the rounds go on, once there are `LEAST_ROUNDS` of them.
        first: The first calls, where they were made already.

    """
    begun = {name: one.ms for name, one in (first or first_calls(contenders)).items()}
    times: dict[str, list[float]] = {name: [ms] if ms >= ENDLESS_MS else [] for name, ms in begun.items()}
    for name, call in contenders.items():
        if begun[name] < SLOW_MS:
            call()  # pages are touched and tables are made by now
    quick = [name for name, ms in begun.items() if ms < SLOW_MS]
    order = [name for name, ms in begun.items() if ms < ENDLESS_MS]
    chance, end, rounds = random.Random(1), time.perf_counter() + seconds, 0
    while order and (rounds < LEAST_ROUNDS or time.perf_counter() < end):
        rounds += 1
        chance.shuffle(order)  # nobody always follows the one that leaves the caches cold
        for name in order:
            times[name].append(_timed(contenders[name])[1])
        if rounds == SLOW_ROUNDS:
            order = quick
    return {name: _timing(values) for name, values in times.items()}


def floor(image: NDArray[Any], threads: int) -> Callable[[], object]:
    """Return a call that reads an image and writes it once, by that many threads: nothing can be faster."""
    out = np.empty_like(image)
    edges = [len(image) * i // threads for i in range(threads + 1)]
    bands = [(out[first:stop], image[first:stop]) for first, stop in pairwise(edges)]
    if threads == 1:
        return lambda: np.copyto(out, image)
    pool = ThreadPoolExecutor(threads - 1)

    def copy() -> None:
        others = [pool.submit(np.copyto, *band) for band in bands[1:]]
        np.copyto(*bands[0])
        for other in others:
            other.result()

    return copy


def _timed(call: Callable[[], object]) -> tuple[object, float]:
    begin = time.perf_counter_ns()
    value = call()
    return value, (time.perf_counter_ns() - begin) / 1e6


def _timing(values: list[float]) -> Timing:
    lower, median, upper = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return Timing(round(median, 4), round(min(values), 4), round(lower, 4), round(upper, 4), len(values))
