"""Probes kept on disk are those of the file as it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import lumaloom
from lumaloom.cache import DiskCache
from lumaloom.composition import Engine
from lumaloom.errors import InputError
from lumaloom.media import probe_store
from lumaloom.media.probe import probe
from lumaloom.media.probe_store import packed, stored_probe, unpacked
from tests.media.clips import CLIPS
from tests.media.conftest import Clip


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Paths that were probed, with a cache of their own."""
    found: list[str] = []
    monkeypatch.setattr(probe_store, "probe", lambda path, **more: (found.append(str(path)), probe(path, **more))[1])
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "cache"))
    return found


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_packed_and_back(clip: Clip, name: str) -> None:
    info = probe(clip(name))
    again = unpacked(packed(info))
    assert again == info
    assert repr(again) == repr(info), "the same types too"


def test_probed_once_until_the_file_changes(clip: Clip, probes: list[str], tmp_path: Path) -> None:
    path = Path(shutil.copy(clip("h264.mp4"), tmp_path / "clip.mp4"))
    first = lumaloom.probe(path)
    assert stored_probe(path) == first == probe(path)
    assert len(probes) == 1
    assert stored_probe(os.path.relpath(path)).path == os.path.relpath(path), "by the name that it is given"
    assert len(probes) == 1
    shutil.copy(clip("vp9.webm"), path)
    assert stored_probe(path).container != first.container
    assert len(probes) == 2
    assert stored_probe(path, max_pixels=1 << 20)
    assert len(probes) == 3


def test_what_cannot_be_probed_is_not_kept(probes: list[str], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("no clip")
    for _ in range(2):
        with pytest.raises(InputError, match=r"clip\.mp4"):
            stored_probe(path)
    assert len(probes) == 2


def test_an_engine_probes_many_at_once_and_in_their_order(clip: Clip, probes: list[str], tmp_path: Path) -> None:
    paths = [clip(name) for name in ("vp9.webm", "h264.mp4", "rotated.mp4", "h264.mp4")]
    with Engine(settings={"cache_dir": tmp_path / "kept"}) as engine:
        assert [info.path for info in engine.probe(paths)] == [str(path) for path in paths]
        assert engine.probe(paths)[2].video[0].rotation == 90
        assert engine.get(DiskCache).stats.entries == 3
        assert 3 <= len(probes) <= 4
        with pytest.raises(InputError, match="no such file"):
            engine.probe([paths[0], "absent.mp4", paths[1]])
