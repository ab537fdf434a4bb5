"""Symbols: what an author's function gets in place of arrays, so that what it computes becomes a graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from lumaloom.errors import TraceError
from lumaloom.pointwise.ir import Node, const, make, select

_HERE = str(Path(__file__).parent)
_NUMPY = str(Path(np.__file__).parent)
_LN2 = 0.6931471805599453
_PER_DEGREE = 0.017453292519943295


class Symbol(NDArrayOperatorsMixin):
    """A value that is not known yet. NumPy's operators and functions on it make larger symbols."""

    __slots__ = ("node",)
    __array_priority__ = 1000

    def __init__(self, node: Node) -> None:
        self.node = node

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Symbol:
        if method != "__call__" or ufunc.__name__ not in _UFUNCS:
            raise _refused(f"numpy.{ufunc.__name__}{'' if method == '__call__' else '.' + method}")
        if options.get("out") == (inputs[0],):
            raise _refused("changing it in place, as by += and *=", "a new value: r = r * 2")
        if options.keys() - {"dtype", "casting"}:
            raise _refused(f"numpy.{ufunc.__name__} with {', '.join(options)}=")
        return Symbol(_UFUNCS[ufunc.__name__](*map(node_of, inputs)))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function not in _FUNCTIONS:
            raise _refused(f"numpy.{function.__name__}")
        return _FUNCTIONS[function](*args, **options)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise _refused("making an array of it")

    def clip(self, low: Any = None, high: Any = None) -> Symbol:
        """Return the value kept between `low` and `high`."""
        return _clip(self, low, high)

    def __bool__(self) -> NoReturn:
        raise _refused("if, while, and, or, not, min() and max() on it", "np.where, np.minimum, np.maximum or & | ~")

    def __iter__(self) -> NoReturn:
        raise _refused("a loop over it", "the channels by their names")

    def __len__(self) -> NoReturn:
        raise _refused("len() of it", "width and height")

    def __getitem__(self, _: Any) -> NoReturn:
        raise _refused("indexing it", "np.where, or lookup() in a table")

    def __int__(self) -> NoReturn:
        raise _refused("int() of it", "np.floor, or @uniform for what depends on parameters alone")

    def __float__(self) -> NoReturn:
        raise _refused(
            "float() and math functions of it", "numpy's functions, or @uniform for what depends on parameters"
        )

    def __index__(self) -> NoReturn:
        raise _refused("counting with it", "lookup() in a table")

    def __round__(self, _: Any = None) -> NoReturn:
        raise _refused("round() of it", "np.rint")

    def __hash__(self) -> int:
        return id(self)


def node_of(value: Any) -> Node:
    """Return the node of a symbol, or a constant of a number."""
    if isinstance(value, Symbol):
        return value.node
    if isinstance(value, (bool, int, float, np.generic)) or (isinstance(value, np.ndarray) and value.ndim == 0):
        try:
            return const(float(value))
        except (TypeError, ValueError):
            pass
    kind = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    raise _refused(f"{kind} as an operand", "numbers and channels, or lookup() in a table")


