"""Each kernel beside the libraries that do the same, on the images that video is made of."""

import math
import os
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import lumaloom_kernels
from benchmarks import colour_peers, harness, order_peers, peers, stencil_peers
from lumaloom_kernels import _registry

# name -> shape and dtype: interleaved RGB, and the planes of 4:2:0 video at 8 and 16 bits
IMAGES: dict[str, tuple[tuple[int, ...], str]] = {
    "rgb8": ((1080, 1920, 3), "uint8"),
    "y8": ((1080, 1920), "uint8"),
    "uv8": ((540, 960), "uint8"),
    "rgb16": ((1080, 1920, 3), "uint16"),
    "y16": ((1080, 1920), "uint16"),
    "rgbf": ((1080, 1920, 3), "float32"),
}

PEERS = peers.PEERS | colour_peers.PEERS | order_peers.PEERS | stencil_peers.PEERS

CLOSE = 4 / 255  # of the range: the largest difference of a peer that does the same operation


@cache
def image(name: str) -> NDArray[Any]:
    """Make an image with the spectrum of natural ones (amplitude falls with frequency) and hard edges."""
    shape, dtype = IMAGES[name]
    height, width = shape[:2]
    random = np.random.default_rng(7)
    planes = []
    for _ in range(shape[2] if len(shape) == 3 else 1):
        fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
        amplitude = 1 / np.maximum(np.hypot(fx, fy), 1 / width)
        phase = np.exp(2j * np.pi * random.random(amplitude.shape))
        plane = np.fft.irfft2(amplitude * phase, (height, width))
        plane = (plane - plane.mean()) / (5 * plane.std()) + 0.5
        y, x = np.indices((height, width))
        plane[(x // 97 + y // 61) % 7 == 0] += 0.4
        planes.append(np.clip(plane, 0, 1))
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    stacked = np.stack(planes, axis=2) if len(shape) == 3 else planes[0]
    return np.ascontiguousarray((stacked * top).astype(dtype))


def run(only: list[str] | None, images: list[str], threads: int, seconds: float, path: Path | None) -> None:
    """Measure, print a table, and write JSON where a path is given."""
    cv2.setNumThreads(threads)
    names = only or [name for name in _registry.names() if name in PEERS]
    load_before = os.getloadavg()
    rows = []
    print(f"{'kernel and case':44} {'image':6} {'ours':>8} {'copy':>7}  peers: ms, difference max / mean")
    for name in names:
        for case in _registry.load(name).CASES:
            for kind in images:
                row = measure(name, case, kind, threads, seconds)
                if row is None:
                    continue
                rows.append(row)
                print(line(row), flush=True)
    results = {
        "method": "benchmarks/README.md",
        "machine": harness.machine(),
        "threads": threads,
        "load_before": load_before,
        "load_after": os.getloadavg(),
        "rows": rows,
        "summary": summary(rows),
    }
    print_summary(results["summary"])
    if path is not None:
        harness.write_json(path, results)


def measure(name: str, case: dict[str, Any], kind: str, threads: int, seconds: float) -> dict[str, Any] | None:
    """Compare outputs, then time one case on one image; None where the kernel does not take it."""
    source = image(kind)
    kernel = getattr(lumaloom_kernels, name)
    made = colour_peers.ARGUMENTS.get(name, colour_peers.one_image)(source, case)
    if made is None:
        return None
    images, options = made
    out = kernel(*images, **options)
    buffer = {"out": out} if "out" in signature(kernel).parameters else {}
    contenders = {
        "ours": lambda: kernel(*images, **options, **buffer, threads=threads),
        "copy": peers.copy(source, threads),
    }
    differences = {}
    for peer, make in PEERS.get(name, {}).items():
        call = make(source, {**case, **options, "images": images}, threads)
        if call is None:
            continue
        contenders[peer] = call
        distance = colour_peers.distance(call(), out, source)
        differences[peer] = {"max": round(float(distance.max()), 6), "mean": round(float(distance.mean()), 6)}
    timings = harness.interleaved(contenders, seconds)
    rivals = [timing for peer, timing in timings.items() if peer not in ("ours", "copy")]
    close = [timings[peer] for peer, difference in differences.items() if difference["max"] <= CLOSE * top(source)]
    ours = timings["ours"]
    return {
        "kernel": name,
        "case": case,
        "image": kind,
        "timings": timings,
        "differences": differences,
        "ratio": round(min(t.median_ms for t in rivals) / ours.median_ms, 3) if rivals else None,
        "ratio_to_close": round(min(t.median_ms for t in close) / ours.median_ms, 3) if close else None,
        "ratio_of_least": round(min(t.least_ms for t in rivals) / ours.least_ms, 3) if rivals else None,
    }


def top(source: NDArray[Any]) -> float:
    """Return the largest value of the image's type."""
    return 1.0 if source.dtype.kind == "f" else float(np.iinfo(source.dtype).max)


def title(row: dict[str, Any]) -> str:
    return f"{row['kernel']} {' '.join(f'{key}={value}' for key, value in row['case'].items())}"


def line(row: dict[str, Any]) -> str:
    timings = row["timings"]
    others = [
        f"{peer} {timings[peer].median_ms:.2f} ({difference['max']:.4g} / {difference['mean']:.2g})"
        for peer, difference in row["differences"].items()
    ]
    ratio = f"x{row['ratio']:.2f}" if row["ratio"] else ""
    ours, floor = timings["ours"].median_ms, timings["copy"].median_ms
    return f"{title(row):44} {row['image']:6} {ours:8.3f} {floor:7.3f}  {ratio:7} {'; '.join(others)}"


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the geometric means of the ratios, and the rows that were lost."""

    def mean(some: list[dict[str, Any]], key: str) -> float:
        return round(math.exp(sum(math.log(row[key]) for row in some) / len(some)), 3)

    compared = [row for row in rows if row["ratio"]]
    close = [row for row in rows if row["ratio_to_close"]]
    kernels = {row["kernel"] for row in compared}
    by_kernel = {name: mean([row for row in compared if row["kernel"] == name], "ratio") for name in sorted(kernels)}
    return {
        "geometric_mean_ratio": mean(compared, "ratio") if compared else None,
        "geometric_mean_ratio_of_least": mean(compared, "ratio_of_least") if compared else None,
        "geometric_mean_ratio_to_close": mean(close, "ratio_to_close") if close else None,
        "by_kernel": by_kernel,
        "lost": [f"{title(row)} on {row['image']}: {row['ratio']}" for row in compared if row["ratio"] < 1],
    }


def print_summary(figures: dict[str, Any]) -> None:
    print(f"\nfastest peer's time / ours, geometric mean: {figures['geometric_mean_ratio']} {figures['by_kernel']}")
    print(f"the same of the least times: {figures['geometric_mean_ratio_of_least']}")
    print(f"beside peers whose output is close: {figures['geometric_mean_ratio_to_close']}")
    for lost in figures["lost"]:
        print(f"lost: {lost}")
