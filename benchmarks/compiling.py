"""What compiling costs: each kernel's first call in a process of its own, on an empty cache and on a filled one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness
from lumaloom import bench

# What a render of 8-bit 4:2:0 with a blur, a new size and a brightness calls, on luma and chroma.
RENDER = "render: blur, resize, brightness on yuv420p"
STEPS = (
    ("gaussian_blur", {"sigma": 2.0}),
    ("resize", {"size": (96, 54), "filter": "bicubic"}),
    ("scale_offset", {"gain": 1.1, "offset": 5.0}),
)
TARGETS = {"cold": 10.0, "cached": 0.3}
ROUNDS = 3  # of the cached start; the least counts


def run(only: Sequence[str], path: Path | None) -> None:
    """Measure, print a table, and write JSON where a path is given."""
    rows = []
    print(f"{'what':46} {'cold s':>7} {'cached s':>9} {'of it numba':>12} {'functions':>10}")
    for name in [RENDER, *(only or bench.kernel_names())]:
        row = measure(name)
        rows.append(row)
        figures = f"{row['cold']:7.2f} {row['cached']:9.3f} {row['cached_import']:12.3f} {row['functions']:10}"
        print(f"{name:46} {figures}", flush=True)
    kernels = rows[1:]
    for figure in TARGETS:
        print(f"{figure}: the render {rows[0][figure]:.2f} s, target {TARGETS[figure]} s; ", end="")
        print(f"all kernels one by one {sum(row[figure] - row[f'{figure}_import'] for row in kernels):.2f} s")
    if path is not None:
        about = {"method": "benchmarks/README.md", "machine": harness.machine(), "targets": TARGETS}
        harness.write_json(path, {**about, "rows": rows})


def measure(name: str) -> dict[str, Any]:
    """Return the seconds that first calls take beyond second ones, numba's import included and beside it."""
    with tempfile.TemporaryDirectory() as folder:
        cold = _started(name, folder)
        sizes = [file.stat().st_size for file in Path(folder).rglob("*.code")]
        cached = min((_started(name, folder) for _ in range(ROUNDS)), key=lambda found: found["seconds"])
    return {
        "name": name,
        "cold": round(cold["seconds"], 3),
        "cached": round(cached["seconds"], 3),
        "cold_import": round(cold["import"], 3),
        "cached_import": round(cached["import"], 3),
        "functions": len(sizes),
        "bytes": sum(sizes),
    }


def _started(name: str, folder: str) -> dict[str, float]:
    code = f"from benchmarks.compiling import first_calls; first_calls({name!r})"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "NUMBA_CACHE_DIR": folder},
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def first_calls(name: str) -> None:
    """Print the seconds of numba's import, and of the first calls beyond the second ones with it."""
    calls = _render() if name == RENDER else _kernel(name)
    begin = time.perf_counter()
    import_module("lumaloom_kernels._simd")
    imported = time.perf_counter() - begin
    first, second = (_seconds(calls) for _ in range(2))
    print(json.dumps({"import": imported, "seconds": imported + first - second}))


def _seconds(calls: Sequence[Any]) -> float:
    begin = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - begin


def _render() -> list[Any]:
    import lumaloom_kernels

    planes = [np.zeros(shape, np.uint8) for shape in ((108, 192), (54, 96))]
    return [partial(getattr(lumaloom_kernels, name), plane, **case) for name, case in STEPS for plane in planes]


def _kernel(name: str) -> list[Any]:
    """Return a call of a kernel's first case that takes RGB of 8 bits."""
    import lumaloom_kernels
    from benchmarks import kernels

    image = np.random.default_rng(1).integers(0, 256, (270, 480, 3), np.uint8)
    for case in import_module(f"lumaloom_kernels.{name}").CASES:
        made = kernels.ARGUMENTS.get(name, bench.one_image)(image, dict(case))
        if made is not None:
            return [partial(getattr(lumaloom_kernels, name), *made[0], **made[1])]
    raise ValueError(f"no case of {name} takes RGB of 8 bits")
