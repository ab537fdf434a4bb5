"""Convolution against its definition, on every way that it takes."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lumaloom_kernels import _checks, _stencil_run, convolve2d
from lumaloom_kernels.convolve2d import CASES, reference
from tests.kernels.arrays import DTYPES, SWEPT, bits, check, layouts, noise

SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (333, 201), (40, 70, 3), (3, 130, 4), (9, 300, 2), (5, 6, 1))
BORDERS = ("reflect101", "replicate", "constant")
RANDOM = np.random.default_rng(5)
KERNELS: dict[str, Any] = {
    "one": [[0.5]],
    "zero": np.zeros((3, 3)),
    "row": [[1, 2, 3, -2, 0.7]],
    "column": [[0.25], [0.5], [0.25]],
    "wide": RANDOM.random((5, 41)) / 100,
    "long mean": np.full((1, 61), 1 / 61),
    "product below zero": np.outer((-1, 3, 1.7), (0.2, -1, 0.4, 0.1, 0.9)),
    "derivative": np.outer((1, 4, 6, 4, 1), (-1, -2, 0, 2, 1)),
    "lopsided": np.tri(5) / 15,
    "huge": RANDOM.random((3, 3)) * 1e6,
    "heavy": [[1, 31, 30], [30, 37, 30], [31, 30, 31]],
    "nearly a product": np.outer((1, 2, 1), (1, 2, 1)) / 16 + np.eye(3) * 1e-3,
}


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("name", [*KERNELS, *(str(case["kernel"]) for case in CASES)])
def test_matches_the_reference(name: str, dtype: str) -> None:
    kernel = KERNELS[name] if name in KERNELS else next(c["kernel"] for c in CASES if str(c["kernel"]) == name)
    for number, shape in enumerate(SHAPES):
        image = (bits if number % 2 else noise)(shape, dtype, number)
        border: Any = BORDERS[number % 3]
        for offset, high in ((0, None), (40.25, 200.0)):
            more: dict[str, Any] = {"border": border, "offset": offset, "high": high}
            result = convolve2d(image, kernel, **more)
            expected = reference(image, kernel, **more)
            if dtype == "float32" and name == "huge":  # float32 sums of large numbers that cancel
                np.testing.assert_allclose(result, expected, rtol=1e-4)
                continue
            check(result, expected, (shape, more))
            if number == 4 and dtype != "float32":  # the step of the tolerance is for sums near a half
                assert (result != expected).mean() < 0.1
            for threads in (2, 5):
                again = convolve2d(image, kernel, threads=threads, **more)
                assert again.tobytes() == result.tobytes(), (shape, threads)


def test_whole_weights_are_exact() -> None:
    image = noise((61, 83, 3), "uint8")
    for case in CASES[:3]:
        np.testing.assert_array_equal(convolve2d(image, **case), reference(image, **case))


@pytest.mark.parametrize("offset", [0, 63, 64, 127, 128, 1000, -100, -128, -129, -1000])
@pytest.mark.parametrize("unit", [1, 1 / 4, 1 / 128])
@pytest.mark.parametrize(("dtype", "weights"), [("uint8", [[28, 100, 0]]), ("uint16", [[96, 4000, 0]])])
def test_whole_sums_at_the_limit(dtype: str, weights: Any, unit: float, offset: int) -> None:
    image = bits((9, 150), dtype)
    for sign in (1, -1):
        case: dict[str, Any] = {"kernel": np.array(weights) * unit * sign, "offset": offset}
        np.testing.assert_array_equal(convolve2d(image, **case), reference(image, **case))


def test_each_kernel_goes_its_way() -> None:
    def form(kernel: Any) -> Any:
        weights = np.array(kernel, np.float64)
        return _stencil_run.form_of(weights.tobytes(), *weights.shape, np.dtype(np.uint8))

    assert form(CASES[0]["kernel"]).whole is not None
    assert form(CASES[2]["kernel"]).mean
    assert form(np.eye(15) / 15).columns is None
    assert form(KERNELS["product below zero"]).columns is not None
    assert form(KERNELS["nearly a product"]).columns is None
    assert form(RANDOM.random((5, 5))).whole is None


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("number", [0, 2, 3, 5])
def test_any_layout(number: int, dtype: str) -> None:
    image = noise((23, 131, 3), dtype)
    case = CASES[number]
    expected = convolve2d(image, **case)
    for name, view in layouts(image):
        assert convolve2d(image, **case, out=view) is view
        np.testing.assert_array_equal(view, expected, f"out {name}")
        view[...] = image
        np.testing.assert_array_equal(convolve2d(view, **case), expected, f"src {name}")
        np.testing.assert_array_equal(view, image, f"src {name} was written")
    for height, width in ((19, 29), (1, 200), (40, 3)):
        frame = np.full((height + 2, width + 40, 3), 77, dtype)
        convolve2d(noise((height, width, 3), dtype), **case, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


@pytest.mark.parametrize("kernel", [CASES[1]["kernel"], CASES[3]["kernel"], CASES[6]["kernel"]], ids=str)
def test_two_other_libraries_agree(kernel: Any) -> None:
    image = noise((70, 90), "float32")
    weights = np.array(kernel, np.float32)
    np.testing.assert_allclose(
        convolve2d(image, kernel), ndimage.convolve(image.astype(float), weights, mode="mirror"), rtol=1e-4, atol=1e-5
    )
    correlated = cv2.filter2D(image, -1, weights, borderType=cv2.BORDER_REFLECT_101)
    np.testing.assert_allclose(convolve2d(image, weights[::-1, ::-1]), correlated, rtol=1e-4, atol=1e-5)


@settings(deadline=None)  # under load
@given(st.sampled_from(DTYPES), st.integers(0, 99), st.integers(0, 4), st.integers(0, 6))
def test_a_single_weight_moves_the_image(dtype: str, seed: int, y: int, x: int) -> None:
    image = noise((9, 71), dtype, seed)
    kernel = np.zeros((5, 7))
    kernel[y, x] = 1
    moved = convolve2d(image, kernel, border="constant")
    expected = np.zeros_like(image)
    dy, dx = y - 2, x - 3
    expected[max(dy, 0) : 9 + min(dy, 0), max(dx, 0) : 71 + min(dx, 0)] = image[
        max(-dy, 0) : 9 - max(dy, 0), max(-dx, 0) : 71 - max(dx, 0)
    ]
    np.testing.assert_array_equal(moved, expected)


def test_what_is_not_finite_stays_near() -> None:
    image = noise((30, 200), "float32")
    for kernel in (np.ones((3, 3)), RANDOM.random((5, 5)), np.ones((9, 9))):
        clean, reach = convolve2d(image, kernel), len(kernel) // 2
        broken = image.copy()
        broken[15, 100] = np.nan
        result = convolve2d(broken, kernel)
        assert np.isnan(result[15, 100])
        result[15 - reach : 16 + reach, 100 - reach : 101 + reach] = 0
        clean[15 - reach : 16 + reach, 100 - reach : 101 + reach] = 0
        np.testing.assert_array_equal(result, clean)


@pytest.mark.parametrize(
    ("kernel", "error"),
    [
        (np.ones((2, 3)), _checks.ShapeError),
        (np.ones((3, 3, 1)), _checks.ShapeError),
        (np.ones((0, 3)), _checks.ShapeError),
        (np.ones((1, 257)), _checks.ShapeError),
        (3.0, _checks.ShapeError),
        ([[1, 2, 3], [1]], _checks.ShapeError),
        ([["a"]], _checks.KindError),
        ([[None]], _checks.KindError),
        ([[1j]], _checks.KindError),
        ([[True]], _checks.KindError),
        ([[np.nan]], _checks.ParameterError),
        ([[1, np.inf, 1]], _checks.ParameterError),
        ([[1e39]], _checks.ParameterError),
    ],
)
def test_kernels_that_are_none(kernel: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^kernel: expected .*, got "):
        convolve2d(np.zeros((4, 5), np.uint8), kernel)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("offset", "1", _checks.KindError),
        ("offset", float("nan"), _checks.ParameterError),
        ("high", 256, _checks.ParameterError),
        ("high", -1, _checks.ParameterError),
        ("high", 1.5, _checks.ParameterError),
        ("high", True, _checks.KindError),
        ("border", "wrap", _checks.ParameterError),
        ("threads", 0, _checks.ParameterError),
    ],
)
def test_other_parameters(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^{name}: expected .*, got "):
        convolve2d(np.zeros((4, 5), np.uint8), [[1]], **{name: value})


def test_arrays() -> None:
    image = np.zeros((4, 5), np.uint8)
    with pytest.raises(_checks.OutputError, match="memory apart"):
        convolve2d(image, [[1]], out=image)
    with pytest.raises(_checks.DtypeError, match=r"^src: "):
        convolve2d(image.astype(np.int16), [[1]])
    cupy_array = type("ndarray", (), {"__module__": "cupy", "dtype": np.dtype(np.uint8), "ndim": 2, "shape": (4, 5)})
    with pytest.raises(_checks.KindError, match="no CUDA variant yet"):
        convolve2d(cupy_array(), [[1]])


@pytest.mark.parametrize("offset", [0, 1, 4, 12, 60])
@pytest.mark.parametrize("number", [0, 3])
def test_large_float_images_written_past_the_caches(number: int, offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stencil_run, "STREAM_BYTES", 0)
    image = noise((30, 150, 3), "float32")
    for border in ("reflect101", "constant"):
        expected = reference(image, **CASES[number], border=border)
        frame = np.full(32 * 1856 + 64, 77, np.uint8)  # rows that begin anywhere in a cache line
        start = -frame.ctypes.data % 64 + offset
        out = frame[start : start + 30 * 1856].reshape(30, 1856)[:, : 150 * 12].view(np.float32).reshape(30, 150, 3)
        check(convolve2d(image, **CASES[number], border=border, out=out), expected)
        out[...] = np.frombuffer(b"MMMM", np.float32)
        assert (frame == 77).all()
