"""Time the CUDA kernels: ``python -m benchmarks.gpu [--json FILE] [--check] [--only KERNEL]``.

Method. Every measurement replays a CUDA graph that runs the kernel once on each of N pairs of buffers, so
that neither Python nor a warm L2 cache enters the figure: N is at least 8 and the pairs are together at
least four times the L2 cache. CUDA events give the time of a replay; after warm-up, the median of the
replays is reported, with the 10th and 90th percentile as the spread. ``call`` is the time of one plain
Python call in a loop, launch included.

Bandwidth counts every source byte and every output byte once, which is the least a kernel can move; it
stands beside a device-to-device copy measured in the same run. A share near one means bound by memory;
blurs of 8-bit samples are bound by arithmetic instead and stay below. ``--check`` compares every case with
its definition first.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from lumaloom_kernels import _cuda, _registry

KERNELS = ("gaussian_blur", "box_blur", "resize", "scale_offset")
FRAMES = {"4K": (2160, 3840), "1080p": (1080, 1920)}
FORMATS = (("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("float32", 4))
CHECKED_SIZE = (135, 241)
TOLERANCE = {"uint8": (0.0, 1.0), "uint16": (0.0, 1.0), "float32": (1e-4, 1e-5)}
LEAST_PAIRS = 8
REPLAYS, WARM_UP = 30, 5


class Timing(NamedTuple):
    """Microseconds of one call."""

    median: float
    low: float
    high: float


class Row(NamedTuple):
    """One line of the result."""

    kernel: str
    parameters: str
    frame: str
    format: str
    us: float
    us_low: float
    us_high: float
    call_us: float
    gb_s: float
    share_of_copy: float


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Time the CUDA kernels.")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--check", action="store_true", help="compare every case with its definition first")
    parser.add_argument("--only", choices=KERNELS, help="time this kernel alone")
    parser.add_argument("--size", type=_size, help="WIDTHxHEIGHT instead of 4K and 1080p")
    options = parser.parse_args(arguments)
    reason = _cuda.why_unavailable()
    if reason is not None:
        print(f"no GPU found: {reason}")
        return int(os.environ.get("LUMALOOM_REQUIRE_GPU") == "1")
    import cupy

    kernels = [options.only] if options.only else [name for name in KERNELS if name in _registry.names()]
    frames = {f"{options.size[1]}x{options.size[0]}": options.size} if options.size else FRAMES
    if options.check:
        for kernel in kernels:
            check(cupy, kernel)
            print(f"{kernel}: every case agrees with its definition")
    machine = describe(cupy)
    copy = copy_bandwidth(cupy, 1 << (20 if options.size else 29))
    print(f"{machine['device']}, driver CUDA {machine['driver']}, copy {copy:.0f} GB/s")
    rows = []
    for row in measure(cupy, kernels, frames, copy):
        rows.append(row)
        print(
            f"{row.kernel:14}{row.parameters:36}{row.frame:7}{row.format:10}"
            f"{row.us:9.1f} us ({row.us_low:.1f} to {row.us_high:.1f}), call {row.call_us:.1f}"
            f"{row.gb_s:8.0f} GB/s {row.share_of_copy:6.0%}",
            flush=True,
        )
    if options.json:
        report = {**machine, "copy_gb_s": round(copy, 1), "rows": [row._asdict() for row in rows]}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return height, width


def describe(cupy: Any) -> dict[str, Any]:
    """Return what a figure means nothing without."""
    device = cupy.cuda.Device()
    properties = cupy.cuda.runtime.getDeviceProperties(device.id)
    return {
        "device": properties["name"].decode(),
        "driver": _version(cupy.cuda.runtime.driverGetVersion()),
        "cuda_runtime": _version(cupy.cuda.runtime.runtimeGetVersion()),
        "cupy": cupy.__version__,
        "numpy": np.__version__,
        "python": sys.version.split()[0],
        "commit": _commit(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _commit() -> str:
    folder = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-changed" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def pixels(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return noise of the full range."""
    rng = np.random.default_rng(0)
    if dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def check(cupy: Any, kernel: str) -> None:
    """Compare every case of a kernel with its definition, on a small image."""
    module = _registry.load(kernel)
    for case in module.CASES:
        for dtype, channels in FORMATS:
            image = pixels((*CHECKED_SIZE, channels), dtype)
            actual = cupy.asnumpy(getattr(module, kernel)(cupy.asarray(image), **case))
            expected = module.reference(image, **case)
            rtol, atol = TOLERANCE[dtype]
            np.testing.assert_allclose(
                actual.astype(float), expected.astype(float), rtol=rtol, atol=atol, err_msg=f"{kernel} {case} {dtype}"
            )


