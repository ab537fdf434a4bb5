"""Dither: fewer bits for each sample, with a pattern or noise in place of bands."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._checks import (
    Array,
    ArrayT,
    KindError,
    ParameterError,
    check_image,
    check_result,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._dither import METHODS, thresholds
from ._noise import check_origin, check_word
from ._stencil_checks import check_number

DitherMethod: TypeAlias = Literal["round", "bayer", "gradient", "random"]

CASES: tuple[dict[str, Any], ...] = tuple({"bits": 8, "method": method} for method in METHODS)


def dither(
    src: ArrayT,
    bits: int = 8,
    method: DitherMethod = "bayer",
    *,
    scale: float | None = None,
    seed: int = 0,
    frame: int = 0,
    origin: tuple[int, int] = (0, 0),
    out: Any = None,
    threads: int | None = None,
) -> Any:
    r"""Reduce samples to whole numbers of some bits.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        bits: Of the result, 1 to 16.
        method: "round" adds nothing; "bayer" orders thresholds in an 8 by 8 matrix, the same for all channels;
            "gradient" is interleaved gradient noise, whose neighbours differ most, as blue noise does; "random" is
            white noise, new for every sample, seed and frame.
        scale: What a sample is multiplied by, 1e-6 to 1e6; None is ``(2**bits - 1) / peak`` with a peak
            of 255, 65535 or 1.0. For video of 10 bits to 8 it is 1/4.
        seed: Chooses the noise of "random", 0 to 2**32 - 1.
        frame: Chooses it again for every frame of a video, 0 to 2**32 - 1.
        origin: Place (x, y) of ``src`` in the picture it was cut from, 0 to 2**24 - 1 each: tiles of a picture get
            the pattern that the whole would.
        out: Takes the result: shape of ``src``, uint8 for up to 8 bits, else uint16, any strides, memory apart from
            it.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array: the shape of ``src``, uint8 for up to 8 bits, else uint16.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: out = \lfloor v \cdot scale + t \rfloor

    clipped to 0 and :math:`2^{bits} - 1`, with a threshold :math:`0 < t < 1` of the place (`_dither.py`), computed in
    float32: a sum near a whole number may fall to either side. NaN gives 0. Bayer, "An optimum method for two-level
    rendition of continuous-tone pictures" (1973); Jimenez, "Next generation post processing in Call of Duty" (2014).
    There is no diffusion of errors: each sample would wait for the one before.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import dither
        >>> dither(np.full((2, 8), 0.5, np.float32), 1).tolist()
        [[0, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0, 1, 0]]
    """
    check_image(src)
    image: Array = src
    if not isinstance(bits, (int, np.integer)) or isinstance(bits, bool):
        raise KindError(f"bits: expected a whole number, got {bits!r}")
    if not 1 <= bits <= 16:
        raise ParameterError(f"bits: expected 1 to 16, got {bits}")
    if not isinstance(method, str) or method not in METHODS:
        raise ParameterError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    factor = _factor(scale, int(bits), image.dtype)
    keys = check_word("seed", seed), check_word("frame", frame)
    place = check_origin(origin)
    count = check_threads(threads)
    if is_gpu(image):
        gpu()
    result = check_result(image, image.shape, np.dtype(np.uint8 if bits <= 8 else np.uint16), out)
    cpu(image, result, int(bits), method, factor, *keys, place, count)
    return result


def reference(
    src: NDArray[Any],
    bits: int = 8,
    method: DitherMethod = "bayer",
    *,
    scale: float | None = None,
    seed: int = 0,
    frame: int = 0,
    origin: tuple[int, int] = (0, 0),
) -> NDArray[Any]:
    """Compute by the definition, in float64."""
    channels = src.shape[2] if src.ndim == 3 else 1
    height, width = src.shape[:2]
    added = thresholds(method, height, width, channels, seed, frame, origin).reshape(src.shape)
    total = np.nan_to_num(np.floor(src * _factor(scale, bits, src.dtype) + added), nan=0)
    result: NDArray[Any] = np.clip(total, 0, (1 << bits) - 1).astype(np.uint8 if bits <= 8 else np.uint16)
    return result


def cpu(
    src: NDArray[Any], out: NDArray[Any], bits: int, method: str, scale: float, seed: int, frame: int,
    origin: tuple[int, int], threads: int,
) -> None:  # fmt: skip
    """Compute on this machine's processor."""
    from ._dither_cpu import reduce

    reduce(src, out, bits, method, scale, seed, frame, origin, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("dither")


def _factor(scale: Any, bits: int, dtype: np.dtype[Any]) -> float:
    if scale is None:
        return ((1 << bits) - 1) / (1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max))
    return check_number("scale", scale, 1e-6, 1e6)
