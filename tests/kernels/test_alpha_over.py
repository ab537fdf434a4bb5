"""Alpha over against its definition."""

from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, alpha_over
from lumaloom_kernels.alpha_over import reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

SIZES = [(1, 1), (1, 37), (41, 1), (7, 5), (9, 70), (333, 201)]


def pair(size: tuple[int, ...], channels: int, opaque: bool, dtype: str, seed: int = 1) -> tuple[Any, Any]:
    front, back = noise((*size, channels), dtype, seed), noise((*size, channels), dtype, seed + 1)
    for picture, level in ((front, 0), (front, TOP[dtype]), (back, 0)):  # the ends of alpha, and both at once
        picture[np.random.default_rng(seed + level).random(size) < 0.2, -1] = level
    return front, back[..., :-1] if opaque else back


@pytest.mark.parametrize("premultiplied", [False, True])
@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, opaque: bool, premultiplied: bool) -> None:
    for size in SIZES:
        for channels in (2, 4):
            front, back = pair(size, channels, opaque, dtype)
            result = alpha_over(front, back, premultiplied=premultiplied)
            check(result, reference(front, back, premultiplied=premultiplied), (size, channels))
            threaded = alpha_over(front, back, premultiplied=premultiplied, threads=3)
            assert threaded.tobytes() == result.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    front, back = pair((45, 83), 4, False, dtype)
    expected = alpha_over(front, back)
    for name, array in layouts(front):
        assert alpha_over(front, back, out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = front
        np.testing.assert_array_equal(alpha_over(array, back), expected, name)
        array[...] = back
        np.testing.assert_array_equal(alpha_over(front, array), expected, name)
    gray = front[..., ::2]
    np.testing.assert_array_equal(alpha_over(gray, back[..., 0]), alpha_over(gray, back[..., :1])[..., 0])


@settings(deadline=None)
@given(st.sampled_from(DTYPES), st.booleans(), st.integers(0, 99))
def test_what_is_clear_or_opaque(dtype: str, premultiplied: bool, seed: int) -> None:
    front, back = pair((9, 71), 4, False, dtype, seed)
    front[..., 3] = TOP[dtype]
    np.testing.assert_allclose(alpha_over(front, back, premultiplied=premultiplied), front, rtol=1e-6)
    np.testing.assert_allclose(alpha_over(front, back[..., :3], premultiplied=premultiplied), front[..., :3], rtol=1e-6)
    front[..., 3] = 0
    seen = alpha_over(front, back)
    np.testing.assert_allclose(seen[back[..., 3] > 0], back[back[..., 3] > 0], rtol=1e-6)
    assert (seen[back[..., 3] == 0] == 0).all()
    np.testing.assert_array_equal(alpha_over(np.zeros_like(front), back, premultiplied=True), back)


def test_agrees_with_pillow() -> None:
    front, back = pair((48, 60), 4, False, "uint8")
    theirs = np.asarray(PIL.Image.alpha_composite(PIL.Image.fromarray(back), PIL.Image.fromarray(front)))
    visible = theirs[..., 3] > 0
    assert abs(alpha_over(front, back).astype(int) - theirs)[visible].max() <= 1


FRONT, BACK = np.zeros((8, 6, 4), np.uint8), np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"front": FRONT.astype(np.int16)}, _checks.DtypeError, "front: expected dtype"),
        ({"front": BACK}, _checks.ShapeError, "front: expected shape"),
        ({"back": BACK[:4]}, _checks.ShapeError, "back: expected shape"),
        ({"back": BACK[..., 0]}, _checks.ShapeError, "back: expected shape"),
        ({"back": BACK.astype(np.uint16)}, _checks.DtypeError, "back: expected dtype uint8"),
        ({"premultiplied": 1}, _checks.KindError, "premultiplied: expected True or False"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": BACK}, _checks.OutputError, "memory apart"),
        ({"out": FRONT[..., :3]}, _checks.OutputError, "memory apart"),
        ({"out": FRONT}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        alpha_over(**{"front": FRONT, "back": BACK, **arguments})
    assert "\n" not in str(caught.value)
