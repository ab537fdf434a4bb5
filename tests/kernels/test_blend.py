"""Blend modes against their definition, and the definition against what others have."""

from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageChops
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, alpha_over, blend, mix
from lumaloom_kernels._blend_modes import MODES
from lumaloom_kernels.blend import reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

EVERY = pytest.mark.parametrize("mode", MODES)


def pair(shape: tuple[int, ...], dtype: str, channels: tuple[int, int] = (3, 3), seed: int = 1) -> tuple[Any, Any]:
    """Noise whose ends, black, white, gray and equal, often meet."""
    random = np.random.default_rng(seed)
    images = []
    for number, count in enumerate(channels):
        image = noise((*shape, count), dtype, seed + number)
        for level in (0, TOP[dtype]):
            image[random.random(shape) < 0.15] = level
            image[random.random((*shape, count)) < 0.1] = level
        images.append(image)
    return images[0], images[1]


@EVERY
def test_matches_reference(mode: Any) -> None:
    for dtype in ("uint8", "float32"):
        for size in ((1, 1), (7, 5), (33, 71)):
            back, front = pair(size, dtype)
            for opacity in (1.0, 0.3):
                result = blend(back, front, mode, opacity=opacity)
                check(result, reference(back, front, mode, opacity=opacity), (dtype, size, opacity))
        assert blend(back, front, mode, threads=3).tobytes() == blend(back, front, mode).tobytes()


