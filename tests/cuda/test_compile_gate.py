"""Every kernel compiles for every architecture that we support, without spilling a register.

The limits are what lets enough blocks live on a multiprocessor: 128 registers with 256 threads are two
blocks; 48 KB are what a block may have of static shared memory on any device.
"""

from pathlib import Path

import pytest

import lumaloom_kernels
from lumaloom_kernels import _cuda
from tests.cuda import nvrtc

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
SOURCES = tuple(sorted(path.stem for path in Path(lumaloom_kernels.__file__).parent.glob("*.cu")))
MAX_REGISTERS = 128
MAX_SHARED = 48 * 1024
# CuPy compiles with these besides ours
CUPY_OPTIONS = ("-ftz=true", "--device-as-default-execution-space")

SPILLS = r"""
extern "C" __global__ void __launch_bounds__(1024, 2) spills(float* p, const int* order) {
    float v[64];
    for (int i = 0; i < 64; ++i) v[i] = p[i * 1024 + threadIdx.x];
    for (int k = 0; k < 9; ++k)
#pragma unroll
        for (int i = 0; i < 64; ++i) v[i] = v[i] * v[(i * 7 + 3) & 63] + v[(i * 5 + k) & 63];
    for (int i = 0; i < 64; ++i) p[i * 1024 + threadIdx.x] = v[i];
}
"""


def test_there_are_kernels() -> None:
    assert {"box_blur", "gaussian_blur", "resize", "scale_offset"} <= set(SOURCES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", SOURCES)
def test_compiles_without_spills(name: str, architecture: int) -> None:
    log = nvrtc.compile_log(_cuda.source(name), architecture, (*_cuda.OPTIONS, *CUPY_OPTIONS))
    assert "warning" not in log, log
    kernels = nvrtc.usage(log)
    assert kernels, log
    for kernel, used in kernels.items():
        assert used.spilled == used.stack == 0, (kernel, used)
        assert 0 < used.registers <= MAX_REGISTERS, (kernel, used)
        assert used.shared <= MAX_SHARED, (kernel, used)


def test_architectures_are_known() -> None:
    assert set(ARCHITECTURES) <= set(nvrtc.architectures())


def test_a_spill_would_be_seen() -> None:
    _, log = nvrtc.compile_cubin(SPILLS, 90)
    used = nvrtc.usage(log)["spills"]
    assert used.spilled + used.stack > 0, log


def test_an_error_shows_the_log() -> None:
    with pytest.raises(nvrtc.CompileError, match=r"identifier \"nonsense\" is undefined"):
        nvrtc.compile_cubin("__global__ void f() { nonsense; }", 90)
