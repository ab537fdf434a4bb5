"""What rotate and warp share: where the samples of every plane come from, and what is around the picture."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

import lumaloom_kernels as kernels
from lumaloom.effect import Frame, FrameSpec, Model, Param, ParameterError, PlaneFormat

Matrix: TypeAlias = NDArray[np.float64]
Border: TypeAlias = Literal["fill", "edge", "mirror"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]

BORDERS = {"fill": "constant", "edge": "replicate", "mirror": "reflect101"}
COLOUR = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
NAMES = {"black": "000000", "white": "ffffff", "transparent": "00000000"}
WEIGHTS = {"BT709": "bt709", "BT2020_NCL": "bt2020", "BT2020_CL": "bt2020"}  # others: BT.601


def border_param() -> Any:
    return Param("fill", help="What is around the picture: the colour, its edge drawn out, or its mirror image.")


def fill_param() -> Any:
    return Param("black", help="The colour: black, white, transparent, or red, green, blue (and alpha) as 'rrggbb'.")


def interpolation_param() -> Any:
    return Param("bilinear", help="How samples are made from those around; bicubic is sharper and overshoots.")


def parse_fill(effect: str, text: str) -> tuple[int, ...]:
    """Return red, green, blue and alpha, 0 to 255."""
    found = COLOUR.fullmatch(NAMES.get(text.lower(), text))
    if found is None:
        raise ParameterError(f"{effect}: fill expects {', '.join(NAMES)} or a colour such as 'ff8000', got {text!r}")
    return tuple(bytes.fromhex(found[1] + ("" if len(found[1]) == 8 else "ff")))


def code_values(spec: FrameSpec, colour: tuple[int, ...]) -> dict[str, float]:
    """Return the code value of every channel of a colour in frames of `spec`."""
    row = spec.format
    black, white = spec.levels
    top = 1.0 if row.is_float else float(row.peak)
    values = {"a": colour[3] / 255 * top}
    values |= {name: black + part / 255 * (white - black) for name, part in zip("rgb", colour, strict=False)}
    if row.model is not Model.RGB:
        deep = row.depth > 8 and not row.is_float
        depth = row.depth if deep else 8
        dtype = np.dtype(np.uint16 if deep else np.uint8)
        pixel = np.array([[[round(part / 255 * ((1 << depth) - 1)) for part in colour[:3]]]], dtype)
        weights = WEIGHTS.get(spec.colour.resolved(row.model, spec.height).matrix.name, "bt601")
        full = black == 0
        planes = kernels.rgb_to_yuv(pixel, weights, "444", full_range=full, depth=depth)
        values |= {name: float(plane[0, 0]) / (255 if row.is_float else 1) for name, plane in zip("yuv", planes)}  # noqa: B905
    return values if row.is_float else {name: float(round(value)) for name, value in values.items()}


def grid(plane: PlaneFormat, offset: tuple[float, float]) -> Matrix:
    """Return the matrix from a plane's samples to the picture's pixels, the centre of whose first is (0, 0)."""
    matrix = np.eye(3)
    for axis, halvings in enumerate((plane.sub_x, plane.sub_y)):
        step = float(1 << halvings)
        matrix[axis, axis] = step
        matrix[axis, 2] = step * (0.5 + (offset[axis] if halvings else 0.0)) - 0.5
    return matrix


def warp_frame(
    src: Frame, out: Frame, back: Matrix, *, interpolation: Interpolation, border: Border, colour: tuple[int, ...]
) -> None:
    """Warp all planes by the matrix that leads from pixels of `out` to pixels of `src`.

    Chroma is taken from where it lies over its luma: its grid may be coarser and sit off the centre of its cells.
    """
    values = code_values(src.spec, colour)
    offset = src.spec.chroma_offset
    for (plane, samples), target in zip(src.items(), out.planes, strict=True):
        place = grid(plane, offset)
        matrix = np.linalg.inv(place) @ back @ place
        options: dict[str, Any] = {"size": target.shape[1::-1], "inverse": True, "out": target}
        options |= {"interpolation": interpolation, "border": BORDERS[border]}
        options["value"] = tuple(values[name] for name in plane.channels)
        if np.array_equal(matrix[2], (0, 0, 1)):
            kernels.warp_affine(samples, matrix[:2], **options)
        else:
            kernels.warp_perspective(samples, matrix, **options)
        if interpolation == "bicubic" and 8 < out.format.depth < 16:
            target.clip(0, out.format.peak, out=target)  # it overshoots, past what 10 or 12 bits hold
