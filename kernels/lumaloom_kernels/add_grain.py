"""Grain: noise like that of film or a sensor, the same wherever and whenever it is computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import Array, ArrayT, check_image, check_out, check_threads, is_gpu, no_cuda
from ._later import Later
from ._noise import BELL_BITS, bell, bell_steps, check_origin, check_word, row_keys, uniform, uniform_bytes
from ._stencil_checks import check_high, check_number

_grain_cpu = Later("_grain_cpu")

CASES: tuple[dict[str, Any], ...] = ({"strength": 0.02},)
LARGEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1e6}


def add_grain(
    src: ArrayT,
    strength: float,
    seed: int = 0,
    frame: int = 0,
    *,
    origin: tuple[int, int] = (0, 0),
    high: float | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Add noise to every sample.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        strength: Standard deviation of the noise in the unit of the samples, 0 to 255 for uint8, to 65535 for uint16,
            to 1e6 for float32. uint8 takes it in steps of 1/128.
        seed: Chooses the noise, 0 to 2**32 - 1.
        frame: Chooses it again for every frame of a video, 0 to 2**32 - 1.
        origin: Place (x, y) of ``src`` in the picture it was cut from, 0 to 2**24 - 1 each: tiles of a picture get
            the noise that the whole would.
        high: Integers do not exceed it; None is the largest value of the dtype. For 10 bits in uint16 it is 1023.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from it.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    The noise :math:`n` of a sample is a function of seed, frame, row and place in the row, defined in whole numbers
    (`_noise.py`): near a normal distribution of mean 0, cut at 3.36 times its standard deviation, each sample and
    channel by itself. uint8 gets :math:`n` in 256 levels, the outermost at 2.99 times, each rounded to whole steps, so
    results are exact; other dtypes get :math:`n` in 65536 levels as float32. Integers round half up and are clipped
    to 0 and ``high``; what is not finite stays.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import add_grain
        >>> add_grain(np.full((1, 6), 100, np.uint8), 4.0, seed=1).tolist()
        [[101, 97, 95, 100, 104, 100]]
    """
    check_image(src)
    image: Array = src
    sigma = check_number("strength", strength, 0, LARGEST[image.dtype.name])
    keys = check_word("seed", seed), check_word("frame", frame)
    place = check_origin(origin)
    top = check_high(high, image.dtype)
    count = check_threads(threads)
    if is_gpu(image):
        gpu()
    result = check_out(image, out)
    cpu(image, result, sigma, *keys, place, top, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    strength: float,
    seed: int = 0,
    frame: int = 0,
    *,
    origin: tuple[int, int] = (0, 0),
    high: float | None = None,
) -> NDArray[Any]:
    """Compute by the definition, in whole numbers and float64."""
    samples = src.reshape(len(src), -1)
    channels = samples.shape[1] // src.shape[1]
    place = row_keys(seed, frame, origin[1], len(src)), origin[0] * channels, samples.shape[1]
    if src.dtype == np.uint8:
        numbers = uniform_bytes(*place)
        steps = bell_steps(strength)[numbers & 127].astype(np.float64)
        total = samples + np.where(numbers < 128, steps, -steps)
    else:
        total = samples + bell(uniform(*place)) * (strength / (1 << BELL_BITS))
    return round_to(np.minimum(total, check_high(high, src.dtype)), src.dtype).reshape(src.shape)


def cpu(
    src: NDArray[Any], out: NDArray[Any], strength: float, seed: int, frame: int, origin: tuple[int, int],
    high: float, threads: int,
) -> None:  # fmt: skip
    """Compute on this machine's processor."""
    _grain_cpu.grain(src, out, strength, seed, frame, origin, high, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("add_grain")
