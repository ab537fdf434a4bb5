"""Runs of colour effects beside one of them, one filter graph of FFmpeg's, and the calls that do it in OpenCV.

The grade is ten of our effects, computed, and looked up in a cube where that error is allowed; seven of FFmpeg's
filters (brightness, contrast and gamma are one table: its `eq` is not in every build); and the calls on packed RGB of
8 bits that people write with OpenCV. They do the same things to a picture, and agree in no single pixel. Frames are
decoded beforehand, everything runs on one thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.filter
import cv2
import numpy as np

from benchmarks.harness import interleaved, machine, write_json
from lumaloom.frame import FORMATS, Frame, FrameSpec
from lumaloom.graph import make_plan
from lumaloom.memory import BufferPool
from lumaloom.plugins import default_registry

WIDTH, HEIGHT = 1920, 1080
SEPIA = ("sepia amount=0.8",)
MATRICES = (
    "sepia amount=0.3", "saturation amount=1.2", "hue degrees=8", "contrast amount=1.1", "brightness amount=0.03",
    "channelmixer", "fade start=-10 duration=100", "invert amount=0.1", "blackandwhite amount=0.1", "sepia amount=0.1",
)  # fmt: skip
GRADE = (
    "brightness amount=0.03", "contrast amount=1.1", "saturation amount=1.2", "gamma value=1.1", "hue degrees=8",
    "curves master='0:0 0.25:0.18 0.75:0.82 1:1'", "colorbalance shadows_red=0.1 highlights_blue=0.1",
    "whitebalance kelvin=5600", "vibrance amount=0.3", "vignette amount=0.4",
)  # fmt: skip
TABLE_ERROR = 2.0  # levels of 255 that the grade may be off as a look up in a cube
FFMPEG = (
    "lutyuv=y='pow(clip((val/255-0.5)*1.1+0.53,0,1),0.91)*255',hue=h=8:s=1.2,"
    "curves=master='0/0 0.25/0.18 0.75/0.82 1/1',colorbalance=rs=0.1:bh=0.1,"
    "colortemperature=temperature=5600,vibrance=intensity=0.3,vignette=angle=PI/5"
)

COMPILE = """
import gc, time
from benchmarks.pointwise import GRADE, BufferPool, picture, planned
pool = BufferPool(1 << 30)
frame = picture(pool)
planned(("sepia",)).apply(frame, pool)  # what is loaded once per process does not count,
gc.collect()  # nor what is left over from that
begin = time.perf_counter()
planned(GRADE).apply(frame, pool)
print(1000 * (time.perf_counter() - begin))
"""


def planned(texts: tuple[str, ...], table_error: float = 0.0) -> Any:
    """Return the one step of a chain."""
    registry = default_registry()
    spec = FrameSpec(FORMATS["yuv420p"], WIDTH, HEIGHT)
    known = [text for text in texts if text.split()[0] in registry.effects]
    (step,) = make_plan(spec, registry.create_all(known), [spec.format], table_error=table_error).steps
    return step


def picture(pool: BufferPool) -> Frame:
    """Return smooth colour with some noise, as video has."""
    frame = Frame.allocate(FrameSpec(FORMATS["yuv420p"], WIDTH, HEIGHT), pool)
    rng = np.random.default_rng(1)
    for plane in frame.planes:
        rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]] / 97.0
        plane[...] = (126 + 70 * np.sin(rows + columns) + rng.normal(0, 4, plane.shape)).clip(16, 235)
    return frame


def ffmpeg(frame: Frame, filters: str) -> Callable[[], object]:
    """Return a call that takes a frame through a filter graph on one thread, back to its own format."""
    graph = av.filter.Graph()
    graph.threads = 1
    made = av.VideoFrame(frame.width, frame.height, "yuv420p")
    for target, plane in zip(made.planes, frame.planes, strict=True):
        rows = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)  # type: ignore[call-overload]
        rows[: plane.shape[0], : plane.shape[1]] = plane
    source = graph.add_buffer(width=frame.width, height=frame.height, format=made.format, time_base=frame.time_base)
    last: Any = source
    for text in [*_split(filters), "format=yuv420p"]:
        name, _, words = text.partition("=")
        step = graph.add(name, words.replace("'", ""))
        last.link_to(step)
        last = step
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    clock = iter(range(1 << 60))

    def call() -> object:
        assert graph.configured  # and the graph lives as long as this function
        made.pts = next(clock)
        source.push(made)
        return sink.pull()

    return call


def _split(filters: str) -> list[str]:
    quoted, parts = False, [""]
    for letter in filters:
        quoted ^= letter == "'"
        if letter == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def opencv(frame: Frame) -> Callable[[], object]:
    """Return the same ten controls as calls on packed RGB of 8 bits."""
    cv2.setNumThreads(1)
    yuv = np.concatenate([plane.reshape(-1, WIDTH) for plane in frame.planes])
    codes = np.arange(256) / 255
    gamma, bent = (np.uint8(np.round(255 * v)) for v in (codes ** (1 / 1.1), codes**1.1))
    balance = np.stack([np.clip(np.arange(256) + 8 * k, 0, 255).astype(np.uint8) for k in (1, 0, -1)], -1)[None]
    warm = np.diag([1.05, 1.0, 0.93]).astype(np.float32)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = np.hypot(rows / HEIGHT - 0.5, columns / WIDTH - 0.5)
    mask = np.repeat((1 - 0.4 * distance**2).astype(np.float32)[..., None], 3, 2)
    turn = np.stack([(np.arange(256) + 4) % 180, np.arange(256), np.arange(256)], -1).astype(np.uint8)[None]
    strong = turn.copy()
    strong[0, :, 1] = np.clip(np.arange(256) * 1.2, 0, 255)

    def call() -> object:
        rgb = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420)
        rgb = cv2.convertScaleAbs(rgb, alpha=1.1, beta=8 - 12.8)
        hsv = cv2.LUT(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), strong)
        rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        rgb = cv2.LUT(rgb, gamma)
        rgb = cv2.LUT(rgb, bent)
        rgb = cv2.LUT(rgb, balance)
        rgb = cv2.transform(rgb, warm)
        gray = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        rgb = cv2.addWeighted(rgb, 1.3, gray, -0.3, 0)
        rgb = cv2.multiply(rgb, mask, dtype=cv2.CV_8U)
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)

    return call


def compile_times() -> dict[str, float]:
    """Return milliseconds from a chain to its first frame in new processes: with an empty cache, then a full one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        found = []
        for _ in range(3):
            words = [sys.executable, "-c", COMPILE]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
            found.append(float(done.stdout))
    return {"cold_ms": found[0], "cached_ms": min(found[1:])}