@pytest.mark.parametrize("channels", [(4, 4), (3, 4), (4, 3), (2, 2), (1, 2)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_alpha(dtype: str, channels: tuple[int, int]) -> None:
    modes = ["soft-light", "hue"] if channels == (4, 4) else ["multiply"]
    for mode in modes if dtype != "uint16" else modes[:1]:
        back, front = pair((33, 71), dtype, channels)
        for opacity in (1.0, 0.4):
            result = blend(back, front, mode, opacity=opacity)  # type: ignore[arg-type]
            check(result, reference(back, front, mode, opacity=opacity), (mode, opacity))  # type: ignore[arg-type]


def test_whole_numbers_over_all_pairs() -> None:
    values = np.arange(256, dtype=np.uint8)
    every = np.repeat(values, 256).reshape(256, 256), np.tile(values, 256).reshape(256, 256)
    product = every[0].astype(int) * every[1]
    np.testing.assert_array_equal(blend(*every, "multiply"), (2 * product + 255) // 510)
    for mode in ("screen", "overlay", "exclusion", "linear-light"):
        check(blend(*every, mode), reference(*every, mode), mode)  # type: ignore[arg-type]


def test_normal_is_over_and_mix() -> None:
    back, front = pair((20, 90), "float32", (4, 4))
    np.testing.assert_allclose(blend(back, front, "normal"), alpha_over(front, back), rtol=1e-5, atol=1e-6)
    opaque = back[..., :3], front[..., :3]
    np.testing.assert_allclose(blend(*opaque, "normal", opacity=0.25), mix(*opaque, 0.25), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(blend(*opaque, "hue", opacity=0), opaque[0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("mode", "theirs"),
    [
        ("multiply", PIL.ImageChops.multiply),
        ("screen", PIL.ImageChops.screen),
        ("darken", PIL.ImageChops.darker),
        ("lighten", PIL.ImageChops.lighter),
        ("difference", PIL.ImageChops.difference),
        ("add", PIL.ImageChops.add),
        ("subtract", PIL.ImageChops.subtract),
        ("overlay", PIL.ImageChops.overlay),
        ("hard-light", PIL.ImageChops.hard_light),
    ],
)
def test_agrees_with_pillow(mode: Any, theirs: Any) -> None:
    back, front = pair((48, 60), "uint8")
    expected = np.asarray(theirs(PIL.Image.fromarray(back), PIL.Image.fromarray(front))).astype(int)
    # Pillow's two lights divide by 127 and cut: up to three steps below
    tolerance = 3 if mode in ("overlay", "hard-light") else 1
    assert abs(blend(back, front, mode).astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(
    ("mode", "back", "front", "expected"),
    [
        ("color-dodge", 0.25, 0.5, 0.5), ("color-dodge", 0.0, 1.0, 0.0), ("color-dodge", 0.1, 1.0, 1.0),
        ("color-burn", 0.75, 0.5, 0.5), ("color-burn", 1.0, 0.0, 1.0), ("color-burn", 0.9, 0.0, 0.0),
        ("soft-light", 0.25, 0.25, 0.15625), ("soft-light", 0.64, 1.0, 0.8), ("soft-light", 0.25, 1.0, 0.5),
        ("soft-light", 0.1, 1.0, 0.296), ("exclusion", 0.25, 0.5, 0.5), ("linear-light", 0.5, 0.6, 0.7),
        ("hard-light", 0.5, 0.75, 0.75), ("overlay", 0.75, 0.5, 0.75),
    ],
)  # fmt: skip
def test_values_worked_out_by_hand(mode: Any, back: float, front: float, expected: float) -> None:
    images = (np.full((1, 2), value, np.float32) for value in (back, front))
    np.testing.assert_allclose(blend(*images, mode), expected, rtol=1e-6)


def test_the_four_of_colour() -> None:
    """Luminosity is the backdrop's, but for `luminosity`, which takes the source's; a gray source has no hue."""
    back, front = (0.2 + 0.6 * noise((9, 80, 3), "float32", seed) for seed in (1, 2))
    weights = (0.3, 0.59, 0.11)
    for mode in ("hue", "saturation", "color"):
        np.testing.assert_allclose(blend(back, front, mode) @ weights, back @ weights, atol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(blend(back, front, "luminosity") @ weights, front @ weights, atol=1e-6)
    gray = np.repeat(front[..., :1], 3, axis=2)
    for mode in ("hue", "saturation", "color"):
        np.testing.assert_allclose(np.ptp(blend(back, gray, mode), axis=2), 0, atol=1e-6)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(["multiply", "screen", "darken", "lighten", "difference", "exclusion", "add"]), st.integers(0, 99)
)
def test_some_modes_commute_and_have_a_neutral(mode: Any, seed: int) -> None:
    back, front = pair((5, 40), "uint8", seed=seed)
    np.testing.assert_array_equal(blend(back, front, mode), blend(front, back, mode))
    neutral = np.full_like(back, 255 if mode in ("multiply", "darken") else 0)
    np.testing.assert_array_equal(blend(back, neutral, mode), back)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_any_layout(dtype: str) -> None:
    back, front = pair((45, 83), dtype)
    expected = blend(back, front, "screen")
    for name, array in layouts(back):
        assert blend(back, front, "screen", out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = back
        np.testing.assert_array_equal(blend(array, front, "screen"), expected, name)
    frame = np.full((47, 93, 3), 77, dtype)
    blend(back, front, "screen", out=frame[1:-1, 5:88])
    frame[1:-1, 5:88] = 77
    assert (frame == 77).all()


def test_alpha_can_be_a_channel_like_others() -> None:
    back, front = pair((9, 70), "uint8", (4, 4))
    apart = [blend(back[..., c], front[..., c], "screen") for c in range(4)]
    np.testing.assert_array_equal(blend(back, front, "screen", alpha=False), np.stack(apart, axis=-1))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"back": IMAGE.astype(np.int16)}, _checks.DtypeError, "back: expected dtype"),
        ({"front": IMAGE.astype(np.uint16)}, _checks.DtypeError, "front: expected dtype uint8"),
        ({"front": IMAGE[:4]}, _checks.ShapeError, "front: expected the size"),
        ({"front": IMAGE[..., 0]}, _checks.ShapeError, "front: expected the size"),
        ({"front": None}, _checks.KindError, "front: expected"),
        ({"mode": "dissolve"}, _checks.ParameterError, "mode: expected one of normal"),
        ({"mode": 3}, _checks.ParameterError, "mode: expected one of normal"),
        ({"mode": "hue", "back": IMAGE[..., 0], "front": IMAGE[..., 0]}, _checks.ShapeError, "three channels"),
        ({"opacity": float("nan")}, _checks.ParameterError, "opacity: expected"),
        ({"alpha": 1}, _checks.KindError, "alpha: expected True or False"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        blend(**{"back": np.ones_like(IMAGE), "front": IMAGE, "mode": "screen", **arguments})
    assert "\n" not in str(caught.value)
