"""Pictures look like the video: their viewers know full range alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import lumaloom
from tests.media import clips


def _levels(fmt: str) -> Iterator[av.VideoFrame]:
    """Left half black, right half white, in limited range."""
    frame = av.VideoFrame(64, 48, fmt)
    for number, plane in enumerate(frame.planes):
        samples = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
        samples[:] = 128
        if number == 0:
            samples[:, :32], samples[:, 32:] = 16, 235
    frame.color_range = 1
    yield frame


@pytest.mark.parametrize("extension", ["png", "jpg", "gif", "apng"])
@pytest.mark.parametrize("fmt", ["gray", "yuv420p", "yuv444p"])
def test_black_is_black_and_white_is_white(tmp_path: Path, fmt: str, extension: str) -> None:
    source = clips.make(
        tmp_path / "in.mkv", "ffv1", 1, fmt=fmt, width=64, height=48, frames=_levels(fmt), color_range=1
    )
    target = tmp_path / f"out.{extension}"
    lumaloom.render(source, target)
    with Image.open(target) as picture:
        rgb = np.asarray(picture.convert("RGB")).astype(int)
    assert rgb[:, :24].max() <= 3
    assert rgb[:, 40:].min() >= 252
