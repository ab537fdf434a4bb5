"""The disk cache: right or missing, never wrong, whatever happens to its folder."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lumaloom.cache import DiskCache, file_key
from lumaloom.cache.files import path_of


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache", 1 << 20)


def data_files(cache: DiskCache) -> list[Path]:
    return [file for file in (cache.folder / "data").rglob("*") if file.is_file()]


def test_keeps_bytes(cache: DiskCache) -> None:
    assert cache.get("a") is None
    assert not cache.folder.exists(), "reading makes nothing"
    assert cache.put("a", b"one")
    assert cache.put("b", b"")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"one", b"", None)
    assert cache.put("a", b"two")
    assert cache.get("a") == b"two"
    other = DiskCache(cache.folder, 1 << 20)
    assert other.get("a") == b"two"
    stats = cache.stats
    assert (stats.entries, stats.nbytes, stats.hits, stats.misses) == (2, 3, 3, 2)
    assert len(data_files(cache)) == 2, "what nothing names any more is deleted"
    other.close()
    cache.close()


def test_folders_are_for_their_owner_alone(cache: DiskCache) -> None:
    cache.put("a", b"one")
    for place in (cache.folder, data_files(cache)[0].parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(data_files(cache)[0].stat().st_mode) == 0o600


def test_equal_contents_share_a_file(cache: DiskCache) -> None:
    cache.put("a", b"same")
    cache.put("b", b"same")
    assert len(data_files(cache)) == 1
    cache.remove("a")
    assert cache.get("b") == b"same"
    cache.remove("b")
    assert data_files(cache) == []


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 100)
    for name in "abcd":
        cache.put(name, name.encode() * 25)
    assert cache.get("a")
    cache.put("e", b"e" * 50)
    assert [name for name in "abcde" if cache.get(name)] == ["a", "d", "e"]
    assert not cache.put("f", b"f" * 101)
    assert cache.stats.nbytes == 100
    assert cache.stats.evicted == 2
    assert len(data_files(cache)) == 3


class Against(RuleBasedStateMachine):
    """A dictionary in the order of use is the model; the cache is closed and opened again at any time."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.cache = DiskCache(Path(self.folder.name) / "cache", 40)
        self.model: dict[str, bytes] = {}

    @rule(key=st.sampled_from("abcdef"), data=st.binary(max_size=24), copies=st.integers(1, 2))
    def put(self, key: str, data: bytes, copies: int) -> None:
        value = data * copies
        kept = self.cache.put(key, value)
        assert kept is (len(value) <= 40)
        if kept:
            self.model.pop(key, None)
            self.model[key] = value
            while sum(map(len, self.model.values())) > 40:
                self.model.pop(next(iter(self.model)))

    @rule(key=st.sampled_from("abcdef"))
    def get(self, key: str) -> None:
        assert self.cache.get(key) == self.model.get(key)
        if key in self.model:
            self.model[key] = self.model.pop(key)

    @rule(key=st.sampled_from("abcdef"))
    def remove(self, key: str) -> None:
        self.cache.remove(key)
        self.model.pop(key, None)

    @rule()
    def reopen(self) -> None:
        self.cache.close()

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.model = {}

    @rule(seconds=st.sampled_from([-1e6, 1e6]))
    def the_clock_jumps(self, seconds: float) -> None:
        for file in data_files(self.cache):
            os.utime(file, (time.time() + seconds,) * 2)

    @invariant()
    def agrees(self) -> None:
        stats = self.cache.stats
        assert (stats.entries, stats.nbytes) == (len(self.model), sum(map(len, self.model.values())))
        assert len(data_files(self.cache)) == len(set(self.model.values()))

    def teardown(self) -> None:
        self.cache.close()
        self.folder.cleanup()


TestAgainstAModel = Against.TestCase
TestAgainstAModel.settings = settings(max_examples=20, stateful_step_count=25, deadline=None, derandomize=True)


def test_a_damaged_file_is_dropped_and_said(tmp_path: Path) -> None:
    lines: list[str] = []
    cache = DiskCache(tmp_path, 1 << 20, lines.append)
    cache.put("a", b"one")
    cache.put("b", b"two")
    cache.put("c", b"one")
    for file in data_files(cache):
        if file.read_bytes() == b"one":
            file.write_bytes(b"0ne")
    assert cache.get("a") is None
    assert cache.get("c") is None
    assert cache.get("b") == b"two"
    assert cache.stats.corrupt == 1
    assert "damaged" in lines[0]
    assert cache.put("a", b"one")
    assert cache.get("a") == b"one"


def test_a_truncated_file_is_written_again(cache: DiskCache) -> None:
    cache.put("a", b"one")
    data_files(cache)[0].write_bytes(b"o")
    assert cache.put("b", b"one")
    assert (cache.get("a"), cache.get("b")) == (b"one", b"one")


def test_verify(cache: DiskCache) -> None:
    for name in "abcd":
        cache.put(name, name.encode())
    contents = {file.read_bytes(): file for file in data_files(cache)}
    contents[b"a"].write_bytes(b"x")
    contents[b"b"].unlink()
    orphan, fresh = (path_of(cache.folder, char * 40) for char in "ef")
    for file in (orphan, fresh):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"nobody's")
    os.utime(orphan, (time.time() - 1e5,) * 2)
    note = cache.folder / "data" / "note.txt"
    note.write_text("the user's own")
    found = cache.verify()
    assert (found.good, found.damaged, found.missing, found.orphans) == (2, 1, 1, 1)
    assert fresh.exists()
    assert note.exists()
    assert cache.stats.entries == 2
    cache.clear()
    assert cache.stats.entries == 0
    assert data_files(cache) == [note]


