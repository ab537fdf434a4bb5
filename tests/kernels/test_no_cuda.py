"""Kernels without a CUDA variant say so when they get a CuPy array."""

from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels._checks import KindError


class Stranger:
    """What a kernel looks at in a CuPy array."""

    dtype, ndim, shape = np.dtype(np.uint8), 3, (8, 8, 4)


class Plane(Stranger):
    ndim, shape = 2, (8, 8)


Stranger.__module__ = Plane.__module__ = "cupy"
IMAGE, PLANE = Stranger(), Plane()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("add_grain", (IMAGE, 1)),
        ("alpha_over", (IMAGE, IMAGE)),
        ("apply_lut", (IMAGE, np.zeros(256, np.uint8))),
        ("blend", (IMAGE, IMAGE, "screen")),
        ("color_matrix", (IMAGE, np.eye(4))),
        ("diffuse", (IMAGE, np.zeros((2, 3), np.uint8))),
        ("dither", (IMAGE,)),
        ("frame_blend", ([IMAGE, IMAGE],)),
        ("crop", (IMAGE, (0, 0, 1, 1))),
        ("flip", (IMAGE,)),
        ("histogram", (IMAGE,)),
        ("mean_std", (IMAGE,)),
        ("mix", (IMAGE, IMAGE, 0.5)),
        ("pad", (IMAGE, 1)),
        ("psnr", (IMAGE, IMAGE)),
        ("remap", (IMAGE, np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32))),
        ("rgb_to_gray", (IMAGE,)),
        ("rgb_to_yuv", (IMAGE, "bt709")),
        ("ssim", (PLANE, PLANE)),
        ("temporal_denoise", ([PLANE] * 3, 4)),
        ("temporal_median", ([PLANE] * 3,)),
        ("rotate90", (IMAGE,)),
        ("warp_affine", (IMAGE, np.eye(3)[:2])),
        ("warp_perspective", (IMAGE, np.eye(3))),
        ("yuv_to_rgb", (PLANE, PLANE, PLANE, "bt709")),
    ],
)
def test_the_error_names_the_kernel_and_the_mend(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(KindError, match=rf"^src: .* {name} has no CUDA variant yet, pass cupy\.asnumpy"):
        getattr(lumaloom_kernels, name)(*arguments)
