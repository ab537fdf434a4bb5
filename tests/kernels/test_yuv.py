"""Y'CbCr to RGB and back, against the definitions."""

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _matrix, rgb_to_yuv, yuv_to_rgb
from lumaloom_kernels._yuv import LUMA, SUBSAMPLINGS, chroma_shape
from lumaloom_kernels.rgb_to_yuv import reference as planes_reference
from lumaloom_kernels.yuv_to_rgb import reference
from tests.kernels.arrays import check, layouts, noise

SIZES = [(1, 1), (1, 37), (41, 1), (7, 5), (9, 70), (6, 128), (201, 333)]
DTYPES = ("uint8", "uint16")


def planes_of(size: tuple[int, int], subsampling: str, dtype: str, depth: int, seed: int = 0) -> list[Any]:
    chroma = chroma_shape(size, SUBSAMPLINGS[subsampling])
    top = 2**depth / 2 ** (8 if dtype == "uint8" else 16)
    return [(noise(s, dtype, seed + i) * top).astype(dtype) for i, s in enumerate((size, chroma, chroma))]


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "float"])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", LUMA)
@pytest.mark.parametrize("depth", [8, 10, 16])
def test_matches_reference(
    depth: int, matrix: str, full_range: bool, fixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fixed:
        if depth > 8:
            pytest.skip("fixed point is for 8 bits")
        monkeypatch.setattr(_matrix, "has_fixed_point", lambda: False)
    dtype = "uint8" if depth == 8 else "uint16"
    options: dict[str, Any] = {"matrix": matrix, "full_range": full_range, "depth": depth}
    for size in SIZES:
        for subsampling in SUBSAMPLINGS:
            planes = planes_of(size, subsampling, dtype, depth)
            result, expected = yuv_to_rgb(*planes, **options), reference(*planes, **options)
            check(result, expected, (size, subsampling))
            assert (result != expected).mean() <= max(0.1, 20 / result.size)
            assert yuv_to_rgb(*planes, **options, threads=3).tobytes() == result.tobytes()
            src = (noise((*size, 3), dtype) >> (0 if depth == 8 else 16 - depth)).astype(dtype)
            planes = list(rgb_to_yuv(src, subsampling=subsampling, **options))
            threaded = rgb_to_yuv(src, subsampling=subsampling, **options, threads=3)
            right = planes_reference(src, subsampling=subsampling, **options)
            for plane, same, wanted in zip(planes, threaded, right, strict=True):
                check(plane, wanted, (size, subsampling))
                assert (plane != wanted).mean() <= max(0.1, 20 / plane.size)
                np.testing.assert_array_equal(plane, same)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    planes = planes_of((46, 84), "420", dtype, 8 if dtype == "uint8" else 16)
    image = yuv_to_rgb(*planes, "bt709")
    coded = rgb_to_yuv(image, "bt709")
    for name, array in layouts(image):
        assert yuv_to_rgb(*planes, "bt709", out=array) is array
        np.testing.assert_array_equal(array, image, name)
        for got, expected in zip(rgb_to_yuv(array, "bt709"), coded, strict=True):
            np.testing.assert_array_equal(got, expected, name)
    for views in zip(*(layouts(plane) for plane in planes), strict=True):
        arrays = [view for _, view in views]
        for array, plane in zip(arrays, planes, strict=True):
            array[...] = plane
        np.testing.assert_array_equal(yuv_to_rgb(*arrays, "bt709"), image, views[0][0])
        made = rgb_to_yuv(image, "bt709", out=arrays)
        assert all(a is b for a, b in zip(made, arrays, strict=True))
        for got, expected in zip(made, coded, strict=True):
            np.testing.assert_array_equal(got, expected, views[0][0])


@settings(deadline=None)
@given(st.sampled_from(list(LUMA)), st.booleans(), st.sampled_from([8, 10, 12, 16]), st.integers(0, 99))
def test_there_and_back(matrix: str, full_range: bool, depth: int, seed: int) -> None:
    dtype = "uint8" if depth == 8 else "uint16"
    src = (noise((9, 65, 3), dtype, seed) >> (0 if depth == 8 else 16 - depth)).astype(dtype)
    options: dict[str, Any] = {"full_range": full_range, "depth": depth}
    back = yuv_to_rgb(*rgb_to_yuv(src, matrix, "444", **options), matrix, **options)
    assert abs(back.astype(int) - src).max() <= 3
    gray = np.repeat(src[..., :1], 3, axis=2)
    _, u, v = rgb_to_yuv(gray, matrix, "420", **options)
    assert (u == 1 << (depth - 1)).all()
    assert (v == 1 << (depth - 1)).all()


def test_known_colours() -> None:
    bars = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    y, u, v = rgb_to_yuv(bars, "bt709", "444")
    assert y.tolist() == [[235, 16, 63, 173, 32]]
    assert u.tolist() == [[128, 128, 102, 42, 240]]
    assert v.tolist() == [[128, 128, 240, 26, 118]]
    y, u, v = rgb_to_yuv(bars, "bt601", "444", full_range=True)
    assert y.tolist() == [[255, 0, 76, 150, 29]]


def test_agrees_with_opencv() -> None:
    planes = planes_of((48, 60), "420", "uint8", 8)
    planes[0] = np.maximum(planes[0], 16)  # below black OpenCV takes luma as black
    packed = np.concatenate([plane.ravel() for plane in planes]).reshape(72, 60)
    theirs = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)
    assert abs(yuv_to_rgb(*planes, "bt601").astype(int) - theirs).max() <= 2


