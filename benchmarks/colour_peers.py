"""What other libraries offer for the kernels that look at each pixel by itself.

Some kernels need more than an image and the parameters of a case: `ARGUMENTS` makes the rest of them from
the image. Peers find the images in the case, under ``images``.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import av
import av.filter
import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from benchmarks.peers import Call, Image, Peer, as_array, ffmpeg
from lumaloom_kernels._yuv import SUBSAMPLINGS
from lumaloom_kernels.rgb_to_gray import WEIGHTS

Made = tuple[tuple[Any, ...], dict[str, Any]]


def one_image(image: Image, case: dict[str, Any]) -> Made | None:
    return (image,), case


def two_images(image: Image, case: dict[str, Any]) -> Made | None:
    return (image, np.ascontiguousarray(image[::-1])), case


def opencv_add_weighted(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    out = np.empty_like(image)
    return lambda: cv2.addWeighted(a, 1 - case["amount"], b, case["amount"], 0, dst=out)


def three_channels(image: Image, case: dict[str, Any]) -> Made | None:
    return ((image,), case) if image.shape[2:] == (3,) else None


def coded(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the first channel as luma and the others, shrunk, as chroma."""
    if image.shape[2:] != (3,) or image.dtype == np.float32:
        return None
    across, down = SUBSAMPLINGS[case["subsampling"]]
    planes = (image[..., 0], image[::down, ::across, 1], image[::down, ::across, 2])
    options = {key: value for key, value in case.items() if key != "subsampling"}
    return tuple(map(np.ascontiguousarray, planes)), options


def rgb_of_integers(image: Image, case: dict[str, Any]) -> Made | None:
    return ((image,), case) if image.shape[2:] == (3,) and image.dtype != np.float32 else None


def with_table(image: Image, case: dict[str, Any]) -> Made | None:
    top = 1 if image.dtype == np.float32 else np.iinfo(image.dtype).max
    exponents = np.array([0.5, 0.6, 0.7]) if case.get("each") else np.array([0.6])
    if len(exponents) > 1 and image.ndim == 2:
        return None
    table = np.linspace(0, 1, case["entries"])[:, None] ** exponents * top
    return (image, np.ascontiguousarray((table if case.get("each") else table[:, 0]).astype(image.dtype))), {}


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


def pictures(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the image, with a channel of it as alpha, over itself upside down."""
    if image.shape[2:] != (3,):
        return None
    front = np.concatenate([image, image[:, ::-1, :1]], axis=2)
    back = np.ascontiguousarray(front[::-1, :, : 3 if case["opaque"] else 4])
    return (front, back), {"premultiplied": case["premultiplied"]}


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


def frame_rows(frame: av.VideoFrame, dtype: Any) -> list[Image]:
    """Return the planes of a frame of whole numbers without what lies beside them."""
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size).view(dtype)  # type: ignore[call-overload]
        planes.append(rows[:, : plane.width * (3 if len(frame.planes) == 1 else 1)])
    return planes


def distance(result: Any, ours: Any, image: Image) -> NDArray[np.float64]:
    """Return the differences of a peer's result, whatever its form, from ours."""
    if isinstance(ours, tuple) or (isinstance(result, av.VideoFrame) and len(result.planes) == 1 and image.ndim == 3):
        parts = frame_rows(result, image.dtype) if isinstance(result, av.VideoFrame) else [np.asarray(result)]
        mine = ours if isinstance(ours, tuple) else (ours,)
        flat = [np.concatenate([part.ravel() for part in some]).astype(np.float64) for some in (parts, mine)]
        return np.asarray(abs(flat[0] - flat[1]))
    return np.asarray(abs(as_array(result, image).astype(np.float64) - ours))


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


ARGUMENTS: dict[str, Callable[[Image, dict[str, Any]], Made | None]] = {
    "alpha_over": pictures,
    "apply_lut": with_table,
    "color_matrix": three_channels,
    "mix": two_images,
    "psnr": two_images,
    "rgb_to_gray": three_channels,
    "rgb_to_yuv": rgb_of_integers,
    "yuv_to_rgb": coded,
}

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
