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
from lumaloom_kernels._yuv import LUMA, SITINGS, SUBSAMPLINGS, chroma_shape, yuv_from_rgb
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


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("uint8", {}),
    ("uint16", {"depth": 10, "high_bits": True}),
    ("uint16", {"depth": 12, "full_range": True}),
    ("float32", {}),
]


@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        pytest.param(*kind, id=name, marks=pytest.mark.slow if name in ("p010", "float") else ())
        for name, kind in zip(["nv12", "p010", "12 bits", "float"], KINDS, strict=True)
    ],
)
def test_pairs_siting_high_bits_and_float(dtype: str, options: dict[str, Any]) -> None:
    depth = options.get("depth", 8)
    for size in ((1, 1), (3, 71), (8, 130), (41, 64)):
        src = noise((*size, 3), dtype, size[1])
        if dtype == "uint16":
            src >>= np.uint16(16 - depth)
        for subsampling in SUBSAMPLINGS:
            for siting in SITINGS if dtype == "uint8" else SITINGS[:2]:  # compiling takes a while
                more = {**options, "siting": siting}
                right = planes_reference(src, "bt709", subsampling, **more)
                planes = rgb_to_yuv(src, "bt709", subsampling, **more)
                for plane, wanted in zip(planes, right, strict=True):
                    unit = 64 if "high_bits" in options else 1
                    check(
                        (plane // unit if unit > 1 else plane), (wanted // unit if unit > 1 else wanted), (size, more)
                    )
                    assert unit == 1 or (plane % unit == 0).all()
                luma, pairs = planes[0], np.stack(planes[1:], axis=2)
                if siting == "left":  # one of them, for the same reason
                    luma, pairs = rgb_to_yuv(src, "bt709", subsampling, **more, interleaved=True, threads=2)
                np.testing.assert_array_equal(luma, planes[0])
                np.testing.assert_array_equal(pairs, np.stack(planes[1:], axis=2))
                back = yuv_to_rgb(*planes, "bt709", **more)
                check(back, reference(*planes, "bt709", **more), (size, subsampling, siting))
                np.testing.assert_array_equal(yuv_to_rgb(luma, pairs, None, "bt709", **more, threads=3), back)
            flat = yuv_to_rgb(*planes, "bt709", **options)
            check(flat, reference(*planes, "bt709", **options), (size, subsampling))
            np.testing.assert_array_equal(yuv_to_rgb(luma, pairs, None, "bt709", **options), flat)


def test_a_ramp_of_chroma_tells_where_its_samples_lie() -> None:
    # luma-sized ramp of blue: each siting's chroma is the ramp at that siting, and comes back as the ramp
    ramp = np.zeros((40, 80, 3), np.float32)
    ramp[..., 2] = np.arange(80) / 100 + np.arange(40)[:, None] / 200
    scale = yuv_from_rgb("bt709", True, 0)[1, 2]
    for siting, x, y in (("center", 0.5, 0.5), ("left", 0, 0.5), ("topleft", 0, 0)):
        planes = rgb_to_yuv(ramp, "bt709", siting=siting)
        assert planes[1][5, 7] == pytest.approx(scale * ((14 + x) / 100 + (10 + y) / 200), abs=1e-6)
        back = yuv_to_rgb(*planes, "bt709", siting=siting)
        np.testing.assert_allclose(back[2:-2, 2:-2], ramp[2:-2, 2:-2], atol=2e-6)


def test_float_that_is_not_finite_stays_near() -> None:
    planes = [np.full((8, 80), 0.25, np.float32) for _ in range(3)]
    clean = yuv_to_rgb(*planes, "bt601")
    planes[0][3, 5] = np.nan
    planes[1][4, 9] = np.inf
    result = yuv_to_rgb(*planes, "bt601")
    assert np.isnan(result[3, 5]).all()
    assert np.isinf(result[4, 9, 1:]).all()
    assert (result != clean).any(axis=2).sum() == 2


def test_semi_planar_agrees_with_ffmpeg() -> None:
    # at 4:2:0 swscale has chroma of its own siting: its luma and grey chroma tell whether bits and pairs are right
    for name, dtype, options in (("nv12", np.uint8, {}), ("p010le", np.uint16, {"depth": 10, "high_bits": True})):
        grey = np.repeat(noise((48, 64, 1), "uint8"), 3, axis=2)
        frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
        theirs = frame.reformat(format=name, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG")
        luma, pairs = (
            np.frombuffer(plane, np.uint8).reshape(plane.height, -1).view(dtype)[:, :64] for plane in theirs.planes
        )
        src = grey if dtype == np.uint8 else (grey.astype(np.uint16) << 2) | (grey >> 6)
        mine = rgb_to_yuv(src, "bt709", **options, interleaved=True)
        step = 1 if dtype == np.uint8 else 64
        assert abs(mine[0].astype(int) - luma).max() <= 4 * step
        assert abs(mine[1].reshape(24, 64).astype(int) - pairs).max() <= 4 * step


Y, U = np.zeros((8, 6), np.uint8), np.zeros((4, 3), np.uint8)
RGB = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"y": Y.astype(np.float64)}, _checks.DtypeError, "y: expected dtype uint8, uint16, float32"),
        ({"y": Y.astype(np.float32)}, _checks.DtypeError, "u: expected dtype float32 as y has"),
        ({"v": None}, _checks.ShapeError, "u: expected pairs of Cb and Cr"),
        ({"siting": "right"}, _checks.ParameterError, "siting: expected one of center, left, topleft"),
        ({"high_bits": 1}, _checks.KindError, "high_bits: expected True or False"),
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
        ({"src": RGB.astype(np.float64)}, _checks.DtypeError, "src: expected dtype uint8, uint16, float32"),
        ({"src": RGB.astype(np.float32), "depth": 10}, _checks.ParameterError, "depth: expected None for float32"),
        ({"siting": None}, _checks.ParameterError, "siting: expected one of"),
        ({"interleaved": "nv12"}, _checks.KindError, "interleaved: expected True or False"),
        ({"interleaved": True, "out": (Y, U, U)}, _checks.OutputError, "out: expected two arrays"),
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
