"""Shares of the cores beside the naive choice, which gives every library of every render all cores."""

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import harness, overhead

ROUNDS = 7
WAYS = ("shares", "naive")


@dataclass(frozen=True)
class Scene:
    """Renders that run side by side; an encoder of None throws the frames away, 0 seen cores stand for those it has."""

    name: str
    jobs: int
    effects: tuple[str, ...]
    encoder: str | None = None
    seen: int = 0


SCENES = {
    scene.name: scene
    for scene in (
        Scene("effects", 1, ("blur sigma=3", "sepia")),
        Scene("effects, x264", 1, ("blur sigma=3", "sepia"), "h264"),
        Scene("effects x 4", 4, ("blur sigma=3", "sepia")),
        Scene("effects, x264 x 4", 4, ("blur sigma=3", "sepia"), "h264"),
        # Libraries in a container count the cores of its host; the quota of its control group they don't look at.
        Scene("of a host's 32", 1, ("blur sigma=3", "sepia"), "h264", seen=32),
    )
}


def run(frames: int, only: list[str], path: Path | None) -> None:
    """Time both ways of every scene in turn, print ratios with their spread, and write JSON where a path is given."""
    rows: list[dict[str, Any]] = []
    heads = ("median s", "ratio", "quartiles", "of least", "of cpu", "switches", "peak MiB")
    widths = (9, 6, 15, 9, 7, 9, 9)
    print(f"{'scene':18} {'way':7}", *map(str.rjust, heads, widths), " threads asked for")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for scene in SCENES.values():
            if only and scene.name not in only:
                continue
            clip = folder / f"{scene.jobs}.mp4"
            if not clip.exists():
                overhead.write_clip(clip, frames // scene.jobs)
            with ExitStack() as stack:
                calls = {way: _renders(scene, way, clip, folder, stack) for way in WAYS}
                rounds = _interleaved(calls)
            for way in WAYS:
                row = _row(scene, way, rounds, clip, folder)
                rows.append(row)
                cells = (
                    f"{row['median_s']:.3f}",
                    f"{row['ratio']:.3f}",
                    f"{row['lower_quartile']:.3f} to {row['upper_quartile']:.3f}",
                    f"{row['ratio_of_least']:.3f}",
                    f"{row['processor_ratio']:.3f}",
                    f"{row['switches']:.0f}",
                    f"{row['peak_mib']:.0f}",
                )
                print(f"{scene.name:18} {way:7}", *map(str.rjust, cells, widths), f" {row['threads']}", flush=True)
    if path:
        harness.write_json(path, {"machine": {**harness.machine(), "frames": frames, "rounds": ROUNDS}, "rows": rows})


def once(scene: str, way: str, clip: Path, folder: Path) -> None:
    """Run the renders of a scene once."""
    with ExitStack() as stack:
        _renders(SCENES[scene], way, clip, folder, stack)()


def _renders(scene: Scene, way: str, clip: Path, folder: Path, stack: ExitStack) -> Callable[[], object]:
    """Return a call that runs the renders of a scene: the naive way each has an engine of its own and all cores."""
    from lumaloom.composition import Engine

    requests = [_request(scene, way, clip, folder, number) for number in range(scene.jobs)]
    count = scene.jobs if way == "naive" else 1
    engines = [stack.enter_context(Engine(settings={"jobs": scene.jobs})) for _ in range(count)]
    return lambda: _at_once(lambda number: engines[number % count].render(requests[number]), scene.jobs)


def _request(scene: Scene, way: str, clip: Path, folder: Path, number: int) -> Any:
    from lumaloom.device import cores
    from lumaloom.jobs import RenderRequest

    return RenderRequest(
        input=clip,
        output=folder / f"{way}{number}.mp4" if scene.encoder else "null",
        effects=scene.effects,
        encoder=scene.encoder,
        preset="ultrafast" if scene.encoder else None,
        threads=(scene.seen or cores()) if way == "naive" else None,
        device="cpu",
        overwrite=True,
    )


def _at_once(one: Callable[[int], object], count: int) -> None:
    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass(frozen=True)
class Round:
    """One run: seconds of the clock and of processors, and how often a thread was made to give up its core."""

    seconds: float
    processor: float
    switches: int


def _interleaved(calls: dict[str, Callable[[], object]]) -> dict[str, list[Round]]:
    rounds: dict[str, list[Round]] = {way: [] for way in calls}
    order, chance = list(calls), random.Random(1)
    for number in range(ROUNDS + 1):
        chance.shuffle(order)
        for way in order:
            before, used, begin = resource.getrusage(resource.RUSAGE_SELF), time.process_time(), time.perf_counter()
            calls[way]()
            seconds, used = time.perf_counter() - begin, time.process_time() - used
            switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before.ru_nivcsw
            if number:  # the first round warms up
                rounds[way].append(Round(round(seconds, 5), round(used, 5), switches))
    return rounds


def _row(scene: Scene, way: str, rounds: dict[str, list[Round]], clip: Path, folder: Path) -> dict[str, Any]:
    pairs = list(zip(rounds[way], rounds["naive"], strict=True))
    lower, middle, upper = statistics.quantiles((mine.seconds / other.seconds for mine, other in pairs), n=4)
    least = {name: min(each.seconds for each in rounds[name]) for name in (way, "naive")}
    return {
        "scene": scene.name,
        "way": way,
        "median_s": statistics.median(each.seconds for each in rounds[way]),
        "ratio": round(middle, 4),
        "lower_quartile": round(lower, 4),
        "upper_quartile": round(upper, 4),
        "ratio_of_least": round(least[way] / least["naive"], 4),
        "processor_ratio": round(statistics.median(mine.processor / other.processor for mine, other in pairs), 4),
        "switches": statistics.median(each.switches for each in rounds[way]),
        "peak_mib": _peak(scene, way, clip, folder),
        "threads": _asked(scene, way, clip, folder),
        "seconds": [each.seconds for each in rounds[way]],
    }


def _asked(scene: Scene, way: str, clip: Path, folder: Path) -> dict[str, int]:
    """Return how many threads the stages of all renders ask for together."""
    from lumaloom.composition import Engine

    with (
        Engine(settings={"jobs": scene.jobs}) as engine,
        engine.prepare(_request(scene, way, clip, folder, 0)) as prepared,
    ):
        shares = prepared.shares
    asked = {"decoder": shares.decoder, "effects": shares.effects, "encoder": shares.encoder if scene.encoder else 0}
    return {stage: count * scene.jobs for stage, count in asked.items() if count}


def _peak(scene: Scene, way: str, clip: Path, folder: Path) -> float:
    """Return the peak resident memory of a process that runs the scene once."""
    code = (
        "from pathlib import Path\nfrom benchmarks import pools\n"
        f"pools.once({scene.name!r}, {way!r}, Path({str(clip)!r}), Path({str(folder)!r}))\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return round(int(done.stdout) / 1024, 1)
