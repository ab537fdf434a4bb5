"""`lumaloom cache`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lumaloom.cache import default_disk_cache
from tests.cli.running import run_cli


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "kept"))


def test_info_clear_and_verify(tmp_path: Path) -> None:
    outcome = run_cli("cache")
    assert (outcome.code, outcome.err) == (0, "")
    assert str(tmp_path / "kept") in outcome.out
    assert "0, 0 B of 1.0 GiB" in outcome.out
    default_disk_cache().put("a", b"12345")
    segments = {"entries": 0, "bytes": 0}
    described = json.loads(run_cli("cache", "info", "--json").out)
    assert described == {
        "folder": str(tmp_path / "kept"),
        "entries": 1,
        "bytes": 5,
        "limit": 1 << 30,
        "segments": segments,
    }
    assert json.loads(run_cli("cache", "verify", "--json").out)["good"] == 1
    assert "1 entry, 5 B" in run_cli("cache", "clear").out
    assert default_disk_cache().get("a") is None


def test_bad_words(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_cli("cache", "empty")
    assert outcome.code == 2
    assert "info" in outcome.error
    monkeypatch.setenv("LUMALOOM_CACHE_LIMIT", "much")
    outcome = run_cli("cache")
    assert outcome.code == 2
    assert outcome.error.startswith("cache_limit: ")
    assert outcome.error.endswith("got 'much' (from LUMALOOM_CACHE_LIMIT)")
