"""Affine runs joined: what is a weighted sum of a few values becomes just that, its weights computed on the host.

Range, depth, the YUV matrix and every matrix of an author's meet in one sum this way. Samples count from black, as
`lower` loads them, where no constant is added: what is 0 at black is so to the bit, as what is steep there needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from lumaloom.pointwise.ir import Node, const, make, reach, rebuilt
from lumaloom.pointwise.passes.cost import cost

_LIMIT = 9  # terms of a sum; longer ones are computed once and count as one value
_NOTHING, _NEAR_ONE = 1e-13, 1e-12

_ZERO, _ONE = const(0), const(1)

Form = dict[Node | None, Node]  # value -> weight, both nodes; None stands for 1


def joined(roots: Sequence[Node], counted: slice = slice(None)) -> list[Node]:
    """Return the roots with their affine parts joined as far as that saves work in the `counted` ones.

    Weights are exact to double precision; those that differ from 0 and 1 by rounding alone become 0 and 1.
    """
    candidates = [list(roots), _joined(roots, set()), _joined(roots, _needed(roots))]
    return min(candidates, key=lambda found: cost(found[counted]))


def _needed(roots: Sequence[Node]) -> set[int]:
    """Return the values that something other than a sum needs: what is computed anyway can be a term of sums."""
    return {id(arg) for here in reach(roots) if here.varying and not is_affine(here) for arg in here.args}


def is_affine(here: Node) -> bool:
    """Whether a node is a sum, or a product with something that is the same for all pixels."""
    return here.op in ("add", "sub", "neg") or (here.op == "mul" and not all(arg.varying for arg in here.args))


def _joined(roots: Sequence[Node], terms: set[int]) -> list[Node]:
    """Return the roots with sums joined, save for the sums that are to be terms of others."""
    forms: dict[int, Form] = {}
    for here in reach(roots):
        form = _form(here, [forms[id(arg)] for arg in here.args])
        if len(form) - (None in form) > _LIMIT or (len(form) > 1 and id(here) in terms):
            form = {_value(form): _ONE}
        forms[id(here)] = form
    return [_value(forms[id(root)]) for root in roots]


def _form(here: Node, args: list[Form]) -> Form:
    if not here.varying:
        return {None: here}
    if from_black(here):
        return {here: _ONE}
    if here.op in ("add", "sub"):
        return _sum(args[0], args[1], here.op)
    if here.op == "neg":
        return {value: make("neg", weight) for value, weight in args[0].items()}
    if here.op == "mul":
        for factor, other in ((0, 1), (1, 0)):
            if not here.args[factor].varying:
                weight = here.args[factor]
                return _clean({value: make("mul", by, weight) for value, by in args[other].items()})
    return {rebuilt(here, tuple(map(_value, args))): _ONE}


def from_black(here: Node) -> bool:
    """Whether a node is a sample as it counts from black: that of black is nothing, to the bit."""
    return here.op == "sub" and here.args[0].op == "input" and here.args[1].number is not None


def _sum(a: Form, b: Form, op: str) -> Form:
    total = dict(a)
    for value, weight in b.items():
        before = total.get(value)
        if before is None:
            total[value] = weight if op == "add" else make("neg", weight)
        else:
            total[value] = make(op, before, weight)
    return _clean(total)


def _clean(form: Form) -> Form:
    kept: Form = {}
    for value, weight in form.items():
        number = weight.number
        if number is not None and abs(number) < _NOTHING:
            continue
        if number is not None and abs(number - 1) < _NEAR_ONE:
            weight = _ONE
        kept[value] = weight
    return kept


def _value(form: Form) -> Node:
    """Return the sum as a node: the constant first, so that every further term is one fused multiply-add."""
    total = form.get(None, _ZERO)
    if total.number:
        form = _from_zero(form)
        total = form.get(None, _ZERO)
    for value in sorted((value for value in form if value is not None), key=in_order):
        total = make("add", make("mul", value, form[value]), total)
    return total


def _from_zero(form: Form) -> Form:
    """Return the same sum of samples as they are."""
    total: Form = {None: form[None]}
    for value, weight in form.items():
        if value is not None and from_black(value):
            raw, black = value.args
            total = _sum(total, {raw: weight, None: make("neg", make("mul", black, weight))}, "add")
        elif value is not None:
            total = _sum(total, {value: weight}, "add")
    return total


def in_order(value: Node) -> tuple[bool, bool, bytes]:
    """Return what terms of a sum are sorted by: luma comes after chroma, whose part of a sum two rows may share."""
    value = value.args[0] if from_black(value) else value
    return value.op != "input", value.data == "raw y", value.digest