def test_agrees_with_ffmpeg() -> None:
    rgb = noise((48, 64, 3), "uint8")
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    graph = av.filter.Graph()
    source = graph.add_buffer(width=64, height=48, format="rgb24", time_base=Fraction(1, 25))
    step = graph.add("scale", "out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int+bitexact")
    last = graph.add("format", "yuv444p")
    sink = graph.add("buffersink")
    source.link_to(step)
    step.link_to(last)
    last.link_to(sink)
    graph.configure()
    source.push(frame)
    theirs = sink.pull().to_ndarray()
    for mine, plane in zip(rgb_to_yuv(rgb, "bt709", "444"), theirs, strict=True):
        assert abs(mine.astype(int) - plane).max() <= 1


Y, U = np.zeros((8, 6), np.uint8), np.zeros((4, 3), np.uint8)
RGB = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"y": Y.astype(np.float32)}, _checks.DtypeError, "y: expected dtype uint8 or uint16"),
        ({"u": U.astype(np.uint16)}, _checks.DtypeError, "u: expected dtype uint8"),
        ({"u": U[:2], "v": U[:2]}, _checks.ShapeError, "u: expected shape"),
        ({"v": U[:2]}, _checks.ShapeError, "v: expected shape"),
        ({"y": RGB}, _checks.ShapeError, "y: expected a plane"),
        ({"matrix": "rec709"}, _checks.ParameterError, "matrix: expected one of"),
        ({"depth": 10}, _checks.ParameterError, "depth: expected 8 for uint8"),
        ({"depth": 8.0}, _checks.KindError, "depth: expected a whole number"),
        ({"full_range": "tv"}, _checks.KindError, "full_range: expected True or False"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": Y}, _checks.OutputError, r"out: expected shape \(8, 6, 3\)"),
    ],
    ids=str,
)
def test_errors_to_rgb(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        yuv_to_rgb(**{"y": Y, "u": U, "v": U, "matrix": "bt709", **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": RGB[..., :2]}, _checks.ShapeError, "src: expected shape"),
        ({"src": RGB.astype(np.float32)}, _checks.DtypeError, "src: expected dtype uint8 or uint16"),
        ({"subsampling": "411"}, _checks.ParameterError, "subsampling: expected one of 444, 422, 420"),
        ({"out": RGB}, _checks.KindError, "out: expected three arrays"),
        ({"out": (Y, U)}, _checks.OutputError, "out: expected three arrays"),
        ({"out": (Y, U, U)}, _checks.OutputError, "memory apart"),
        ({"out": (RGB[..., 0], U, U.copy())}, _checks.OutputError, "memory apart"),
        ({"out": (Y, Y, U)}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors_to_yuv(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        rgb_to_yuv(**{"src": RGB, "matrix": "bt709", **arguments})
    assert "\n" not in str(caught.value)
