"""What authors call beside NumPy: host functions of parameters, tables, and noise.

Each works on numbers and arrays (the reference) and on symbols (while a function is traced).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, update_wrapper
from hashlib import sha256
from typing import Any

import numpy as np

from lumaloom.errors import TraceError
from lumaloom.pointwise.ir import Node, const, node
from lumaloom.pointwise.trace import Symbol, author_line, node_of

_KEPT_RESULTS = 32

peek: ContextVar[Callable[[Node], Any]] = ContextVar("peek")
"""While tracing: the value that a uniform node has with the parameters of now."""


@dataclass(frozen=True)
class HostCall:
    """A host function with those of its arguments that are known; the others are `...`, in order of the node's."""

    function: Callable[..., Any]
    known: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.function.__module__}.{self.function.__qualname__}{self.known!r}"

    def __call__(self, *values: float) -> Any:
        """Return what the function makes of the values in place of `...`; recent results are kept."""
        rest = iter(values)
        return _result(self.function, tuple(next(rest) if arg is ... else arg for arg in self.known))


@lru_cache(maxsize=_KEPT_RESULTS * 4)
def _result(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return function(*args)


class _HostFunction:
    """A function of parameters that runs in plain Python, once per set of values."""

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.function, self.signature = function, inspect.signature(function)

    def __call__(self, *args: Any, **named: Any) -> Any:
        bound = self.signature.bind(*args, **named)
        bound.apply_defaults()
        words = bound.args
        if bound.kwargs:
            raise TraceError(f"{author_line()}: {self.function.__name__}: give keyword-only arguments a plain name")
        if not any(isinstance(word, Symbol) for word in words):
            return self.checked(HostCall(self.function, tuple(words))())
        nodes = [word.node for word in words if isinstance(word, Symbol)]
        if any(found.varying for found in nodes):
            raise TraceError(
                f"{author_line()}: {self.function.__name__} runs once per frame and takes parameters, not pixels; "
                "use NumPy functions for what depends on the pixel"
            )
        return self.traced(
            HostCall(self.function, tuple(... if isinstance(word, Symbol) else word for word in words)), nodes
        )

    def checked(self, result: Any) -> Any:
        """Return a result as authors get it outside a trace."""
        return result

    def traced(self, call: HostCall, nodes: list[Node]) -> Any:
        """Return the symbols for a result."""
        raise NotImplementedError


class _Uniform(_HostFunction):
    def traced(self, call: HostCall, nodes: list[Node]) -> Any:
        here = node("call", tuple(nodes), call)
        value = peek.get()(here)
        if np.ndim(value) == 0:
            return Symbol(node("item", (here,), 0))
        return tuple(Symbol(node("item", (here,), k)) for k in range(len(value)))


class _Table(_HostFunction):
    def checked(self, result: Any) -> Any:
        return checked_table(result, self.function.__name__)

    def traced(self, call: HostCall, nodes: list[Node]) -> Any:
        here = node("table", tuple(nodes), call)
        return TableSymbol(here, checked_table(peek.get()(here), self.function.__name__).ndim)


def uniform(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of parameters that runs on the host, once per set of values: `@uniform`.

    It takes and returns plain Python numbers (one, or a tuple of always the same length), may use any Python,
    and has to be pure. In a pointwise function it is called with parameters, and with `t`, `frame`, `width`,
    `height`; never with channels, `x` or `y`.
    """
    return _Uniform(function)


def table(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function of parameters that returns a table for `lookup` or `lookup3d`: `@table`.

    It returns an array of shape `(n,)`, n from 2, or `(n, n, n, 3)`, n from 2 to 256, indexed `[r, g, b]`. It runs
    on the host, once per set of values, and has to be pure.
    """
    return _Table(function)


class ConstTable:
    """A table that is known while tracing; equal contents are equal tables."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.values = np.ascontiguousarray(values, np.float32)
        self.key = sha256(repr(values.shape).encode() + self.values.tobytes()).hexdigest()

    def __call__(self) -> np.ndarray[Any, Any]:
        """Return the table."""
        return self.values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConstTable) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"table {self.values.ndim}"  # code does not depend on what is in it


class TableSymbol:
    """A table while a function is traced; only `lookup` and `lookup3d` take it."""

    __array_ufunc__ = None

    def __init__(self, here: Node, ndim: int) -> None:
        self.node, self.ndim = here, ndim


def checked_table(values: Any, name: str) -> np.ndarray[Any, Any]:
    """Return a table as an array of float32.

    Raises:
        TraceError: a shape that no lookup takes, or numbers that are not finite.

    """
    array = np.asarray(values, np.float32)
    line = array.ndim == 1 and len(array) >= 2
    cube = array.ndim == 4 and array.shape == (*[len(array)] * 3, 3) and 2 <= len(array) <= 256
    if not (line or cube) or not np.isfinite(array).all():
        raise TraceError(f"{name}: expected a finite table of shape (n,) or (n, n, n, 3), n >= 2, got {array.shape}")
    return array


def _table_node(values: Any, ndim: int, name: str) -> Node:
    if not isinstance(values, TableSymbol):
        array = checked_table(values, name)
        values = TableSymbol(node("table", (), ConstTable(array)), array.ndim)
    if values.ndim != ndim:
        raise TraceError(
            f"{author_line()}: {name} got a table of the other kind; (n,) is for lookup, a cube for lookup3d"
        )
    found: Node = values.node
    return found


def lookup(values: Any, v: Any) -> Any:
    """Return `v` looked up in a table of shape `(n,)`, linearly between entries; 0 is the first, 1 the last.

    Beyond them, and for NaN, lie the ends: `v` is kept within 0 to 1, NaN counts as 0.
    """
    if isinstance(v, Symbol) or isinstance(values, TableSymbol):
        return Symbol(node("lookup", (_table_node(values, 1, "lookup"), node_of(v))))
    array = checked_table(values, "lookup")
    place = np.nan_to_num(np.clip(v, 0, 1)) * (len(array) - 1)
    low = np.clip(np.floor(place).astype(np.int64), 0, len(array) - 2)
    return array[low] + (array[low + 1] - array[low]) * (place - low)


def lookup3d(cube: Any, r: Any, g: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return three values looked up in a cube of shape `(n, n, n, 3)`, by tetrahedra between its points.

    `cube[i, j, k]` holds the result for `r = i / (n - 1)`, `g = j / (n - 1)`, `b = k / (n - 1)`. Arguments are kept
    within 0 to 1, NaN counts as 0.
    """
    if any(isinstance(v, Symbol) for v in (r, g, b)) or isinstance(cube, TableSymbol):
        args = (_table_node(cube, 4, "lookup3d"), *(node_of(v) for v in (r, g, b)))
        found = [Symbol(node("lookup3", args, k)) for k in range(3)]
        return found[0], found[1], found[2]
    array = checked_table(cube, "lookup3d")
    return tetrahedral(array, r, g, b)


def tetrahedral(array: np.ndarray[Any, Any], r: Any, g: Any, b: Any) -> tuple[Any, Any, Any]:
    """Interpolate by definition: from the corner of the cell to the next along the greatest fraction, and so on."""
    last = len(array) - 1
    places = [np.nan_to_num(np.clip(v, 0, 1)) * last for v in np.broadcast_arrays(r, g, b)]
    lows = [np.clip(np.floor(place).astype(np.int64), 0, last - 1) for place in places]
    shares = np.stack([place - low for place, low in zip(places, lows, strict=True)])
    order = np.argsort(-shares, axis=0, kind="stable")
    here = list(lows)
    value = array[tuple(here)]
    result = value.astype(shares.dtype)
    for rank in range(3):
        axis = order[rank]
        here = [here[k] + (axis == k) for k in range(3)]
        further = array[tuple(here)]
        result = result + (further - value) * np.take_along_axis(shares, axis[None], 0)[0][..., None]
        value = further
    return result[..., 0], result[..., 1], result[..., 2]


def noise(x: Any, y: Any, frame: Any = 0, seed: Any = 0) -> Any:
    """Return white noise in [0, 1): a hash of whole numbers, the same on every device.

    `x` and `y` are rounded down; `frame` and `seed`, whole numbers below 2**24, give other patterns.
    """
    args = (x, y, frame, seed)
    if any(isinstance(arg, Symbol) for arg in args):
        return Symbol(node("hash", tuple(node_of(arg) for arg in args)))
    return hashed(*args)


def hashed(x: Any, y: Any, frame: Any, seed: Any) -> Any:
    """Return the hash by definition, in wrapping arithmetic of 32 bits."""
    words = [np.floor(np.asarray(v, np.float64)).astype(np.int64).astype(np.uint32) for v in (x, y, frame, seed)]
    with np.errstate(over="ignore"):
        key = words[2] * np.uint32(0x9E3779B1) + words[3] * np.uint32(0x85EBCA77)
        row = mixed(words[1] * np.uint32(0xC2B2AE3D) + key)
        value = mixed(words[0] * np.uint32(0x27D4EB2F) + row)
    return (value >> np.uint32(8)) * (1.0 / (1 << 24))


def mixed(h: Any) -> Any:
    """Spread every bit over the word."""
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = (h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    return h ^ (h >> np.uint32(15))


def constant(value: float) -> Symbol:
    """Return a number as a symbol."""
    return Symbol(const(value))
