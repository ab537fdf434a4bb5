"""Convolution."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Model, Param, ParameterError

MAX_SIDE = 255


class Convolve(Effect):
    """Weigh each pixel's surroundings with a matrix of your own: blur, sharpen, emboss, find edges.

    `out = black + sum(weights * (in - black)) / divisor + bias * (white - black)`, with the code values of the
    frame's depth and range. The matrix lies over the picture as it is written. Chroma counts from neutral and gets
    no bias, so that YUV and RGB pictures come out alike where chroma is not subsampled; on subsampled planes the
    matrix lies over their own samples. Alpha stays.
    """

    name = "convolve"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    matrix: str = Param(
        "-1 -1 0; -1 1 1; 0 1 1", help="Rows of weights, an odd number each, with semicolons between the rows."
    )
    divisor: float = Param(0.0, help="What the sum is divided by; 0 is the sum of the weights, or 1 where that is 0.")
    bias: float = Param(0.0, min=-1, max=1, help="Light added, as part of the way from black to white.")
    chroma: bool = Param(True, help="Treat the chroma of YUV pictures too.")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        weights(self.matrix, self.divisor)

    def is_identity(self, spec: FrameSpec) -> bool:
        kernel = weights(self.matrix, self.divisor)
        centre = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]
        return self.bias == 0 and centre == 1 and np.count_nonzero(kernel) == 1

    def render(self, src: Frame, out: Frame) -> None:
        black, white = src.spec.levels
        kernel = weights(self.matrix, self.divisor)[::-1, ::-1]  # convolution turns it back
        rest = 1 - float(kernel.sum())
        high = None if src.format.is_float else src.format.peak
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            coloured = src.format.model is not Model.RGB and plane.channels[0] in "uv"
            if plane.channels == "a" or (coloured and not self.chroma):
                target[...] = samples
                continue
            offset = black * rest + self.bias * (white - black)
            if coloured:
                offset = (1 << (src.format.depth - 1)) * rest
            kernels.convolve2d(samples, kernel, offset=offset, high=high, out=target)
            if plane.channels[-1] == "a":  # alpha is the last of the interleaved channels
                target[..., -1] = samples[..., -1]


@lru_cache(64)
def weights(text: str, divisor: float) -> NDArray[np.float64]:
    """Return the weights that a matrix and its divisor are.

    Raises:
        ParameterError: not a matrix of numbers with two odd sides, or weights that are no float32.

    """
    try:
        rows = [[float(number) for number in row.replace(",", " ").split()] for row in text.split(";")]
    except ValueError as problem:
        raise ParameterError(f"convolve: matrix expects numbers, got {str(problem).rpartition(': ')[2]}") from None
    sides = len(rows), len(rows[0])
    if any(len(row) != sides[1] for row in rows) or not all(side % 2 and side <= MAX_SIDE for side in sides):
        shape = " and ".join(sorted({str(len(row)) for row in rows}))
        raise ParameterError(
            f"convolve: matrix expects an odd number of rows of one odd length up to {MAX_SIDE}, "
            f"such as '0 -1 0; -1 5 -1; 0 -1 0'; got {len(rows)} of {shape} weights"
        )
    matrix = np.array(rows)
    with np.errstate(all="ignore"):
        kernel = matrix / (divisor or matrix.sum() or 1)
        if not max(np.abs(matrix).sum(), np.abs(kernel).sum()) < 1e30:
            raise ParameterError(f"convolve: matrix expects weights below 1e30, divided too, got {text!r}")
    return kernel
