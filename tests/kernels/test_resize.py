"""Resize against its definition, against OpenCV and Pillow, and the properties that it promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _lanes, _picks, _resize_plan, _resize_shuffled, resize
from lumaloom_kernels._checks import DtypeError, KernelError, KindError, OutputError, ParameterError, ShapeError
from lumaloom_kernels._resize_table import FILTERS, axis_table, dense_weights
from lumaloom_kernels.resize import reference
from tests.kernels.arrays import DTYPES, SWEPT, bits, check, layouts, noise
from tests.kernels.conftest import Device

SMOOTH = tuple(name for name in FILTERS if name != "nearest")

SHAPES = [(1, 1), (1, 9), (9, 1, 3), (7, 5), (64, 64, 1), (33, 47, 2), (101, 133, 3), (40, 37, 4), (5, 700, 3)]
SIZES = [(1, 1), (3, 2), (40, 1), (1, 50), (20, 11), (97, 33), (250, 151)]


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_matches_reference(device: Device, shape: tuple[int, ...], dtype: str, filter_name: Any) -> None:
    image = bits(shape, dtype)
    src = device.put(image.copy())
    for size in SIZES:
        got = resize(src, size, filter_name)
        assert got.shape == (size[1], size[0], *shape[2:])
        check(device.get(got), reference(image, size, filter_name), size)
    np.testing.assert_array_equal(device.get(src), image)


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize(
    "box",
    [(0.5, 0, 32.5, 31), (3.25, 7.5, 20.125, 8.75), (10, 5, 31, 25), (-0.75, -1, 33.5, 31.25), (32.9, 0, 33, 0.125)],
    ids=str,
)
def test_box(device: Device, box: Any, dtype: str, filter_name: Any) -> None:
    image = noise((31, 33, 3), dtype)
    for size in [(32, 31), (21, 20), (70, 45)]:
        got = resize(device.put(image), size, filter_name, box=box)
        check(device.get(got), reference(image, size, filter_name, box=box), size)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_half_the_size(device: Device, channels: int, dtype: str) -> None:
    for width in (1, 5, 10, 16, 21, 32, 67):
        image = noise((2 * 5, 2 * width, channels), dtype)
        got = device.get(resize(device.put(image), (width, 5), "area"))
        check(got, reference(image, (width, 5), "area"))
        box = (1, 3, 2 * width - 1, 9)
        if width > 1:
            got = device.get(resize(device.put(image), (width - 1, 3), "area", box=box))
            check(got, reference(image, (width - 1, 3), "area", box=box))


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Patch what plans depend on."""
    _resize_plan.make_plan.cache_clear()
    yield monkeypatch
    _resize_plan.make_plan.cache_clear()


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("size", [(50, 40), (11, 9)])
def test_without_wide_instructions(dtype: str, size: tuple[int, int], plans: pytest.MonkeyPatch) -> None:
    """Rows are turned instead of shuffled; the float32 family gives uint8 too what the definition says."""
    src = noise((23, 31, 3), dtype)
    expected = resize(src, size, "lanczos")
    plans.setattr(_picks, "HAS_PICKS", False)
    _resize_plan.make_plan.cache_clear()
    np.testing.assert_array_equal(resize(src, size, "lanczos"), expected)
    plans.setattr(_resize_plan, "has_fixed_point", lambda: False)
    _resize_plan.make_plan.cache_clear()
    check(resize(src, size, "lanczos"), reference(src, size, "lanczos"))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("size", [(301, 31), (611, 170)], ids=str)
def test_strips_and_large_results(dtype: str, size: tuple[int, int], plans: pytest.MonkeyPatch) -> None:
    """Strips of a row, and stores past the caches, change no bit."""
    src = noise((35, 403, 3), dtype)
    expected = resize(src, size)
    check(expected, reference(src, size))
    plans.setattr(_resize_plan, "STRIP_ROOM", 0)
    plans.setattr(_resize_shuffled, "LARGE", 0)
    _resize_plan.make_plan.cache_clear()
    np.testing.assert_array_equal(resize(src, size), expected)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("size", [(29, 31), (90, 70), (9, 11)], ids=str)
def test_any_layout(device: Device, size: tuple[int, int], dtype: str) -> None:
    image = noise((45, 53, 3), dtype)
    expected = device.get(resize(device.put(image), size))
    for name, src in layouts(image, device.module):
        src[...] = device.put(image)
        np.testing.assert_array_equal(device.get(resize(src, size)), expected, name)
    for name, out in layouts(expected, device.module):
        assert resize(device.put(image), size, out=out) is out
        np.testing.assert_array_equal(device.get(out), expected, name)


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("dtype", SWEPT)
def test_same_bits_for_any_threads(dtype: str, filter_name: Any) -> None:
    src = noise((83, 67, 3), dtype)
    for size in [(41, 50), (130, 171), (60, 7), (8, 100)]:
        one = resize(src, size, filter_name)
        for threads in (1, 2, 3, 8):
            np.testing.assert_array_equal(resize(src, size, filter_name, threads=threads), one)


