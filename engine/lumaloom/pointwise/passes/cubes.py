"""Costly runs of colour as one look up in a cube, where the user allows its error."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from lumaloom.frame import PixelFormat
from lumaloom.pointwise.host import tetrahedral
from lumaloom.pointwise.ir import Node, const, make, node, reach
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.cost import cost

SIDES = (17, 33, 65)
_WORTH = 150  # instructions per pixel from which a look up is faster
_PROBES = 1 << 16


@dataclass(frozen=True, slots=True)
class Cube:
    """What stands for a run.

    Attributes:
        side: points a side.
        error: the greatest difference found over 65536 colours of all that the format has, as part of the range.

    """

    side: int
    error: float

    def __str__(self) -> str:
        return f"a cube of {self.side} points a side, up to {self.error * 255:.2g} of 255 levels off"


class _Sampled:
    """A table of a graph's values: a host function of the parameters that the graph has."""

    def __init__(self, roots: tuple[Node, ...], inputs: tuple[str, ...], params: tuple[Node, ...], peak: float) -> None:
        self.roots, self.inputs, self.params, self.peak, self.side = roots, inputs, params, peak, 0

    def with_side(self, side: int) -> _Sampled:
        """Return the same with another number of points."""
        other = _Sampled(self.roots, self.inputs, self.params, self.peak)
        other.side = side
        return other

    def __repr__(self) -> str:
        return "cube"  # code does not depend on what is in it

    def __call__(self, *values: float) -> np.ndarray[Any, Any]:
        """Return `(side, side, side, 3)`, a slice of its first axis at a time, as graphs are long."""
        codes = np.linspace(0, self.peak, self.side)
        grid = np.meshgrid(codes, codes, indexing="ij")
        slices = [self.at((np.full_like(grid[0], code), *grid), values) for code in codes]
        return np.stack(slices).astype(np.float32)

    def at(self, codes: Sequence[Any], values: Sequence[float]) -> np.ndarray[Any, Any]:
        """Return the graph's values at some codes, the three of a colour in the last axis."""
        known: dict[Hashable, Any] = {param.data: value for param, value in zip(self.params, values, strict=True)}
        known |= dict(zip(self.inputs, codes, strict=True))
        return np.stack(np.broadcast_arrays(*evaluate(self.roots, known), codes[0])[:3], axis=-1)


def collapsed(
    roots: Sequence[Node],
    colours: Sequence[int],
    before: PixelFormat,
    after: PixelFormat,
    known: Mapping[Hashable, float],
    allowed: float,
) -> tuple[list[Node], Cube | None]:
    """Return the roots with the costly colours among them looked up in the smallest cube that is exact enough.

    Args:
        roots: samples in steps, from `raw` inputs.
        colours: which of them are colour.
        before, after: formats that come in and go out.
        known: the parameters of now.
        allowed: error as part of the range; 0 allows none.

    """
    found = [here for here in reach([roots[k] for k in colours]) if here.op in ("input", "param")]
    inputs = tuple(sorted({str(here.data) for here in found if here.op == "input"}))
    params = tuple(here for here in found if here.op == "param")
    mixed = any(sum(here.op == "input" for here in reach([roots[k]])) > 1 for k in colours)  # else lines are cheaper
    fits = mixed and len(colours) == 3 and len(inputs) == 3 and all(name.startswith("raw ") for name in inputs)
    settled = all(here.data in known for here in params)  # what follows the time would be sampled for every frame
    if not (allowed and fits and settled) or before.is_float or cost([roots[k] for k in colours]) < _WORTH:
        return list(roots), None
    peak, range_ = (1.0 if row.is_float else float((1 << row.depth) - 1) for row in (before, after))
    exact = _Sampled(tuple(roots[k] for k in colours), inputs, params, peak)
    values = [known[here.data] for here in params]
    corners = np.array(list(product((0.0, peak), repeat=3)))
    probes = list(np.concatenate([corners, np.random.default_rng(0).uniform(0, peak, (_PROBES, 3))]).T)
    wanted = np.clip(exact.at(probes, values), 0, range_)
    for side in SIDES:
        sampled = exact.with_side(side)
        got = np.stack(tetrahedral(sampled(*values), *(codes / peak for codes in probes)), axis=-1)
        error = float(np.abs(np.clip(got, 0, range_) - wanted).max()) / range_
        if error <= allowed:
            table = node("table", params, sampled)
            places = [make("mul", node("input", (), name), const(1 / peak)) for name in inputs]
            looked_up = {here: node("lookup3", (table, *places), k) for k, here in enumerate(colours)}
            return [looked_up.get(k, root) for k, root in enumerate(roots)], Cube(side, error)
    return list(roots), None
