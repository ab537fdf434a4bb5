"""Blend: one picture mixed with another by a mode such as multiply or screen."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._blend_modes import MODES
from ._borders import round_to
from ._checks import (
    Array,
    ArrayT,
    DtypeError,
    KindError,
    ParameterError,
    ShapeError,
    check_image,
    check_out,
    check_result,
    check_threads,
    check_unit,
    is_gpu,
    no_cuda,
)
from ._later import Later

_blend_cpu, _plain = Later("_blend_cpu"), Later("_plain")

BlendMode: TypeAlias = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
    "soft-light", "difference", "exclusion", "hue", "saturation", "color", "luminosity", "add", "subtract",
    "linear-light",
]  # fmt: skip

CASES: tuple[dict[str, Any], ...] = tuple({"mode": mode} for mode in MODES if mode != "normal")


def blend(
    back: ArrayT,
    front: ArrayT,
    mode: BlendMode,
    *,
    opacity: float = 1.0,
    alpha: bool = True,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Blend a picture into another.

    Args:
        back: The backdrop: array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any
            strides. Black to white are 0 to 255, 65535 or 1.0.
        front: The source: dtype, height and width of ``back``, and as many channels that are not alpha.
        mode: "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn",
            "hard-light", "soft-light", "difference", "exclusion"; of three channels "hue", "saturation", "color",
            "luminosity"; "add", "subtract", "linear-light".
        opacity: Multiplies the alpha of ``front``, 0 to 1.
        alpha: Whether the last of 2 or 4 channels is alpha, by which colours are not multiplied (straight alpha).
            Either picture may have none; it is opaque then. False blends all channels alike.
        out: Takes the result: shape and dtype of ``back``, any strides, memory apart from both.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``back``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    W3C, "Compositing and Blending Level 1", sections 5 and 10: with colours and alphas from 0 to 1, :math:`\alpha_s`
    that of ``front`` times ``opacity``, and the function :math:`B` of the mode (`_blend_modes.py`)

    .. math::
        \alpha = \alpha_s + \alpha_b (1 - \alpha_s), \quad c = \frac{\alpha_s (1 - \alpha_b) c_s
            + \alpha_s \alpha_b B(c_b, c_s) + (1 - \alpha_s) \alpha_b c_b}{\alpha}

    and 0 where :math:`\alpha` is 0. Integers round half up, saturate, and are within 1 step of that. float32 colours
    are taken as they are, also beyond 0 and 1, where the modes are defined by the same formulas; what is not finite
    gives anything in its own pixel.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import blend
        >>> blend(np.array([[0, 100, 255]], np.uint8), np.array([[51, 51, 51]], np.uint8), "screen").tolist()
        [[51, 131, 255]]
    """
    second: Array = back
    first: Array = front
    look = _plain.seen_three(back, front, out)
    if look[0] < 0:
        check_image(back, "back")
        check_image(front, "front")
        if is_gpu(second) or is_gpu(first):
            gpu()
    if not isinstance(mode, str) or mode not in MODES:
        raise ParameterError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
    share = check_unit("opacity", opacity)
    if not isinstance(alpha, (bool, np.bool_)):
        raise KindError(f"alpha: expected True or False, got {alpha!r}")
    count = check_threads(threads)
    if out is not None and count == 1 and _blend_cpu.blend_plain(look, mode, share, bool(alpha)):
        return out
    _check_channels(second, first, mode, bool(alpha))
    result = check_out(second, out)
    check_result(first, second.shape, second.dtype, result)
    cpu(second, first, result, mode, share, bool(alpha), count)
    return result  # type: ignore[no-any-return]


def reference(
    back: NDArray[Any], front: NDArray[Any], mode: BlendMode, *, opacity: float = 1.0, alpha: bool = True
) -> NDArray[Any]:
    """Compute by the definition, in float64."""
    top = 1 if back.dtype.kind == "f" else np.iinfo(back.dtype).max
    colours = _check_channels(back, front, mode, alpha)
    b, s = (image.reshape(*image.shape[:2], -1) / np.float64(top) for image in (back, front))
    one = np.ones(back.shape[:2])
    alpha_b = b[..., -1] if b.shape[2] > colours else one
    alpha_s = (s[..., -1] if s.shape[2] > colours else one) * opacity
    cb, cs = ([image[..., c] for c in range(colours)] for image in (b, s))
    with np.errstate(all="ignore"):  # where a mode does not look
        mixed = MODES[mode].mix(cb, cs) if not MODES[mode].separable else list(map(MODES[mode].mix, cb, cs))
        whole = alpha_s + alpha_b * (1 - alpha_s)
        results = []
        for below, above, between in zip(cb, cs, mixed, strict=True):
            total = alpha_s * (1 - alpha_b) * above + alpha_s * alpha_b * between + (1 - alpha_s) * alpha_b * below
            results.append(np.where(whole == 0, 0, total / whole))
    if b.shape[2] > colours:
        results.append(whole)
    return round_to(np.stack(results, axis=-1) * top, back.dtype).reshape(back.shape)


def cpu(
    back: NDArray[Any], front: NDArray[Any], out: NDArray[Any], mode: str, opacity: float, alpha: bool, threads: int
) -> None:
    """Compute on this machine's processor."""
    _blend_cpu.blend_images(back, front, out, mode, opacity, _check_channels(back, front, mode, alpha), threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("blend")


def _check_channels(back: NDArray[Any], front: NDArray[Any], mode: str, alpha: bool) -> int:
    """Return how many channels are colours."""
    if front.dtype != back.dtype:
        raise DtypeError(f"front: expected dtype {back.dtype} as back has, got {front.dtype}; convert it")
    counts = [image.shape[2] if image.ndim == 3 else 1 for image in (back, front)]
    colours = [count - (alpha and count in (2, 4)) for count in counts]
    if front.shape[:2] != back.shape[:2] or colours[0] != colours[1]:
        raise ShapeError(f"front: expected the size and the colours of back, {back.shape}, got {front.shape}")
    if not MODES[mode].separable and colours[0] != 3:
        raise ShapeError(f"back: expected three channels of colour for the mode {mode}, got {back.shape}")
    return colours[0]
