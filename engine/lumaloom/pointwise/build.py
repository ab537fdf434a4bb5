"""From stages to a graph: every function is called once, on symbols."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lumaloom.errors import LumaloomError, ParameterError, TraceError, told
from lumaloom.frame import Transfer
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.host import peek
from lumaloom.pointwise.ir import Node, const, node, select
from lumaloom.pointwise.laying import Lie
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.pictures import Picture, shown
from lumaloom.pointwise.spaces import Coding, Form, Working
from lumaloom.pointwise.stage import Stage
from lumaloom.pointwise.trace import Symbol, node_of

PICTURE = ("width", "height", "t", "frame")
"""The extras that are one number per frame; they are parameters of no stage."""

_ANY = Form("rgb", Coding(0.2126, 0.0722, Transfer.BT709))
_VALUES = (Symbol, bool, int, float, np.ndarray, np.generic)

_PEEKED: dict[Hashable, Any] = {(-1, "width"): 16.0, (-1, "height"): 16.0, (-1, "t"): 0.0, (-1, "frame"): 0.0}


def extra(name: str) -> Node:
    """Return the node of one of the extras."""
    return node("param", (), (-1, name)) if name in PICTURE else node("input", (), name)


def channel(letter: str) -> Node:
    """Return the node of a channel of the pixel; in capitals, because `x` and `y` are its place."""
    return node("input", (), letter.upper())


@dataclass(frozen=True, slots=True)
class Graph:
    """What becomes of the channels: normalised values after the last stage, from normalised values before the first.

    Attributes:
        channels: by letter, of the model that was asked for; alpha is `a`.

    """

    channels: dict[str, Node]


def called(stage: Stage, number: int, form: Form, constants: bool = False) -> Callable[..., tuple[Any, ...]]:
    """Return the stage's function with its parameters as symbols, or as the numbers that they are.

    The result checks what the function returns, and reports its errors with file and line. `form` is colour before it.
    """
    settings: dict[str, Any] = dict(stage.fixed)
    for name, value in stage.numbers.items():
        settings[name] = value if constants else Symbol(node("param", (), (number, name)))
    lie = Lie.of(settings)
    settings |= {name: Symbol(extra(name)) for name in stage.extras}
    settings |= pictures(stage, lie, form, [Symbol(extra(name)) for name in ("x", "y", "width", "height")])

    def call(*channels: Any, which: int = 0) -> tuple[Any, ...]:
        symbols = [channel if isinstance(channel, Symbol) else Symbol(node_of(channel)) for channel in channels]
        return tuple(Symbol(_as_float(node_of(value))) for value in results(stage, symbols, settings, which))

    return call


def pictures(stage: Stage, lie: Lie, form: Form, place: Sequence[Any], beside: Beside = NOTHING) -> dict[str, Picture]:
    """Return the pictures that a stage's parameters name, at `x`, `y`, `width`, `height`.

    Where these are arrays, `beside` has the frames of videos.
    """
    found = {}
    for name in stage.pictures:
        owner, clip = f"{stage.name}: {name}", stage.clips.get(name)
        found[name] = shown(owner, stage.values[name], lie, stage.space, form, tuple(place), clip, beside)
    return found


def _as_float(value: Node) -> Node:
    return select(value, const(1), const(0)) if value.is_bool else value


def results(stage: Stage, channels: Sequence[Any], settings: Mapping[str, Any], which: int = 0) -> tuple[Any, ...]:
    """Call a stage's function, on symbols or arrays.

    In space `any` with the channel number `which`, of pictures too.

    Raises:
        TraceError: it failed, or returned other than as many channels as it got; names its file and line.

    """
    if stage.space == "any" and stage.pictures:
        alike = {name: Picture((settings[name][which], settings[name][-1])) for name in stage.pictures}
        settings = {**settings, **alike}
    try:
        found = stage.function(*channels, **settings)
    except ParameterError:  # what the user gave, not what the author did
        raise
    except LumaloomError as problem:
        raise TraceError(f"{stage.name}: {problem}") from problem
    except Exception as problem:
        file = stage.function.__code__.co_filename
        what = told(problem, lambda frame: frame.f_code.co_filename == file)
        raise TraceError(f"{stage.name}: {what}") from problem
    values = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    strange = [type(value).__name__ for value in values if not isinstance(value, _VALUES)]
    if len(values) != len(channels) or strange:
        code = stage.function.__code__
        raise TraceError(
            f"{stage.name}: {code.co_filename}:{code.co_firstlineno}: expected {len(channels)} channels "
            f"back from the function, got {strange[0] if strange else len(values)}"
        )
    return values


def build(stages: Sequence[Stage], before: Form, after: Form, alpha: bool) -> Graph:
    """Trace a run of stages.

    Args:
        stages: in order.
        before, after: colour as it comes in and as it is wanted.
        alpha: whether opacity comes in; without, stages that use it get 1.

    Raises:
        TraceError: an author's function can't be compiled.

    """
    known: dict[Hashable, Any] = {
        (number, name): value for number, stage in enumerate(stages) for name, value in stage.numbers.items()
    }
    token = peek.set(lambda here: evaluate([here], {**_PEEKED, **known})[0])
    try:
        working = Working(before.coding, before.space, tuple(Symbol(channel(letter)) for letter in before.letters))
        opacity: Any = Symbol(channel("a")) if alpha else Symbol(const(1))
        for number, stage in enumerate(stages):
            call = called(stage, number, working.form)
            changed = working.apply(stage.space, call, opacity if stage.alpha else None)
            opacity = opacity if changed is None else changed
            if stage.coding is not None:
                working.recode(stage.coding)
        values = working.finish(after)
    finally:
        peek.reset(token)
    channels = {letter: node_of(value) for letter, value in zip(after.letters, values, strict=True)}
    channels["a"] = node_of(opacity)
    return Graph(channels)


def is_opaque(stage: Stage, opaque: bool) -> bool:
    """Whether nothing of what a stage makes, with its parameters of now, is see-through.

    Args:
        stage: uses opacity, which is looked at where it is 1 and, unless `opaque`, where it is 0.
        opaque: whether nothing of what comes is.
    """
    channels = [Symbol(node("input", (), f"c{k}")) for k in range(stage.channels - 1)]
    token = peek.set(lambda here: evaluate([here], _PEEKED)[0])
    try:
        call = called(stage, 0, _ANY, constants=True)
        made = [call(*channels, Symbol(const(alpha)))[-1] for alpha in ((1,) if opaque else (0, 1))]
    finally:
        peek.reset(token)
    return all(alpha.node is const(1) for alpha in made)


def is_identity(stage: Stage) -> bool:
    """Whether a stage, with its parameters of now, folds to its own inputs."""
    try:
        return _is_identity(_Settled(stage))
    except TypeError:  # a parameter that can't be hashed
        return False


class _Settled:
    """A stage that counts as equal to another with the same function and values."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.key = (stage.function, tuple(stage.values.items()), tuple(stage.clips.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=256)
def _is_identity(settled: _Settled) -> bool:
    stage = settled.stage
    channels = [Symbol(node("input", (), f"c{k}")) for k in range(stage.channels)]
    token = peek.set(lambda here: evaluate([here], _PEEKED)[0])
    try:
        found = called(stage, 0, _ANY, constants=True)(*channels)
    finally:
        peek.reset(token)
    return all(value.node is channel.node for value, channel in zip(found, channels, strict=True))
