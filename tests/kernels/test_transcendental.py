"""Vector log2, exp2 and powers: their stated errors, and what they make of every sort of float32."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lumaloom_kernels._simd import f32_load, f32_store, jit
from lumaloom_kernels._transcendental import f32_exp2, f32_exp2m1, f32_log2, f32_pow

Floats = NDArray[np.float32]


@jit
def every(kind: int, source: int, target: int, count: int, exponent: Any) -> None:
    for i in range(0, count, 16):
        x = f32_load(source + 4 * i)
        if kind == 0:
            f32_store(target + 4 * i, f32_log2(x))
        elif kind == 1:
            f32_store(target + 4 * i, f32_exp2(x))
        elif kind == 2:
            f32_store(target + 4 * i, f32_exp2m1(x))
        else:
            f32_store(target + 4 * i, f32_pow(x, exponent))


def call(name: str, values: Any, exponent: float = 0.0) -> NDArray[np.float64]:
    source = np.resize(np.asarray(values, np.float32), -(-np.size(values) // 16) * 16)
    target = np.empty_like(source)
    kind = ("log2", "exp2", "exp2m1", "pow").index(name)
    every(kind, source.ctypes.data, target.ctypes.data, len(source), np.float32(exponent))
    return target[: np.size(values)].astype(np.float64)


def floats(step: int = 997) -> Floats:
    """Every so-manieth positive float32, the subnormal ones too."""
    return np.arange(1, 0x7F800000, step, dtype=np.uint32).view(np.float32)


def worst(result: Any, expected: Any) -> float:
    return float(np.max(np.abs(result - expected) / np.maximum(np.abs(expected), 1e-300)))


def test_log2() -> None:
    for x in (floats(), np.arange(0x3F700000, 0x3F900000, 7, dtype=np.uint32).view(np.float32)):
        keep = x[x != 1].astype(np.float64)
        assert worst(call("log2", keep), np.log2(keep)) < 2.5e-7
    assert call("log2", [1.0, 2.0, 0.25, 2.0**-149]).tolist() == [0, 1, -2, -149]


def test_exp2() -> None:
    x = np.linspace(-126, 127.99, 2_000_003, dtype=np.float32)
    assert worst(call("exp2", x), np.exp2(x.astype(np.float64))) < 2e-7
    x = np.linspace(-152, -126, 5000, dtype=np.float32)
    assert abs(call("exp2", x) - np.exp2(x.astype(np.float64))).max() <= 2.0**-149
    assert call("exp2", [0, 1, -149, -200, 128, 1e30]).tolist() == [1, 2, 2.0**-149, 0, np.inf, np.inf]


def test_exp2_less_one() -> None:
    x = np.concatenate([np.linspace(-0.5, 0.5, 1_000_003, dtype=np.float32), floats(9973)[: 2**17] * 1e-3])
    x = x[(x != 0) & (abs(x) <= 0.5) & (abs(x) > 1e-30)]
    expected = np.expm1(x.astype(np.float64) * np.log(2))
    assert worst(call("exp2m1", x), expected) < 2.5e-7
    x = np.linspace(-130, 30, 1_000_003, dtype=np.float32)
    expected = np.expm1(x.astype(np.float64) * np.log(2))
    assert (abs(call("exp2m1", x) - expected) / np.maximum(abs(expected), 1)).max() < 2.5e-7


@pytest.mark.parametrize("y", [0.159, 1 / 2.4, 0.45, 1.2, 2.4, 2.8, -1.5, 0.0])
def test_pow(y: float) -> None:
    x, y = floats(9973).astype(np.float64), float(np.float32(y))
    x = x[(x**y > 2e-38) & (x**y < 1e38)]
    result, expected = call("pow", x, y), x**y
    assert (abs(result - expected) / expected / (1 + abs(y * np.log2(x)))).max() < 2e-7
    unit = np.linspace(0, 1, 1_000_003, dtype=np.float32)
    if y >= 0:
        assert abs(call("pow", unit, y) - unit.astype(np.float64) ** y).max() < 3e-7


def test_what_is_not_a_plain_number() -> None:
    odd = [0.0, -0.0, -1.0, np.nan, np.inf, -np.inf]
    np.testing.assert_array_equal(call("log2", odd), [-np.inf, -np.inf, np.nan, np.nan, np.inf, np.nan])
    np.testing.assert_array_equal(call("exp2", odd)[3:], [np.nan, np.inf, 0])
    np.testing.assert_array_equal(call("exp2m1", odd)[[0, 3, 5]], [0, np.nan, -1])
    np.testing.assert_array_equal(call("pow", odd, 2.5), [0, 0, np.nan, np.nan, np.inf, np.nan])
    np.testing.assert_array_equal(call("pow", odd, -2.5)[[0, 4]], [np.inf, 0])
    np.testing.assert_array_equal(call("pow", odd, 0), [1] * 6)
