"""The GPU benchmark: its words where there is no GPU, and its code on the stand-in."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gpu
from lumaloom_kernels import _cuda
from tests.cuda import fake_cupy


def test_says_why_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("LUMALOOM_REQUIRE_GPU", raising=False)
    with fake_cupy.installed(driver=0):
        assert gpu.main([]) == 0
        assert capsys.readouterr().out == "no GPU found: no NVIDIA driver was found; install one for this GPU\n"
        monkeypatch.setenv("LUMALOOM_REQUIRE_GPU", "1")
        assert gpu.main([]) == 1


def test_writes_what_it_measured(cupy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a graph of many calls takes its scratch from the pool while it is captured
    fake_cupy.settings.allowed_in_capture = ("empty",)
    monkeypatch.setattr(gpu, "CHECKED_SIZE", (20, 31))
    monkeypatch.setattr(gpu, "REPLAYS", 2)
    monkeypatch.setattr(gpu, "WARM_UP", 1)
    file = tmp_path / "gpu.json"
    assert gpu.main(["--json", str(file), "--check", "--only", "box_blur", "--size", "40x30"]) == 0
    report = json.loads(file.read_text())
    assert {"device", "driver", "cuda_runtime", "cupy", "commit", "copy_gb_s", "rows"} <= set(report)
    row = report["rows"][0]
    assert row["kernel"] == "box_blur"
    assert row["us"] == pytest.approx(1000 / 8)
    assert row["gb_s"] == pytest.approx(2 * 40 * 30 / row["us"] / 1e3, abs=0.1)


def test_a_wrong_result_fails_the_check(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "CHECKED_SIZE", (9, 12))
    monkeypatch.setattr(_cuda, "scale_offset", lambda src, out, *parameters: out.fill(0))
    with pytest.raises(AssertionError, match="scale_offset"):
        gpu.check(cupy, "scale_offset")


def test_loads_no_cupy_without_being_asked() -> None:
    assert "cupy" not in sys.modules
