"""Erosion, dilation and what is made of them are exact: every bit is the reference's."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lumaloom_kernels
from lumaloom_kernels import _checks, _morphology, _registry, _streams
from tests.kernels.arrays import DTYPES, SWEPT, layouts, noise

NAMES = ("erode", "dilate", "morph_open", "morph_close", "morph_gradient")
BORDERS = ("reflect101", "replicate", "constant")
SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (2, 70), (40, 201))
SIZES = (1, 2, 3, 4, 5, 8, (1, 9), (12, 2), 13, (70, 27), (300, 300))
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)


def pixels(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    """Noise; float32 with negative values, both zeros, infinities and NaN among it."""
    image = noise(shape, dtype, seed)
    if dtype != "float32":
        return image
    odd = np.random.default_rng(seed + 1).choice(np.float32([0, -0.0, np.nan, -np.nan, np.inf, -np.inf]), shape)
    return np.where(image < 0.1, odd, image - np.float32(0.5))


def same(actual: Any, expected: Any, note: object = "") -> None:
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), note
    bits = {4: np.uint32}.get(actual.itemsize, actual.dtype)
    np.testing.assert_array_equal(actual.view(bits), expected.view(bits), err_msg=str(note))


CURVED = ("ellipse", "cross")
# sides: taps, a lengthened row, rows that wait, wider than high and the other way round, larger than any image
ODD = (1, 3, 5, 7, 9, (3, 1), (1, 5), (9, 3), (5, 33), (61, 7), 101)


def run(name: str, image: Any, size: Any, shape: Any = "rectangle", **options: Any) -> Any:
    return getattr(lumaloom_kernels, name)(image, size, shape, **options)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", ["erode", "dilate"])
def test_any_shape_and_size(name: str, border: Any, dtype: str) -> None:
    for shape, channels, size in product(SHAPES, ((), (1,), (3,), (4,)), SIZES):
        image = pixels((*shape, *channels), dtype)
        expected = _registry.load(name).reference(image, size, border=border)
        same(run(name, image, size, border=border), expected, (shape, channels, size))
        same(run(name, image, size, border=border, threads=3), expected, (shape, channels, size, "threads"))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("shape", CURVED)
@pytest.mark.parametrize("name", ["erode", "dilate"])
def test_ellipses_and_crosses(name: str, shape: str, dtype: str) -> None:
    places = ((1, 1), (1, 37), (41, 1), (7, 5), (2, 70), (40, 133))
    for place, channels, size, border in product(places, ((), (3,)), ODD, ("reflect101", "constant")):
        image = pixels((*place, *channels), dtype)
        expected = _registry.load(name).reference(image, size, shape, border=border)
        same(run(name, image, size, shape, border=border), expected, (place, channels, size, border))
        same(run(name, image, size, shape, border=border, threads=3), expected, (place, channels, size, "threads"))


@pytest.mark.parametrize("shape", CURVED)
def test_wide_images_go_in_strips(shape: str) -> None:
    image = pixels((30, 3000, 4), "uint16")
    for size in (3, 9, 33):
        element = cv2.getStructuringElement(
            {"ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}[shape], (size, size)
        )
        same(run("erode", image, size, shape), cv2.erode(image, element), size)
        same(run("dilate", image, size, shape), cv2.dilate(image, element), size)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("name", NAMES[2:])
def test_what_is_made_of_them(name: str, dtype: str) -> None:
    image = noise((40, 67, 3), dtype)
    for size, border, threads in product((1, 3, 6, (2, 21)), BORDERS, (1, 2)):
        expected = _registry.load(name).reference(image, size, border=border)
        same(run(name, image, size, border=border, threads=threads), expected, (size, border))
    for size, shape, border in product((5, (7, 15)), CURVED, BORDERS):
        expected = _registry.load(name).reference(image, size, shape, border=border)
        same(run(name, image, size, shape, border=border), expected, (size, shape, border))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("size", [3, 5])
def test_small_shapes_in_rows_of_many_bytes(size: int, dtype: str) -> None:
    """Groups of rows that end early, sides of one block or two, results that lie anywhere in a cache line."""
    for place, border, shape in product(((1, 200), (9, 64, 3), (37, 333)), BORDERS, _morphology.SHAPES):
        image = pixels(place, dtype, size)
        for name in NAMES:
            expected = _registry.load(name).reference(image, size, shape, border=border)
            out = np.empty((place[0] + 1, *place[1:]), dtype)[1:]
            with np.errstate(invalid="ignore"):
                same_pixels = run(name, image, size, shape, border=border, out=out, threads=1 + len(place) % 2)
            note = name, place, border, shape
            (same if name != "morph_gradient" else np.testing.assert_array_equal)(same_pixels, expected, note)


def test_large_results_go_past_the_caches() -> None:
    image = noise((1100, 2560, 3), "uint8")
    assert image.nbytes > _streams.LARGE
    element = np.ones((3, 3), np.uint8)
    for name, operation in (("dilate", cv2.MORPH_DILATE), ("morph_close", cv2.MORPH_CLOSE)):
        same(run(name, image, 3, threads=2), cv2.morphologyEx(image, operation, element), name)
    same(run("erode", image, (1, 8)), _registry.load("erode").reference(image, (1, 8), border="reflect101"))


@pytest.mark.parametrize("name", NAMES[2:])
def test_two_steps_part_by_part(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_morphology, "PART_BYTES", 1)
    monkeypatch.setattr(_morphology, "MOST_REACHES", 1)
    image = noise((61, 67, 3), "uint8")
    for size, shape, border, threads in (
        (9, "rectangle", "reflect101", 1), ((4, 6), "rectangle", "reflect101", 2), (1, "rectangle", "constant", 1),
        ((7, 200), "rectangle", "reflect101", 1), (9, "ellipse", "constant", 2), (31, "cross", "replicate", 1),
    ):  # fmt: skip
        options: Any = {"shape": shape, "border": border}
        expected = _registry.load(name).reference(image, size, **options)
        same(run(name, image, size, **options, threads=threads), expected, (size, options))
        out = np.empty((61, 134, 3), "uint8")[:, ::-2]
        same(np.ascontiguousarray(run(name, image, size, **options, out=out)), expected, (size, options))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("name", NAMES)
def test_any_layout(name: str, dtype: str) -> None:
    for place, size, shape in (
        ((23, 31, 3), 4, "rectangle"), ((6, 90), (3, 12), "rectangle"), ((9, 4, 2), 3, "rectangle"),
        ((23, 31, 3), 9, "ellipse"), ((23, 31, 3), 5, "cross"),
    ):  # fmt: skip
        image = noise(place, dtype)
        expected = run(name, image, size, shape)
        for layout, view in layouts(image):
            view[...] = image
            same(np.ascontiguousarray(run(name, view, size, shape)), expected, layout)
            np.testing.assert_array_equal(view, image)
        for layout, out in layouts(image):
            assert run(name, image, size, shape, out=out) is out
            same(np.ascontiguousarray(out), expected, layout)
        frame = np.full((place[0] + 2, place[1] + 40, *place[2:]), 77, dtype)
        run(name, image, size, shape, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


IMAGES = st.builds(
    pixels, st.tuples(st.integers(1, 60), st.integers(1, 90)), st.sampled_from(DTYPES), st.integers(0, 99)
)
LENGTHS = st.one_of(st.integers(1, 12), st.integers(1, 150))
RECTANGLES = st.tuples(LENGTHS, LENGTHS)


@EXAMPLES
@given(IMAGES, RECTANGLES)
def test_dilation_is_erosion_upside_down(image: Any, size: Any) -> None:
    def negative(values: Any) -> Any:
        return -values if values.dtype.kind == "f" else ~values

    mirrored = np.ascontiguousarray(image[::-1, ::-1])
    same(negative(run("erode", negative(mirrored), size))[::-1, ::-1].copy(), run("dilate", image, size))


@EXAMPLES
@given(IMAGES, RECTANGLES, st.sampled_from(BORDERS[1:]))
def test_opening_twice_is_opening_once(image: Any, size: Any, border: Any) -> None:
    image = np.abs(image) if image.dtype.kind == "f" else image  # zeros around hide what is below them
    once = run("morph_open", image, size, border=border)
    same(run("morph_open", once, size, border=border), once)
    assert not (once > image).any()
    if border == "replicate":
        closed = run("morph_close", image, size, border=border)
        same(run("morph_close", closed, size, border=border), closed)
        assert not (closed < image).any()


@EXAMPLES
@given(IMAGES, RECTANGLES, RECTANGLES)
def test_two_erosions_are_one_of_a_larger_rectangle(image: Any, first: Any, second: Any) -> None:
    (a, b), (c, d) = ((x | 1, y | 1) for x, y in (first, second))
    same(run("erode", run("erode", image, (a, b)), (c, d)), run("erode", image, (a + c - 1, b + d - 1)))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("size", [1, 3, 7, 25, (5, 1), (3, 31)])
def test_opencv_agrees(size: Any, dtype: str) -> None:
    image = noise((150, 190, 3), dtype)
    element = np.ones((size[1], size[0]) if isinstance(size, tuple) else (size, size), np.uint8)
    operations = (cv2.MORPH_ERODE, cv2.MORPH_DILATE, cv2.MORPH_OPEN, cv2.MORPH_CLOSE, cv2.MORPH_GRADIENT)
    for name, operation in zip(NAMES, operations, strict=True):
        same(run(name, image, size), cv2.morphologyEx(image, operation, element), name)
        for shape, kind in (("ellipse", cv2.MORPH_ELLIPSE), ("cross", cv2.MORPH_CROSS)):
            element_of = cv2.getStructuringElement(kind, element.shape[::-1])
            if 1 not in element.shape:  # OpenCV's ellipse of one row is a pixel
                same(run(name, image, size, shape), cv2.morphologyEx(image, operation, element_of), (name, shape))


@pytest.mark.parametrize("name", NAMES)
def test_errors(name: str) -> None:
    image = np.zeros((8, 9, 3), np.uint8)
    for size in (0, -1, 8194, (3, 0), (1, 2, 3), ()):
        with pytest.raises(_checks.ParameterError, match=r"^size: expected .*, got "):
            run(name, image, size)
    for size in (3.0, "3", None, True, float("nan")):
        with pytest.raises(_checks.KindError, match=r"^size: expected "):
            run(name, image, size)
    for size in (4, (3, 2), 503):
        with pytest.raises(_checks.ParameterError, match=r"^size: expected odd sides up to 501"):
            run(name, image, size, "ellipse")
    with pytest.raises(_checks.ParameterError, match=r"^shape: expected one of rectangle, ellipse, cross, got 'disc'"):
        run(name, image, 3, "disc")
    with pytest.raises(_checks.DtypeError, match=r"^src: "):
        run(name, image.astype(np.float64), 3)
    with pytest.raises(_checks.ShapeError, match=r"^src: "):
        run(name, image[:0], 3)
    with pytest.raises(_checks.ParameterError, match=r"^border: "):
        run(name, image, 3, border="wrap")
    with pytest.raises(_checks.ParameterError, match=r"^threads: "):
        run(name, image, 3, threads=0)
    with pytest.raises(_checks.OutputError, match=r"^out: expected memory apart from src"):
        run(name, image, 3, out=image)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_cuda_variant_yet(name: str) -> None:
    with pytest.raises(_checks.KindError, match="no CUDA variant"):
        _registry.load(name).gpu(None, None, (3, 3), "rectangle", "replicate")
