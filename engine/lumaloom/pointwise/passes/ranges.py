"""Range analysis: interval arithmetic that finds clamps and comparisons with nothing to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from lumaloom.pointwise.ir import Node, const, reach, rebuilt

Range = tuple[float, float]
EVERYTHING: Range = (-math.inf, math.inf)


def trimmed(roots: Sequence[Node], known: Mapping[object, Range]) -> list[Node]:
    """Return the roots without `min`, `max`, `abs` and comparisons whose outcome follows from the ranges.

    Args:
        roots: nodes.
        known: the ranges of inputs and parameters, by their `data`; the others may be anything.

    """
    ranges: dict[Node, Range] = {}
    new: dict[int, Node] = {}
    for here in reach(roots):
        changed = rebuilt(here, tuple(new[id(arg)] for arg in here.args))
        simple = _simplified(changed, ranges)
        if simple not in ranges:
            _complete(simple, ranges, known)
        new[id(here)] = simple
    return [new[id(root)] for root in roots]


def _complete(root: Node, ranges: dict[Node, Range], known: Mapping[object, Range]) -> None:
    """Add the range of a node, and of those among its arguments that folding has only just made."""
    stack = [root]
    while stack:
        missing = [arg for arg in stack[-1].args if arg not in ranges]
        stack += missing
        if not missing:
            here = stack.pop()
            ranges[here] = range_of(here, [ranges[arg] for arg in here.args], known)


def _simplified(here: Node, ranges: Mapping[Node, Range]) -> Node:
    if here.op not in ("min", "max", "lt", "le", "abs"):
        return here
    (low, high), *rest = (ranges[arg] for arg in here.args)
    if here.op == "abs":
        return here.args[0] if low >= 0 else here
    other_low, other_high = rest[0]
    if here.op in ("min", "max"):
        first, second = here.args if here.op == "min" else here.args[::-1]
        if high <= other_low:
            return first
        return second if other_high <= low else here
    if high < other_low or (here.op == "le" and high <= other_low):
        return const(1)
    if other_high < low or (here.op == "lt" and other_high <= low):
        return const(0)
    return here


def range_of(here: Node, args: Sequence[Range], known: Mapping[object, Range]) -> Range:
    """Return where a node's values lie, from where those of its arguments do."""
    if here.op == "const":
        number = float(here.number or 0.0)
        return EVERYTHING if math.isnan(number) else (number, number)
    if here.op in ("input", "param"):
        return known.get(here.data, EVERYTHING)
    if here.op == "texel":
        return 0.0, float((1 << here.texel[2]) - 1)
    if here.op == "select":
        return min(args[1][0], args[2][0]), max(args[1][1], args[2][1])
    rule = _RULES.get(here.op)
    if rule is None:
        return EVERYTHING
    low, high = rule(*args)
    return EVERYTHING if math.isnan(low) or math.isnan(high) else (low, high)


def _corners(op: Callable[[float, float], float]) -> Callable[[Range, Range], Range]:
    def corners(a: Range, b: Range) -> Range:
        found = [op(x, y) for x in a for y in b]
        return (math.nan, math.nan) if any(map(math.isnan, found)) else (min(found), max(found))

    return corners


def _rising(op: Callable[[float], float]) -> Callable[[Range], Range]:
    return lambda a: (op(a[0]), op(a[1]))


def _whole(op: Callable[[float], float]) -> Callable[[Range], Range]:
    return _rising(lambda v: op(v) if math.isfinite(v) else v)


def _abs(a: Range) -> Range:
    return (0.0 if a[0] <= 0 <= a[1] else min(map(abs, a))), max(map(abs, a))


def _div(a: Range, b: Range) -> Range:
    return EVERYTHING if b[0] <= 0 <= b[1] else _corners(lambda x, y: x / y if y else math.nan)(a, b)


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y  # 0 of an unbounded value is 0


def _power(a: Range, b: Range) -> Range:
    if a[0] < 0:
        return EVERYTHING
    return (0.0, max(1.0, a[1] ** b[1]) if math.isfinite(a[1]) and b[0] >= 0 and b[1] < 100 else math.inf)


_RULES: dict[str, Callable[..., Range]] = {
    "neg": lambda a: (-a[1], -a[0]),
    "abs": _abs,
    "sqrt": _rising(lambda v: math.sqrt(max(v, 0.0))),
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "rint": _whole(round),
    "trunc": _whole(math.trunc),
    "exp2": _rising(lambda v: 2.0**v if v < 1000 else math.inf),
    "expm1": _rising(lambda v: math.expm1(v) if v < 700 else math.inf),
    "log1p": _rising(lambda v: math.log1p(v) if v > -1 else -math.inf),
    "sin": lambda a: (-1.0, 1.0),
    "cos": lambda a: (-1.0, 1.0),
    "tanh": lambda a: (-1.0, 1.0),
    "atan": lambda a: (-1.6, 1.6),
    "atan2": lambda a, b: (-3.2, 3.2),
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "mul": _corners(_times),
    "div": _div,
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "pow": _power,
    "hash": lambda *_: (0.0, 1.0),
}
