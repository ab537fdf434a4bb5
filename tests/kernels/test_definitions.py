"""Every kernel does what its reference says, on every device."""

from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import lumaloom_kernels
from lumaloom_kernels import _checks, _registry
from tests.kernels.arrays import DTYPES, SHAPES, bits, check, noise, scene
from tests.kernels.conftest import Device

BLURS = ("gaussian_blur", "box_blur")
SIGMAS = (0.0, 0.3, 0.6, 1.0, 1.7, 2.5, 3.3, 4.4, 4.6, 5.3, 6.1, 7.5, 9.2, 11.0, 12.5, 17.0, 25.0, 37.0, 60.0)
PAIRS = ((0.0, 2.0), (3.0, 0.0), (1.0, 9.0), (14.0, 2.0), (5.0, 30.0))
RADII = (0, 1, 2, 3, 5, 6, 7, 8, 13, 40, 130, (0, 3), (9, 0), (2, 30), (31, 2))


def every_case() -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}-{'-'.join(map(str, case.values()))}".replace(" ", ""))
        for name in _registry.names()
        for case in _registry.load(name).CASES
        if is_whole(name, case)
    ]


def is_whole(name: str, case: dict[str, Any]) -> bool:
    """Tell whether a case has all that the kernel needs beside an image; others have a test of their own."""
    kernel = signature(getattr(lumaloom_kernels, name))
    wanted = {p.name for p in kernel.parameters.values() if p.default is p.empty}
    return wanted <= {"src", *case} and kernel.return_annotation is _checks.ArrayT


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "case"), every_case())
def test_every_case_matches_the_reference(device: Device, name: str, case: dict[str, Any], dtype: str) -> None:
    module = _registry.load(name)
    if device.name == "gpu" and not Path(module.__file__).with_suffix(".cu").exists():
        pytest.skip(f"{name} has no CUDA variant yet")
    image = scene((83, 201, 3), dtype)
    if name == "resize":  # its sizes are those of frames
        case = {**case, "size": tuple(side // 8 for side in case["size"])}
    result = getattr(lumaloom_kernels, name)(device.put(image), **case)
    check(device.get(result), module.reference(image, **case))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", ["reflect101", "replicate", "constant"])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("name", BLURS)
def test_blurs_of_any_shape(device: Device, name: str, channels: int | None, border: Any, dtype: str) -> None:
    module = _registry.load(name)
    blur = getattr(lumaloom_kernels, name)
    for size in SHAPES:
        image = bits((*size, channels) if channels else size, dtype, seed=len(size))
        for strength in (1, 4, 7, 19) if name == "box_blur" else (0.8, 5.0, 8.0, 19.0):
            result = device.get(blur(device.put(image), strength, border=border))
            check(result, module.reference(image, strength, border=border), (size, strength))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma", [*SIGMAS, *PAIRS])
def test_gaussian_at_any_sigma(device: Device, sigma: Any, dtype: str) -> None:
    from lumaloom_kernels.gaussian_blur import reference

    for make in (noise, bits):
        image = make((97, 131), dtype)
        result = device.get(lumaloom_kernels.gaussian_blur(device.put(image), sigma))
        check(result, reference(image, sigma), make.__name__)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("radius", RADII)
def test_box_at_any_radius(device: Device, radius: Any, dtype: str) -> None:
    from lumaloom_kernels.box_blur import reference

    for make in (noise, bits):
        image = make((97, 131, 3), dtype)
        result = device.get(lumaloom_kernels.box_blur(device.put(image), radius))
        check(result, reference(image, radius), make.__name__)


def test_large_sigma_and_radius_on_a_larger_image(device: Device) -> None:
    image = scene((333, 201, 2), "uint8")
    for name, strength in (("gaussian_blur", 150.0), ("gaussian_blur", (90.0, 1000.0)), ("box_blur", 300)):
        result = device.get(getattr(lumaloom_kernels, name)(device.put(image), strength))
        check(result, _registry.load(name).reference(image, strength), (name, strength))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(
    ("name", "strength"),
    [("gaussian_blur", s) for s in (0.7, 2.0, 5.0, 8.0, 15.0, 40.0)] + [("box_blur", r) for r in (1, 5, 20)],
)
def test_integers_are_rounded_to_the_nearest(device: Device, name: str, strength: Any, dtype: str) -> None:
    # the one step of the tolerance is for sums near a half: few pixels use it, and in both directions
    image = noise((150, 160, 3), dtype)
    result = device.get(getattr(lumaloom_kernels, name)(device.put(image), strength)).astype(float)
    distance = result - _registry.load(name).reference(image, strength)
    assert (distance == 0).mean() > 0.85
    assert abs(distance.mean()) < 0.05
