"""CUDA C++ from a lowered run: one kernel per pass, a thread for each block of pixels that share chroma.

Planes are pitched and of any size; pictures of odd size are continued by their last row and column, as the definition
has it. Numbers come by value, so nothing is uploaded for a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lumaloom.frame import PixelFormat
from lumaloom.pointwise.cuda_values import PRELUDE, Body
from lumaloom.pointwise.lower import Lowered, Pass, Place, places

BLOCK = (32, 8)


@dataclass(frozen=True, slots=True)
class Pointer:
    """An argument that is the address of a plane or of a table."""

    side: str
    number: int


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel with its grid, and its arguments: `Pointer`, or a Python number with the name of its C type."""

    kernel: str
    grid: tuple[int, int]
    arguments: tuple[Pointer | tuple[str, float], ...]


def source(lowered: Lowered) -> str:
    """Return the text of all kernels of a run, `pass0`, `pass1`, ..."""
    return PRELUDE + "\n".join(_kernel(lowered, part, number) for number, part in enumerate(lowered.passes))


def launches(
    lowered: Lowered,
    size: tuple[int, int],
    numbers: Iterable[float],
    pitches: Callable[[Pointer], int],
    lasts: Iterable[int],
) -> list[Launch]:
    """Return what has to be launched.

    Args:
        lowered: the run.
        size: width and height of the frame.
        numbers: values of `lowered.numbers`.
        pitches: bytes from row to row of a plane.
        lasts: last index of every table.

    """
    found, values, ends = (
        [],
        [("float", float(value)) for _, value in zip(lowered.numbers, numbers, strict=False)],
        list(lasts),
    )
    for number, part in enumerate(lowered.passes):
        width, height = _extent(lowered, part, size)
        words: list[Pointer | tuple[str, float]] = [("int", width), ("int", height)]
        for side, plane in _planes(lowered, part):
            words += [Pointer(side, plane), ("long long", pitches(Pointer(side, plane)))]
        for table, last in enumerate(ends):
            words += [Pointer("table", table), ("int", last)]
        step_x, step_y = _steps(lowered, part)
        across, down = (
            -(-side // (step * block))
            for side, step, block in zip((width, height), (step_x, step_y), BLOCK, strict=True)
        )
        found.append(Launch(f"pass{number}", (across, down), (*words, *values)))
    return found


def _extent(lowered: Lowered, part: Pass, size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if not part.native:
        return width, height
    plane = lowered.after.format.planes[part.planes[0]]
    return -(-width >> plane.sub_x), -(-height >> plane.sub_y)


def _planes(lowered: Lowered, part: Pass) -> list[tuple[str, int]]:
    taken = places(lowered.before.format)
    read = sorted({taken[name].plane for name in part.reads if name in taken})
    return [("src", plane) for plane in read] + [("out", plane) for plane in part.planes]


def _steps(lowered: Lowered, part: Pass) -> tuple[int, int]:
    """Return the size of a thread's block of pixels."""
    before, after = places(lowered.before.format), places(lowered.after.format)
    here = [before[name] for name in part.reads if name in before] + [after[name] for name in part.roots]
    if part.native:
        return 1, 1
    return 1 << max(place.sub_x for place in here), 1 << max(place.sub_y for place in here)


def _sample(fmt: PixelFormat) -> str:
    return "float" if fmt.is_float else f"unsigned {'char' if fmt.depth == 8 else 'short'}"


def _kernel(lowered: Lowered, part: Pass, number: int) -> str:
    before, after = lowered.before.format, lowered.after.format
    source_places, target_places = places(before), places(after)
    step_x, step_y = _steps(lowered, part)
    words = ["int width", "int height"]
    for side, plane in _planes(lowered, part):
        kind = f"const {_sample(before)}*" if side == "src" else f"{_sample(after)}*"
        words += [f"{kind} {side}{plane}", f"long long {side}{plane}_pitch"]
    for table in range(len(lowered.tables)):
        words += [f"const float* table{table}", f"int table{table}_last"]
    words += [f"float n{k}" for k in range(len(lowered.numbers))]
    letters = list(part.roots)
    body = Body(
        {id(value): f"n{k}" for k, value in enumerate(lowered.numbers)}, [id(table) for table in lowered.tables]
    )
    results = [body.of(part.roots[letter]) for letter in letters]
    read = sorted(name for name in part.reads if name in source_places)
    lines = [
        f'extern "C" __global__ void __launch_bounds__({BLOCK[0] * BLOCK[1]}) pass{number}({", ".join(words)}) {{',
        f"    const int left = (blockIdx.x * blockDim.x + threadIdx.x) * {step_x};",
        f"    const int top = (blockIdx.y * blockDim.y + threadIdx.y) * {step_y};",
        "    if (left >= width || top >= height) return;",
        f"    float made[{step_y}][{step_x}][{len(letters)}];",
        f"    for (int dy = 0; dy < {step_y}; ++dy)",
        f"        for (int dx = 0; dx < {step_x}; ++dx) {{",
        "            const int px = left + dx, py = top + dy;",
        "            const float in_x = px + 0.5f, in_y = py + 0.5f;",
        "            (void)in_x, (void)in_y;",
    ]
    lines += [f"            const float raw_{name} = {_loaded(lowered, part, source_places[name])};" for name in read]
    lines += [f"            {line}" for line in body.lines]
    lines += [f"            made[dy][dx][{k}] = {name};" for k, name in enumerate(results)]
    lines.append("        }")
    for k, letter in enumerate(letters):
        lines += _stored(lowered, part, target_places[letter], k, (step_x, step_y))
    return "\n".join([*lines, "}", ""])


def _loaded(lowered: Lowered, part: Pass, place: Place) -> str:
    """Return an expression for a sample at the pixel `px`, `py`, in steps of the format."""
    fmt = lowered.before.format
    across, down = lowered.before.chroma_offset
    address = f"src{place.plane}, src{place.plane}_pitch"
    if part.native:
        return f"sample<{place.count}, {place.index}, {fmt.shift}>({address}, px, py)"
    halves = f"{place.sub_x}, {place.sub_y}, {int(across != 0)}, {(down > 0) - (down < 0)}"
    return f"full<{place.count}, {place.index}, {fmt.shift}, {halves}>({address}, px, py, width, height)"


def _stored(lowered: Lowered, part: Pass, place: Place, k: int, steps: tuple[int, int]) -> list[str]:
    fmt = lowered.after.format
    across, down = lowered.after.chroma_offset
    peak = "-1" if fmt.is_float else str((1 << fmt.depth) - 1)
    address = f"out{place.plane}, out{place.plane}_pitch"
    put = f"store<{place.count}, {place.index}, {fmt.shift}>({address}"
    if part.native or not (place.sub_x or place.sub_y):
        return [
            f"    for (int dy = 0; dy < {steps[1]}; ++dy)",
            f"        for (int dx = 0; dx < {steps[0]}; ++dx)",
            "            if (left + dx < width && top + dy < height)",
            f"                {put}, left + dx, top + dy, made[dy][dx][{k}], {peak}.0f);",
        ]
    lines = []
    for dy in range(0, steps[1], 1 + place.sub_y):
        for dx in range(0, steps[0], 1 + place.sub_x):
            rows = _taken(dy, place.sub_y, down)
            columns = _taken(dx, place.sub_x, across)
            terms = [f"made[{row}][{column}][{k}]" for row in rows for column in columns]
            value = f"({' + '.join(terms)}) * {1 / len(terms)}f"
            spot = f"(left + {dx}) >> {place.sub_x}, (top + {dy}) >> {place.sub_y}"
            inside = f"left + {dx} < width && top + {dy} < height"
            lines.append(f"    if ({inside}) {put}, {spot}, {value}, {peak}.0f);")
    return lines


def _taken(start: int, halvings: int, offset: float) -> tuple[int, ...]:
    """Return the pixels of a pair that a sample of chroma is made from."""
    if not halvings:
        return (start,)
    return (start, start + 1) if offset == 0 else (start,) if offset < 0 else (start + 1,)


def resolved(argument: Pointer | tuple[str, float], address: Callable[[Pointer], Any]) -> Any:
    """Return an argument as a NumPy scalar, or what `address` makes of a pointer."""
    if isinstance(argument, Pointer):
        return address(argument)
    kind, value = argument
    return np.float32(value) if kind == "float" else (np.int32 if kind == "int" else np.int64)(int(value))
