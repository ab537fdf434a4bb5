"""Three-dimensional tables against their definition, FFmpeg, and what must hold of any of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks import peers
from lumaloom_kernels import _checks, apply_lut3d
from lumaloom_kernels.apply_lut3d import INTERPOLATIONS, reference
from tests.kernels.arrays import DTYPES, check, layouts, noise

SHAPES = [(1, 1, 3), (1, 37, 3), (41, 1, 4), (7, 5, 3), (33, 201, 4), (95, 333, 3)]


def identity(size: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(*[np.linspace(0, 1, size)] * 3, indexing="ij"), axis=-1)


def look(size: int, seed: int = 3) -> NDArray[np.float32]:
    """Any colours, some of them out of range."""
    return (np.random.default_rng(seed).random((size, size, size, 3)) * 1.2 - 0.1).astype(np.float32)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, interpolation: str) -> None:
    for number, shape in enumerate(SHAPES):
        src = noise(shape, dtype, number)
        for size, domain in ((2, None), (17, ((-0.1, 0.0, 0.2), (1.1, 0.9, 1.5))), (33, None), (65, None)):
            options: dict[str, Any] = {"interpolation": interpolation}
            if domain is not None:
                options["domain"] = domain
            cube = look(size) if number < 5 or size == 17 else look(size).astype(np.float64)
            result, expected = apply_lut3d(src, cube, **options), reference(src, cube, **options)
            check(result, expected, (shape, size))
            if dtype != "float32":
                assert (result != expected).mean() <= 0.1 + 3 / result.size
            np.testing.assert_array_equal(result[..., 3:], src[..., 3:])
            assert apply_lut3d(src, cube, **options, threads=3).tobytes() == result.tobytes()


def test_every_order_of_shares_and_all_ends() -> None:
    colours = np.stack(np.meshgrid(*[np.array([0, 3, 9, 9, 64, 128, 250, 255])] * 3), axis=-1).reshape(16, -1, 3)
    src = colours.astype(np.uint8)
    for interpolation in INTERPOLATIONS:
        check(
            apply_lut3d(src, look(9), interpolation=interpolation), reference(src, look(9), interpolation=interpolation)
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    src, cube = noise((45, 83, 3), dtype), look(5)
    expected = apply_lut3d(src, cube)
    for name, array in layouts(src):
        assert apply_lut3d(src, cube, out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = src
        np.testing.assert_array_equal(apply_lut3d(array, cube), expected, name)
    frame = np.full((47, 93, 3), 77, dtype)
    apply_lut3d(src, cube, out=frame[1:-1, 4:87])
    np.testing.assert_array_equal(frame[1:-1, 4:87], expected)
    frame[1:-1, 4:87] = 77
    assert (frame == 77).all()
    np.testing.assert_array_equal(apply_lut3d(src, look(9)[::2, ::2, ::2][..., ::-1]), apply_lut3d(src, cube_of(9)))


def cube_of(size: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(look(size)[::2, ::2, ::2][..., ::-1])


@settings(deadline=None)
@given(st.integers(2, 65), st.sampled_from(DTYPES), st.sampled_from(INTERPOLATIONS), st.integers(0, 99))
def test_the_identity_and_a_swap_of_channels(size: int, dtype: str, interpolation: str, seed: int) -> None:
    src = noise((3, 70, 3), dtype, seed)
    check(apply_lut3d(src, identity(size), interpolation=interpolation), src)
    swapped = identity(size)[..., [2, 0, 1]]
    check(apply_lut3d(src, swapped, interpolation=interpolation), np.ascontiguousarray(src[..., [2, 0, 1]]))


def test_neutral_colours_stay_neutral_in_tetrahedra() -> None:
    cube = look(9).astype(np.float64)
    diagonal = np.arange(9)
    cube[diagonal, diagonal, diagonal] = (diagonal / 8)[:, None] ** 2
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    result = apply_lut3d(grey, cube)
    assert (result == result[..., :1]).all()


def test_nan_and_infinity() -> None:
    src = np.full((1, 80, 4), 0.5, np.float32)
    src[0, 7] = (np.nan, 0.2, 0.3, np.inf)
    src[0, 9] = (np.inf, -np.inf, 0.3, np.nan)
    for interpolation in INTERPOLATIONS:
        result = apply_lut3d(src, look(5), interpolation=interpolation)
        assert np.isnan(result[0, 7, :3]).all()
        check(result, reference(src, look(5), interpolation=interpolation))
        np.testing.assert_array_equal(result[0, 9, 3], np.nan)
        assert np.isfinite(result[0, 9, :3]).all()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_agrees_with_ffmpeg(interpolation: str, tmp_path: Path) -> None:
    # FFmpeg cuts off where we round: up to one step between them
    cube = np.clip(look(17), 0, 1)
    lines = [f"{r:.7f} {g:.7f} {b:.7f}" for r, g, b in cube.transpose(2, 1, 0, 3).reshape(-1, 3)]
    (tmp_path / "look.cube").write_text("\n".join(["LUT_3D_SIZE 17", *lines, ""]))
    for dtype in DTYPES:
        src = noise((48, 64, 3), dtype)
        run = peers.ffmpeg(src, "lut3d", f"file={tmp_path / 'look.cube'}:interp={interpolation}", 1)
        assert run is not None
        check(apply_lut3d(src, cube, interpolation=interpolation), peers.as_array(run(), src))


IMAGE, CUBE = np.zeros((8, 6, 3), np.uint8), np.zeros((3, 3, 3, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE[..., 0]}, _checks.ShapeError, r"src: expected shape \(H, W, 3\)"),
        ({"src": IMAGE.astype(np.float64)}, _checks.DtypeError, "src: expected dtype"),
        ({"cube": CUBE.tolist()}, _checks.KindError, "cube: expected a NumPy array"),
        ({"cube": CUBE.astype(np.uint8)}, _checks.KindError, "cube: expected .* got uint8"),
        ({"cube": CUBE[:2]}, _checks.ShapeError, "cube: expected shape"),
        ({"cube": CUBE[:1, :1, :1]}, _checks.ShapeError, "cube: expected shape"),
        ({"cube": np.zeros((66, 66, 66, 3))}, _checks.ShapeError, "N from 2 to 65"),
        ({"cube": CUBE * np.nan}, _checks.ParameterError, "cube: expected finite"),
        ({"interpolation": "prism"}, _checks.ParameterError, "interpolation: expected one of tetrahedral"),
        ({"domain": (0, 1)}, _checks.ShapeError, "domain: expected shape"),
        ({"domain": ((0, 0, 0), (1, 1, 0))}, _checks.ParameterError, "domain: expected second numbers above"),
        ({"domain": ((0, 0, 0), (1, 1, float("inf")))}, _checks.ParameterError, "domain: expected finite"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, (dict, str)) else value.__name__,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        apply_lut3d(**{"src": IMAGE, "cube": CUBE, **arguments})
    assert "\n" not in str(caught.value)