def test_read_only_source_and_same_size() -> None:
    src = noise((13, 17, 3), "uint8")
    src.flags.writeable = False
    same = resize(src, (17, 13))
    np.testing.assert_array_equal(same, src)
    assert not np.may_share_memory(same, src)
    np.testing.assert_array_equal(resize(src, (5, 4), box=(2, 3, 7, 7)), src[3:7, 2:7])
    resize(src, (9, 9))


# --- properties ---------------------------------------------------------------------------------------

SIDES = st.integers(1, 60)
PROPERTY = {"shape": st.tuples(SIDES, SIDES, st.integers(1, 4)), "size": st.tuples(SIDES, SIDES)}
PATIENT = settings(deadline=None)  # an example may be the first to need some code compiled


@PATIENT
@given(**PROPERTY, filter_name=st.sampled_from(FILTERS), value=st.integers(0, 255), dtype=st.sampled_from(DTYPES))
def test_constant_stays(shape: Any, size: Any, filter_name: Any, value: int, dtype: str) -> None:
    got = resize(np.full(shape, value, dtype), size, filter_name)
    if dtype == "float32":
        np.testing.assert_allclose(got, value, 1e-5)
    else:
        assert (got == value).all()


@PATIENT
@given(**PROPERTY, filter_name=st.sampled_from(SMOOTH), seed=st.integers(0, 99))
def test_flips_with_the_image(shape: Any, size: Any, filter_name: Any, seed: int) -> None:
    src = noise(shape, "float32", seed)
    got = resize(src[::-1, ::-1], size, filter_name)[::-1, ::-1]
    np.testing.assert_allclose(got, resize(src, size, filter_name), 1e-5, 1e-5)


@PATIENT
@given(**PROPERTY, filter_name=st.sampled_from(["nearest", "bilinear", "area"]), seed=st.integers(0, 99))
def test_stays_in_range(shape: Any, size: Any, filter_name: Any, seed: int) -> None:
    for dtype in DTYPES:
        src = noise(shape, dtype, seed)
        got = resize(src, size, filter_name)
        slack = 1e-6 if dtype == "float32" else 0
        assert src.min() - slack <= got.min()
        assert got.max() <= src.max() + slack


@PATIENT
@given(factors=st.tuples(st.integers(1, 9), st.integers(1, 9)), size=st.tuples(SIDES, SIDES), seed=st.integers(0, 99))
def test_area_keeps_the_mean(factors: Any, size: Any, seed: int) -> None:
    src = noise((factors[1] * size[1], factors[0] * size[0]), "float32", seed)
    got = resize(src, size, "area")
    blocks = src.reshape(size[1], factors[1], size[0], factors[0]).mean(axis=(1, 3), dtype=np.float64)
    np.testing.assert_allclose(got, blocks, 1e-5, 1e-6)


@given(sides=st.tuples(st.integers(1, 300), st.integers(1, 300)), filter_name=st.sampled_from(FILTERS), data=st.data())
def test_table_is_the_definition(sides: tuple[int, int], filter_name: str, data: Any) -> None:
    low = data.draw(st.floats(-1, sides[0] - 0.5))
    span = low, data.draw(st.floats(low + 0.25, sides[0] + 1))
    table = axis_table(*sides, filter_name, span)
    assert table.starts.min() >= 0
    assert table.starts.max() + table.weights.shape[1] <= sides[0]
    assert (np.diff(table.starts) >= 0).all()
    dense = np.zeros((sides[1], sides[0]))
    np.put_along_axis(dense, table.starts[:, None] + np.arange(table.weights.shape[1]), table.weights, axis=1)
    np.testing.assert_allclose(dense, dense_weights(*sides, filter_name, span), 0, 1e-6)


def test_windows_never_step_back() -> None:
    """A weight that is zero by chance, here of output pixel 2, does not make its window begin later."""
    table = axis_table(5, 5, "bicubic", (0.0, 3.0))
    assert (np.diff(table.starts) >= 0).all()
    image = noise((5, 5, 3), "float32")
    check(resize(image, (5, 5), box=(0, 0, 3, 3)), reference(image, (5, 5), box=(0, 0, 3, 3)))


def test_not_finite_pixels_stay_near() -> None:
    src = np.zeros((60, 60), np.float32)
    src[30, 30] = np.nan
    touched = np.argwhere(np.isnan(resize(src, (90, 90), "bicubic")))
    assert touched.min() >= 45 - 5
    assert touched.max() <= 45 + 5


