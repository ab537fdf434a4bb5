"""Shares: no more threads than cores, one for each stage, and the most where the work is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom.cgroup import cpu_limit, memory_left
from lumaloom.services.pools import Budget, Shares, Work, divide

HD = 1920 * 1080

works = st.builds(
    Work,
    pixels=st.integers(1, 1 << 26),
    effects=st.integers(0, 20),
    encoding=st.sampled_from([0.0, 1.0, 40.0, 500.0]),
    encoder_threads=st.booleans(),
)


@given(st.integers(1, 256), works, st.none() | st.integers(0, 1 << 40))
def test_nothing_is_oversubscribed_and_no_stage_is_left_out(cores: int, work: Work, memory: int | None) -> None:
    shares = divide(cores, work, memory)
    alone = divide(cores, work, memory, alone=True)
    assert max(alone.decoder, alone.effects, alone.encoder) <= cores
    assert shares.decoder <= alone.decoder <= 2 * shares.decoder
    assert shares.encoder <= alone.encoder <= 2 * shares.encoder
    assert shares.effects <= alone.effects <= 2 * shares.effects
    stages = 1 + (work.effects > 0) + (work.encoding > 0)
    assert shares.total <= max(cores, stages)
    assert shares.decoder >= 1
    assert (shares.effects >= 1) == (work.effects > 0)
    assert (shares.encoder >= 1) == (work.encoding > 0)
    if not work.encoder_threads:
        assert shares.encoder <= 1


@pytest.mark.parametrize(
    ("cores", "work", "expected"),
    [
        (1, Work(HD, 1, 40.0), Shares(1, 1, 1)),
        (8, Work(HD), Shares(8, 0, 0)),
        (8, Work(HD, 2), Shares(4, 4, 0)),
        (16, Work(HD, 1, 40.0), Shares(2, 1, 13)),
        (16, Work(HD, 10, 40.0), Shares(2, 6, 8)),
        (16, Work(HD, 10, 40.0, encoder_threads=False), Shares(3, 12, 1)),
        (16, Work(96 * 64, 1, 40.0), Shares(1, 14, 1)),  # threads would only wait for each other
    ],
)
def test_cores_go_where_the_work_is(cores: int, work: Work, expected: Shares) -> None:
    assert divide(cores, work) == expected


def test_memory_bounds_what_is_under_way() -> None:
    work = Work(7680 * 4320, 2, 40.0)
    assert divide(64, work, 8 << 30).total == 14
    assert divide(64, work, 1 << 20) == Shares(1, 1, 1)


def test_renders_side_by_side_divide_the_cores() -> None:
    budget, work = Budget(16, 64 << 30), Work(HD, 1, 40.0)
    assert budget.shares(work) == Shares(4, 2, 16)
    with budget.job():
        assert budget.shares(work) == Shares(4, 2, 16), "alone"
        with budget.job():
            assert (budget.active, budget.shares(work).total) == (2, 8)
    assert budget.active == 0
    assert Budget(16, 64 << 30, jobs=4).shares(work).total == 4
    assert Budget(2, 64 << 30, jobs=4).shares(work) == Shares(1, 1, 1)


def test_a_render_that_fails_is_counted_out() -> None:
    budget = Budget(4, 1 << 30)
    with pytest.raises(ValueError, match="no"), budget.job():
        raise ValueError("no")
    assert budget.active == 0


def test_many_renders_come_and_go_at_once() -> None:
    budget = Budget(4, 1 << 30)

    def job() -> None:
        for _ in range(200):
            with budget.job():
                assert budget.active >= 1

    threads = [threading.Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.active == 0


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        # The group itself has no limit, the one above it has.
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
                "sys/fs/cgroup/a/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/cpu.max": "800000 100000\n",
            },
            4.0,
        ),
        # A container that sees its own group as the top, under the name that it has outside.
        ({"proc/self/cgroup": "0::/docker/77\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        (
            {
                "proc/self/cgroup": "4:memory:/x\n2:cpu,cpuacct:/x\n0::/\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            3.0,
        ),
        (
            {
                "proc/self/cgroup": "2:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "nonsense\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 0\n"}, None),
        ({"proc/self/cgroup": "no colons\n\n0::/../../etc\n"}, None),
    ],
)
def test_the_quota_of_cores(tmp_path: Path, files: dict[str, str], cores: float | None) -> None:
    assert cpu_limit(tree(tmp_path, files)) == cores


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({}, None),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "1000\n",
                "sys/fs/cgroup/memory.current": "700\n",
                "sys/fs/cgroup/memory.stat": "anon 9\ninactive_file 200\nfile 9\n",
            },
            500,
        ),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "max\n",
                "sys/fs/cgroup/memory.current": "700\n",
            },
            None,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/a/b\n0::/\n",
                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "100\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "5000\n",
                "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "4000\n",
                "sys/fs/cgroup/memory/a/memory.stat": "inactive_file 1\ntotal_inactive_file 30\n",
            },
            1030,
        ),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "1000\n",
                "sys/fs/cgroup/memory.current": "1700\n",
            },
            0,
        ),
    ],
)
def test_the_memory_of_the_control_group(tmp_path: Path, files: dict[str, str], left: int | None) -> None:
    assert memory_left(tree(tmp_path, files)) == left
