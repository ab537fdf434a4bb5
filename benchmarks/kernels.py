"""Each kernel beside the libraries that do the same, on the images that video is made of."""

import os
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import harness, report
from lumaloom import bench
from lumaloom.bench import image as image
from lumaloom.bench import top

LIBRARIES = {  # how the names of peers begin -> the module that they need
    "opencv": "cv2",
    "ffmpeg": "av",
    "swscale": "av",
    "pillow": "PIL",
    "numpy": "numpy",
    "scipy": "scipy",
    "skimage": "skimage",
    "vapoursynth": "vapoursynth",
}
# Of the range: the largest difference, away from the borders, of a peer that does the same operation.
CLOSE = 4 / 255


def _collected() -> tuple[dict[str, dict[str, Any]], dict[str, Any], dict[str, str]]:
    """Return the peers of every file `*_peers.py`, what makes arguments, and the libraries that are absent."""
    peers: dict[str, dict[str, Any]] = {}
    arguments = dict(bench.ARGUMENTS)
    absent = {name: f"no module {module}" for name, module in LIBRARIES.items() if find_spec(module) is None}
    for file in sorted(Path(__file__).parent.glob("*_peers.py")):
        try:
            module = import_module(f"benchmarks.{file.stem}")
        except ModuleNotFoundError as error:
            if error.name not in LIBRARIES.values():
                raise
            continue  # named as absent already
        arguments |= getattr(module, "ARGUMENTS", {})
        for kernel, offered in module.PEERS.items():
            peers.setdefault(kernel, {}).update(offered)
    return peers, arguments, absent


PEERS, ARGUMENTS, ABSENT = _collected()


def run(
    only: Sequence[str] = (),
    peers: Sequence[str] = (),
    parts: Sequence[bench.Part] = bench.PLAN,
    seconds: float = 0.15,
    path: Path | None = None,
) -> dict[str, Any]:
    """Measure, print a table, and write JSON where a path is given; return what is written."""
    load_before = os.getloadavg()
    rows: list[dict[str, Any]] = []
    for library, reason in ABSENT.items():
        print(f"absent: {library} ({reason})")
    print(report.HEADING)
    for work in bench.works(only or bench.kernel_names(), parts, ARGUMENTS):
        rows.append(measure(work, seconds, peers))
        print(report.line(rows[-1]), flush=True)
    results = {
        "method": "benchmarks/README.md",
        "machine": harness.machine(),
        "absent": ABSENT,
        "load_before": load_before,
        "load_after": os.getloadavg(),
        "summary": report.summary(rows),
        "rows": rows,
    }
    report.show(results["summary"])
    if path is not None:
        harness.write_json(path, results)
    return results


def measure(work: bench.Work, seconds: float, only: Sequence[str] = ()) -> dict[str, Any]:
    """Compare outputs, then time one case on one image."""
    ours = work.run()
    contenders = {"ours": work.into(ours), "copy": bench.floor(work.source, work.threads)}
    missing = []
    for peer, make in PEERS.get(work.kernel, {}).items():
        library = peer.partition("_")[0]
        if only and not {peer, library} & set(only):
            continue
        if library in ABSENT:
            missing.append(peer)
            continue
        _share(library, work.threads)
        call = make(work.source, {**work.case, **work.options, "images": work.images}, work.threads)
        if call is not None:
            contenders[peer] = call
    first = bench.first_calls(contenders)
    rivals = [peer for peer in contenders if peer not in ("ours", "copy")]
    differences = {peer: _difference(first[peer].value, ours, work.source) for peer in rivals}
    timings = bench.interleaved(contenders, seconds, first)
    close = [peer for peer in rivals if differences[peer]["inner"] <= CLOSE * top(work.source)]

    def ratio(names: Sequence[str], figure: str) -> float | None:
        others = [getattr(timings[name], figure) for name in names]
        return round(min(others) / getattr(timings["ours"], figure), 3) if others else None

    return {
        "kernel": work.kernel,
        "case": work.case,
        "image": work.kind,
        "size": work.size,
        "threads": work.threads,
        "ratio": ratio(rivals, "median_ms"),
        "ratio_to_close": ratio(close, "median_ms"),
        "ratio_of_least": ratio(rivals, "least_ms"),
        "fastest": min(rivals, key=lambda name: timings[name].median_ms) if rivals else None,
        "absent": missing,
        "differences": differences,
        "timings": timings,
    }


def _difference(theirs: Any, ours: Any, source: Any) -> dict[str, float]:
    from benchmarks.peers import distance

    apart = distance(theirs, ours, source)
    margins = [slice(side // 8, side - side // 8) for side in apart.shape[:2]] if apart.ndim > 1 else []
    figures = {"max": apart.max(), "mean": apart.mean(), "inner": apart[tuple(margins)].max()}
    return {name: round(float(value), 6) for name, value in figures.items()}


def _share(library: str, threads: int) -> None:
    """Tell a library that counts its threads for the whole process how many it has."""
    if library == "opencv":
        import cv2

        cv2.setNumThreads(threads)
