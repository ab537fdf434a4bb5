"""The expression graph: nodes that are made once each, folded while they are made.

A node is `varying` where it depends on the pixel; the others are worth one number per frame and are evaluated on
the host. Two nodes with the same operation and arguments are the same object, so common subexpressions are found
by construction, and what nothing reaches is dead.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from hashlib import blake2b
from weakref import WeakValueDictionary

UNARY = {
    "neg", "abs", "sqrt", "floor", "ceil", "rint", "trunc", "exp2", "log2", "sin", "cos", "tanh", "cbrt", "atan",
    "expm1", "log1p",
}  # fmt: skip
BINARY = {"add", "sub", "mul", "div", "min", "max", "pow", "atan2"}
COMPARE = {"lt", "le", "eq", "ne"}
_COMMUTATIVE = {"add", "mul", "min", "max", "eq", "ne", "and", "or", "xor"}
LOGIC = {"and", "or", "xor", "not"}


class Node:
    """One value of the graph.

    Attributes:
        op: `const`, `input`, `param`, `call`, `table`, `lookup`, `lookup3`, `texel`, `hash`, `select`, or an arithmetic
            name.
        args: the nodes that it is made from.
        data: what else it is: the number of a constant, the name of an input, the host function of a call.
        varying: whether it depends on the pixel.
        reads: the `data` of the inputs that it depends on.
        number: the value of a constant, else None.
        is_bool: whether it is a truth value, else a float.
        digest: a hash of all this that is the same in every process.

    """

    __slots__ = ("__weakref__", "args", "data", "digest", "is_bool", "number", "op", "reads", "varying")

    def __init__(self, op: str, args: tuple[Node, ...], data: Hashable) -> None:
        self.op, self.args, self.data = op, args, data
        self.reads: frozenset[Hashable] = frozenset((data,)) if op == "input" else _union(args)
        self.varying = bool(self.reads)
        self.number: float | None = data if op == "const" else None  # type: ignore[assignment]
        self.is_bool = op in COMPARE or op in LOGIC
        content = blake2b(f"{op} {data!r}".encode(), digest_size=12)
        for arg in args:
            content.update(arg.digest)
        self.digest: bytes = content.digest()

    @property
    def texel(self) -> tuple[int, int, int]:
        """Of a `texel`: the channel's number, how many the picture has, and bits of a sample."""
        return self.data  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"<{self.op} {self.data}>" if not self.args else f"<{self.op} of {len(self.args)}>"


def _union(args: tuple[Node, ...]) -> frozenset[Hashable]:
    """Return what the arguments read, one set being shared by as many nodes as there can be."""
    found: frozenset[Hashable] = frozenset()
    for arg in args:
        if not arg.reads <= found:
            found = arg.reads if found <= arg.reads else found | arg.reads
    return found


_made: WeakValueDictionary[tuple[Hashable, ...], Node] = WeakValueDictionary()
_lock = threading.Lock()


def node(op: str, args: tuple[Node, ...] = (), data: Hashable = None) -> Node:
    """Return the one node with this operation and these arguments, unfolded."""
    key = (op, data, *map(id, args))
    if op == "const":  # 0.0 and -0.0 are equal and differ
        key = (*key, math.copysign(1.0, data))  # type: ignore[arg-type]
    found = _made.get(key)
    if found is None:
        with _lock:
            found = _made.get(key)  # another thread may have been first
            if found is None:
                found = _made[key] = Node(op, args, data)
    return found


def const(value: float) -> Node:
    """Return a constant."""
    return node("const", (), float(value))


def make(op: str, *args: Node) -> Node:
    """Return an operation on nodes, folded where that changes no result (NaN and infinity aside)."""
    numbers = [arg.number for arg in args if arg.number is not None]
    if len(numbers) == len(args) and op in _FOLDS:
        return _folded(op, numbers)
    rule = _RULES.get(op)
    simpler = rule(*args) if rule else None
    if simpler is not None:
        return simpler
    if op in _COMMUTATIVE and _rank(args[0]) > _rank(args[1]):
        args = (args[1], args[0])
    return node(op, args)


def select(condition: Node, yes: Node, no: Node) -> Node:
    """Return `yes` where the condition holds, else `no`."""
    if yes is no:
        return yes
    number = condition.number
    if number is not None:
        return yes if number else no
    return node("select", (condition, yes, no))


