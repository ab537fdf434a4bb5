"""Lookup of colours in a file."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, lookup, lookup3d, pointwise
from lumaloom_effects._lut_files import read_lut


@pointwise(space="rgb")
def lut(
    r: Any,
    g: Any,
    b: Any,
    *,
    file: str = Param(help="A .cube, .3dl or Hald CLUT .png file.", example="look.cube"),
    amount: float = Param(1.0, min=0, max=1, help="0 changes nothing, 1 is all lookup."),
) -> Any:
    """Apply a look from a colour lookup file.

    `.cube` files hold a curve, a cube, or a curve before a cube (Adobe's specification, with Resolve's input ranges);
    `.3dl` those of Lustre and Flame; Hald CLUTs are pictures. Coded R, G and B are looked up: curves linearly, cubes by
    tetrahedra; what lies outside a table's domain counts as its edge. `out = in + amount * (lookup(in) - in)`.
    """
    found = read_lut(file)
    values = (r, g, b)
    if found.curve is not None and found.curve_domain is not None:
        low, high = found.curve_domain.tolist()
        values = tuple(lookup(found.curve[:, k], (v - low[k]) * (1 / (high[k] - low[k]))) for k, v in enumerate(values))
    if found.cube is not None and found.cube_domain is not None:
        low, high = found.cube_domain.tolist()
        values = lookup3d(found.cube, *((v - low[k]) * (1 / (high[k] - low[k])) for k, v in enumerate(values)))
    return tuple(before + amount * (after - before) for before, after in zip((r, g, b), values, strict=True))