def author_line() -> str:
    """Return `file:line` of the innermost frame that is neither ours nor NumPy's."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith((_HERE, _NUMPY)):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _refused(what: str, mend: str = "what help(lumaloom.effect.pointwise) lists") -> TraceError:
    return TraceError(f"{author_line()}: {what} can't be compiled; use {mend}")


def _float(value: Node) -> Node:
    return select(value, const(1), const(0)) if value.is_bool else value


def _truth(value: Node) -> Node:
    return value if value.is_bool or value.op == "const" else make("ne", value, const(0))


def _arithmetic(op: str) -> Callable[..., Node]:
    return lambda *args: make(op, *map(_float, args))


def _logic(op: str) -> Callable[..., Node]:
    return lambda *args: make(op, *map(_truth, args))


def _flip(op: str) -> Callable[[Node, Node], Node]:
    return lambda a, b: make(op, _float(b), _float(a))


def _floor_divide(a: Node, b: Node) -> Node:
    return make("floor", make("div", _float(a), _float(b)))


def _remainder(a: Node, b: Node) -> Node:
    return make("sub", _float(a), make("mul", _floor_divide(a, b), _float(b)))


def _fmod(a: Node, b: Node) -> Node:
    return make("sub", _float(a), make("mul", make("trunc", make("div", _float(a), _float(b))), _float(b)))


def _sign(a: Node) -> Node:
    a = _float(a)
    return select(make("lt", const(0), a), const(1), select(make("lt", a, const(0)), const(-1), const(0)))


def _hypot(a: Node, b: Node) -> Node:
    a, b = _float(a), _float(b)
    return make("sqrt", make("add", make("mul", a, a), make("mul", b, b)))


def _scaled(factor: float, inside: bool, op: str) -> Callable[[Node], Node]:
    """Return exp or log of another base: a factor before or after the one of base 2."""
    if inside:
        return lambda a: make(op, make("mul", _float(a), const(factor)))
    return lambda a: make("mul", make(op, _float(a)), const(factor))


_UFUNCS: dict[str, Callable[..., Node]] = {
    "add": _arithmetic("add"),
    "subtract": _arithmetic("sub"),
    "multiply": _arithmetic("mul"),
    "divide": _arithmetic("div"),
    "true_divide": _arithmetic("div"),
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "fmod": _fmod,
    "negative": _arithmetic("neg"),
    "positive": _float,
    "absolute": _arithmetic("abs"),
    "fabs": _arithmetic("abs"),
    "sign": _sign,
    "square": lambda a: make("mul", _float(a), _float(a)),
    "reciprocal": lambda a: make("div", const(1), _float(a)),
    "sqrt": _arithmetic("sqrt"),
    "cbrt": _arithmetic("cbrt"),
    "hypot": _hypot,
    "power": _arithmetic("pow"),
    "float_power": _arithmetic("pow"),
    "exp": _scaled(1 / _LN2, True, "exp2"),
    "exp2": _arithmetic("exp2"),
    "log": _scaled(_LN2, False, "log2"),
    "log2": _arithmetic("log2"),
    "log10": _scaled(0.30102999566398120, False, "log2"),
    "sin": _arithmetic("sin"),
    "cos": _arithmetic("cos"),
    "tan": lambda a: make("div", make("sin", _float(a)), make("cos", _float(a))),
    "tanh": _arithmetic("tanh"),
    "expm1": _arithmetic("expm1"),
    "log1p": _arithmetic("log1p"),
    "arctan": _arithmetic("atan"),
    "arctan2": _arithmetic("atan2"),
    "radians": lambda a: make("mul", _float(a), const(_PER_DEGREE)),
    "deg2rad": lambda a: make("mul", _float(a), const(_PER_DEGREE)),
    "degrees": lambda a: make("mul", _float(a), const(1 / _PER_DEGREE)),
    "rad2deg": lambda a: make("mul", _float(a), const(1 / _PER_DEGREE)),
    "floor": _arithmetic("floor"),
    "ceil": _arithmetic("ceil"),
    "rint": _arithmetic("rint"),
    "trunc": _arithmetic("trunc"),
    "minimum": _arithmetic("min"),
    "maximum": _arithmetic("max"),
    "fmin": _arithmetic("min"),
    "fmax": _arithmetic("max"),
    "less": _arithmetic("lt"),
    "less_equal": _arithmetic("le"),
    "greater": _flip("lt"),
    "greater_equal": _flip("le"),
    "equal": _arithmetic("eq"),
    "not_equal": _arithmetic("ne"),
    "logical_and": _logic("and"),
    "logical_or": _logic("or"),
    "logical_xor": _logic("xor"),
    "logical_not": _logic("not"),
    "bitwise_and": _logic("and"),
    "bitwise_or": _logic("or"),
    "bitwise_xor": _logic("xor"),
    "invert": _logic("not"),
    "isnan": lambda a: make("ne", _float(a), _float(a)),
}


def _where(condition: Any, *choices: Any) -> Symbol:
    if len(choices) != 2:
        raise _refused("np.where without both values", "np.where(condition, yes, no)")
    yes, no = (_float(node_of(choice)) for choice in choices)
    return Symbol(select(_truth(node_of(condition)), yes, no))


def _clip(value: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Symbol:  # noqa: A002
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    result = _float(node_of(value))
    if low is not None:
        result = make("max", result, _float(node_of(low)))
    if high is not None:
        result = make("min", result, _float(node_of(high)))
    return Symbol(result)


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Symbol:
    result = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = _where(condition, choice, result)
    return result if isinstance(result, Symbol) else Symbol(node_of(result))


def _round(value: Any, decimals: int = 0) -> Symbol:
    if decimals:
        raise _refused("np.round with decimals", "np.rint of a multiple")
    return Symbol(make("rint", _float(node_of(value))))


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.clip: _clip,
    np.select: _select,
    np.round: _round,
    np.around: _round,
    np.fix: lambda value: Symbol(make("trunc", _float(node_of(value)))),
    np.zeros_like: lambda value, **_: Symbol(const(0)),
    np.ones_like: lambda value, **_: Symbol(const(1)),
    np.full_like: lambda value, fill_value, **_: Symbol(node_of(fill_value)),
}
