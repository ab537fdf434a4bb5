"""Compiled code on disk: whatever happens to it, kernels give what they give, at worst after compiling anew."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import lumaloom_kernels
from lumaloom_kernels import _code_cache, _code_folder, _simd

SOURCES = Path(lumaloom_kernels.__file__).parent
# Calls a kernel, compares it with its definition, and prints how much came from the disk, what was compiled, and where.
CODE = """
import numpy as np
from lumaloom_kernels import _registry, scale_offset
from lumaloom_kernels._scale_offset_cpu import scale_lines
image = np.arange(7 * 99, dtype=np.uint16).reshape(7, 99)
wrong = scale_offset(image, 0.7, 3.0).astype(int) - _registry.load("scale_offset").reference(image, 0.7, 3.0)
assert abs(wrong).max() <= 1
found = scale_lines.stats
print(sum(found.cache_hits.values()), sum(found.cache_misses.values()), found.cache_path)
"""


def start(folder: Path | None, **changes: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCES.parent), *sys.path]), **changes}
    environment.pop("NUMBA_CACHE_DIR", None)
    if folder is not None:
        environment["NUMBA_CACHE_DIR"] = str(folder)
    words = [sys.executable, "-W", "error", "-c", CODE]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def read(process: subprocess.Popen[str]) -> tuple[int, int, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    hits, misses, path = out.split(maxsplit=2)
    return int(hits), int(misses), path.strip()


def counts(folder: Path | None, **changes: str) -> tuple[int, int]:
    return read(start(folder, **changes))[:2]


HIT, COMPILED = (1, 0), (0, 1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that two processes filled at once; what they left is whole, and nothing is left half written."""
    folder = tmp_path_factory.mktemp("filled")
    both = [start(folder), start(folder)]
    assert [sum(read(process)[:2]) for process in both] == [1, 1]
    assert not list(folder.rglob("*.tmp"))
    return folder


@pytest.fixture
def kept(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "kept"))


def test_two_processes_at_once_leave_code_that_others_take(kept: Path) -> None:
    assert counts(kept) == HIT


def test_another_processor_gets_code_of_its_own(kept: Path) -> None:
    plain = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"}
    assert counts(kept, **plain) == COMPILED
    assert counts(kept) == HIT


def test_where_nothing_can_be_written_code_stays_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wall = tmp_path / "wall"
    wall.write_text("no folder")
    copied = tmp_path / SOURCES.name
    shutil.copytree(SOURCES, copied, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "__pycache__").write_text("no folder")
    changes = {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(wall), "PYTHONDONTWRITEBYTECODE": "1"}
    nowhere = read(start(wall, **changes, TMPDIR=str(_occupied(tmp_path / "full"))))
    assert nowhere == (*COMPILED, "None")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    *found, path = read(start(wall, **changes, TMPDIR=str(temporary)))
    assert (*found,) == COMPILED
    assert Path(path).parent.parent == temporary


def _occupied(folder: Path) -> Path:
    """Return a folder for temporary files in which somebody else's folder has the name of ours."""
    (folder / f"lumaloom-{os.getuid()}").mkdir(parents=True, mode=0o755)
    return folder


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder for temporary files, with all other places out of reach."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "wall"))
    (tmp_path / "wall").write_text("no folder")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "__pycache__").write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"lumaloom-{os.getuid()}"


def test_the_temporary_folder_has_to_be_the_users_own(shared: Path, tmp_path: Path) -> None:
    found = _code_folder.code_folder(tmp_path / "sources")
    assert found is not None
    assert found.parent == shared
    assert shared.stat().st_mode & 0o777 == 0o700
    shared.chmod(0o777)
    assert _code_folder.code_folder(tmp_path / "sources") is None
    shutil.rmtree(shared)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    shared.symlink_to(tmp_path / "elsewhere")
    assert _code_folder.code_folder(tmp_path / "sources") is None


def _twice(number: Any) -> Any:
    return 2 * number


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Any]:
    """Makes a function of the same sources again and again, as a process does that begins."""
    monkeypatch.setattr(_code_cache, "_folder_of", lambda sources: tmp_path)
    return lambda: _simd.jit(_twice)


def was_kept(function: Any) -> bool:
    """Call a function, and tell whether its code was found."""
    assert function(4) == 8
    stats = function.stats
    assert sum(stats.cache_hits.values()) + sum(stats.cache_misses.values()) == 1
    return bool(stats.cache_hits)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "short": lambda text: text[:10],
    "empty": lambda text: b"",
    "one bit": lambda text: text[:-100] + bytes([text[-100] ^ 1]) + text[-99:],
    "of another": lambda text: sha256(text).digest() + text,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_compiled_anew(compiled: Callable[[], Any], tmp_path: Path, damage: str) -> None:
    assert [was_kept(compiled()), was_kept(compiled())] == [False, True]
    (file,) = tmp_path.iterdir()
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert [was_kept(compiled()), was_kept(compiled())] == [False, True]


def test_the_code_of_one_signature_is_not_taken_for_that_of_another(
    compiled: Callable[[], Any], tmp_path: Path
) -> None:
    whole, half = compiled(), compiled()
    assert (whole(4), half(0.5)) == (8, 1.0)
    first, second = sorted(tmp_path.iterdir())
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    assert not was_kept(compiled())


def test_another_version_replaces_the_code(
    compiled: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not was_kept(compiled())
    (before,) = tmp_path.iterdir()
    monkeypatch.setattr(_code_cache, "_VERSIONS", "numba 99")
    assert not was_kept(compiled())
    (between,) = tmp_path.iterdir()
    monkeypatch.setattr(_simd, "source_stamp", lambda function: b"other sources")
    assert not was_kept(compiled())
    (after,) = tmp_path.iterdir()
    assert len({before, between, after}) == 3, "code of former versions goes"
    compiled()._cache.flush()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_goes_away_or_is_full_is_no_error(
    compiled: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*names: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not was_kept(compiled())
    assert not list(tmp_path.iterdir()), "and no part of a file is left"
    tmp_path.rmdir()
    assert not was_kept(compiled())
    tmp_path.mkdir()
