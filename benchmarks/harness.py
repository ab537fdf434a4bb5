"""Interleaved timing, what is known of the machine, and results as JSON."""

import json
import os
import platform
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LEAST_ROUNDS = 9
WARM_ROUNDS = 2


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one contender's calls."""

    median_ms: float
    least_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    calls: int


def interleaved(contenders: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
    """Time all contenders in turn, round after round."""
    for _ in range(WARM_ROUNDS):
        for call in contenders.values():
            call()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds
    order, chance = list(contenders), random.Random(1)
    rounds = 0
    while rounds < LEAST_ROUNDS or time.perf_counter() < end:
        rounds += 1
        chance.shuffle(order)  # nobody always follows the one that leaves the caches cold
        for name in order:
            begin = time.perf_counter_ns()
            contenders[name]()
            times[name].append((time.perf_counter_ns() - begin) / 1e6)
    return {name: _timing(values) for name, values in times.items()}


def _timing(values: list[float]) -> Timing:
    lower, median, upper = statistics.quantiles(values, n=4)
    return Timing(*(round(value, 4) for value in (median, min(values), lower, upper)), len(values))


def machine() -> dict[str, Any]:
    """Describe where the figures come from."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("numpy", "numba", "opencv-python-headless", "av", "lumaloom")},
        "commit": _git("rev-parse", "HEAD"),
        "clean": _git("status", "--porcelain", "--", "kernels", "benchmarks") == "",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parent.parent
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write results, dataclasses as objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, default=asdict) + "\n")
