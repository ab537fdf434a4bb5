"""Hald CLUT pictures: a cube laid out as a square PNG."""

from __future__ import annotations

from pathlib import Path
from struct import unpack
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from lumaloom_effects._lut import Lut, check_regular, refuse, unit_domain

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVELS = range(2, 13)
_MAX_BYTES = 64 << 20


def read_hald(path: Path) -> Lut:
    """Read a Hald CLUT of level 2 to 12: `level**3` pixels square, a cube of `level**2` points a side, red fastest.

    8 and 16 bits per sample, with or without a palette; alpha is ignored. Source: http://www.quelsolaar.com/technology/clut.html

    Raises:
        ParameterError: it is no such picture.

    """
    if check_regular(path) > _MAX_BYTES:
        refuse(path, f"expected a picture of at most {_MAX_BYTES >> 20} MiB")
    try:
        data = path.read_bytes()
    except OSError as problem:
        refuse(path, f"can't be read: {problem.strerror}")
    if not data.startswith(_SIGNATURE) or len(data) < 33:
        refuse(path, "is no PNG picture")
    # Before anything is decoded: the size tells how much memory that takes.
    width, height = unpack(">II", data[16:24])
    level = next((level for level in _LEVELS if width == height == level**3), 0)
    if not level:
        refuse(path, f"expected a square Hald CLUT, such as 512x512 of level 8, got {width}x{height}")
    samples = _decoded(path, data)
    if samples.shape != (width, height, 3):
        refuse(path, "is a damaged PNG picture")
    side = level * level
    cube = (samples / np.float32(np.iinfo(samples.dtype).max)).reshape(side, side, side, 3).transpose(2, 1, 0, 3)
    return Lut(cube=np.ascontiguousarray(cube, np.float32), cube_domain=unit_domain())


def _decoded(path: Path, data: bytes) -> NDArray[Any]:
    """Return the samples, `(H, W, 3)`, uint8 or uint16. The decoder alone reads them: no demuxer guesses at formats."""
    decoder: Any = av.CodecContext.create("png", "r")
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.FFmpegError:
        frames = []
    if len(frames) != 1 or frames[0].is_corrupt:
        refuse(path, "is a damaged PNG picture")
    deep = any(component.bits > 8 for component in frames[0].format.components)
    samples: NDArray[Any] = frames[0].to_ndarray(format="rgb48le" if deep else "rgb24")
    return samples
