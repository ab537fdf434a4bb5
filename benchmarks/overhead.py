"""What the services around the frame path cost: the same render bare, with them, and exporting telemetry."""

import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import harness
from lumaloom.jobs import RenderResult

EFFECTS = ("blur sigma=3", "exposure stops=0.2", "contrast amount=1.1", "saturation amount=1.2")
WAYS = ("off", "on", "export")

# Answers every request; a process of its own, as a collector is.
_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def run(frames: int, threads: int, pairs: int, path: Path | None) -> None:
    """Time the three ways in turn, print ratios with their spread, and write JSON where a path is given."""
    with tempfile.TemporaryDirectory() as folder, _collector() as url:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        os.environ["LUMALOOM_CACHE_DIR"] = folder
        clip = write_clip(Path(folder) / "clip.mp4", frames)
        calls = {way: _render(way, clip, threads, Path(folder)) for way in WAYS}
        seconds, work = _interleaved(calls, pairs)
        memory = {way: _peak(way, clip, threads, folder) for way in WAYS}
    rows = [_row(way, seconds, work, memory) for way in WAYS]
    titles = f"{'services':8} {'median s':>9} {'ratio':>7} {'95% interval':>15}"
    print(f"{titles} {'of least':>9} {'of CPU':>7} {'peak MiB':>9}")
    for row in rows:
        spread = f"{row['low']:.3f} to {row['high']:.3f}"
        print(
            f"{row['services']:8} {row['median_s']:9.3f} {row['ratio']:7.3f} {spread:>15} "
            f"{row['ratio_of_least']:9.3f} {row['ratio_of_cpu']:7.3f} {row['peak_mib']:9.0f}"
        )
    if path:
        about = {**harness.machine(), "frames": frames, "threads": threads, "effects": EFFECTS, "pairs": pairs}
        harness.write_json(path, {"machine": about, "rows": rows, "seconds": seconds, "cpu_seconds": work})


def once(way: str, clip: Path, threads: int, folder: Path) -> RenderResult:
    """Render once."""
    return _render(way, clip, threads, folder)()


def _render(way: str, clip: Path, threads: int, folder: Path) -> Callable[[], RenderResult]:
    """Return a render of the clip: `off` wires by hand what a frame needs and nothing else."""
    from lumaloom.cache import opened
    from lumaloom.composition import Engine
    from lumaloom.device import Machine
    from lumaloom.jobs import Preparer, Progress, Renderer, RenderRequest
    from lumaloom.memory import BufferPool, default_limit
    from lumaloom.plugins import default_registry
    from lumaloom.run import Meter
    from lumaloom.services.clock import Clock
    from lumaloom.services.events import EventBus
    from lumaloom.services.pools import Budget, Pools
    from lumaloom.services.settings import Settings
    from lumaloom.services.telemetry import Telemetry

    request = RenderRequest(input=clip, output="null", effects=EFFECTS, threads=threads, device="cpu")

    def bare() -> RenderResult:
        settings = Settings()
        cores, cache = Machine().cores(), opened(folder / "cache", 1 << 30)
        preparer = Preparer(default_registry(), Machine(), settings, Budget(cores, default_limit()), cache)
        pool = BufferPool(default_limit())
        pools = Pools(cores)
        try:
            parts = preparer, EventBus(), pool, Meter(), Clock(), Telemetry(), settings, pools, cache
            return Renderer(*parts).render(request)
        finally:
            pools.drain()

    settings: dict[str, Any] = {"events_file": folder / "events.jsonl"}
    if way == "export":
        settings |= {"telemetry": True, "serve_metrics": 0}

    def served() -> RenderResult:
        with EventBus() as bus, Engine(settings=settings, events=bus) as engine:
            bus.subscribe(Progress, lambda _: None)
            return engine.render(request)

    return bare if way == "off" else served


def _interleaved(
    calls: dict[str, Callable[[], RenderResult]], pairs: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the seconds of the clock and of the CPU (all threads of this process) that each call took."""
    seconds: dict[str, list[float]] = {way: [] for way in calls}
    work: dict[str, list[float]] = {way: [] for way in calls}
    order, chance = list(calls), random.Random(1)
    for number in range(pairs + 1):
        chance.shuffle(order)
        for way in order:
            begin, busy = time.perf_counter(), time.process_time()
            calls[way]()
            if number:  # the first round warms up
                seconds[way].append(round(time.perf_counter() - begin, 5))
                work[way].append(round(time.process_time() - busy, 5))
    return seconds, work


def _row(
    way: str, seconds: dict[str, list[float]], work: dict[str, list[float]], memory: dict[str, float]
) -> dict[str, Any]:
    ratios = _ratios(seconds, way)
    low, high = _interval(ratios)
    return {
        "services": way,
        "median_s": statistics.median(seconds[way]),
        "ratio": round(statistics.median(ratios), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "ratio_of_least": round(min(seconds[way]) / min(seconds["off"]), 4),
        "ratio_of_cpu": round(statistics.median(_ratios(work, way)), 4),
        "peak_mib": memory[way],
    }


def _ratios(figures: dict[str, list[float]], way: str) -> list[float]:
    return [mine / bare for mine, bare in zip(figures[way], figures["off"], strict=True)]


def _interval(values: list[float]) -> tuple[float, float]:
    """Return the order statistics that hold the true median in at least 95 of 100 such runs (the sign test's)."""
    count, ordered = len(values), sorted(values)
    below, outside = 0, 2 / 2**count
    while outside + 2 * math.comb(count, below + 1) / 2**count <= 0.05:
        below += 1
        outside += 2 * math.comb(count, below) / 2**count
    return ordered[below], ordered[count - 1 - below]


def _peak(way: str, clip: Path, threads: int, folder: str) -> float:
    """Return the peak resident memory of a process that renders once."""
    # Not getrusage's, which begins with what the parent had when it started the child.
    code = (
        "from pathlib import Path\nfrom benchmarks import overhead\n"
        f"overhead.once({way!r}, Path({str(clip)!r}), {threads}, Path({folder!r}))\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return round(int(done.stdout) / 1024, 1)


@contextmanager
def _collector() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def write_clip(path: Path, frames: int) -> Path:
    """Write a 1080p clip of a few noisy pictures."""
    chance = np.random.default_rng(1)
    small = [chance.integers(0, 255, (270, 480, 3), np.uint8) for _ in range(4)]
    pictures = [np.repeat(np.repeat(each, 4, 0), 4, 1) for each in small]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(pictures[number % 4], format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
