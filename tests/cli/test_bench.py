"""`bench`, on one kernel."""

from __future__ import annotations

import math
from inspect import signature

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom import bench
from tests.cli.running import run_cli

QUICK = ("--seconds", 0, "--images", "uv8")


def test_a_table_of_every_case_beside_a_copy() -> None:
    outcome = run_cli("bench", "kernels", "--only", "scale_offset", *QUICK)
    assert (outcome.code, outcome.err) == (0, "")
    heading, *rows, empty, last = outcome.out.splitlines()
    assert heading.split() == ["kernel", "parameters", "image", "ms", "spread", "copy", "ms", "copies"]
    assert [row.split()[0] for row in rows] == ["scale_offset"] * 3
    assert "gain=1.2 offset=-10.0" in rows[0]
    assert empty == ""
    assert last.startswith("1080p, 1 thread: on average ")
    assert "\x1b" not in outcome.out


def test_events() -> None:
    outcome = run_cli("bench", "kernels", "--only", "scale_offset", *QUICK, "--threads", 2, "--json")
    start, *cases, finish = outcome.events
    assert (start["event"], start["threads"], start["size"]) == ("start", 2, "1080p")
    assert len(cases) == finish["cases"] == 3
    for case in cases:
        assert case["event"] == "case"
        assert case["kernel"] == "scale_offset"
        assert case["ms"] > 0
        assert case["calls"] >= 5
        assert case["copies"] == pytest.approx(case["ms"] / case["copy_ms"], rel=0.5, abs=0.01)
    assert finish["copies"] == pytest.approx(math.prod(case["copies"] for case in cases) ** (1 / 3), rel=0.01)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "box_blurr"], "--only 'box_blurr': there is no such one; did you mean 'box_blur'?"),
        (["--images", "nv12"], "--images 'nv12': there is no such one; there are rgb8, y8"),
        (["--size", "8k"], "--size '8k': there is no such one"),
        (["--threads", "0"], "--threads 0: expected 1 or more"),
        (["--seconds", "nan"], "--seconds nan: expected 0 or more"),
        (["--only", "yuv_to_rgb", "--images", "y8"], "no kernel of these takes such an image"),
    ],
)
def test_what_can_not_be_measured(words: list[str], message: str) -> None:
    outcome = run_cli("bench", "kernels", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert run_cli("bench", "engines").code == 2


@pytest.mark.parametrize("name", bench.kernel_names())
def test_every_kernel_gets_what_it_takes(name: str) -> None:
    """A kernel that takes more than an image needs a line in `lumaloom.bench.ARGUMENTS`."""
    works = list(bench.works([name], [bench.Part("1080p", 1, ("rgb8",), 1)]))
    assert works, f"{name} takes RGB of 8 bits"
    for work in works:
        signature(getattr(lumaloom_kernels, name)).bind(*work.images, **work.options, threads=work.threads)


def test_the_plan_has_every_size_thread_and_dtype() -> None:
    dtypes = {(part.size, part.threads): {bench.KINDS[kind].dtype for kind in part.kinds} for part in bench.PLAN}
    assert set(dtypes) == {("1080p", 1), ("1080p", 2), ("4k", 1), ("4k", 2)}
    assert all(found == {"uint8", "uint16", "float32"} for found in dtypes.values())
    assert bench.chosen([], [], []) is bench.PLAN
    (part,) = bench.chosen([], [2], ["y8"])
    assert part == bench.Part("1080p", 2, ("y8",), None)


def test_images_are_made_once_and_fill_their_range() -> None:
    image = bench.image("uv8")
    assert image is bench.image("uv8")
    assert (image.shape, image.dtype) == ((540, 960), np.uint8)
    assert (image.min(), image.max()) == (0, 255)
    assert 90 < image.mean() < 160


def test_slow_calls_are_few_and_quick_ones_many() -> None:
    from lumaloom.bench import timing

    calls = dict.fromkeys(("quick", "slow", "endless"), 0)

    def count(name: str) -> None:
        calls[name] += 1

    contenders = {name: (lambda name=name: count(name)) for name in calls}
    first = {"quick": bench.First(None, 1.0), "slow": bench.First(None, 150.0), "endless": bench.First(None, 5000.0)}
    found = bench.interleaved(contenders, 0, first)
    assert calls == {"quick": timing.LEAST_ROUNDS + 1, "slow": timing.SLOW_ROUNDS, "endless": 0}
    assert {name: one.calls for name, one in found.items()} == {
        "quick": timing.LEAST_ROUNDS,
        "slow": timing.SLOW_ROUNDS,
        "endless": 1,
    }
    assert found["endless"].median_ms == 5000.0
    assert found["quick"].least_ms <= found["quick"].median_ms <= found["quick"].upper_quartile_ms
