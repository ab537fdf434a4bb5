"""The benchmark of what services cost renders the same frames without them, with them, and exporting."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import overhead
from tests.telemetry.collector import Collector


@pytest.mark.parametrize("way", overhead.WAYS)
def test_every_way_renders(way: str, clip: Path, tmp_path: Path, collector: Collector) -> None:
    assert overhead.once(way, clip, 1, tmp_path).frames == 30
    assert bool(collector.spans) == (way == "export")