def _rank(value: Node) -> tuple[bool, bool, bytes]:
    """Constants last, uniform values before them; the same order in every process."""
    return value.op == "const", not value.varying, value.digest


def _folded(op: str, numbers: list[float]) -> Node:
    try:
        value = _FOLDS[op](*numbers)
    except (ValueError, OverflowError, ZeroDivisionError):
        value = math.nan
    return const(float(value))


def _divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


_FOLDS: dict[str, Callable[..., float]] = {
    "neg": lambda a: -a,
    "abs": abs,
    "sqrt": math.sqrt,
    "floor": lambda a: math.floor(a),
    "ceil": lambda a: math.ceil(a),
    "rint": lambda a: round(a),
    "trunc": lambda a: math.trunc(a),
    "exp2": lambda a: 2.0**a,
    "log2": lambda a: math.log2(a) if a else -math.inf,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "cbrt": math.cbrt,
    "atan": math.atan,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _divided,
    "min": min,
    "max": max,
    "pow": math.pow,
    "atan2": math.atan2,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "xor": lambda a, b: bool(a) != bool(b),
    "not": lambda a: not a,
}


def _add(a: Node, b: Node) -> Node | None:
    if a.number == 0:
        return b
    return a if b.number == 0 else None


def _sub(a: Node, b: Node) -> Node | None:
    if b.number == 0:
        return a
    if a is b:
        return const(0)
    return make("neg", b) if a.number == 0 else None


def _mul(a: Node, b: Node) -> Node | None:
    for one, other in ((a, b), (b, a)):
        if one.number == 0:
            return const(0)
        if one.number == 1:
            return other
        if one.number == -1:
            return make("neg", other)
    return None


def _div(a: Node, b: Node) -> Node | None:
    if b.number == 1 or a.number == 0:
        return a
    if not b.varying:  # one division on the host instead of one per pixel
        return make("mul", a, make("div", const(1), b)) if a.varying else None
    return None


def _pow(a: Node, b: Node) -> Node | None:
    simple = {0.0: lambda: const(1), 1.0: lambda: a, 0.5: lambda: make("sqrt", a), 2.0: lambda: make("mul", a, a)}
    if b.number in simple:
        return simple[b.number]()
    if b.number in (3.0, 4.0):
        square = make("mul", a, a)
        return make("mul", square, a if b.number == 3 else square)
    if b.number == -1:
        return make("div", const(1), a)
    if b.number is not None and 4 < b.number < 16:  # what is left for logarithms is less wrong
        whole, power = int(b.number), a
        result = make("pow", a, const(b.number - whole))
        while whole:
            result = make("mul", result, power) if whole & 1 else result
            power, whole = make("mul", power, power), whole >> 1
        return result
    return None


def _twice_neg(a: Node) -> Node | None:
    return a.args[0] if a.op == "neg" else None


_RULES: dict[str, Callable[..., Node | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "neg": _twice_neg,
    "min": lambda a, b: a if a is b else None,
    "max": lambda a, b: a if a is b else None,
}


def reach(roots: Iterable[Node]) -> Iterator[Node]:
    """Yield every node that the roots are made from, arguments before what uses them."""
    done: set[Node] = set()
    stack: list[Node | None] = [*reversed(list(roots))]
    while stack:
        here = stack.pop()
        if here is None:  # what lies below is ready
            ready = stack.pop()
            assert ready is not None
            yield ready
        elif here not in done:
            done.add(here)
            if here.args:
                stack += (here, None, *here.args[::-1])
            else:
                yield here


def rebuilt(here: Node, args: tuple[Node, ...]) -> Node:
    """Return a node like `here` on other arguments, folded anew."""
    if args == here.args:
        return here
    if here.op == "select":
        return select(*args)
    if here.op in _FOLDS:
        return make(here.op, *args)
    return node(here.op, args, here.data)


def substituted(roots: Iterable[Node], change: Callable[[Node, tuple[Node, ...]], Node]) -> list[Node]:
    """Return the roots with every node replaced by `change(node, its new arguments)`, from the leaves upward."""
    roots = list(roots)
    new: dict[int, Node] = {}
    for here in reach(roots):
        new[id(here)] = change(here, tuple(new[id(arg)] for arg in here.args))
    return [new[id(root)] for root in roots]
