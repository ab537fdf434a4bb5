"""A graph in fixed point: operations on words of 16 bits, of which registers hold twice as many as of floats.

A value `v` is the word nearest to `scale * v`. What is added, compared or chosen from shares a scale; products with one
number take a word from scale to scale at no cost, since scales are in the number. Scales, and so all numbers, are found
once parameters are known (see `fixed`); the graph holds for all of them.

Beside the operations that say the same of words as of floats there are `level` (one number), `scaled` (times one
number), `product`, `column` and `line` (what depends on the column or line alone, from a table), `byte` (a number of a
plate), `doubled` (so often that a
function's whole range fills a word, and what is beyond is cut off) and `curve` (a function of one value).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lumaloom.pointwise.ir import BINARY, UNARY, Node, const, make, node, reach
from lumaloom.pointwise.passes.affine import from_black, in_order, is_affine
from lumaloom.pointwise.passes.fixed_curves import Shape
from lumaloom.pointwise.plates import Plate

_ONE = const(1)
LACKING = frozenset({*UNARY, *BINARY, "lookup"}) - {"neg", "abs", "add", "sub", "mul", "min", "max"}
"""Operations that words have only as part of functions of one value."""

_ALIKE = {"add", "sub", "neg", "min", "max", "abs"}
_PLACES = {"x": "column", "y": "line"}


class UnsuitableError(Exception):
    """A graph has something that words can't do."""


@dataclass(frozen=True, slots=True)
class Way:
    """What code depends on beside the graph. Nodes compare by identity, and ways by what they say of them.

    Attributes:
        shift: of roots, by which a step of the format lies above the lowest bit.
        shapes: of every `curve`.
        doublings: how often every `doubled` is.
        cut: sums, and curves, that may reach beyond words, and are cut off there.

    """

    shift: int
    shapes: Mapping[Node, Shape]
    doublings: Mapping[Node, int]
    cut: frozenset[Node]

    def __hash__(self) -> int:
        return hash((self.shift, tuple(self.shapes.items()), tuple(self.doublings.items()), self.cut))


@dataclass(slots=True)
class Words:
    """What the graph's words are.

    Attributes:
        roots: the graph, in the order of the roots that it was made from.
        meaning: for a word the node whose value it is.
        weights: for a `scaled` the number that its argument is multiplied by.
        levels: for a `level` its number.
        places: for a `column` or `line` what it depends on the place by.
        sums: of the arguments of functions: the last sum of each, which alone may be cut off.
        curves: for every `curve` its function's table, as a node of the run.
        plates: tables that `byte` is read from.

    """

    roots: list[Node] = field(default_factory=list)
    meaning: dict[Node, Node] = field(default_factory=dict)
    weights: dict[Node, Node] = field(default_factory=dict)
    levels: dict[Node, Node] = field(default_factory=dict)
    places: dict[Node, Node] = field(default_factory=dict)
    sums: dict[Node, Node] = field(default_factory=dict)
    curves: dict[Node, Node] = field(default_factory=dict)
    plates: dict[Node, None] = field(default_factory=dict)
    _above: dict[Node, Node] = field(default_factory=dict)

    def scale_of(self, word: Node) -> Node:
        """Return the word that stands for all those that share a scale."""
        while word in self._above:
            word = self._above[word]
        return word

    def join(self, words: Iterable[Node]) -> None:
        """Let words share a scale."""
        first, *rest = words
        for other in rest:
            a, b = self.scale_of(first), self.scale_of(other)
            if a is not b:
                self._above[b] = a

    @property
    def numbers(self) -> list[Node]:
        """Every `scaled` and `level`, in the order in which code finds their numbers."""
        return [*self.weights, *self.levels]


def in_words(roots: Sequence[Node]) -> Words:
    """Return the graph in fixed point of roots in which costly functions are `pieces`.

    Raises:
        UnsuitableError: they have something that words can't do.

    """
    return _Builder(roots).words


