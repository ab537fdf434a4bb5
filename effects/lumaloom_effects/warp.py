"""Warp by corners or by a matrix."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param, ParameterError

from ._warping import (
    Border,
    Interpolation,
    Matrix,
    border_param,
    fill_param,
    interpolation_param,
    parse_fill,
    warp_frame,
)

LEANING = "1 0.2 0; 0 1 0"
FLAT = 1e-9  # of a determinant, beside the product of the rows' lengths
MOST = 1e6


class Warp(Effect):
    """Move the picture's corners anywhere, in perspective, or move all of it by a matrix; the frame keeps its size.

    `corners` says where the outer corners of the picture go: top left, top right, bottom right, bottom left, in
    pixels from the frame's top left corner. `matrix` leads from the picture's pixels to the frame's, where the
    centre of the first is (0, 0): OpenCV's convention. Chroma stays over its luma.
    """

    name = "warp"
    kind = Kind.GEOMETRIC
    devices = ("cpu",)

    matrix: str = Param(LEANING, help="Two or three rows of three numbers, such as '1 0 20; 0 1 10'.")
    corners: str = Param("", help="Four points in place of a matrix, such as '100 0; 1820 0; 1920 1080; 0 1080'.")
    inverse: bool = Param(False, help="The matrix leads from the frame's pixels to the picture's.")
    interpolation: Interpolation = interpolation_param()
    border: Border = border_param()
    fill: str = fill_param()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        parse_fill(self.name, self.fill)
        if self.corners.strip():
            if self.matrix != LEANING:
                raise ParameterError("warp: expects either corners or a matrix, got both")
            if self.inverse:
                raise ParameterError("warp: inverse belongs to a matrix, got corners; write the points turned round")
            numbers(self.corners, "corners", (4,), 2)
        else:
            matrix_of(self.matrix)

    def is_identity(self, spec: FrameSpec) -> bool:
        return bool(np.allclose(self.back(spec), np.eye(3), rtol=0, atol=1e-12))

    def output(self, spec: FrameSpec) -> FrameSpec:
        self.back(spec)
        return spec

    def back(self, spec: FrameSpec) -> Matrix:
        """Return the matrix from pixels of the frame to pixels of the picture."""
        by_corners = bool(self.corners.strip())
        forward = to_corners(self.corners, spec.width, spec.height) if by_corners else matrix_of(self.matrix)
        return forward if self.inverse else np.linalg.inv(forward).astype(np.float64)

    def render(self, src: Frame, out: Frame) -> None:
        warp_frame(
            src, out, self.back(src.spec), interpolation=self.interpolation, border=self.border,
            colour=parse_fill(self.name, self.fill),
        )  # fmt: skip


def numbers(text: str, name: str, rows: tuple[int, ...], columns: int) -> Matrix:
    """Return the rows of numbers that a text holds.

    Raises:
        ParameterError: not so many of them, or no numbers within a million of 0.

    """
    try:
        found = [[float(number) for number in row.replace(",", " ").split()] for row in text.split(";")]
    except ValueError as problem:
        raise ParameterError(f"warp: {name} expects numbers, got {str(problem).rpartition(': ')[2]}") from None
    if len(found) not in rows or any(len(row) != columns for row in found):
        wanted = " or ".join(map(str, rows))
        raise ParameterError(f"warp: {name} expects {wanted} rows of {columns} numbers with ';' between, got {text!r}")
    table = np.array(found)
    if not (np.abs(table) <= MOST).all():
        raise ParameterError(f"warp: {name} expects numbers within {MOST:g} of 0, got {text!r}")
    return table


@lru_cache(64)
def matrix_of(text: str) -> Matrix:
    """Return the 3x3 matrix that a text holds."""
    matrix = np.eye(3)
    table = numbers(text, "matrix", (2, 3), 3)
    matrix[: len(table)] = table
    return _regular(matrix, f"warp: matrix expects one that does not flatten the picture, got {text!r}")


@lru_cache(64)
def to_corners(text: str, width: int, height: int) -> Matrix:
    """Return the matrix from pixels to pixels that takes a picture's corners to these points."""
    points = numbers(text, "corners", (4,), 2)
    message = f"warp: corners expects four points that go round a convex shape, got {text!r}"
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    sides = np.roll(points, -1, axis=0) - points
    after = np.roll(sides, -1, axis=0)
    bends = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    lengths = np.linalg.norm(sides, axis=1) * np.linalg.norm(after, axis=1)
    if not ((bends > FLAT * lengths).all() or (bends < -FLAT * lengths).all()):
        raise ParameterError(message)
    equations = []
    for (x, y), (u, v) in zip(square, points, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.solve(np.array(equations), points.ravel())
    edge, centre = np.eye(3), np.eye(3)
    edge[:2, 2], centre[:2, 2] = 0.5, -0.5
    return _regular(centre @ np.append(solved, 1).reshape(3, 3) @ edge, message)


def _regular(matrix: Matrix, message: str) -> Matrix:
    scale = np.prod(np.linalg.norm(matrix, axis=1))
    if not (scale > 0 and abs(np.linalg.det(matrix)) > FLAT * FLAT * scale):
        raise ParameterError(message)
    matrix.flags.writeable = False
    return matrix
