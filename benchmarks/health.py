"""How soon `/livez` answers while a render loads every core."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness, overhead

EVERY = 0.02  # seconds from one visit to the next
EFFECTS = ("blur sigma=3", "median radius=2", "brightness amount=0.05")


def run(frames: int, threads: int, path: Path | None) -> None:
    """Visit the page of a render in another process till it ends, print how long answers took, and write JSON."""
    with tempfile.TemporaryDirectory() as folder:
        clip = overhead.write_clip(Path(folder) / "clip.mp4", frames)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = ["render", str(clip), "null", "--threads", str(threads), "--serve-metrics", str(port)]
        words += [word for effect in EFFECTS for word in ("-e", effect)]
        environment = {**os.environ, "LUMALOOM_CACHE_DIR": folder}
        command = [sys.executable, "-m", "lumaloom", *words]
        subprocess.run(command, env=environment, check=True, capture_output=True)  # compiles
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as render:
            begin, answers = time.perf_counter(), _visit(port, render)
            seconds = time.perf_counter() - begin
            _, _, used = os.wait4(render.pid, 0)
    busy = (used.ru_utime + used.ru_stime) / seconds
    cuts = statistics.quantiles(answers, n=100)
    row = {
        "visits": len(answers),
        "median_ms": round(statistics.median(answers), 2),
        "p99_ms": round(cuts[98], 2),
        "most_ms": round(max(answers), 2),
        "cores_loaded": round(busy, 2),
    }
    print("  ".join(f"{name} {value}" for name, value in row.items()))
    if path:
        about = {**harness.machine(), "frames": frames, "threads": threads, "effects": EFFECTS, "every_s": EVERY}
        harness.write_json(path, {"machine": about, "rows": [row]})


def _visit(port: int, render: subprocess.Popen[bytes]) -> list[float]:
    """Return the milliseconds of each answer, connecting included, from the first one on."""
    answers: list[float] = []
    while _running(render):
        begin = time.perf_counter()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/livez")
            good = connection.getresponse().status == 200
            connection.close()
        except OSError:  # not there yet, or over
            good = False
        if good:
            answers.append((time.perf_counter() - begin) * 1e3)
        time.sleep(EVERY)
    return answers


def _running(render: subprocess.Popen[bytes]) -> bool:
    # Left for `wait4` to collect, which knows what the process used.
    return os.waitid(os.P_PID, render.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
