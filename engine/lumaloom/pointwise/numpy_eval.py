"""Values of nodes by NumPy: of uniform ones on the host once per frame, and of whole graphs in tests and tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lumaloom.pointwise.host import hashed, lookup, tetrahedral
from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.pictures import texels


def by_table(base: Any, table: np.ndarray[Any, Any]) -> Any:
    """Return powers by the exponent that a table of `passes.powers` was made for: its entry 9 is two to it."""
    return np.power(np.maximum(base, 0), np.log2(table[9]))


_DIRECT: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
    "rint": np.rint,
    "trunc": np.trunc,
    "exp2": np.exp2,
    "log2": np.log2,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "cbrt": np.cbrt,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.fmin,
    "max": np.fmax,
    "pow": np.power,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
    "not": np.logical_not,
    "select": np.where,
    "lookup": lookup,
    "hash": hashed,
    "power": by_table,
    "pieces": lambda value, function: function(value),
}

Known = Mapping[Hashable, Any]


def evaluate(roots: Iterable[Node], known: Known) -> list[Any]:
    """Return the value of every root.

    Args:
        roots: nodes.
        known: values of inputs and parameters by their `data`.

    """
    roots = list(roots)
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for here in reach(roots):
            values[id(here)] = value_of(here, [values[id(arg)] for arg in here.args], known)
    return [values[id(root)] for root in roots]


def value_of(here: Node, args: Sequence[Any], known: Known) -> Any:
    """Return the value of one node from those of its arguments."""
    data: Any = here.data
    if here.op == "const":
        return np.float64(data)
    if here.op in ("input", "param"):
        return known[data]
    if here.op in ("call", "table"):
        return data(*map(_plain, args))
    if here.op == "item":
        return np.float64(args[0] if np.ndim(args[0]) == 0 else args[0][data])
    if here.op == "texel":
        return texels(*args)[data[0]]
    if here.op == "lookup3":
        return tetrahedral(*args)[data]
    return _DIRECT[here.op](*args)


def _plain(value: Any) -> Any:
    """Return a plain Python number, as host functions expect."""
    return value.item() if isinstance(value, np.generic) else value
