"""Brightness: `out = in + amount * (white - black)` on luma and RGB, nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest

from lumaloom.frame import Colour, Model, Range
from tests.effects.definitions import FORMATS, SIZES, effect, noise, rendered, spec, worst

TAKEN = [row.name for row in FORMATS.values() if row.shift == 0]


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED], ids=lambda tag: tag.name)
def test_brightness(name: str, width: int, height: int, tag: Range) -> None:
    src = noise(spec(name, width, height, Colour(range=tag)))
    row = src.format
    full = tag is Range.FULL or (tag is Range.UNSPECIFIED and row.model is Model.RGB)
    reach = 1.0 if row.is_float else (2**row.depth - 1 if full else 219 * 2 ** (row.depth - 8))
    for amount in (0.1, -0.35, 1.0):
        out = rendered(effect(f"brightness amount={amount}"), src)
        assert out.spec == src.spec
        for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
            for index, channel in enumerate(fmt.channels):
                before, after = (plane, result) if plane.ndim == 2 else (plane[..., index], result[..., index])
                if channel in "uva":
                    assert np.array_equal(before, after)
                    continue
                expected = before.astype(np.float64) + amount * reach
                if not row.is_float:
                    expected = expected.clip(0, 2**row.depth - 1)
                assert worst(after, expected) <= 1


def test_white_over_black_is_the_whole_way() -> None:
    for tag, black, white in ((Range.LIMITED, 16, 235), (Range.FULL, 0, 255)):
        src = noise(spec("gray", 4, 4, Colour(range=tag)))
        src.planes[0][...] = black
        assert (rendered(effect("brightness amount=1"), src).planes[0] == white).all()
        src.planes[0][...] = white
        assert (rendered(effect("brightness amount=-1"), src).planes[0] == black).all()


def test_float_may_leave_its_nominal_range() -> None:
    src = noise(spec("grayf32le", 5, 3))
    assert rendered(effect("brightness amount=1"), src).planes[0].max() > 1
    assert rendered(effect("brightness amount=-1"), src).planes[0].min() < 0
