"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media import clips


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor fill the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path_factory.mktemp("cache") / "lumaloom"))
        yield


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real clips; tests that use it are marked `media`."""
    folder = os.environ.get("LUMALOOM_MEDIA")
    if not folder:
        pytest.skip("LUMALOOM_MEDIA names no folder of real clips")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"LUMALOOM_MEDIA names {folder}, which is no folder")
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames of 96x64 with a tone."""
    return clips.make(tmp_path_factory.mktemp("clip") / "in.mp4", audio="aac")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for outputs."""
    path = tmp_path / "out"
    path.mkdir()
    return path


@pytest.fixture(autouse=True)
def _as_wide_as_text_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runners pass the width of their own terminal on."""
    monkeypatch.delenv("COLUMNS", raising=False)
