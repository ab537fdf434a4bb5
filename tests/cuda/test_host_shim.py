"""The shim's own test: what it is there to catch, it catches."""

from typing import Any

import numpy as np
import pytest

from tests.cuda.host_shim import SANITIZE, Address, KernelCrashError, Program

SOURCE = r"""
typedef unsigned char u8;

extern "C" __global__ void reverse(const int* src, int* out) {
    __shared__ int block[64];
    block[threadIdx.x] = src[threadIdx.x];
    __syncthreads();
    out[threadIdx.x] = block[63 - threadIdx.x];
}
extern "C" __global__ void reverse_without_barrier(const int* src, int* out) {
    __shared__ int block[64];
    block[threadIdx.x] = src[threadIdx.x];
    out[threadIdx.x] = block[63 - threadIdx.x];
}
extern "C" __global__ void divided_barrier(int* out) {
    if (threadIdx.x < 5) __syncthreads();
    else out[threadIdx.x] = 1;
    __syncthreads();
}
extern "C" __global__ void reads_one_beyond(const u8* src, u8* out, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = src[i + 1];
}
extern "C" __global__ void writes_one_before(u8* out) { out[-1] = 1; }
extern "C" __global__ void shared_beyond(int* out, int n) {
    __shared__ int block[16];
    block[threadIdx.x & 15] = 1;
    __syncthreads();
    out[threadIdx.x] = block[n];
}
extern "C" __global__ void misaligned(const u8* src, uint2* out) { out[0] = *(const uint2*)(src + 4); }
extern "C" __global__ void warp_sum(const int* src, int* out) {
    int sum = src[threadIdx.x];
    for (int bits = 16; bits; bits >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, bits);
    if ((threadIdx.x & 31) == 0) atomicAdd(out, sum);
}
extern "C" __global__ void bytes(unsigned a, unsigned b, unsigned* out) {
    out[0] = __byte_perm(a, b, 0x7421);
    out[1] = __dp4a(a, b, 5u);
}
extern "C" __global__ void unset_shared(int* out) {
    __shared__ int block[32];
    out[threadIdx.x] = block[threadIdx.x];
}
"""


@pytest.fixture(scope="module")
def plain() -> Any:
    program = Program(SOURCE)
    yield program
    program.close()


@pytest.fixture
def checked() -> Any:
    program = Program(SOURCE, SANITIZE)
    yield program
    program.close()


def _bytes(values: np.ndarray) -> np.ndarray:
    return values.view(np.uint8)


def _reversed(program: Program, kernel: str, seed: int) -> np.ndarray:
    src, out = np.arange(64, dtype=np.int32), np.zeros(64, np.int32)
    program.run(kernel, (1,), (64,), (Address(0, 0), Address(1, 0)), (_bytes(src), _bytes(out)), seed)
    return out


@pytest.mark.parametrize("seed", range(5))
def test_threads_meet_at_a_barrier(plain: Program, seed: int) -> None:
    np.testing.assert_array_equal(_reversed(plain, "reverse", seed), np.arange(64)[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_a_missing_barrier_shows(plain: Program, seed: int) -> None:
    assert (_reversed(plain, "reverse_without_barrier", seed) != np.arange(64)[::-1]).any()


def test_orders_of_threads_differ_by_seed(plain: Program) -> None:
    results = {_reversed(plain, "reverse_without_barrier", seed).tobytes() for seed in range(5)}
    assert len(results) > 1


def test_a_barrier_that_not_all_reach_is_an_error(plain: Program) -> None:
    out = np.zeros(64, np.int32)
    with pytest.raises(KernelCrashError, match="barriers of lines"):
        plain.run("divided_barrier", (1,), (64,), (Address(0, 0),), (_bytes(out),))


def test_shared_memory_starts_with_rubbish(plain: Program) -> None:
    out = np.zeros(32, np.int32)
    plain.run("unset_shared", (1,), (32,), (Address(0, 0),), (_bytes(out),))
    assert (out != 0).all()


def test_shuffles_and_atomics(plain: Program) -> None:
    src, out = np.arange(96, dtype=np.int32), np.zeros(1, np.int32)
    plain.run("warp_sum", (1,), (96,), (Address(0, 0), Address(1, 0)), (_bytes(src), _bytes(out)))
    assert out[0] == src.sum()


def test_byte_instructions(plain: Program) -> None:
    out = np.zeros(2, np.uint32)
    a, b = np.uint32(0x44332211), np.uint32(0x88776655)
    plain.run("bytes", (1,), (1,), (a, b, Address(0, 0)), (_bytes(out),))
    assert out.tolist() == [0x88553322, 0x11 * 0x55 + 0x22 * 0x66 + 0x33 * 0x77 + 0x44 * 0x88 + 5]


@pytest.mark.parametrize(
    ("kernel", "arguments", "finding"),
    [
        ("reads_one_beyond", (Address(0, 0), Address(1, 0), np.int32(40)), "heap-buffer-overflow"),
        ("writes_one_before", (Address(1, 0),), "heap-buffer-overflow"),
        ("shared_beyond", (Address(1, 0), np.int32(17)), "global-buffer-overflow|out of bounds"),
        ("misaligned", (Address(0, 0), Address(1, 0)), "misaligned address"),
    ],
)
def test_sanitizers_catch(checked: Program, kernel: str, arguments: Any, finding: str) -> None:
    buffers = (np.zeros(40, np.uint8), np.zeros(40, np.uint8))
    with pytest.raises(KernelCrashError, match=rf"(?s)({finding}).*kernels\.cu:\d+|kernels\.cu:\d+.*({finding})"):
        checked.run(kernel, (1,), (8,), arguments, buffers)


def test_sanitizers_are_silent_otherwise(checked: Program) -> None:
    np.testing.assert_array_equal(_reversed(checked, "reverse", 3), np.arange(64)[::-1])


def test_an_argument_of_the_wrong_size_is_an_error(plain: Program) -> None:
    buffers = (np.zeros(41, np.uint8), np.zeros(41, np.uint8))
    with pytest.raises(KernelCrashError, match="argument 2 has not the type of its parameter"):
        plain.run("reads_one_beyond", (1,), (8,), (Address(0, 0), Address(1, 0), np.int64(40)), buffers)
    with pytest.raises(KernelCrashError, match="3 parameters, 2 arguments"):
        plain.run("reads_one_beyond", (1,), (8,), (Address(0, 0), Address(1, 0)), buffers)
    with pytest.raises(KernelCrashError, match="no kernel absent"):
        plain.run("absent", (1,), (8,), (), ())
