"""Cases for device kernels, run by the same functions on the host shim and on a real GPU.

Every case is compared with the kernel's `reference`, on images of noise with edges, in every way in which an
array may lie in memory.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, product
from typing import Any, NamedTuple

import numpy as np

import lumaloom_kernels
from lumaloom_kernels import _cuda, _registry

DTYPES = ("uint8", "uint16", "float32")
BORDERS = ("reflect101", "replicate", "constant")
# dtype: (rtol, atol); integers may differ by one step
TOLERANCE = {"uint8": (0.0, 1.0), "uint16": (0.0, 1.0), "float32": (1e-4, 1e-5)}
# sizes around the kernels' tiles: of one pixel, narrower and wider than a tile, odd, with a remainder of rows
SIZES = ((1, 1), (1, 7), (9, 1), (5, 3), (17, 40), (35, 67), (16, 270), (70, 33))
LAYOUTS = ("plain", "padded", "unaligned", "flipped", "planar", "mirrored")

SIGMAS = (0.3, 1.0, 2.2, 3.3, 4.1, 6.5, 21.0, 300.0, (0.0, 5.0), (2.0, 0.0), (0.7, 12.0))
RADII = (0, 1, 3, 15, 64, 140, 1000, (0, 4), (30, 2))
FILTERS = ("nearest", "bilinear", "bicubic", "lanczos", "area")


class Case(NamedTuple):
    """One call: the kernel, its positional parameters, and what it is called on."""

    kernel: str
    parameters: tuple[Any, ...]
    options: dict[str, Any]
    size: tuple[int, int]
    channels: int  # 0 for a two-dimensional array
    dtype: str
    layout: str

    def __str__(self) -> str:
        words = (self.kernel, *self.parameters, *self.options.values())
        return " ".join(map(str, (*words, self.size, self.channels, self.dtype, self.layout)))


def image(size: tuple[int, int], channels: int, dtype: str, seed: int = 0) -> np.ndarray:
    """Return noise between hard edges: the right half and a bar are at full scale."""
    rng = np.random.default_rng(seed)
    values = rng.random((*size, channels) if channels else size)
    values[:, size[1] // 2 :] = 1
    values[size[0] // 3 : size[0] // 2] = 0
    if dtype == "float32":
        return values.astype(np.float32)
    return np.round(values * np.iinfo(dtype).max).astype(dtype)


def laid_out(cupy: Any, pixels: np.ndarray, layout: str) -> Any:
    """Return a device array of these pixels that lies in memory as ``layout`` says."""
    height, width = pixels.shape[:2]
    rest = pixels.shape[2:]
    if layout == "plain":
        return cupy.asarray(pixels)
    if layout == "planar" and rest:  # channels apart from each other
        base = cupy.empty((*rest, height, width), pixels.dtype).transpose(1, 2, 0)
    elif layout == "mirrored":
        base = cupy.empty(pixels.shape, pixels.dtype)[:, ::-1]
    elif layout == "flipped":
        base = cupy.empty(pixels.shape, pixels.dtype)[::-1]
    else:
        first = 16 if layout == "padded" else 1
        base = cupy.empty((height, width + 32, *rest), pixels.dtype)[:, first : first + width]
    base[...] = cupy.asarray(pixels)
    return base


def check(cupy: Any, case: Case) -> None:
    """Run a case on the device of ``cupy`` and compare with the definition."""
    pixels = image(case.size, case.channels, case.dtype)
    reference = _registry.load(case.kernel).reference
    expected = reference(pixels, *case.parameters, **case.options)
    src = laid_out(cupy, pixels, case.layout)
    out = laid_out(cupy, np.full_like(expected, 7), case.layout)
    result = getattr(lumaloom_kernels, case.kernel)(src, *case.parameters, **case.options, out=out)
    assert result is out
    assert_close(cupy.asnumpy(out), expected, case)
    assert (cupy.asnumpy(src) == pixels).all(), f"{case} changed its input"


def assert_close(actual: np.ndarray, expected: np.ndarray, what: object) -> None:
    """Compare within the tolerance of the dtype."""
    rtol, atol = TOLERANCE[expected.dtype.name]
    np.testing.assert_allclose(
        actual.astype(np.float64), expected.astype(np.float64), rtol=rtol, atol=atol, err_msg=str(what)
    )


def cases(kernel: str, *, sizes: Sequence[tuple[int, int]] = SIZES, rounds: int = 1) -> Iterator[Case]:
    """Yield all parameters and dtypes ``rounds`` times; sizes, channels and layouts rotate through them.

    The three rotate with periods that have no common factor, so that each meets each.
    """
    rest = zip(cycle(sizes), cycle((1, 3, 4, 2, 0)), cycle((*LAYOUTS, "plain")), strict=False)
    for _ in range(rounds):
        for (parameters, options), dtype in product(_parameters(kernel), DTYPES):
            size, channels, layout = next(rest)
            if kernel == "resize":
                parameters = (_target(size, parameters[0]), *parameters[1:])
            yield Case(kernel, parameters, options, size, channels, dtype, layout)


def _parameters(kernel: str) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    if kernel == "gaussian_blur":
        yield from (((sigma,), {"border": border}) for sigma, border in product(SIGMAS, BORDERS))
    elif kernel == "box_blur":
        yield from (((radius,), {"border": border}) for radius, border in product(RADII, BORDERS))
    elif kernel == "resize":
        scales = ((2.0, 2.0), (0.5, 0.5), (1.5, 0.7), (0.09, 0.13), (1.0, 2.2), (0.4, 1.0), (1.0, 1.0))
        yield from (((scale, name), {}) for scale, name in product(scales, FILTERS))
    else:
        for gain, offset in ((1.0, 0.0), (0.5, 0.25), (-1.3, 200.0), (3.7, -0.5), (0.0, 16.0)):
            yield (gain, offset), {}
            yield (gain, offset), {"low": 16.0, "high": 200.0}


def _target(size: tuple[int, int], scale: tuple[float, float]) -> tuple[int, int]:
    height, width = size
    return max(1, round(width * scale[0])), max(1, round(height * scale[1]))


def scratch_for(cupy: Any, function: str, src: Any, out: Any, *parameters: Any) -> Any:
    """Return scratch memory for a launch function of `_cuda`."""
    return cupy.empty(max(1, _cuda.scratch_bytes(getattr(_cuda, function), src, out, *parameters)), "uint8")
