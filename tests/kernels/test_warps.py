"""Warps against their definition, and what they promise of borders, maps and matrices."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _registry, _warp, _warp_cpu, remap, warp_affine, warp_perspective
from tests.kernels.arrays import TOP, check, layouts, noise, scene

BORDERS = ("constant", "replicate", "reflect101")
SHAPES = ((1, 1), (1, 37), (41, 1), (2, 2), (7, 5), (61, 150))
# Few of all combinations, because each is compiled for itself: every path of dtype, slot and taps is there.
PATHS = [
    ("uint8", (), "nearest"), ("uint8", (), "bilinear"), ("uint8", (), "bicubic"), ("uint8", (2,), "bilinear"),
    ("uint8", (3,), "nearest"), ("uint8", (3,), "bilinear"), ("uint8", (3,), "bicubic"), ("uint8", (4,), "bilinear"),
    ("uint16", (1,), "bilinear"), ("uint16", (2,), "bicubic"), ("uint16", (3,), "nearest"),
    ("uint16", (3,), "bilinear"), ("uint16", (3,), "bicubic"), ("float32", (), "bilinear"),
    ("float32", (3,), "nearest"), ("float32", (3,), "bilinear"), ("float32", (3,), "bicubic"),
    ("float32", (4,), "bicubic"),
]  # fmt: skip
LONG = [
    ("uint16", (2,), "bicubic"),
    ("uint16", (3,), "nearest"),
    ("float32", (3,), "nearest"),
    ("float32", (4,), "bicubic"),
]
PATH = pytest.mark.parametrize(
    ("dtype", "channels", "interpolation"),
    [pytest.param(*path, marks=pytest.mark.slow if path in LONG else ()) for path in PATHS],
)
TURN = ((0.9, -0.35, 3.513), (0.35, 0.9, -2.271))
TILT = ((1.05, 0.1, -6.02), (0.03, 0.98, 10.01), (2e-3, 1e-2, 1.0))  # no pixel lies between two, as near to both


def maps(height: int, width: int, across: int, down: int, seed: int = 0) -> tuple[Any, Any]:
    """Places in and around an image, some of them nowhere."""
    random = np.random.default_rng(seed)
    x = (random.random((height, width)) * (across + 40) - 20).astype(np.float32)
    y = (random.random((height, width)) * (down + 40) - 20).astype(np.float32)
    x[0, :7] = np.nan, np.inf, -np.inf, 1e30, -1e30, -0.0, 2e9
    y[-1, -4:] = np.nan, np.inf, -1e30, 3.0
    return x, y


def filler(dtype: str, channels: tuple[int, ...]) -> Any:
    return tuple(TOP[dtype] if c % 2 else 0 for c in range(channels[0])) if channels else TOP[dtype]


def source(shape: tuple[int, ...], dtype: str) -> Any:
    """Noise, and nothing to lose outside it: a read there would change the result."""
    frame = np.full((shape[0], shape[1] + 2, *shape[2:]), np.nan if dtype == "float32" else TOP[dtype] // 2, dtype)
    frame[:, 1:-1] = noise(shape, dtype)
    return frame[:, 1:-1]


@PATH
def test_matches_reference(dtype: str, channels: tuple[int, ...], interpolation: Any) -> None:
    for shape, border in product(SHAPES, BORDERS):
        image = source((*shape, *channels), dtype)
        options = {"interpolation": interpolation, "border": border, "value": filler(dtype, channels)}
        x, y = maps(29, 67, shape[1], shape[0])
        for kernel, arguments, more in (
            (warp_affine, (TURN,), {"size": (75, 33)}),
            (warp_affine, (TURN,), {"inverse": True}),
            (warp_perspective, (TILT,), {"size": (133, 57)}),
            (remap, (x, y), {}),
        ):
            result = kernel(image, *arguments, **options, **more)  # type: ignore[operator]
            expected = _registry.load(kernel.__name__).reference(image, *arguments, **options, **more)  # type: ignore[attr-defined]
            check(result, expected, (kernel, shape, border))
            if dtype != "float32":
                assert (result != expected).mean() <= max(0.05, 3 / result.size)
            again = kernel(image, *arguments, **options, **more, threads=3)  # type: ignore[operator]
            assert again.tobytes() == result.tobytes()


def test_without_packed_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_warp_cpu, "has_packed", lambda: False)
    test_matches_reference("uint8", (3,), "bilinear")


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_any_layout(interpolation: Any) -> None:
    image = noise((45, 83, 3), "uint8")
    options = {"interpolation": interpolation, "border": "replicate"}
    expected = warp_affine(image, TURN, **options)
    for name, array in layouts(image):
        assert warp_affine(image, TURN, out=array, **options) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = image
        np.testing.assert_array_equal(warp_affine(array, TURN, **options), expected, name)
        np.testing.assert_array_equal(array, image)
    frame = np.full((47, 123, 3), 77, np.uint8)
    warp_affine(image, TURN, out=frame[1:-1, 20:-20], **options)
    np.testing.assert_array_equal(frame[1:-1, 20:-20], expected)
    frame[1:-1, 20:-20] = 77
    assert (frame == 77).all()
    x, y = maps(45, 83, 83, 45)
    expected = remap(image, x, y, **options)
    wide = np.zeros((90, 200), np.float32)
    for view in (wide[::2, :166:2], wide[:45, :83], wide[44::-1, :83]):
        view[...] = x
        np.testing.assert_array_equal(remap(image, view, y, **options), expected)
        view[...] = y
        np.testing.assert_array_equal(remap(image, x, view, **options), expected)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_whole_steps_move_pixels_and_keep_them(interpolation: Any, dtype: str) -> None:
    image = noise((40, 70, 3), dtype)
    moved = warp_affine(image, [[1, 0, 5], [0, 1, -3]], interpolation=interpolation)
    np.testing.assert_array_equal(moved[:-3, 5:], image[3:, :-5])
    assert not moved[-3:].any()
    assert not moved[:, :5].any()
    turned = warp_affine(image, [[0, 1, 0], [-1, 0, 69]], size=(40, 70), interpolation=interpolation)
    np.testing.assert_array_equal(turned, np.rot90(image))
    y, x = np.indices((40, 70), np.float32)
    np.testing.assert_array_equal(remap(image, x, y, interpolation=interpolation), image)
    even = np.full_like(image, TOP[dtype] * 7 // 8)
    for border in BORDERS[1:]:
        np.testing.assert_allclose(
            warp_affine(even, TURN, interpolation=interpolation, border=border),
            even,
            rtol=1e-6,  # type: ignore[arg-type]
        )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e9, 1e9) | st.floats(-2, 2), min_size=9, max_size=9), st.sampled_from(BORDERS))
def test_any_matrix_gives_the_reference_or_an_error(numbers: list[float], border: Any) -> None:
    """Ramps are smooth, so that what float64 loses of absurd coordinates hardly shows where it shows at all."""
    image = np.arange(9 * 11, dtype=np.uint8).reshape(9, 11)
    matrix = np.array(numbers).reshape(3, 3)
    try:
        result = warp_perspective(image, matrix, border=border, value=40)
    except _warp.SingularError:
        return
    assert result.min() >= 0
    assert result.max() <= 98
    flat = warp_perspective(np.full_like(image, 40), matrix, border=border, value=40)
    assert (flat == 40).all()


def test_far_away_is_the_border() -> None:
    image = noise((20, 30), "uint8")
    for shift in (1e4, 2e9 / 3, 9.9e8):
        for sign in (1, -1):
            matrix = [[1, 0, sign * shift], [0, 1, 0]]
            assert (warp_affine(image, matrix, value=9) == 9).all()
            edge = image[:, :1] if sign > 0 else image[:, -1:]
            np.testing.assert_array_equal(
                warp_affine(image, matrix, border="replicate"), np.broadcast_to(edge, image.shape)
            )


def test_what_is_not_finite_stays_near() -> None:
    image = noise((40, 60), "float32")
    clean = warp_affine(image, TURN, border="replicate")
    image[20, 30] = np.nan
    result = warp_affine(image, TURN, border="replicate")
    assert 1 <= np.isnan(result).sum() <= 9
    np.testing.assert_array_equal(result[~np.isnan(result)], clean[~np.isnan(result)])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_opencv_agrees(dtype: str) -> None:
    image = cv2.GaussianBlur(scene((90, 140, 3), dtype), (0, 0), 3)
    slack = {"uint8": 1, "uint16": 1, "float32": 1e-4}[dtype]
    size, matrix, tilt = (140, 90), np.array(TURN), np.array(((1.05, 0.1, -6), (0.03, 0.98, 10), TILT[2]))
    x, y = (map_ + np.float32(0.3) for map_ in np.indices((90, 140), np.float32)[::-1])
    for border, code in (("constant", 0), ("replicate", 1), ("reflect101", 4)):
        pairs: list[tuple[Any, Any]] = [
            (warp_affine(image, TURN, border=border), cv2.warpAffine(image, matrix, size, borderMode=code)),  # type: ignore[arg-type]
            (remap(image, x, y, border=border), cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=code)),  # type: ignore[arg-type]
        ]
        if border != "reflect101":  # near the horizon its float32 coordinates are off by many reflections
            theirs = cv2.warpPerspective(image, tilt, size, borderMode=code)
            pairs.append((warp_perspective(image, tilt, border=border), theirs))  # type: ignore[arg-type]
        for ours, theirs in pairs:
            assert abs(ours.astype(float) - theirs).max() <= slack


IMAGE = np.zeros((8, 6, 3), np.uint8)
MAP = np.zeros((4, 5), np.float32)
EYE = np.eye(3)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"matrix": EYE[:2, :2]}, _checks.ShapeError, "matrix: expected shape"),
        ({"matrix": [[1, 0, 0], [2, 0, 0]]}, _warp.SingularError, "matrix: expected one with an inverse"),
        ({"matrix": np.zeros((2, 3))}, _warp.SingularError, "inverse"),
        ({"matrix": [[1, 0, np.nan], [0, 1, 0]]}, _checks.ParameterError, "matrix: expected finite"),
        ({"matrix": [[1, 0, 0], [0, 1, 1e10]]}, _checks.ParameterError, "matrix: expected finite"),
        ({"matrix": "turn"}, _checks.KindError, "matrix: expected"),
        ({"size": (0, 5)}, _checks.ParameterError, "size"),
        ({"size": (1 << 20, 1 << 20)}, _checks.ParameterError, "size"),
        ({"size": (5.0, 5)}, _checks.KindError, "size"),
        ({"inverse": 1}, _checks.KindError, "inverse"),
        ({"interpolation": "cubic"}, _checks.ParameterError, "interpolation: expected one of nearest"),
        ({"border": "wrap"}, _checks.ParameterError, "border"),
        ({"value": (1, 2)}, _checks.ParameterError, "value: expected one number or 3"),
        ({"value": 256}, _checks.ParameterError, "value: expected whole"),
        ({"value": float("nan")}, _checks.ParameterError, "value: expected whole"),
        ({"value": "1"}, _checks.KindError, "value"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        warp_affine(**{"src": IMAGE, "matrix": EYE[:2], **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"map_x": MAP.astype(np.float64)}, _checks.DtypeError, "map_x: expected dtype float32"),
        ({"map_y": MAP[:3]}, _checks.ShapeError, "map_y: expected shape"),
        ({"map_y": MAP[0]}, _checks.ShapeError, "map_y: expected shape"),
        ({"map_x": None}, _checks.KindError, "map_x"),
        ({"src": IMAGE[:0]}, _checks.ShapeError, "src"),
        ({"src": MAP, "out": MAP}, _checks.OutputError, "memory apart"),
        ({"src": MAP + 1, "out": MAP}, _checks.OutputError, "apart from map_x"),
    ],
    ids=str,
)
def test_errors_of_maps(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        remap(**{"src": IMAGE, "map_x": MAP, "map_y": MAP + 1, **arguments})
    assert "\n" not in str(caught.value)
