from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media import clips
from tests.telemetry.collector import Collector, collecting


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


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that OTLP goes to."""
    with collecting() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        yield made


@pytest.fixture(autouse=True)
def _as_wide_as_text_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runners pass the width of their own terminal on."""
    monkeypatch.delenv("COLUMNS", raising=False)
