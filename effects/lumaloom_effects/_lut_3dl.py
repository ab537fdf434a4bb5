"""`.3dl` files of Autodesk Lustre and Flame: whole numbers, blue running fastest."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumaloom_effects._lut import MAX_CUBE, Lut, Rows, Table, TextLines, refuse, shown, unit_domain

# Words of newer files that change nothing here: the header, and what follows the table.
_SILENT = ("3DMESH", "gamma", "LUT8", "LUT10", "LUT12", "LUT16")
# Samples of the curve that bends uneven mesh points into even ones.
_BEND = 4096


def read_3dl(path: Path) -> Lut:
    """Read a `.3dl` file.

    A line with the N inputs at which the mesh points lie, from 0 to the largest code value; then N*N*N rows of
    output code values. The depth of the outputs is that of a `Mesh IN OUT` line (N is `2**IN + 1`), else the least
    of 8, 10, 12, 14 and 16 bits that holds them. Inputs within one code value of an even spread count as even.

    Raises:
        ParameterError: it breaks these rules; says in which line.

    """
    lines = TextLines(path)
    mesh: list[float] = []
    rows: Rows | None = None
    announced = depth = 0
    for text in lines:
        word, *rest = text.split()
        if word in _SILENT:
            continue
        if word == "Mesh":
            if len(rest) != 2 or rows:
                lines.refuse(f"expected 'Mesh IN OUT' above the table, such as 'Mesh 4 12', got {shown(text)}")
            announced = 2 ** lines.whole(rest[0], 1, 7, "the mesh's bits") + 1
            depth = lines.whole(rest[1], 8, 16, "the outputs' bits")
        elif rows is None:
            mesh = _mesh(lines, text, announced)
            rows = Rows(len(mesh) ** 3)
        elif not rows.missing:
            lines.refuse(f"expected the end of the file after {len(rows.values)} rows, got {shown(text)}")
        else:
            row = lines.numbers(text, 3)
            if not all(value.is_integer() and 0 <= value < 65536 for value in row):
                lines.refuse(f"expected three whole numbers from 0 to 65535, got {shown(text)}")
            rows.add(row)
    if rows is None or rows.missing:
        wanted = f"{len(rows.values)} rows of numbers" if rows else "a line of mesh points and rows"
        refuse(path, f"expected {wanted}, the file ends after {rows.filled if rows else 0}")
    size, top = len(mesh), float(rows.values.max())
    depth = depth or next(bits for bits in (8, 10, 12, 14, 16) if top < 2**bits)
    cube: Table = rows.values.reshape(size, size, size, 3) / np.float32(2**depth - 1)
    curve = _bend(np.array(mesh))
    return Lut(curve, None if curve is None else unit_domain(), cube, unit_domain())


def _mesh(lines: TextLines, text: str, announced: int) -> list[float]:
    words = text.split()
    if announced and len(words) != announced:
        lines.refuse(f"expected the {announced} mesh points that the Mesh line announces, got {len(words)}")
    if not 2 <= len(words) <= MAX_CUBE:
        lines.refuse(f"expected a line of 2 to {MAX_CUBE} mesh points, got {shown(text)}")
    mesh = lines.numbers(text, len(words))
    if mesh[0] != 0 or any(left >= right for left, right in pairwise(mesh)):
        lines.refuse(f"expected mesh points that rise from 0, got {shown(text)}")
    return mesh


def _bend(mesh: NDArray[np.float64]) -> Table | None:
    """Return the curve, `(N, 3)`, that takes inputs to their place between the mesh points; None where that is even."""
    even = np.linspace(0, 1, len(mesh))
    if np.abs(mesh - even * mesh[-1]).max() <= 1:
        return None
    inputs = np.linspace(0, mesh[-1], _BEND)
    return np.repeat(np.interp(inputs, mesh, even)[:, None], 3, axis=1).astype(np.float32)
