"""What /readyz tries out, each component working and broken."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from lumaloom.cache import DiskCache
from lumaloom.composition import readiness
from lumaloom.device import Machine
from lumaloom.errors import DeviceError
from lumaloom.services.settings import Settings


@pytest.fixture
def checks(tmp_path: Path) -> Any:
    return readiness.checks(Settings(), DiskCache(tmp_path / "cache", 1 << 20), Machine())


def test_all_is_well_here(checks: Any, tmp_path: Path) -> None:
    assert {name: check() for name, check in checks.items()} == dict.fromkeys(
        ("decoder", "encoder", "device", "plugins", "cache", "disk"), ""
    )
    stats = DiskCache(tmp_path / "cache", 1 << 20).stats
    assert (stats.entries, [*tmp_path.glob("cache/data/*/*")]) == (0, []), "nothing of it stays"


def test_a_device_that_computes_wrongly(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom_kernels.scale_offset", lambda samples, *_: np.where(samples == 7, 0, 255 - samples))
    assert checks["device"]() == "cpu: 1 of 256 samples came out wrong"


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    class Bare(Machine):
        def choose(self, wanted: str) -> str:
            raise DeviceError(f"device {wanted} can't be used: none")

    found = readiness.checks(Settings(device="cuda"), DiskCache(tmp_path, 0), Bare())
    assert found["device"]() == "device cuda can't be used: none"
    assert found["cache"]() == "", "nothing is to be kept"


def test_codecs_that_fail(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_clip", lambda: b"no clip at all")
    with pytest.raises(av.error.InvalidDataError):  # which the page shows
        checks["decoder"]()
    monkeypatch.setattr(readiness, "_clip", lambda: b"")
    assert checks["encoder"]() == "the encoder gave nothing"


def test_a_cache_and_a_disk_that_are_full(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lumaloom.cache.files.write", full)
    assert checks["cache"]().endswith("does not keep what is put into it")
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: namedtuple("Usage", "total used free")(1 << 30, 1 << 30, 5 << 20)
    )
    assert checks["disk"]() == "5 MiB are free"
