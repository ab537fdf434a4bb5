"""Erosion, dilation and median against SciPy, on every format that they take; every sample is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage  # type: ignore[import-untyped]

from tests.effects.definitions import FORMATS, SIZES, by_channel, effect, noise, rendered, spec

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])
FILTERS = {"erode": ndimage.minimum_filter, "dilate": ndimage.maximum_filter, "median": ndimage.median_filter}


def expected(call: str, plane: Any, radius_x: int, radius_y: int) -> Any:
    size = (2 * radius_y + 1, 2 * radius_x + 1)
    return by_channel(plane, lambda channel: FILTERS[call](channel, size, mode="mirror"))


@TAKEN
@pytest.mark.parametrize("call", FILTERS)
def test_every_format(call: str, name: str) -> None:
    """On subsampled planes the radius is divided, halves rounded up: 3 becomes 2."""
    for width, height in SIZES:
        src = noise(spec(name, width, height))
        for radius, share in ((1, 1), (3, 2)):
            out = rendered(effect(f"{call} radius={radius}"), src)
            assert out.spec == src.spec
            for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
                wanted = expected(call, plane, share if fmt.sub_x else radius, share if fmt.sub_y else radius)
                assert np.array_equal(result, wanted)


@pytest.mark.parametrize("call", FILTERS)
def test_packed_ten_bits_are_left_to_the_planner(call: str) -> None:
    assert not effect(f"{call} radius=2").accepts(FORMATS["p010le"])
