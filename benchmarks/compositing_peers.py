"""What other libraries offer for blending, SSIM, several frames, noise and fewer bits.

FFmpeg's `noise` adds a table of noise from a random place in each line. Its `ssim` has windows of 8 by 8 pixels
alone. Its `tmix` and `tmedian` get one frame a call, as of a video.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.filter
import cv2
import numpy as np
import PIL.Image
import PIL.ImageChops
from skimage.metrics import structural_similarity

from benchmarks.peers import GBR, PLANAR, Call, Image, Peer, _planes, ffmpeg

MODES = {
    "multiply": "multiply", "screen": "screen", "overlay": "overlay", "darken": "darken", "lighten": "lighten",
    "color-dodge": "dodge", "color-burn": "burn", "hard-light": "hardlight", "soft-light": "softlight",
    "difference": "difference", "exclusion": "exclusion", "add": "addition", "subtract": "subtract",
    "linear-light": "linearlight",
}  # fmt: skip
CHOPS = {
    "multiply": "multiply", "screen": "screen", "overlay": "overlay", "darken": "darker", "lighten": "lighter",
    "hard-light": "hard_light", "soft-light": "soft_light", "difference": "difference", "add": "add",
    "subtract": "subtract",
}  # fmt: skip
OPENCV: dict[str, Any] = {
    "darken": cv2.min, "lighten": cv2.max, "difference": cv2.absdiff, "add": cv2.add, "subtract": cv2.subtract,
}  # fmt: skip


def graph_of(images: Sequence[Image], name: str, arguments: str, threads: int, inputs: int) -> Any:
    """Return the sources, the sink and the frames of one of FFmpeg's filters, or None without such a format."""
    image = images[0]
    pixel_format = PLANAR.get((image.dtype, image.ndim))
    if pixel_format is None:
        return None
    height, width = image.shape[:2]
    graph = av.filter.Graph()
    graph.threads = threads
    step, sink = graph.add(name, arguments), graph.add("buffersink")
    sources = []
    for number in range(inputs):
        source = graph.add_buffer(width=width, height=height, format=pixel_format, time_base=Fraction(1, 25))
        source.link_to(step, 0, number)
        sources.append(source)
    step.link_to(sink)
    graph.configure()
    return graph, sources, sink, [as_frame(picture, pixel_format) for picture in images]


def as_frame(picture: Image, pixel_format: str) -> av.VideoFrame:
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], pixel_format)
    planes = [picture] if picture.ndim == 2 else [picture[..., c] for c in GBR]
    for target, plane in zip(_planes(frame, picture), planes, strict=True):
        target[...] = plane
    return frame


def pair_of(images: Sequence[Image], name: str, arguments: str, threads: int) -> Call | None:
    """Run a filter of two inputs."""
    made = graph_of(images, name, arguments, threads, 2)
    if made is None:
        return None
    graph, sources, sink, frames = made
    clock = iter(range(1 << 60))

    def call() -> Image:
        assert graph.configured  # and the graph lives as long as this function
        while True:
            moment = next(clock)
            for source, frame in zip(sources, frames, strict=True):
                frame.pts = moment
                source.push(frame)
            try:
                return sink.pull()  # type: ignore[no-any-return]
            except av.BlockingIOError:  # the first pair waits for the next
                continue

    first: Any = call()
    return call if first.format.name == frames[0].format.name else None  # else it converts, which is other work


def stream_of(images: Sequence[Image], name: str, arguments: str, threads: int) -> Call | None:
    """Run a filter over time: a call gives it the next of the frames, which come again and again."""
    made = graph_of(images, name, arguments, threads, 1)
    if made is None:
        return None
    graph, (source,), sink, frames = made
    clock = iter(range(1 << 60))
    formats = set()

    def push() -> None:
        moment = next(clock)
        frame = frames[moment % len(frames)]
        frame.pts = moment
        source.push(frame)

    def call() -> Image:
        assert graph.configured
        push()
        return sink.pull()  # type: ignore[no-any-return]

    for _ in range(2 * len(frames) - 1):  # so that the first call sees the frames in their order
        push()
        try:
            formats.add(sink.pull().format.name)
        except av.BlockingIOError:
            continue
    return call if formats == {frames[0].format.name} else None


