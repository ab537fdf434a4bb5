from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.telemetry.collector import Collector, collecting


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