def run(seconds: float, json: Path | None) -> None:
    """Measure, print, and write the results."""
    pool = BufferPool(1 << 30)
    frame = picture(pool)
    ours = {"sepia": SEPIA, "ten matrices": MATRICES, "grade": GRADE}
    steps = {name: planned(texts) for name, texts in ours.items()}
    steps["grade by cube"] = planned(GRADE, TABLE_ERROR)
    cube = next(line for line in steps["grade by cube"].action.explain() if "cube" in line)
    print(f"by cube: {cube}")
    contenders: dict[str, Callable[[], object]] = {
        name: lambda step=step: step.apply(frame, pool)  # type: ignore[misc]
        for name, step in steps.items()
    }
    contenders |= {"ffmpeg grade": ffmpeg(frame, FFMPEG), "opencv grade": opencv(frame)}
    times = interleaved(contenders, seconds)
    for name, timing in times.items():
        print(f"{name:14} median {timing.median_ms:8.2f} ms, least {timing.least_ms:8.2f} ms")
    least = {name: timing.least_ms for name, timing in times.items()}
    ratios = {
        "ten matrices over one sepia": least["ten matrices"] / least["sepia"],
        "grade over one sepia": least["grade"] / least["sepia"],
        "ffmpeg over grade": least["ffmpeg grade"] / least["grade"],
        "opencv over grade": least["opencv grade"] / least["grade"],
        "ffmpeg over grade by cube": least["ffmpeg grade"] / least["grade by cube"],
        "opencv over grade by cube": least["opencv grade"] / least["grade by cube"],
    }
    compiling = compile_times()
    for name, value in {**ratios, **compiling}.items():
        print(f"{name}: {value:.2f}")
    if json:
        write_json(json, {"machine": machine(), "times": times, "ratios": ratios, "compiling": compiling, "cube": cube})
