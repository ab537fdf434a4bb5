"""`.cube` files: Adobe's Cube LUT specification 1.0, with Resolve's input ranges and its curves before a cube."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumaloom_effects._lut import MAX_CUBE, MAX_CURVE, Lut, Rows, Table, TextLines, refuse, shown, unit_domain

_SIZES = {"LUT_1D_SIZE": MAX_CURVE, "LUT_3D_SIZE": MAX_CUBE}
_RANGES = {"LUT_1D_INPUT_RANGE": "1D", "LUT_3D_INPUT_RANGE": "3D"}
_BOUNDS = {"DOMAIN_MIN": 0, "DOMAIN_MAX": 1}


def read_cube(path: Path) -> Lut:
    """Read a `.cube` file: a curve, a cube, or a curve followed by a cube.

    Keywords come first, in any order: `TITLE`, `LUT_1D_SIZE`, `LUT_3D_SIZE`, `DOMAIN_MIN`, `DOMAIN_MAX` (three
    numbers each; where both tables are there they hold for the first, the curve), `LUT_1D_INPUT_RANGE` and
    `LUT_3D_INPUT_RANGE` (two numbers). Then the rows: of the curve, then of the cube with red running fastest.

    Raises:
        ParameterError: it breaks these rules; says in which line.

    """
    lines = TextLines(path)
    head = _Head()
    curve = cube = None
    for text in lines:
        if text[0].isalpha():
            if curve or cube:
                lines.refuse(f"expected rows of numbers after the first one, got {shown(text)}")
            head.read(lines, text)
            continue
        if curve is None and cube is None:
            curve, cube = (Rows(count) if count else None for count in head.counts(lines))
        rows = curve if curve and curve.missing else cube
        if rows is None or not rows.missing:
            lines.refuse(f"expected the end of the file after {_total(curve, cube)} rows, got {shown(text)}")
        rows.add(lines.numbers(text, 3))
    missing = sum(rows.missing for rows in (curve, cube) if rows)
    if missing or not (curve or cube):
        have = _total(curve, cube) - missing
        wanted = f"{_total(curve, cube)} rows of numbers" if curve or cube else "LUT_1D_SIZE or LUT_3D_SIZE and rows"
        refuse(path, f"expected {wanted}, the file ends after {have}")
    return Lut(
        curve=curve.values if curve else None,
        curve_domain=head.domain("1D", first=True) if curve else None,
        # The file's order is blue, green, red from slow to fast.
        cube=_cube(cube.values, head.sizes["LUT_3D_SIZE"]) if cube else None,
        cube_domain=head.domain("3D", first=curve is None) if cube else None,
        title=head.title,
    )


def _total(curve: Rows | None, cube: Rows | None) -> int:
    return sum(len(rows.values) for rows in (curve, cube) if rows)


def _cube(rows: Table, size: int) -> Table:
    return np.ascontiguousarray(rows.reshape(size, size, size, 3).transpose(2, 1, 0, 3))


class _Head:
    """The keywords of a file."""

    def __init__(self) -> None:
        self.title = ""
        self.sizes: dict[str, int] = {}
        self.ranges: dict[str, list[float]] = {}
        self.bounds: dict[int, list[float]] = {}
        self.seen: set[str] = set()

    def read(self, lines: TextLines, text: str) -> None:
        keyword, _, rest = text.replace("\t", " ").partition(" ")
        rest = rest.strip()
        if keyword in self.seen:
            lines.refuse(f"{keyword} is given twice")
        self.seen.add(keyword)
        if keyword == "TITLE":
            self.title = rest.strip('"')
        elif keyword in _SIZES:
            self.sizes[keyword] = lines.whole(rest, 2, _SIZES[keyword], f"{keyword} to be a whole number")
        elif keyword in _RANGES:
            low, high = lines.numbers(rest, 2)
            if not low < high:
                lines.refuse(f"expected the first number to be below the second, got {shown(text)}")
            self.ranges[_RANGES[keyword]] = [low, high]
        elif keyword in _BOUNDS:
            self.bounds[_BOUNDS[keyword]] = lines.numbers(rest, 3)
        else:
            known = ", ".join(["TITLE", *_SIZES, *_BOUNDS, *_RANGES])
            lines.refuse(f"unknown keyword {shown(keyword)}; a .cube file has {known}")

    def counts(self, lines: TextLines) -> tuple[int, int]:
        """Return the rows of the curve and of the cube; called at the first row."""
        if not self.sizes:
            lines.refuse("expected LUT_1D_SIZE or LUT_3D_SIZE before the first row of numbers")
        domain = self._bounds()
        if not (domain[0] < domain[1]).all():
            lines.refuse("expected DOMAIN_MIN below DOMAIN_MAX in every channel before the first row of numbers")
        return self.sizes.get("LUT_1D_SIZE", 0), self.sizes.get("LUT_3D_SIZE", 0) ** 3

    def _bounds(self) -> NDArray[np.float64]:
        domain = unit_domain()
        for row, values in self.bounds.items():
            domain[row] = values
        return domain

    def domain(self, table: str, *, first: bool) -> NDArray[np.float64]:
        if table in self.ranges:
            return np.repeat(np.array(self.ranges[table])[:, None], 3, axis=1)
        return self._bounds() if first else unit_domain()
