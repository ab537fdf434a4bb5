"""CUDA C++ from a lowered run: one kernel per pass, over cells of four columns and one or two rows.

The function `pixelN` says what becomes of one pixel; the kernel loads a cell, calls it for every pixel, and stores
the planes of full size and, from the means of what the pixels gave, those of halved chroma. What a plane does not
need, such as chroma between its samples, is dead code that the compiler drops.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lumaloom.frame import PixelFormat, PlaneFormat
from lumaloom.pointwise.cuda_values import literal, statements
from lumaloom.pointwise.ir import Node
from lumaloom.pointwise.llvm_math import SIN
from lumaloom.pointwise.lower import Lowered, Pass, places

COLUMNS = 4


@cache
def header() -> str:
    """Return the text that every source begins with."""
    polynomial = literal(SIN[-1])
    for number in reversed(SIN[:-1]):
        polynomial = f"({literal(number)} + (z) * {polynomial})"
    text = (Path(__file__).parent / "pointwise.cuh").read_text()
    return f"#define SIN_POLYNOMIAL(z) {polynomial}\n{text}"


def source(lowered: Lowered) -> str:
    """Return the source of kernels `pass0`, `pass1`, ...

    Their arguments: width and height of the pass (of the picture, or of the planes of a native pass); then address
    and pitch in bytes of every plane of the source and of the result; address and last index of every table; and
    the numbers.
    """
    return "\n".join([header(), *(_Kernel(lowered, part, k).text() for k, part in enumerate(lowered.passes))])


def rows(lowered: Lowered, part: Pass) -> int:
    """Return how many rows a thread of a pass makes: two where chroma is halved downward, else one."""
    if part.native:
        return 1
    read = [plane for plane in lowered.before.format.planes if set(plane.channels) & part.reads]
    written = [lowered.after.format.planes[number] for number in part.planes]
    return 2 if any(plane.sub_y for plane in read + written) else 1


class _Kernel:
    """Writes one pass."""

    def __init__(self, lowered: Lowered, part: Pass, number: int) -> None:
        self.lowered, self.part, self.number = lowered, part, number
        self.before, self.after = lowered.before.format, lowered.after.format
        self.rows = rows(lowered, part)
        self.source = places(self.before)
        self.letters = [letter for plane in part.planes for letter in self.after.planes[plane].channels]
        self.read = [k for k, plane in enumerate(self.before.planes) if set(plane.channels) & part.reads]
        self.vertical = lowered.before.chroma_offset[1] != 0
        self.fields = lowered.fields and self.rows == 2
        self.shared = [f"float n{k}" for k in range(len(lowered.numbers))]
        self.tables = [f"const float* __restrict__ t{k}, int t{k}_last" for k in range(len(lowered.tables))]

    def text(self) -> str:
        planes = [f"const u8* __restrict__ s{k}, int s{k}_pitch" for k in range(len(self.before.planes))]
        planes += [f"u8* __restrict__ d{k}, int d{k}_pitch" for k in range(len(self.after.planes))]
        words = ", ".join(["int width, int height", *planes, *self.tables, *self.shared])
        body = [
            f"const int x = {COLUMNS} * (int)(blockIdx.x * blockDim.x + threadIdx.x);",
            "const int j = (int)(blockIdx.y * blockDim.y + threadIdx.y);",
            f"if (x >= width || {self.rows} * j >= height) return;",
            *(line for plane in self.read for line in self._load(plane)),
            f"float o[{self.rows}][{len(self.letters)}][{COLUMNS}];",
            "#pragma unroll",
            f"for (int k = 0; k < {self.rows}; ++k)",
            "#pragma unroll",
            f"    for (int i = 0; i < {COLUMNS}; ++i) pixel{self.number}({', '.join(self._passed())});",
            *(line for plane in self.part.planes for line in self._store(plane)),
        ]
        head = f'extern "C" __global__ void __launch_bounds__(256)\npass{self.number}({words}) {{\n'
        return self._pixel() + head + "".join(f"    {line}\n" for line in body) + "}\n"

    def _pixel(self) -> str:
        """Return the function of one pixel."""
        number_of = {here: k for k, here in enumerate(self.lowered.numbers)}
        table_of = {here: k for k, here in enumerate(self.lowered.tables)}

        def leaf(here: Node) -> str:
            return _input(str(here.data)) if here.op == "input" else f"n{number_of[here]}"

        roots = [self.part.roots[letter] for letter in self.letters]
        lines, names = statements(roots, leaf, lambda here: f"t{table_of[here]}, t{table_of[here]}_last")
        words = [f"float {_input(f'raw {letter}')}" for letter in self._inputs()] + ["float px", "float py"]
        words += [*self.tables, *self.shared, *(f"float& to_{letter}" for letter in self.letters)]
        lines += [f"to_{letter} = {names[root]};" for letter, root in zip(self.letters, roots, strict=True)]
        body = "".join(f"    {line}\n" for line in lines)
        return f"static __device__ __forceinline__ void pixel{self.number}({', '.join(words)}) {{\n{body}}}\n\n"

    def _inputs(self) -> list[str]:
        return [letter for plane in self.read for letter in self.before.planes[plane].channels]

    def _passed(self) -> list[str]:
        """Return the arguments of the call for column `i` of row `k` of the cell."""
        words = []
        for letter in self._inputs():
            place = self.source[letter]
            row = "0" if place.sub_y and not self.part.native and not self.vertical else "k"
            words.append(f"v{place.plane}[{row}][{place.index}][i]")
        words += ["(float)(x + i) + 0.5f", f"(float)({self._row('k')}) + 0.5f"]
        words += [word for k in range(len(self.tables)) for word in (f"t{k}", f"t{k}_last")]
        words += [f"n{k}" for k in range(len(self.shared))]
        return words + [f"o[k][{k}][i]" for k in range(len(self.letters))]

    def _row(self, k: int | str) -> str:
        """Return row `k` of the cell: of a pair, both lie in one field where fields are told apart."""
        return f"4 * (j / 2) + j % 2 + 2 * {k}" if self.fields else f"{self.rows} * j + {k}"

    def _load(self, number: int) -> list[str]:
        """Return lines that make `vN[row][channel][column]` of a plane of the source."""
        plane, offset = self.before.planes[number], self.lowered.before.chroma_offset
        count, halved = len(plane.channels), bool(plane.sub_x) and not self.part.native
        kind = f"{_type(self.before)}, {count}, {self.before.shift}"
        call = f"load_half<{kind}, {'true' if offset[0] else 'false'}>" if halved else f"load<{kind}>"
        width = "(width + 1) / 2" if halved else "width"

        def load(to: str, row: str) -> str:
            return f"{call}({to}, s{number} + (i64)({row}) * s{number}_pitch, x, {width});"

        lines = [f"float v{number}[{self.rows}][{count}][{COLUMNS}];"]
        if not plane.sub_y or self.part.native:
            lines += [load(f"v{number}[{k}]", f"min({self._row(k)}, height - 1)") for k in range(self.rows)]
            return lines
        lines.append(load(f"v{number}[0]", "j"))
        if self.vertical:  # the row of luma that chroma does not sit on gets the mean of two
            step = 2 if self.fields else 1
            below, above = f"j + {step} < (height + 1) / 2 ? j + {step} : j", f"j >= {step} ? j - {step} : j"
            distant, near = (1, below) if offset[1] < 0 else (0, above)
            lines += [
                load(f"v{number}[1]", "j"),
                f"float w{number}[{count}][{COLUMNS}];",
                load(f"w{number}", near),
                f"halve<{count}>(v{number}[{distant}], w{number});",
            ]
        return lines

    def _store(self, number: int) -> list[str]:
        """Return lines that write a plane of the result."""
        plane = self.after.planes[number]
        first, count = self.letters.index(plane.channels[0]), len(plane.channels)
        halved = bool(plane.sub_x) and not self.part.native
        peak = literal(float((1 << self.after.depth) - 1) if not self.after.is_float else 1.0)
        kind = f"{_type(self.after)}, {count}, {self.after.shift}, {COLUMNS // 2 if halved else COLUMNS}"
        at = "x / 2, (width + 1) / 2" if halved else "x, width"
        lines = []
        for k in range(1 if plane.sub_y and not self.part.native else self.rows):
            row = "j" if plane.sub_y and not self.part.native else self._row(k)
            values = f"p{number}_{k}"
            lines.append(f"float {values}[{count}][{COLUMNS // 2 if halved else COLUMNS}];")
            for c in range(count):
                for i in range(COLUMNS // 2 if halved else COLUMNS):
                    value = self._value(plane, first + c, k, i)
                    if self.lowered.dither and plane.channels[c] != "a":
                        value += f" + dither({'x / 2' if halved else 'x'} + {i}, {row})"
                    lines.append(f"{values}[{c}][{i}] = {value};")
            limit = "" if row == "j" or k == 0 else f"if ({row} < height) "
            lines.append(f"{limit}store<{kind}>(d{number} + (i64)({row}) * d{number}_pitch, {at}, {values}, {peak});")
        return lines

    def _value(self, plane: PlaneFormat, channel: int, k: int, i: int) -> str:
        """Return one sample: a pixel's value, or what those around a sample of halved chroma make of it."""
        if self.part.native or not plane.sub_x:
            return f"o[{k}][{channel}][{i}]"
        across, down = self.lowered.after.chroma_offset
        chosen = [k] if not plane.sub_y else [0, 1] if down == 0 else [0 if down < 0 else 1]
        columns = [2 * i] if across else [2 * i, 2 * i + 1]
        terms = [f"o[{row}][{channel}][{column}]" for row in chosen for column in columns]
        return terms[0] if len(terms) == 1 else f"{literal(1 / len(terms))} * ({' + '.join(terms)})"


def _input(name: str) -> str:
    """Return the name of an input: of a channel's code value, or of the pixel's place."""
    return f"in_{name.removeprefix('raw ')}" if name.startswith("raw ") else f"p{name}"


def _type(fmt: PixelFormat) -> str:
    return "float" if fmt.is_float else f"u{8 * fmt.dtype.itemsize}"
