"""Whether each component works, tried out: what `/readyz` answers."""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lumaloom.cache import DiskCache
from lumaloom.device import Machine
from lumaloom.errors import LumaloomError
from lumaloom.services.settings import Settings

# A disk with less than this is not ready for an output.
_LEAST_SPACE = 64 << 20


def checks(settings: Settings, store: DiskCache, machine: Machine) -> dict[str, Callable[[], str]]:
    """Return a check for each component, which says what is wrong with it, or nothing."""
    return {
        "decoder": _decoder,
        "encoder": _encoder,
        "device": lambda: _device(machine, settings.device),
        "plugins": _plugins,
        "cache": lambda: _cache(store),
        "disk": _disk,
    }


def _encoder() -> str:
    return "" if _clip() else "the encoder gave nothing"


def _decoder() -> str:
    import av

    with av.open(io.BytesIO(_clip()), "r") as clip:
        shapes = [frame.to_ndarray().shape for frame in clip.decode(video=0)]
    return "" if shapes == [(24, 16)] else f"expected one frame, got {shapes}"


@cache
def _clip() -> bytes:
    """Return a clip of one small frame, in a codec that FFmpeg always has."""
    import av

    data = io.BytesIO()
    with av.open(data, "w", format="matroska") as clip:
        stream = clip.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((24, 16), 128, np.uint8), format="yuv420p")
        frame.pts = 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            clip.mux(packet)
    return data.getvalue()


def _device(machine: Machine, wanted: str) -> str:
    """Run a tiny kernel where effects would run, and compare it with what it is known to give."""
    try:
        device = machine.choose(wanted)
    except LumaloomError as problem:
        return str(problem)
    samples = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = canary(device, samples)
    wrong = int((found != 255 - samples).sum())
    return f"{device}: {wrong} of {samples.size} samples came out wrong" if wrong else ""


def canary(device: str, samples: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return 8-bit samples inverted by a kernel on `cpu` or `cuda`."""
    from lumaloom_kernels import scale_offset

    if device == "cpu":
        return scale_offset(samples, -1, 255)
    import cupy

    return cupy.asnumpy(scale_offset(cupy.asarray(samples), -1, 255))  # type: ignore[no-any-return]


def _plugins() -> str:
    from lumaloom.plugins import default_registry

    registry = default_registry()
    broken = ", ".join(sorted({failure.plugin for failure in registry.failures}))
    return "no effect is installed" if not registry.effects else broken and f"left out: {broken}"


def _cache(store: DiskCache) -> str:
    """Keep a value for a moment, where anything is to be kept; it is not asked for, which would count as a hit."""
    key = f"readyz {uuid.uuid4().hex}"
    if not store.limit:
        return ""
    kept = store.put(key, b"?")
    store.remove(key)
    return "" if kept else f"{store.folder} does not keep what is put into it"


def _disk() -> str:
    free = shutil.disk_usage(Path.cwd()).free
    return "" if free >= _LEAST_SPACE else f"{free >> 20} MiB are free"
