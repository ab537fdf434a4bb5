"""Error diffusion: a picture in the colours of a palette, whose errors the pixels that follow make up for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import DtypeError, KindError, ParameterError, ShapeError, check_image, check_threads, is_gpu, no_cuda
from ._later import Later

_diffuse_cpu = Later("_diffuse_cpu")

CASES: tuple[dict[str, Any], ...] = ({"colours": 256}, {"colours": 16})


def diffuse(
    src: NDArray[np.uint8], palette: NDArray[np.uint8], *, hole: int | None = None, threads: int | None = None
) -> NDArray[np.uint8]:
    r"""Return the picture as entries of a palette, by Floyd and Steinberg's diffusion of errors.

    Args:
        src: uint8 array of shape (H, W, 3) or (H, W, 4), with any strides; the fourth channel is opacity.
        palette: uint8 array of shape (N, 3), N from 1 to 256, its channels as those of ``src``.
        hole: The entry, 0 to 255, of pixels whose opacity is below 128; None is for no holes.
        threads: As of other kernels; one thread works, since every pixel waits for the one before.

    Returns:
        uint8 array of shape (H, W).

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    Row by row from the left, with the sum s of the errors that came to a pixel:

    .. math:: v = clip(src + \lfloor (s + 8) / 16 \rfloor, 0, 255), \quad i = nearest(v), \quad e = v - palette_i

    and 7e goes to the pixel at the right, 3e, 5e and e to those below at the left, below, and below at the right.
    The nearest entry is that with the least sum of squares from v, the first of equals, among the two that are nearest
    to the middle of the cell of 4 by 4 by 4 levels which v is in. Holes pass no errors on. Floyd and Steinberg, "An
    adaptive algorithm for spatial greyscale" (1976).

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import diffuse
        >>> black_and_white = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
        >>> diffuse(np.full((2, 6, 3), 127, np.uint8), black_and_white).tolist()
        [[0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]]
    """
    check_image(src)
    image: Any = src
    check_threads(threads)
    if is_gpu(image):
        gpu()
    if image.dtype != np.uint8:
        raise DtypeError(f"src: expected dtype uint8, got {image.dtype}; convert it")
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ShapeError(f"src: expected shape (H, W, 3) or (H, W, 4), got {image.shape}")
    if not isinstance(palette, np.ndarray):
        raise KindError(f"palette: expected a NumPy array, got {type(palette).__name__}")
    if palette.dtype != np.uint8:
        raise DtypeError(f"palette: expected dtype uint8, got {palette.dtype}; convert it")
    if palette.ndim != 2 or palette.shape[1] != 3 or not 1 <= len(palette) <= 256:
        raise ShapeError(f"palette: expected shape (N, 3) with N from 1 to 256, got {palette.shape}")
    if hole is not None and (not isinstance(hole, (int, np.integer)) or isinstance(hole, bool)):
        raise KindError(f"hole: expected a whole number or None, got {hole!r}")
    if hole is not None and not 0 <= hole <= 255:
        raise ParameterError(f"hole: expected 0 to 255, got {hole}")
    result = np.empty(image.shape[:2], np.uint8)
    cpu(image, palette, result, -1 if hole is None or image.shape[2] == 3 else int(hole))
    return result


def reference(src: NDArray[Any], palette: NDArray[Any], *, hole: int | None = None) -> NDArray[np.uint8]:
    """Go by the definition."""
    height, width = src.shape[:2]
    entries = palette.astype(int)
    result = np.empty((height, width), np.uint8)
    sums = np.zeros((height + 1, width + 2, 3), int)
    for y in range(height):
        for x in range(width):
            if hole is not None and src.shape[2] == 4 and src[y, x, 3] < 128:
                result[y, x] = hole
                continue
            value = np.clip(src[y, x, :3] + (sums[y, x + 1] + 8 >> 4), 0, 255)
            nearest = np.argsort(((entries - (value & 252 | 2)) ** 2).sum(1), kind="stable")[:2]
            result[y, x] = nearest[np.argmin(((entries[nearest] - value) ** 2).sum(1))]
            error = value - entries[result[y, x]]
            for below, aside, weight in ((0, 2, 7), (1, 0, 3), (1, 1, 5), (1, 2, 1)):
                sums[y + below, x + aside] += weight * error
    return result


def cpu(src: NDArray[Any], palette: NDArray[Any], out: NDArray[Any], hole: int) -> None:
    """Compute on this machine's processor; -1 is no hole."""
    _diffuse_cpu.diffused(src, palette, out, hole)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("diffuse")
