"""Why CUDA can't be used is told in words, and looking costs nothing at import."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest

from lumaloom_kernels import _cuda
from tests.cuda import fake_cupy


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert _cuda.why_unavailable() == 'CuPy is not installed; pip install "lumaloom[gpu]"'


def test_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ModuleType("cupy")
    broken.__spec__ = ModuleSpec("cupy", None)
    monkeypatch.setitem(sys.modules, "cupy", broken)
    reason = _cuda.why_unavailable()
    assert reason is not None
    assert reason.startswith("CuPy does not load (module 'cupy' has no attribute 'cuda'")


@pytest.mark.parametrize(
    ("pretence", "reason"),
    [
        ({"driver": 0}, "no NVIDIA driver was found; install one for this GPU"),
        (
            {"driver": 12080},
            "the NVIDIA driver supports CUDA 12.8, CuPy needs 13.0; update the driver",
        ),
        ({"devices": 0}, "the NVIDIA driver reports no GPU"),
        ({"devices": -1}, "the NVIDIA driver reports no usable GPU (cudaErrorUnknown)"),
        ({}, None),
        ({"driver": 13000, "runtime": 13020}, None),  # CUDA keeps compatible within a major version
    ],
)
def test_reasons(pretence: dict[str, Any], reason: str | None) -> None:
    with fake_cupy.installed(**pretence):
        assert _cuda.why_unavailable() == reason


def test_importing_loads_no_cupy() -> None:
    code = "import sys, lumaloom_kernels._cuda; sys.exit('cupy' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
