"""What is known of the machine, and results as JSON. Timing is `lumaloom.bench`'s."""

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lumaloom.bench.timing import interleaved as interleaved

PACKAGES = (
    "lumaloom",
    "numpy",
    "numba",
    "opencv-python-headless",
    "av",
    "pillow",
    "scipy",
    "scikit-image",
    "vapoursynth",
)
# Widest first.
SIMD = ("avx512f", "avx2", "sse4_1")
PATHS = ("kernels", "engine", "effects", "benchmarks", ":!benchmarks/results")


def machine() -> dict[str, Any]:
    """Describe where the figures come from."""
    return {
        "processor": _cpu("model name") or platform.processor(),
        "simd": next((name for name in SIMD if name in _cpu("flags").split()), None),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": _git("rev-parse", "HEAD"),
        "clean": _git("status", "--porcelain", "--", *PATHS) == "",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu(field: str) -> str:
    """Return what the system says of the first processor; empty where it says nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next(
        (value.strip() for name, _, value in (line.partition(":") for line in lines) if name.strip() == field), ""
    )


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
    rows = results.pop("rows", [])  # one a line: a page of figures that a diff can read
    text = json.dumps({**results, "rows": []}, indent=1, default=asdict)
    lines = ",\n".join(f"  {json.dumps(row, default=asdict)}" for row in rows)
    path.write_text(text.removesuffix("[]\n}") + (f"[\n{lines}\n ]\n}}\n" if rows else "[]\n}\n"))
