"""Scale and offset against its definition, and the properties that it promises."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom_kernels import _scale_offset_cpu, scale_offset
from lumaloom_kernels._checks import DtypeError, KernelError, KindError, OutputError, ParameterError
from lumaloom_kernels.scale_offset import CASES, reference
from tests.kernels.arrays import DTYPES, check, layouts, noise
from tests.kernels.conftest import Device

SHAPES = [(1, 1), (1, 15), (1, 63), (1, 64), (5, 65), (7, 5, 3), (33, 257, 2), (50, 64, 4), (211, 333, 3)]


@pytest.mark.parametrize("wide", [True, False], ids=["table", "sums"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_reference(case: dict[str, float], dtype: str, wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not wide:
        monkeypatch.setattr(_scale_offset_cpu, "has_table", lambda: False)
    for shape in SHAPES:
        src = noise(shape, dtype)
        check(scale_offset(src, **case), reference(src, **case), shape)


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place_threads_and_strides(dtype: str, threads: int | None) -> None:
    for shape in SHAPES:
        src = noise(shape, dtype)
        expected = scale_offset(src, 0.7, 20)
        for start in range(3):  # rows that begin at other offsets from an aligned address
            wide = np.zeros((shape[0], shape[1] + 5, *shape[2:]), dtype)
            inner = wide[:, start : start + shape[1]]
            inner[...] = src
            assert scale_offset(inner, 0.7, 20, out=inner, threads=threads) is inner
            np.testing.assert_array_equal(inner, expected)
            assert not wide[:, start + shape[1] :].any()
            assert not wide[:, :start].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(device: Device, dtype: str) -> None:
    image = noise((45, 53, 3), dtype)
    expected = device.get(scale_offset(device.put(image), 0.7, 20))
    for name, array in layouts(image, device.module):
        assert scale_offset(device.put(image), 0.7, 20, out=array) is array
        np.testing.assert_array_equal(device.get(array), expected, name)
        array[...] = device.put(image)
        np.testing.assert_array_equal(device.get(scale_offset(array, 0.7, 20)), expected, name)
        assert scale_offset(array, 0.7, 20, out=array) is array
        np.testing.assert_array_equal(device.get(array), expected, name)


@given(gain=st.floats(-1e4, 1e4, width=32), offset=st.floats(-1e6, 1e6, width=32), dtype=st.sampled_from(DTYPES))
def test_any_line(gain: float, offset: float, dtype: str) -> None:
    src = noise((9, 11), dtype)
    got, expected = scale_offset(src, gain, offset), reference(src, gain, offset)
    if dtype == "float32":
        np.testing.assert_allclose(got, expected, 1e-4, 1e-6 * (abs(gain) + abs(offset)) + 1e-5)
    else:
        # float32 resolves results beyond the range of uint16 less finely, but those saturate
        check(got, expected)


def test_values_beyond_every_range() -> None:
    src = np.array([[0, 1, 255]], np.uint8)
    assert scale_offset(src, 3e38, -3e38).tolist() == [[0, 0, 255]]
    assert scale_offset(src, -3e38, 3e38).tolist() == [[255, 0, 0]]
    assert scale_offset(src, 0, 127.5).tolist() == [[128] * 3]
    special = np.array([[np.nan, np.inf, -np.inf, 2]], np.float32)
    np.testing.assert_array_equal(scale_offset(special, 2, 1), [[np.nan, np.inf, -np.inf, 5]])
    np.testing.assert_array_equal(scale_offset(special, 2, 1, low=0, high=4), [[np.nan, 4, 0, 4]])


def test_agrees_with_opencv() -> None:
    src = noise((48, 60, 3), "uint8")
    theirs = cv2.addWeighted(src, 1.25, src, 0, -20)
    assert np.abs(scale_offset(src, 1.25, -20).astype(int) - theirs).max() <= 1
    levels = np.arange(256)
    table = np.clip(np.floor(levels * 1.25 - 20 + 0.5), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(scale_offset(src, 1.25, -20), cv2.LUT(src, table))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"gain": float("nan")}, ParameterError, "gain: expected a finite number"),
        ({"gain": 1e39}, ParameterError, "gain: expected a finite number"),
        ({"offset": float("inf")}, ParameterError, "offset: expected a finite number"),
        ({"gain": "2"}, KindError, "gain: expected a number"),
        ({"offset": None}, KindError, "offset: expected a number"),
        ({"gain": True}, KindError, "gain: expected a number"),
        ({"low": -1}, ParameterError, "low: expected a whole number from 0 to 255"),
        ({"high": 256}, ParameterError, "high: expected a whole number"),
        ({"high": 1.5}, ParameterError, "high: expected a whole number"),
        ({"low": float("nan")}, ParameterError, "low: expected a finite number"),
        ({"low": 9, "high": 8}, ParameterError, "low: expected at most high"),
        ({"threads": -1}, ParameterError, "threads"),
        ({"src": IMAGE.astype(np.int16)}, DtypeError, "int16"),
        ({"out": IMAGE[::-1]}, OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[KernelError], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        scale_offset(**{"src": IMAGE, "gain": 1.0, "offset": 0.0, **arguments})
    assert "\n" not in str(caught.value)


def test_read_only_in_place() -> None:
    image = IMAGE.copy()
    image.flags.writeable = False
    with pytest.raises(OutputError, match="writable"):
        scale_offset(image, 1, 0, out=image)