# --- second opinions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_agrees_with_opencv(channels: int) -> None:
    src = noise((48, 60, channels), "float32").squeeze()
    area = cv2.resize(src, (20, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(resize(src, (20, 16), "area"), area, 1e-4, 1e-5)
    odd = cv2.resize(src, (37, 29), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(resize(src, (37, 29), "area"), odd, 1e-4, 1e-4)
    # OpenCV repeats the edge, which for two weights comes to the same as leaving it out.
    linear = cv2.resize(src, (150, 96), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(resize(src, (150, 96), "bilinear"), linear, 1e-4, 1e-5)
    nearest = cv2.resize(src, (96, 32), interpolation=cv2.INTER_NEAREST_EXACT)  # a size without ties
    np.testing.assert_array_equal(resize(src, (96, 32), "nearest"), nearest)


@pytest.mark.parametrize("filter_name", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("box", [None, (3.5, 2.25, 41.0, 40.5)])
@pytest.mark.parametrize("size", [(131, 77), (20, 17), (33, 90)], ids=str)
def test_agrees_with_pillow(size: tuple[int, int], box: Any, filter_name: Any) -> None:
    images = pytest.importorskip("PIL.Image")
    src = noise((44, 53), "float32")
    theirs = images.fromarray(src).resize(size, getattr(images.Resampling, filter_name.upper()), box)
    np.testing.assert_allclose(resize(src, size, filter_name, box=box), np.asarray(theirs), 1e-4, 1e-5)


# --- errors -------------------------------------------------------------------------------------------

IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"size": (0, 4)}, ParameterError, "size: expected 1 to"),
        ({"size": (4, -1)}, ParameterError, "size: expected 1 to"),
        ({"size": (1 << 40, 1)}, ParameterError, "size: expected 1 to"),
        ({"size": (1 << 17, 1 << 17)}, ParameterError, "at most 2147483648 samples"),
        ({"size": 4}, KindError, r"size: expected \(width, height\)"),
        ({"size": (4, 4, 4)}, KindError, r"size: expected \(width, height\)"),
        ({"size": (4.0, 4)}, KindError, "size: expected whole numbers"),
        ({"size": (True, 4)}, KindError, "size: expected whole numbers"),
        ({"filter": "cubic"}, ParameterError, "did you mean bicubic"),
        ({"filter": None}, ParameterError, "filter: expected one of"),
        ({"filter": ["area"]}, ParameterError, "filter: expected one of"),
        ({"box": (0, 0, 6)}, KindError, "box: expected"),
        ({"box": (0, 0, "6", 8)}, KindError, "box: expected four numbers"),
        ({"box": (0, 0, float("nan"), 8)}, ParameterError, "box: expected finite"),
        ({"box": (0, 0, float("inf"), 8)}, ParameterError, "box: expected finite"),
        ({"box": (2, 0, 2, 8)}, ParameterError, "box: expected x0 < x1"),
        ({"box": (0, 5, 6, 4)}, ParameterError, "box: expected x0 < x1"),
        ({"box": (-1.5, 0, 6, 8)}, ParameterError, "box: expected a region of the 6x8 image"),
        ({"box": (0, 0, 6, 9.5)}, ParameterError, "box: expected a region of the 6x8 image"),
        ({"threads": 0}, ParameterError, "threads"),
        ({"out": np.zeros((4, 4, 4), np.uint8)}, OutputError, r"out: expected shape \(4, 4, 3\)"),
        ({"out": np.zeros((4, 4, 3), np.float32)}, OutputError, "dtype uint8"),
        ({"out": [1]}, OutputError, "out: expected"),
        ({"out": IMAGE[:4, :4]}, OutputError, "memory apart"),
        ({"out": np.broadcast_to(np.uint8(0), (4, 4, 3))}, OutputError, "writable"),
        ({"src": IMAGE.astype(np.float64)}, DtypeError, "float64"),
        ({"src": IMAGE.astype(">u2")}, DtypeError, "byte order"),
        ({"src": IMAGE[0, 0]}, ShapeError, "src: expected shape"),
        ({"src": np.zeros((4, 4, 5), np.uint8)}, ShapeError, "src: expected shape"),
        ({"src": IMAGE[:0]}, ShapeError, "at least one row"),
        ({"src": [[1]]}, KindError, "NumPy or CuPy"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[KernelError], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        resize(**{"src": IMAGE, "size": (4, 4), **arguments})
    assert "\n" not in str(caught.value)


def test_fixed_point_is_used_where_it_is_fast() -> None:
    plan = _resize_plan.make_plan((72, 128, 3), (64, 36), "bilinear", (0.0, 0.0, 128.0, 72.0), "uint8")
    assert plan.family.dtype == ("int16" if _lanes.has_fixed_point() else "float32")