def ffmpeg_blend(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    mode = MODES.get(case["mode"])
    back, front = case["images"]  # the filter's first input is the top one
    return mode and pair_of((front, back), "blend", f"all_mode={mode}", threads)  # type: ignore[return-value]


def pillow_blend(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if case["mode"] not in CHOPS or image.dtype != np.uint8 or threads > 1:
        return None
    back, front = map(PIL.Image.fromarray, case["images"])
    operation = getattr(PIL.ImageChops, CHOPS[case["mode"]])
    return lambda: operation(back, front)


def opencv_blend(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    back, front = case["images"]
    out = np.empty_like(image)
    if case["mode"] == "multiply":
        top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
        return lambda: cv2.multiply(back, front, dst=out, scale=1 / top)
    if case["mode"] not in OPENCV or (image.dtype == np.float32 and case["mode"] in ("add", "subtract")):
        return None  # which are not clipped there
    return lambda: OPENCV[case["mode"]](back, front, dst=out)


def skimage_ssim(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    if threads > 1 or image.ndim == 3 or "window" in case:
        return None
    top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "sigma": 1.5, "data_range": top}
    return lambda: structural_similarity(a, b, **options)


def ffmpeg_ssim(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype == np.float32 or "window" not in case:
        return None  # it has blocks alone
    call = pair_of(case["images"], "ssim", "", threads)

    def measure() -> Any:
        assert call is not None
        return np.float64(call().metadata["lavfi.ssim.All"])  # type: ignore[attr-defined]

    return call and measure


def ffmpeg_frames(name: str) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        frames = case["images"][0]
        if name == "tmedian":
            return stream_of(frames, "tmedian", f"radius={len(frames) // 2}", threads)
        weights = case["images"][1] if len(case["images"]) > 1 else [1] * len(frames)
        return stream_of(frames, "tmix", f"frames={len(frames)}:weights={' '.join(map(str, weights))}", threads)

    return peer


def opencv_two_frames(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    frames = case["images"][0]
    out = np.empty_like(image)
    return (lambda: cv2.addWeighted(frames[0], 0.5, frames[1], 0.5, 0, dst=out)) if len(frames) == 2 else None


def ffmpeg_denoise(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype == np.float32:
        return None
    return stream_of(case["images"][0], "atadenoise", "s=5", threads)  # its least window


def ffmpeg_noise(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8:
        return None
    return ffmpeg(image, "noise", f"all_strength={round(case['strength'])}:all_flags=t", threads)


def numpy_dither(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if case["method"] != "round" or threads > 1 or image.dtype == np.uint8:
        return None
    factor = np.float32(255 / (1.0 if image.dtype == np.float32 else 65535))
    return lambda: (image * factor + np.float32(0.5)).astype(np.uint8)


def swscale_dither(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    source = PLANAR.get((image.dtype, image.ndim))
    if image.dtype != np.uint16 or case["method"] != "bayer" or source is None:
        return None
    height, width = image.shape[:2]
    frame = av.VideoFrame(width, height, source)
    planes = [image] if image.ndim == 2 else [image[..., c] for c in GBR]
    for target, plane in zip(_planes(frame, image), planes, strict=True):
        target[...] = plane
    name = "gray" if image.ndim == 2 else "gbrp"
    scaler = av.video.reformatter.VideoReformatter()

    def call() -> Image:
        made = scaler.reformat(frame, format=name)
        small = [np.frombuffer(p, np.uint8).reshape(height, p.line_size)[:, :width] for p in made.planes]  # type: ignore[call-overload]
        return small[0] if image.ndim == 2 else small[0][..., None].repeat(3, axis=2)

    return call if image.ndim == 2 else None


PEERS: dict[str, dict[str, Peer]] = {
    "add_grain": {"ffmpeg_noise": ffmpeg_noise},
    "blend": {"opencv": opencv_blend, "ffmpeg_blend": ffmpeg_blend, "pillow": pillow_blend},
    "dither": {"numpy": numpy_dither, "swscale": swscale_dither},
    "frame_blend": {"opencv": opencv_two_frames, "ffmpeg_tmix": ffmpeg_frames("tmix")},
    "ssim": {"skimage": skimage_ssim, "ffmpeg_ssim": ffmpeg_ssim},
    "temporal_denoise": {"ffmpeg_atadenoise": ffmpeg_denoise},
    "temporal_median": {"ffmpeg_tmedian": ffmpeg_frames("tmedian")},
}
