"""Nodes of a graph as CUDA C++ on floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from lumaloom.pointwise.ir import Node, reach

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_CALLS = {
    "abs": "fabsf", "sqrt": "sqrtf", "floor": "floorf", "ceil": "ceilf", "rint": "rintf", "trunc": "truncf",
    "exp2": "f_exp2", "log2": "f_log2", "pow": "f_pow", "sin": "f_sin", "cos": "f_cos", "tanh": "tanhf",
    "expm1": "expm1f", "log1p": "log1pf",
    "cbrt": "cbrtf", "atan": "atanf", "atan2": "atan2f", "min": "f_min", "max": "f_max", "hash": "f_hash",
}  # fmt: skip
_LOGIC = {"and": "&", "or": "|", "xor": "!="}


def literal(value: float) -> str:
    """Return a float32 as C++ writes it."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    if not math.isfinite(single):
        return f"__uint_as_float({int(single.view(np.uint32)):#x}u)"
    text = repr(float(single))
    return f"{text if '.' in text or 'e' in text else text + '.0'}f"


def statements(
    roots: Iterable[Node], leaf: Callable[[Node], str], table: Callable[[Node], str]
) -> tuple[list[str], dict[Node, str]]:
    """Return a statement per node, each computed once, and the name of every node's value.

    Args:
        roots: what is wanted.
        leaf: gives the name of inputs and of uniform values.
        table: gives the arguments that a table's node stands for: its address, and last index or pitch.

    """
    lines: list[str] = []
    names: dict[Node, str] = {}
    cubes: dict[tuple[Node, ...], str] = {}
    below = _below_uniform(roots)
    for here in reach(roots):
        if here in below or here.op == "table":
            continue
        number = here.number
        if number is not None:
            names[here] = literal(number)
        elif not here.varying or here.op == "input":
            names[here] = leaf(here)
        elif here.op == "lookup3":
            if here.args not in cubes:
                cubes[here.args] = f"c{len(cubes)}"
                args = ", ".join(names[arg] for arg in here.args[1:])
                lines.append(f"const float3 {cubes[here.args]} = cube({table(here.args[0])}, {args});")
            names[here] = f"{cubes[here.args]}.{'xyz'[here.data]}"  # type: ignore[index]
        else:
            names[here] = f"v{len(lines)}"
            lines.append(f"const {'bool' if here.is_bool else 'float'} {names[here]} = {_text(here, names, table)};")
    return lines, names


def _below_uniform(roots: Iterable[Node]) -> set[Node]:
    """Return the nodes that only uniform values are made from: the host has computed those."""
    wanted: set[Node] = set()
    stack = list(roots)
    while stack:
        here = stack.pop()
        if here not in wanted:
            wanted.add(here)
            stack.extend(here.args if here.varying else ())
    return {here for here in reach(roots) if here not in wanted}


def _text(here: Node, names: dict[Node, str], table: Callable[[Node], str]) -> str:
    if here.op == "texel":
        index, count, bits = here.texel
        return f"texel<u{bits}>({table(here.args[0])}, {count}, {index}, {names[here.args[1]]}, {names[here.args[2]]})"
    if here.op == "lookup":
        return f"lookup({table(here.args[0])}, {names[here.args[1]]})"
    if here.op in _INFIX:
        return f"{names[here.args[0]]} {_INFIX[here.op]} {names[here.args[1]]}"
    if here.op in _CALLS:
        return f"{_CALLS[here.op]}({', '.join(names[arg] for arg in here.args)})"
    if here.op == "neg":
        return f"-{names[here.args[0]]}"
    truths = [f"({names[arg]} != 0.0f)" if not (arg.is_bool and arg.varying) else names[arg] for arg in here.args]
    if here.op in _LOGIC:
        return f"{truths[0]} {_LOGIC[here.op]} {truths[1]}"
    if here.op == "not":
        return f"!{truths[0]}"
    assert here.op == "select", here.op
    return f"{truths[0]} ? {names[here.args[1]]} : {names[here.args[2]]}"