@pytest.mark.parametrize("junk", [b"", b"junk" * 5000])
def test_a_damaged_index_is_made_anew(tmp_path: Path, junk: bytes) -> None:
    lines: list[str] = []
    cache = DiskCache(tmp_path, 1 << 20, lines.append)
    cache.put("a", b"one")
    cache.close()
    index = tmp_path / "index.sqlite"
    index.write_bytes(junk)
    assert cache.get("a") is None
    assert cache.put("a", b"two")
    assert cache.get("a") == b"two"
    assert cache.stats.corrupt == len(lines) == (1 if junk else 0)


def test_a_damaged_page_of_the_index(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1 << 20)
    for i in range(400):
        cache.put(f"key {i}", str(i).encode())
    cache.close()
    index = tmp_path / "index.sqlite"
    data = bytearray(index.read_bytes())
    chance = random.Random(1)
    for start in range(4096, len(data), 64):
        data[start : start + 8] = chance.randbytes(8)
    index.write_bytes(data)
    for i in range(400):
        assert cache.get(f"key {i}") in (None, str(i).encode())
    cache.put("a", b"one")
    assert cache.get("a") in (None, b"one")
    cache.verify()


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    lines: list[str] = []
    (tmp_path / "file").write_bytes(b"")
    cache = DiskCache(tmp_path / "file" / "cache", 1 << 20, lines.append)
    assert not cache.put("a", b"one")
    assert cache.get("a") is None
    cache.clear()
    assert cache.verify().good == 0
    assert cache.stats.failed >= 1
    assert lines


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumaloom.cache import files

    lines: list[str] = []
    cache = DiskCache(tmp_path, 1 << 20, lines.append)
    cache.put("a", b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", full)
        assert not any(cache.put(name, b"two") for name in "bc")
    assert [file.read_bytes() for file in data_files(cache)] == [b"one"], "no half-written file stays"
    assert (cache.get("a"), cache.get("b")) == (b"one", None)
    assert cache.stats.failed == 2
    assert lines == [f"cache: {tmp_path}: [Errno 28] No space left on device"], "told once"


def test_an_index_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumaloom.cache import index

    monkeypatch.setattr(index, "_PATIENCE", 0.05)
    cache = DiskCache(tmp_path, 1 << 20)
    cache.put("a", b"one")
    cache.close()
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not cache.put("b", b"two")
    other.execute("ROLLBACK")
    other.close()
    assert cache.put("b", b"two")
    assert (cache.get("a"), cache.get("b")) == (b"one", b"two")


def test_another_process_clears_it_or_throws_it_away(cache: DiskCache) -> None:
    cache.put("a", b"one")
    other = DiskCache(cache.folder, 1 << 20)
    other.clear()
    assert cache.get("a") is None
    cache.put("a", b"one")
    assert other.get("a") == b"one"
    for file in [*cache.folder.glob("index*")]:
        file.unlink()
    other.put("a", b"two")
    assert cache.get("a") == b"two"
    other.close()


def _use(folder: Path, seed: int, rounds: int) -> int:
    """Put and get values that name their key; return how many were wrong."""
    cache, chance, wrong = DiskCache(folder, 4000), random.Random(seed), 0
    for _ in range(rounds):
        key = str(chance.randrange(40))
        data = cache.get(key)
        wrong += data is not None and data != key.encode() * 60
        cache.put(key, key.encode() * 60)
    cache.close()
    return wrong


def test_many_processes(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(_use, [(tmp_path, seed, 150) for seed in range(4)]) == [0] * 4
    cache = DiskCache(tmp_path, 4000)
    assert cache.stats.nbytes <= 4000
    assert cache.verify().damaged == 0
    cache.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_of_a_fork_opens_it_anew(cache: DiskCache) -> None:
    cache.put("a", b"one")
    child = os.fork()
    if not child:
        os._exit(0 if cache.get("a") == b"one" and cache.put("b", b"two") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (cache.get("a"), cache.get("b")) == (b"one", b"two")


KILLED = """
import sys
from pathlib import Path
from tests.cache.test_disk_cache import _use
_use(Path(sys.argv[1]), int(sys.argv[2]), 10**9)
"""


def kill_at_random(folder: Path, times: int) -> None:
    chance = random.Random(5)
    cache = DiskCache(folder, 4000)
    for number in range(times):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), str(number)])
        end = time.monotonic() + 30
        while not (folder / "index.sqlite").exists() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.25 + chance.random() / 4)
        child.send_signal(signal.SIGKILL)
        child.wait()
        for key in map(str, range(40)):
            assert cache.get(key) in (None, key.encode() * 60)
        assert cache.put("last", b"words")
        assert cache.get("last") == b"words"
    stats = cache.stats
    assert stats.corrupt == stats.failed == 0
    assert stats.nbytes <= 4000
    assert stats.hits > times
    cache.close()


def test_a_killed_process_leaves_it_usable(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 3)


@pytest.mark.slow
def test_a_hundred_killed_processes_leave_it_usable(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 100)


def test_the_key_of_a_file_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert file_key("kind", path) is None
    path.write_bytes(b"one")
    first = file_key("kind", path)
    assert first == file_key("kind", str(path))
    assert len({first, file_key("other", path), file_key("kind", path, 1), file_key("kind", path, "1")}) == 4
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # a date that was kept fools nobody
    assert file_key("kind", path) != first
