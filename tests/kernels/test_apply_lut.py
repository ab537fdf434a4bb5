"""Look-up tables against their definition."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _lut_cpu, apply_lut
from lumaloom_kernels.apply_lut import reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (333, 201), (91, 257, 3), (5, 70, 2), (9, 65, 4)]


def table_of(entries: int, channels: tuple[int, ...], dtype: str, seed: int = 3) -> Any:
    return noise((entries, *channels), dtype, seed)


@pytest.mark.parametrize("entries", [2, 33, 256, 1024, 65536])
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, entries: int) -> None:
    for shape in SHAPES:
        src = noise(shape, dtype)
        for channels in ((), shape[2:]) if entries < 65536 and shape != (5, 70, 2) else ((),):
            table = table_of(entries, channels, dtype)
            result, expected = apply_lut(src, table), reference(src, table)
            if dtype == "float32":  # the place in a table of n entries has n / 2**24 of error, times a step of up to 1
                np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5 + entries * 2**-23)
            else:
                np.testing.assert_array_equal(result, expected, str(shape))
            for threads in (2, 5):
                assert apply_lut(src, table, threads=threads).tobytes() == result.tobytes()


@pytest.mark.parametrize("permutations", [True, False])
def test_processors_without_the_instruction(monkeypatch: pytest.MonkeyPatch, permutations: bool) -> None:
    monkeypatch.setattr(_lut_cpu, "has_table", lambda: False)
    if permutations and not _lut_cpu.has_nibbles():
        pytest.skip("no AVX2")
    monkeypatch.setattr(_lut_cpu, "has_nibbles", lambda: permutations)
    for shape in SHAPES:
        src = noise(shape, "uint8")
        for channels in ((), shape[2:]):
            table = table_of(256, channels, "uint8")
            np.testing.assert_array_equal(apply_lut(src, table), reference(src, table))


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    image = noise((45, 83, 3), dtype)
    table = table_of(256, (3,), dtype)
    expected = apply_lut(image, table)
    for name, array in layouts(image):
        assert apply_lut(image, table, out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = image
        np.testing.assert_array_equal(apply_lut(array, table), expected, name)
    np.testing.assert_array_equal(apply_lut(image, np.asfortranarray(table)), expected)
    np.testing.assert_array_equal(apply_lut(image, table[::-1]), apply_lut(image, table[::-1].copy()))


@settings(deadline=None)
@given(st.integers(2, 300), st.sampled_from(DTYPES), st.integers(0, 99))
def test_lines_stay_lines_and_rising_tables_keep_order(entries: int, dtype: str, seed: int) -> None:
    src = np.sort(noise((9, 71), dtype, seed), axis=None).reshape(9, 71)
    line = np.linspace(0, TOP[dtype], entries)
    if dtype == "float32" or (entries - 1) in (1, 3, 5, 15, 17, 51, 85, 255):  # the entries are whole
        check(apply_lut(src, line.astype(dtype)), src)
    rising = np.sort(table_of(entries, (), dtype, seed))
    slack = 1e-6 if dtype == "float32" else 0
    assert (np.diff(apply_lut(src, rising).ravel().astype(float)) >= -slack).all()


def test_samples_beyond_the_table() -> None:
    table = np.array([3, 5, 9], np.float32)
    src = np.array([[-1, 0, 0.25, 0.5, 1, 2, np.inf, -np.inf, np.nan]], np.float32)
    np.testing.assert_array_equal(apply_lut(src, table), [[3, 3, 4, 5, 9, 9, 9, 3, np.nan]])


def test_agrees_with_opencv() -> None:
    for dtype, entries in (("uint8", 256), ("uint16", 65536)):
        src, table = noise((48, 60, 3), dtype), table_of(entries, (3,), dtype)
        np.testing.assert_array_equal(apply_lut(src, table), cv2.LUT(src, table.reshape(1, entries, 3)))


IMAGE, TABLE = np.zeros((8, 6, 3), np.uint8), np.zeros(256, np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"table": TABLE.astype(np.uint16)}, _checks.DtypeError, "table: expected dtype uint8"),
        ({"table": TABLE.tolist()}, _checks.KindError, "table: expected a NumPy array"),
        ({"table": TABLE[:1]}, _checks.ShapeError, "table: expected 2 to 65536 entries"),
        ({"table": np.zeros((256, 2), np.uint8)}, _checks.ShapeError, r"table: expected shape \(N,\) or \(N, 3\)"),
        (
            {"src": IMAGE.astype(np.float32), "table": np.array([0, np.nan], np.float32)},
            _checks.ParameterError,
            "table: expected finite",
        ),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        apply_lut(**{"src": IMAGE, "table": TABLE, **arguments})
    assert "\n" not in str(caught.value)
