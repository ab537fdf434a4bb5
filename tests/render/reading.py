"""Reading files back with PyAV alone, independent of the engine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import av
import numpy as np


def video_pts(path: Path) -> list[float]:
    """Presentation times in seconds, in presentation order."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        return [float(frame.pts * stream.time_base) for frame in container.decode(stream)]


def planes(path: Path) -> list[list[np.ndarray[Any, Any]]]:
    """Planes of every frame of a planar file of 8 or 16 bits, as copies."""
    result = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
            result.append(
                [
                    np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].copy()
                    for plane in frame.planes
                ]
            )
    return result


def video_hash(path: Path) -> str:
    """Hash of all decoded samples."""
    digest = hashlib.sha256()
    for frame in planes(path):
        for plane in frame:
            digest.update(plane.tobytes())
    return digest.hexdigest()


def packets(path: Path, kind: str) -> list[tuple[float, str]]:
    """Time and content hash of every packet of the first stream of a kind."""
    with av.open(path) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [
            (round(float(packet.pts * stream.time_base), 6), hashlib.sha256(bytes(packet)).hexdigest())
            for packet in container.demux(stream)
            if packet.size
        ]


def tags(path: Path) -> dict[str, Any]:
    """Height, pixel format and colour tags of the first decoded frame."""
    with av.open(path) as container:
        frame = next(container.decode(video=0))
        return {
            "height": frame.height,
            "format": frame.format.name,
            "matrix": frame.colorspace,
            "primaries": frame.color_primaries,
            "transfer": frame.color_trc,
            "range": frame.color_range,
        }


def psnr(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], peak: float = 255.0) -> float:
    """Peak signal to noise ratio in dB; infinite for equal arrays."""
    error = np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))
