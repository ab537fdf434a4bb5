"""Transfer functions against their definitions and published values."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, from_linear, to_linear
from lumaloom_kernels._transfer import TRANSFERS
from lumaloom_kernels.from_linear import reference as from_reference
from lumaloom_kernels.to_linear import reference as to_reference
from tests.kernels.arrays import DTYPES, check, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5, 4), (9, 70, 2), (33, 201, 3), (95, 333, 4)]
BOTH = [(to_linear, to_reference), (from_linear, from_reference)]
IDS = ["to", "from"]


@pytest.mark.parametrize(("kernel", "reference"), BOTH, ids=IDS)
@pytest.mark.parametrize("transfer", TRANSFERS)
def test_matches_reference(transfer: str, kernel: Any, reference: Any) -> None:
    for dtype in DTYPES:
        for shape in SHAPES if dtype == "float32" or transfer == "srgb" else SHAPES[-2:]:
            src = noise(shape, dtype)
            result, expected = kernel(src, transfer), reference(src, transfer)
            check(result, expected, (dtype, shape))
            if dtype != "float32":
                np.testing.assert_array_equal(result, expected)
            else:
                assert abs(result.astype(float) - expected).max() <= 1e-5
            assert kernel(src, transfer, threads=3).tobytes() == result.tobytes()
            if shape[2:] == (4,):
                np.testing.assert_array_equal(result[..., 3], src[..., 3])


@pytest.mark.parametrize(("kernel", "reference"), BOTH, ids=IDS)
@pytest.mark.parametrize("transfer", TRANSFERS)
def test_error_on_a_fine_ramp(transfer: str, kernel: Any, reference: Any) -> None:
    near_zero = np.geomspace(1e-30, 1, 100_000, dtype=np.float32)
    ramp = np.concatenate([np.linspace(0, 1, 1_000_000, dtype=np.float32), near_zero])[None]
    result, expected = kernel(ramp, transfer).astype(float), reference(ramp, transfer).astype(float)
    assert abs(result - expected).max() <= 2e-6
    assert result[0, 999_999] == pytest.approx(1, abs=3e-7)
    wide = np.linspace(-50, 50, 100_000, dtype=np.float32)[None]
    np.testing.assert_allclose(kernel(wide, transfer), reference(wide, transfer), rtol=1e-5, atol=1e-5)
    ends = np.array([[0, 1, 1e7, -1e30]], np.float32)
    np.testing.assert_allclose(kernel(ends, transfer), reference(ends, transfer), rtol=1e-5)


@settings(deadline=None)
@given(st.sampled_from(TRANSFERS), st.integers(0, 99), st.floats(100, 10000))
def test_there_and_back(transfer: str, seed: int, peak: float) -> None:
    src = noise((3, 70), "float32", seed)
    back = to_linear(from_linear(src, transfer, peak=peak), transfer, peak=peak)
    np.testing.assert_allclose(back, src, rtol=2e-4, atol=2e-5)
    order = np.sort(src.ravel())[None]
    assert (np.diff(from_linear(order, transfer, peak=peak)) >= -2e-6).all()


def test_published_values() -> None:
    # ITU-R BT.2408: 100 and 203 cd/m2 are 51 % and 58 % of PQ; BT.2100: 1/12 of HLG's scene light is 50 %
    nits = np.array([[100, 203, 1000, 10000]], np.float32) / 10000
    np.testing.assert_allclose(from_linear(nits, "pq"), [[0.508, 0.5807, 0.7518, 1]], atol=1e-4)
    np.testing.assert_allclose(from_linear(nits * 10, "pq", peak=1000), from_linear(nits, "pq"), atol=3e-6)
    np.testing.assert_allclose(from_linear(np.full((1, 64), 1 / 12, np.float32), "hlg"), 0.5, atol=1e-6)
    np.testing.assert_allclose(to_linear(np.full((1, 64), 0.5, np.float32), "srgb"), 0.2140411, atol=1e-6)
    np.testing.assert_allclose(to_linear(np.full((1, 64), 0.5, np.float32), "bt709"), 0.25972, atol=1e-5)


def test_any_layout() -> None:
    for dtype in ("uint8", "float32"):
        src = noise((45, 83, 3), dtype)
        expected = to_linear(src, "srgb")
        for name, array in layouts(src):
            assert to_linear(src, "srgb", out=array) is array
            np.testing.assert_array_equal(array, expected, name)
            array[...] = src
            np.testing.assert_array_equal(to_linear(array, "srgb"), expected, name)
        frame = np.full((47, 93, 3), 7, dtype)
        to_linear(src, "srgb", out=frame[1:-1, 4:87])
        frame[1:-1, 4:87] = 7
        assert (frame == 7).all()


def test_nan_and_infinity() -> None:
    src = np.array([[np.nan, np.inf, -np.inf, 0.5] * 20], np.float32)
    for transfer in TRANSFERS:
        for kernel, reference in BOTH:
            np.testing.assert_allclose(kernel(src, transfer), reference(src, transfer), rtol=1e-5, atol=1e-6)


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize("kernel", [to_linear, from_linear])
@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"transfer": "rec709"}, _checks.ParameterError, "transfer: expected one of srgb, bt709"),
        ({"transfer": 2.2}, _checks.ParameterError, "transfer: expected one of"),
        ({"peak": 0}, _checks.ParameterError, "peak: expected cd/m2 from 1 to 10000"),
        ({"peak": float("nan")}, _checks.ParameterError, "peak: expected cd/m2"),
        ({"peak": "100"}, _checks.KindError, "peak: expected a number"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(kernel: Any, arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        kernel(**{"src": IMAGE, "transfer": "srgb", **arguments})
    assert "\n" not in str(caught.value)
