"""Image kernels on NumPy and CuPy arrays: arrays in, arrays of the same kind out.

``dir(lumaloom_kernels)`` lists them; ``help(lumaloom_kernels.blend)`` explains one.

Every public function lives in a file of its own name and is loaded when it is first used, so that
``import lumaloom_kernels`` costs neither numba nor CuPy. A new kernel is a new file (and its ``.cu``
beside it), plus one line below for type checkers.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import _registry

if TYPE_CHECKING:
    from .add_grain import add_grain as add_grain
    from .alpha_over import alpha_over as alpha_over
    from .apply_lut import apply_lut as apply_lut
    from .apply_lut3d import apply_lut3d as apply_lut3d
    from .bilateral_filter import bilateral_filter as bilateral_filter
    from .blend import blend as blend
    from .box_blur import box_blur as box_blur
    from .color_matrix import color_matrix as color_matrix
    from .convolve2d import convolve2d as convolve2d
    from .crop import crop as crop
    from .diffuse import diffuse as diffuse
    from .dilate import dilate as dilate
    from .dither import dither as dither
    from .erode import erode as erode
    from .flip import flip as flip
    from .frame_blend import frame_blend as frame_blend
    from .from_linear import from_linear as from_linear
    from .gaussian_blur import gaussian_blur as gaussian_blur
    from .histogram import histogram as histogram
    from .hsv_to_rgb import hsv_to_rgb as hsv_to_rgb
    from .laplacian import laplacian as laplacian
    from .mean_std import mean_std as mean_std
    from .median_blur import median_blur as median_blur
    from .mix import mix as mix
    from .morph_close import morph_close as morph_close
    from .morph_gradient import morph_gradient as morph_gradient
    from .morph_open import morph_open as morph_open
    from .motion_blur import motion_blur as motion_blur
    from .pad import pad as pad
    from .psnr import psnr as psnr
    from .remap import remap as remap
    from .resize import resize as resize
    from .rgb_to_gray import rgb_to_gray as rgb_to_gray
    from .rgb_to_hsv import rgb_to_hsv as rgb_to_hsv
    from .rgb_to_yuv import rgb_to_yuv as rgb_to_yuv
    from .rotate90 import rotate90 as rotate90
    from .scale_offset import scale_offset as scale_offset
    from .scharr import scharr as scharr
    from .sobel import sobel as sobel
    from .ssim import ssim as ssim
    from .temporal_denoise import temporal_denoise as temporal_denoise
    from .temporal_median import temporal_median as temporal_median
    from .to_linear import to_linear as to_linear
    from .unsharp_mask import unsharp_mask as unsharp_mask
    from .warp_affine import warp_affine as warp_affine
    from .warp_perspective import warp_perspective as warp_perspective
    from .yuv_to_rgb import yuv_to_rgb as yuv_to_rgb

__all__ = _registry.names()  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(_registry.load(name), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def why_no_cuda() -> str | None:
    """Return why CUDA can't be used here, with what mends it, or None where it can. Creates no context."""
    from ._cuda import why_unavailable

    return why_unavailable()


def cuda_devices() -> list[tuple[str, int, str]]:
    """Return name, bytes of memory and compute capability of every CUDA device; call it where CUDA can be used."""
    from ._cuda import devices

    return devices()


def code_folder() -> Path | None:
    """Return the folder that compiled kernels are kept in between runs, or None where none can be written."""
    from ._code_folder import code_folder

    return code_folder(Path(__file__).parent.resolve())


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Package(ModuleType):
    """Keeps ``lumaloom_kernels.NAME`` the function: importing a submodule would bind the module there."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _registry.names() and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
