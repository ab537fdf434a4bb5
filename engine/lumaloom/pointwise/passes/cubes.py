"""Costly runs of colour as one look up in a cube, where the user allows its error."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from lumaloom.frame import FrameSpec, Model, PixelFormat
from lumaloom.pointwise.host import tetrahedral
from lumaloom.pointwise.ir import Node, node, reach, rebuilt, substituted
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.cost import cost
from lumaloom.pointwise.passes.cube_axes import Axes

SIDES = (17, 33, 65)
_WORTH = 200  # instructions per pixel from which a look up is faster
_PROBES = 1 << 16


@dataclass(frozen=True, slots=True)
class Cube:
    """What stands for a run.

    Attributes:
        side: points a side.
        error: the greatest difference found over 65536 colours of all that the format has, as part of the range.
        used: whether that was allowed.

    """

    side: int
    error: float
    used: bool = True

    def __str__(self) -> str:
        text = f"a cube of {self.side} points a side, up to {self.error * 255:.2g} of 255 levels off"
        return text if self.used else f"computed, as more is asked than {text}"


Evaluator = Callable[[Sequence[Any], Mapping[Hashable, Any]], Sequence[Any]]
"""Gives the three values of colours: from three arrays of their codes, and parameters by their `data`."""


def by_numpy(roots: Sequence[Node], inputs: Sequence[str]) -> Evaluator:
    """Return one for graphs that read `inputs`, without code: slow, and to the last digit."""
    return lambda codes, known: evaluate(roots, {**known, **dict(zip(inputs, codes, strict=True))})


class _Sampled:
    """A table of a graph's values: a host function of the parameters that the graph has."""

    def __init__(self, evaluator: Evaluator, axes: Axes, params: Sequence[Node], side: int = 0) -> None:
        self.evaluator, self.axes, self.params, self.side = evaluator, axes, params, side

    def __repr__(self) -> str:
        return "cube"  # code does not depend on what is in it

    def __call__(self, *values: float) -> np.ndarray[Any, Any]:
        """Return `(side, side, side, 3)`."""
        return self.at(self.axes.codes(self.side), values).astype(np.float32)

    def at(self, codes: Sequence[Any], values: Sequence[float]) -> np.ndarray[Any, Any]:
        """Return the graph's values at some codes, the three of a colour in the last axis."""
        known: dict[Hashable, Any] = {param.data: value for param, value in zip(self.params, values, strict=True)}
        return np.stack(np.broadcast_arrays(*self.evaluator(codes, known), codes[0])[:3], axis=-1)


def collapsed(
    roots: Sequence[Node],
    colours: Sequence[int],
    before: FrameSpec,
    after: PixelFormat,
    known: Mapping[Hashable, float],
    allowed: float,
    evaluator: Callable[[Sequence[Node], Sequence[str]], Evaluator],
) -> tuple[list[Node], Cube | None]:
    """Return the roots with the costly colours in them looked up in the smallest cube that is exact enough.

    What depends on the pixel's place too, such as a vignette after a grade, is computed from the colours looked up.

    Args:
        roots: samples in steps, from `raw` inputs.
        colours: which of them are colour.
        before: frames that come in.
        after: format that goes out.
        known: the parameters of now.
        allowed: error as part of the range; 0 allows none.
        evaluator: gives what evaluates values of colours, from them and the names of what they read.

    """
    wanted = [roots[k] for k in colours]
    if not allowed or before.format.is_float or before.format.model is Model.GRAY:
        return list(roots), None
    axes = Axes(before)
    values = _cut(wanted, frozenset(axes.inputs))
    params = tuple(here for here in reach(values) if here.op == "param")
    settled = all(here.data in known for here in params)  # what follows the time would be sampled for every frame
    mixed = any(len(here.reads) > 1 for here in values)  # else lines are cheaper
    if not (settled and mixed and len(values) == 3 and cost(values) >= _WORTH):
        return list(roots), None
    range_ = 1.0 if after.is_float else float((1 << after.depth) - 1)
    sampled_by = evaluator(values, axes.inputs)
    exact, numbers = _Sampled(sampled_by, axes, params), [known[here.data] for here in params]
    rest = _with(wanted, values, [node("input", (), f"cube {k}") for k in range(3)])
    corners = np.array(list(product((0.0, axes.peak), repeat=3)))
    rng = np.random.default_rng(0)
    probes = list(np.concatenate([corners, rng.uniform(0, axes.peak, (_PROBES, 3))]).T)
    around: dict[Hashable, Any] = {**known, (-1, "t"): 0.0, (-1, "frame"): 0.0}
    for name, axis, size in (("x", "width", before.width), ("y", "height", before.height)):
        around |= {name: np.floor(rng.uniform(0, size, len(probes[0]))) + 0.5, (-1, axis): float(size)}

    codes: dict[Hashable, Any] = dict(zip(axes.inputs, probes, strict=True))

    def finished(samples: Sequence[Any]) -> np.ndarray[Any, Any]:
        given = {**around, **codes}
        given.update({f"cube {k}": sample for k, sample in enumerate(samples)})
        stacked = np.stack(np.broadcast_arrays(*evaluate(rest, given), probes[0])[:3])
        return np.asarray(np.clip(stacked, 0, range_))

    right = finished(list(np.moveaxis(exact.at(probes, numbers), -1, 0)))
    for side in SIDES:
        sampled, places = _Sampled(sampled_by, axes, params, side), axes.places(side)
        got = finished(tetrahedral(sampled(*numbers), *evaluate(places, codes)))
        error = float(np.abs(got - right).max()) / range_
        if error <= allowed:
            table = node("table", params, sampled)
            looked_up = [node("lookup3", (table, *places), k) for k in range(3)]
            made = dict(zip(colours, _with(wanted, values, looked_up), strict=True))
            return [made.get(k, root) for k, root in enumerate(roots)], Cube(side, error)
    return list(roots), Cube(side, error, used=False)


def _cut(roots: Sequence[Node], inputs: frozenset[str]) -> list[Node]:
    """Return the values of colour alone, as far from the inputs as there are, that the roots are made of.

    Those that follow from the others are left out, as are the inputs themselves.
    """
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = list(roots)[::-1]
    while stack:
        here = stack.pop()
        if here in seen or not here.varying:
            continue
        seen.add(here)
        if here.reads <= inputs:
            found[here] = None
        else:
            stack += here.args[::-1]
    outer = [here for here in found if here.op != "input"]
    return [here for here in outer if _reaches_input(here, set(outer) - {here})]


def _reaches_input(root: Node, stops: set[Node]) -> bool:
    """Whether a value needs an input by another way than through others."""
    seen: set[Node] = set()
    stack = [root]
    while stack:
        here = stack.pop()
        if here.op == "input":
            return True
        if here not in seen:
            seen.add(here)
            stack += [arg for arg in here.args if arg.varying and arg not in stops]
    return False


def _with(roots: Sequence[Node], values: Sequence[Node], others: Sequence[Node]) -> list[Node]:
    """Return the roots with values replaced."""
    new = dict(zip(values, others, strict=True))
    return substituted(roots, lambda here, args: new.get(here) or rebuilt(here, args))
