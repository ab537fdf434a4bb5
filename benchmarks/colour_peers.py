"""What other libraries offer for the kernels that look at each pixel by itself."""

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import av
import av.filter
import cv2
import numpy as np
import PIL.Image

from benchmarks.peers import Call, Image, Peer, ffmpeg
from benchmarks.peers import distance as distance
from lumaloom_kernels.rgb_to_gray import WEIGHTS


def opencv_add_weighted(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    out = np.empty_like(image)
    return lambda: cv2.addWeighted(a, 1 - case["amount"], b, case["amount"], 0, dst=out)


def opencv_lut(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    table = case["images"][1]
    if image.dtype == np.float32 or len(table) != np.iinfo(image.dtype).max + 1:
        return None
    out, table = np.empty_like(image), table.reshape(1, len(table), -1)
    return lambda: cv2.LUT(image, table, dst=out)


def numpy_interp(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    table = case["images"][1]
    if image.dtype != np.float32 or table.ndim != 1:
        return None
    places = np.linspace(0, 1, len(table))
    return lambda: np.interp(image, places, table)


def pillow_composite(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8 or case["opaque"] or case["premultiplied"]:
        return None
    front, back = (PIL.Image.fromarray(picture) for picture in case["images"])
    return lambda: PIL.Image.alpha_composite(back, front)  # type: ignore[return-value]


def opencv_histogram(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max) + 1
    channels = range(image.shape[2] if image.ndim == 3 else 1)
    return lambda: np.stack([cv2.calcHist([image], [c], None, [256], [0, top]).ravel() for c in channels])


def opencv_psnr(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    return lambda: cv2.PSNR(a, b, top)  # type: ignore[return-value]


def opencv_mean_std(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return lambda: np.asarray(cv2.meanStdDev(image))


def opencv_from_i420(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8 or (case["matrix"], case["subsampling"]) != ("bt601", "420"):
        return None
    height, width = image.shape[:2]
    frame = np.concatenate([plane.ravel() for plane in case["images"]]).reshape(height * 3 // 2, width)
    out = np.empty_like(image)
    return lambda: cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420, dst=out)


def opencv_to_i420(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8 or (case["matrix"], case["subsampling"]) != ("bt601", "420"):
        return None
    height, width = image.shape[:2]
    out = np.empty((height * 3 // 2, width), np.uint8)
    return lambda: cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420, dst=out)


def swscale(image: Image, case: dict[str, Any], threads: int, *, to_rgb: bool) -> Call | None:
    """Run FFmpeg's scale filter between the planes' format and packed RGB."""
    bits = "16le" if image.dtype == np.uint16 else ""
    planar, packed = f"yuv{case['subsampling']}p{bits}", "rgb48le" if bits else "rgb24"
    height, width = image.shape[:2]
    side, span = ("in", "out") if to_rgb else ("out", "in")
    coding = "full" if case.get("full_range") else "limited"
    options = f"{side}_color_matrix={case['matrix']}:{side}_range={coding}:{span}_range=full:flags=bilinear"
    graph = av.filter.Graph()
    graph.threads = threads
    before, after = (planar, packed) if to_rgb else (packed, planar)
    source = graph.add_buffer(width=width, height=height, format=before, time_base=Fraction(1, 25))
    steps = [source, graph.add("scale", options), graph.add("format", after), graph.add("buffersink")]
    for one, two in pairwise(steps):
        one.link_to(two)
    graph.configure()
    frame = av.VideoFrame(width, height, before)
    images = case["images"] if to_rgb else [image.reshape(height, -1)]
    for plane, part in zip(frame.planes, images, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(len(part), plane.line_size).view(image.dtype)
        rows[:, : part.shape[1]] = part
    clock = iter(range(1 << 60))

    def call() -> Image:
        assert graph.configured
        frame.pts = next(clock)
        source.push(frame)
        return steps[-1].pull()  # type: ignore[return-value]

    return call


def opencv_transform(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    matrix = np.column_stack([case["matrix"], case.get("offset", np.zeros(3))]).astype(np.float32)
    out = np.empty_like(image)
    return lambda: cv2.transform(image, matrix, dst=out)


def ffmpeg_colorchannelmixer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if "offset" in case:
        return None
    names = (f"{to}{of}={case['matrix'][i][j]}" for i, to in enumerate("rgb") for j, of in enumerate("rgb"))
    return ffmpeg(image, "colorchannelmixer", ":".join(names), threads)


def opencv_gray(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    out = np.empty(image.shape[:2], image.dtype)
    if case.get("matrix", "bt601") != "bt601":
        weights = np.array([WEIGHTS[case["matrix"]]], np.float32)
        return lambda: cv2.transform(image, weights, dst=out)
    return lambda: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY, dst=out)


def pillow_gray(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8 or case.get("matrix", "bt601") != "bt601":
        return None
    picture = PIL.Image.fromarray(image)
    assert np.asarray(picture.convert("L")).shape == image.shape[:2]
    return lambda: picture.convert("L")  # type: ignore[return-value]


PEERS: dict[str, dict[str, Peer]] = {
    "alpha_over": {"pillow": pillow_composite},
    "apply_lut": {"opencv": opencv_lut, "numpy": numpy_interp},
    "color_matrix": {"opencv": opencv_transform, "ffmpeg_colorchannelmixer": ffmpeg_colorchannelmixer},
    "histogram": {"opencv": opencv_histogram},
    "mean_std": {"opencv": opencv_mean_std},
    "mix": {"opencv": opencv_add_weighted},
    "psnr": {"opencv": opencv_psnr},
    "rgb_to_gray": {"opencv": opencv_gray, "pillow": pillow_gray},
    "rgb_to_yuv": {"opencv": opencv_to_i420, "swscale": partial(swscale, to_rgb=False)},
    "yuv_to_rgb": {"opencv": opencv_from_i420, "swscale": partial(swscale, to_rgb=True)},
}
