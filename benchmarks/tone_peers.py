"""What other libraries offer for tables of colours, hue and transfer functions."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.peers import Call, Image, Peer, ffmpeg


def ffmpeg_lut3d(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    cube, interpolation = case["images"][1], case.get("interpolation", "tetrahedral")
    lines = [f"{r:.7f} {g:.7f} {b:.7f}" for r, g, b in cube.transpose(2, 1, 0, 3).reshape(-1, 3)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "look.cube"
        path.write_text("\n".join([f"LUT_3D_SIZE {len(cube)}", *lines, ""]))
        return ffmpeg(image, "lut3d", f"file={path}:interp={interpolation}", threads)


def opencv_hsv(image: Image, case: dict[str, Any], threads: int, *, code: int) -> Call | None:
    """Convert whole ranges; OpenCV has float32 hue in degrees, and 16 bits not at all."""
    if image.dtype == np.uint16:
        return None
    out = np.empty_like(image)
    scale = np.float32((360, 1, 1)) if code == cv2.COLOR_HSV2RGB_FULL and image.dtype == np.float32 else None
    source = image if scale is None else image * scale
    return lambda: cv2.cvtColor(source, code, dst=out)


def numpy_srgb(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.float32 or case["transfer"] != "srgb":
        return None
    return lambda: np.where(image <= 0.04045, image / np.float32(12.92), ((image + 0.055) / 1.055) ** np.float32(2.4))


PEERS: dict[str, dict[str, Peer]] = {
    "apply_lut3d": {"ffmpeg_lut3d": ffmpeg_lut3d},
    "hsv_to_rgb": {"opencv": partial(opencv_hsv, code=cv2.COLOR_HSV2RGB_FULL)},
    "rgb_to_hsv": {"opencv": partial(opencv_hsv, code=cv2.COLOR_RGB2HSV_FULL)},
    "to_linear": {"numpy": numpy_srgb},
}