class _Builder:
    def __init__(self, roots: Sequence[Node]) -> None:
        self.words = Words()
        self._made: dict[Node, Node] = {}
        self._terms: dict[Node, Node] = {}
        self._users: Counter[Node] = Counter(arg for here in reach(roots) for arg in set(here.args))
        self._users.update(roots)
        needed = self._needed(roots)
        for here in reach(roots):
            if here in needed:
                self._made[here] = made = self._word(here)
                self.words.meaning[made] = here
        self.words.roots = [self._root(root) for root in roots]

    def _needed(self, roots: Sequence[Node]) -> set[Node]:
        """Return the nodes that become words; what sums of functions' arguments are made from is not among them."""
        needed: set[Node] = set()
        stack = [root for root in roots if root.varying]
        while stack:
            here = stack.pop()
            if here not in needed:
                needed.add(here)
                stack += self._operands(here)
        return needed

    def _operands(self, here: Node) -> list[Node]:
        if here.op in ("input", "texel") or _place(here):
            return []
        if here.op == "pieces":
            return [atom for atom, _ in self._sum(here.args[0])[0]]
        if here.op == "select":
            here, *rest = here.args
            return [arg for arg in (*here.args, *rest) if arg.varying]
        return [arg for arg in here.args if arg.varying]

    def _word(self, here: Node) -> Node:
        words = self.words
        kind = _place(here)
        if kind:
            made = node(kind, (node("input", (), here.data if here.op == "input" else next(iter(here.reads))),), here)
            words.places[made] = here
            return made
        if here.op == "input":
            return here
        if here.op == "texel" and isinstance(here.args[0].data, Plate):  # of pictures too little is seen
            words.plates[here.args[0]] = None
            return node("byte", here.args[1:], here)
        if here.op == "pieces":
            return self._curve(here)
        if here.op == "mul":
            for factor, other in (here.args, here.args[::-1]):
                if not factor.varying:
                    return self._scaled(self._made[other], factor)
            return node("product", (self._made[here.args[0]], self._made[here.args[1]]))
        if here.op in _ALIKE:
            return self._joined(here.op, here.args)
        if here.op == "select" and here.args[0].op in ("lt", "le"):
            condition = here.args[0]
            compared = [self._term(arg) for arg in condition.args]
            words.join(compared)
            chosen = [self._term(arg) for arg in here.args[1:]]
            words.join(chosen)
            made = node("select", (node(condition.op, tuple(compared)), *chosen))
            words.join((made, *chosen))
            return made
        raise UnsuitableError(here.op)

    def _joined(self, op: str, args: Sequence[Node]) -> Node:
        terms = tuple(self._term(arg) for arg in args)
        made = node(op, terms)
        self.words.join((made, *terms))
        return made

    def _term(self, here: Node) -> Node:
        """Return a word that can share its scale with others."""
        if not here.varying:
            return self._level(here)
        made = self._made[here]
        if made.op not in ("input", "byte", "product"):  # whose scales are given
            return made
        if here not in self._terms:
            self._terms[here] = self._scaled(made, _ONE)
        return self._terms[here]

    def _level(self, number: Node) -> Node:
        made = node("level", (), (number, len(self.words.levels)))
        self.words.levels[made] = self.words.meaning[made] = number
        return made

    def _scaled(self, word: Node, weight: Node) -> Node:
        made = node("scaled", (word,), (weight, len(self.words.weights)))
        self.words.weights[made] = weight
        self.words.meaning[made] = node("mul", (self.words.meaning[word], weight))
        return made

    def _curve(self, here: Node) -> Node:
        atoms, number = self._sum(here.args[0])
        words, total = self.words, self._level(number)
        for atom, weight in atoms:
            term = self._scaled(self._made[atom], weight)
            meaning = node("add", (words.meaning[total], words.meaning[term]))
            words.join((total, term))
            total, before = node("add", (total, term)), total
            words.meaning[total] = meaning
            words.join((total, before))
        made = node("curve", (node("doubled", (total,)),), here.args[1])
        words.sums[made], words.curves[made] = total, here.args[1]
        return made

    def _sum(self, here: Node) -> tuple[list[tuple[Node, Node]], Node]:
        """Return values and weights of the sum that a function's argument is, and what is added."""
        found: dict[Node, Node] = {}
        number = const(0)
        stack = [(here, _ONE)]
        while stack:
            value, weight = stack.pop()
            if not value.varying:
                number = make("add", number, make("mul", value, weight))
            elif not is_affine(value) or _place(value) or self._is_shared(value, here):
                found[value] = make("add", found[value], weight) if value in found else weight
            elif value.op == "mul":
                factor, other = value.args if value.args[1].varying else value.args[::-1]
                stack.append((other, make("mul", factor, weight)))
            else:
                turned = make("neg", weight)
                signs = (turned,) if value.op == "neg" else (weight, weight if value.op == "add" else turned)
                stack += zip(value.args, signs, strict=True)
        return [(value, found[value]) for value in sorted(found, key=in_order)], number

    def _is_shared(self, value: Node, sum_of: Node) -> bool:
        return value is not sum_of and self._users[value] > 1 and not from_black(value)

    def _root(self, root: Node) -> Node:
        """Return a root's word, which shares its scale with no other root."""
        return self._term(root) if root.op in ("add", "sub", "mul") or not root.varying else self._made[root]


def _place(here: Node) -> str | None:
    """Return whether a value is the same for a whole column or line."""
    return _PLACES.get(str(next(iter(here.reads)))) if len(here.reads) == 1 else None