def copy_bandwidth(cupy: Any, size: int) -> float:
    """Return GB/s, read and written, of a copy from device to device."""
    buffers = [(cupy.zeros(size, np.uint8), cupy.empty(size, np.uint8)) for _ in range(2)]
    timing = replayed(cupy, [partial(cupy.copyto, b, a) for a, b in buffers], graph=False)
    return 2 * size / timing.median / 1e3


def measure(cupy: Any, kernels: list[str], frames: dict[str, tuple[int, int]], copy: float) -> Iterator[Row]:
    """Yield a row for every kernel, case, frame and format."""
    for kernel in kernels:
        for case, (frame, size), (dtype, channels) in product(_registry.load(kernel).CASES, frames.items(), FORMATS):
            source = pixels(size if channels == 1 else (*size, channels), dtype)
            timing, call_us, traffic = _measured(cupy, kernel, case, source)
            rate = traffic / timing.median / 1e3
            yield Row(
                kernel=kernel,
                parameters=" ".join(f"{name}={value}" for name, value in case.items()),
                frame=frame,
                format=f"{dtype}x{channels}",
                us=round(timing.median, 2),
                us_low=round(timing.low, 2),
                us_high=round(timing.high, 2),
                call_us=round(call_us, 2),
                gb_s=round(rate, 1),
                share_of_copy=round(rate / copy, 3),
            )


def _measured(cupy: Any, kernel: str, case: dict[str, Any], source: np.ndarray) -> tuple[Timing, float, int]:
    function = getattr(_registry.load(kernel), kernel)
    first = cupy.asarray(source)
    made = function(first, **case)
    traffic = first.nbytes + made.nbytes
    count = max(LEAST_PAIRS, -(-4 * cupy.cuda.Device().attributes["L2CacheSize"] // traffic))
    calls: list[Callable[[], Any]] = [partial(function, first, **case, out=made)]
    for _ in range(count - 1):
        calls.append(partial(function, first.copy(), **case, out=cupy.empty_like(made)))
    return replayed(cupy, calls, graph=True), _called(cupy, calls), traffic


def replayed(cupy: Any, calls: list[Callable[[], Any]], *, graph: bool) -> Timing:
    """Return the time of one call, from replays of all of them on a stream of their own."""
    count = len(calls)
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        for call in calls:  # compiles, uploads tables, and fills the pool with scratch for this stream
            call()
        stream.synchronize()
        if graph:
            stream.begin_capture()
            for call in calls:
                call()
            captured = stream.end_capture()
            calls = [partial(captured.launch, stream)]
        times = []
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        for k in range(WARM_UP + REPLAYS):
            start.record(stream)
            for call in calls:
                call()
            end.record(stream)
            end.synchronize()
            if k >= WARM_UP:
                times.append(cupy.cuda.get_elapsed_time(start, end) * 1e3 / count)
    times.sort()
    return Timing(median(times), times[len(times) // 10], times[-1 - len(times) // 10])


def _called(cupy: Any, calls: list[Callable[[], Any]]) -> float:
    """Return the microseconds of one call from Python, in a loop that waits at its end only."""
    cupy.cuda.Device().synchronize()
    start = time.perf_counter()
    for call in calls:
        call()
    cupy.cuda.Device().synchronize()
    return (time.perf_counter() - start) * 1e6 / len(calls)


if __name__ == "__main__":
    sys.exit(main())
