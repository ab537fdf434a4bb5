"""What VapourSynth's own filters offer; its wheels need Python 3.12.

The frame lies in VapourSynth's memory beforehand, in planes, and a clip repeats it without an end. Results are not
kept, so every call computes. Its borders are other ones in most filters: they repeat the edge or mirror it twice.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.peers import Call, Image, Later, Peer, pair

ENDLESS = 1 << 30
FORMATS = {
    (np.dtype(np.uint8), 2): "GRAY8",
    (np.dtype(np.uint16), 2): "GRAY16",
    (np.dtype(np.float32), 2): "GRAYS",
    (np.dtype(np.uint8), 3): "RGB24",
    (np.dtype(np.uint16), 3): "RGB48",
    (np.dtype(np.float32), 3): "RGBS",
}
FILTERS = {"nearest": "Point", "bilinear": "Bilinear", "bicubic": "Bicubic", "lanczos": "Lanczos"}


def clip(image: Image) -> Any:
    """Return an endless clip of an image."""
    import vapoursynth as vs

    planes = [image] if image.ndim == 2 else [image[..., c] for c in range(3)]
    kind = getattr(vs, FORMATS[image.dtype, image.ndim])
    blank = vs.core.std.BlankClip(width=image.shape[1], height=image.shape[0], format=kind, length=1)
    frame = blank.get_frame(0).copy()
    for number, plane in enumerate(planes):
        np.copyto(np.asarray(frame[number]), plane)
    return blank.std.ModifyFrame(blank, lambda n, f: frame).std.Loop(ENDLESS)


def called(result: Any, threads: int) -> Call:
    """Return a call that makes the next frame of a clip."""
    import vapoursynth as vs

    vs.core.num_threads = threads
    result.std.SetVideoCache(mode=0)
    numbers = iter(range(ENDLESS))

    def array(frame: Any) -> Image:
        planes = [np.asarray(frame[number]) for number in range(frame.format.num_planes)]
        return planes[0] if len(planes) == 1 else np.stack(planes, axis=2)

    def call() -> Any:
        return Later(partial(array, result.get_frame(next(numbers))))

    return call


def takes(image: Image) -> bool:
    return (image.dtype, image.ndim) in FORMATS and image.shape[2:] in ((), (3,))


def box(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    return called(clip(image).std.BoxBlur(hradius=x, hpasses=int(x > 0), vradius=y, vpasses=int(y > 0)), threads)


def median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return called(clip(image).std.Median(), threads) if case["radius"] == 1 else None


def extreme(image: Image, case: dict[str, Any], threads: int, name: str) -> Call | None:
    return called(getattr(clip(image).std, name)(), threads) if case["size"] == 3 else None


def convolution(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kernel = np.array(case["kernel"], np.float64)[::-1, ::-1]
    if kernel.shape not in ((3, 3), (5, 5)):
        return None
    unit = np.abs(kernel[kernel != 0]).min() if image.dtype.kind == "u" else 1.0
    whole = kernel / unit
    if image.dtype.kind == "u" and abs(whole - np.rint(whole)).max() > 1e-5:
        return None  # it takes whole numbers alone
    weights = np.rint(whole) if image.dtype.kind == "u" else whole
    step = clip(image).std.Convolution(weights.ravel().tolist(), bias=case.get("offset", 0), divisor=1 / unit)
    return called(step, threads)


def sobel(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if "axis" in case:
        return None
    return called(clip(image).std.Sobel(scale=case.get("scale", 1.0)), threads)


def merge(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    first, second = map(clip, case["images"])
    return called(first.std.Merge(second, weight=[case["amount"]]), threads)


def lut(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    table = case["images"][1]
    if image.dtype.kind == "f" or table.ndim != 1 or len(table) != np.iinfo(image.dtype).max + 1:
        return None
    return called(clip(image).std.Lut(lut=table.tolist()), threads)


def expression(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    words = f"x {case['gain']} * {case['offset']} +"
    words += f" {case['low']} max" if "low" in case else ""
    words += f" {case['high']} min" if "high" in case else ""
    return called(clip(image).std.Expr(words), threads)


def resize(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    name = FILTERS.get(case["filter"])
    if name is None or "box" in case:
        return None
    width, height = case["size"]
    shape = {"filter_param_a": 0.0, "filter_param_b": 0.5} if name == "Bicubic" else {}
    shape = {"filter_param_a": 3.0} if name == "Lanczos" else shape
    return called(getattr(clip(image).resize, name)(width, height, **shape), threads)


def of_images(peer: Peer) -> Peer:
    """Leave out the images that have no format here."""
    return lambda image, case, threads: peer(image, case, threads) if takes(image) else None


PEERS: dict[str, dict[str, Peer]] = {
    kernel: {f"vapoursynth_{name}": of_images(peer)}
    for kernel, name, peer in (
        ("apply_lut", "lut", lut),
        ("box_blur", "boxblur", box),
        ("convolve2d", "convolution", convolution),
        ("dilate", "maximum", partial(extreme, name="Maximum")),
        ("erode", "minimum", partial(extreme, name="Minimum")),
        ("median_blur", "median", median),
        ("mix", "merge", merge),
        ("resize", "resize", resize),
        ("scale_offset", "expr", expression),
        ("sobel", "sobel", sobel),
    )
}
