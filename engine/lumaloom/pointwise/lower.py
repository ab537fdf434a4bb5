"""From a graph of normalised values to passes over planes of samples."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from lumaloom.frame import FrameSpec, PixelFormat
from lumaloom.pointwise.build import build, channel
from lumaloom.pointwise.dither import loses_depth
from lumaloom.pointwise.ir import Node, const, make, node, reach, rebuilt, substituted
from lumaloom.pointwise.levels import by_fields, levels
from lumaloom.pointwise.passes.affine import joined
from lumaloom.pointwise.passes.cost import cost
from lumaloom.pointwise.passes.cubes import Cube, Evaluator, by_numpy, collapsed
from lumaloom.pointwise.passes.ranges import Range, trimmed
from lumaloom.pointwise.spaces import Form
from lumaloom.pointwise.stage import Stage

_TABLE_COST = 14  # instructions per pixel and channel above which a table of all code values is faster
_TABLE_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where the samples of a channel lie.

    Attributes:
        plane: number of the plane.
        index: which of the interleaved channels of that plane it is.
        count: how many there are.
        sub_x, sub_y: log2 of the subsampling.

    """

    plane: int
    index: int
    count: int
    sub_x: int
    sub_y: int


def places(fmt: PixelFormat) -> dict[str, Place]:
    """Return the place of every channel of a format."""
    return {
        letter: Place(number, index, len(plane.channels), plane.sub_x, plane.sub_y)
        for number, plane in enumerate(fmt.planes)
        for index, letter in enumerate(plane.channels)
    }


@dataclass(frozen=True, slots=True)
class Pass:
    """One loop over the picture.

    Attributes:
        planes: numbers of the planes that it writes.
        roots: for every channel of them its sample, in steps of the format, from `raw` inputs; integers have the
            half for rounding added and are not clamped.
        native: all planes that it reads and writes are of one size and taken as they lie, whatever the
            subsampling.
        by_table: every channel depends on itself alone and is looked up in a table of its code values.

    """

    planes: tuple[int, ...]
    roots: dict[str, Node]
    native: bool
    by_table: bool = False

    @property
    def reads(self) -> set[str]:
        """The channels that it loads."""
        return inputs(self.roots.values())


@dataclass(frozen=True, slots=True)
class Lowered:
    """Everything that code is made from.

    Attributes:
        before, after: frames that come in and go out; only what `FrameShape` says of them matters.
        passes: independent of each other.
        copies: `(plane of the source, plane of the result)` that are the same.
        numbers: uniform values that the code gets, in order.
        tables: tables that it gets, in order.
        dither: whether the offsets of `dither` are added before samples are rounded.
        cube: what stands for the run, where an error was allowed.
        fields: whether pairs of rows that share chroma are those of one field, as in interlaced frames.

    """

    before: FrameSpec
    after: FrameSpec
    passes: tuple[Pass, ...]
    copies: tuple[tuple[int, int], ...]
    numbers: tuple[Node, ...] = field(default=())
    tables: tuple[Node, ...] = field(default=())
    dither: bool = False
    fields: bool = False
    cube: Cube | None = None


def raw(letter: str) -> Node:
    """Return the node of a channel's code value, counted in steps of the format."""
    return node("input", (), f"raw {letter}")


def inputs(roots: Iterable[Node]) -> set[str]:
    """Return what the roots read: letters of channels, and `x`, `y` for the pixel's place as ` x` and ` y`."""
    found = {str(name) for root in roots for name in root.reads}
    return {name.removeprefix("raw ") if name.startswith("raw ") else f" {name}" for name in found}


def lower(
    stages: Sequence[Stage],
    before: FrameSpec,
    after: FrameSpec,
    dither: bool = False,
    allowed: float = 0.0,
    evaluator: Callable[[Sequence[Node], Sequence[str]], Evaluator] = by_numpy,
    forms: tuple[Form, Form] | None = None,
) -> Lowered:
    """Trace stages and arrange their work on frames of `before` as passes that write frames of `after`.

    Args:
        stages: in order.
        before, after: frames that come in and go out.
        dither: hide the steps where samples lose depth.
        allowed: error, as part of the range, for which a costly run may become a look up in a cube.
        evaluator: gives what fills it.
        forms: what colour is in those frames, where their formats and tags do not say it.

    Raises:
        TraceError: an author's function can't be compiled.

    """
    source, target = places(before.format), places(after.format)
    start, end = forms or (Form.of(before, after), Form.of(after, before))
    graph = build(stages, start, end, "a" in source)
    letters = list(target)
    roots = _sampled([graph.channels[letter] for letter in letters], letters, source, before, after)
    colours = [k for k, letter in enumerate(letters) if letter != "a"]
    roots, cube = collapsed(roots, colours, before, after.format, now(stages), allowed, evaluator)
    known = _known(stages, source, before)
    half = const(0 if after.format.is_float else 0.5)
    plain = trimmed(roots, known)
    count = len(letters)
    whole = joined([*plain, *(make("add", root, half) for root in plain)], slice(count, None))
    same = {
        letter: root is raw(letter) and _alike(before, after, letter)
        for letter, root in zip(letters, whole[:count], strict=True)
    }
    final = dict(zip(letters, whole[count:], strict=True))
    dither = dither and loses_depth(before.format, after.format)
    passes, copies = _arranged(before, after, final, same, dither)
    found = gathered(passes)
    return Lowered(before, after, passes, copies, *found, dither=dither, fields=by_fields(before), cube=cube)


def gathered(passes: Sequence[Pass]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Return the uniform values and the tables that passes need of the host."""
    varying = [here for part in passes for here in reach(part.roots.values()) if here.varying]
    numbers: dict[int, Node] = {}
    tables: dict[int, Node] = {}
    for here in [*varying, *(root for part in passes for root in part.roots.values())]:
        for arg in (*here.args, here):
            if arg.op == "table":
                tables.setdefault(id(arg), arg)
            elif not arg.varying and arg.op != "const":
                numbers.setdefault(id(arg), arg)
    return tuple(numbers.values()), tuple(tables.values())


def _sampled(
    roots: Sequence[Node], letters: Sequence[str], source: dict[str, Place], before: FrameSpec, after: FrameSpec
) -> list[Node]:
    """Return the roots from and to code values in steps of their formats."""
    loaded = {}
    for letter in source:
        black, unit = _steps(before, letter)
        loaded[channel(letter)] = make("mul", make("sub", raw(letter), const(black)), const(1 / unit))
    changed = substituted(roots, lambda here, args: loaded.get(here) or rebuilt(here, args))
    stored = []
    for letter, root in zip(letters, changed, strict=True):
        black, unit = _steps(after, letter)
        stored.append(make("add", make("mul", root, const(unit)), const(black)))
    return stored


def _steps(spec: FrameSpec, letter: str) -> tuple[float, float]:
    black, unit = levels(spec, letter)
    step = 1 << spec.format.shift
    return black / step, unit / step


def now(stages: Sequence[Stage]) -> dict[Hashable, float]:
    """Return the values that parameters have, by their nodes' `data`."""
    return {(number, name): value for number, stage in enumerate(stages) for name, value in stage.numbers.items()}


def _known(stages: Sequence[Stage], source: dict[str, Place], before: FrameSpec) -> dict[object, Range]:
    known: dict[object, Range] = {}
    if not before.format.is_float:
        peak = float((1 << before.format.depth) - 1)
        known = {f"raw {letter}": (0.0, peak) for letter in source}
    for number, stage in enumerate(stages):
        for name, (low, high) in stage.bounds.items():
            known[number, name] = (float("-inf") if low is None else low, float("inf") if high is None else high)
    positive: dict[Hashable, Range] = {name: (0.0, float("inf")) for name in ("x", "y", (-1, "width"), (-1, "height"))}
    return {**known, **positive}


def _alike(before: FrameSpec, after: FrameSpec, letter: str) -> bool:
    """Whether a channel's samples mean the same in both formats."""
    a, b = before.format, after.format
    return (a.depth, a.shift, before.chroma_offset) == (b.depth, b.shift, after.chroma_offset) and letter in a.channels


def _arranged(
    before: FrameSpec, after: FrameSpec, roots: dict[str, Node], same: dict[str, bool], dither: bool
) -> tuple[tuple[Pass, ...], tuple[tuple[int, int], ...]]:
    source = places(before.format)
    copies: list[tuple[int, int]] = []
    alone: list[Pass] = []
    native: dict[int, dict[str, Node]] = {}
    mixed: dict[int, dict[str, Node]] = {}
    for number, plane in enumerate(after.format.planes):
        part = {letter: roots[letter] for letter in plane.channels}
        twin = source.get(plane.channels[0])
        like = twin is not None and before.format.planes[twin.plane] == plane
        if like and twin is not None and all(same[letter] for letter in part):
            copies.append((twin.plane, number))
            continue
        by_itself = like and all(inputs([root]) <= {letter} for letter, root in part.items())
        if by_itself and not dither and _worth_a_table(before, after, part):
            alone.append(Pass((number,), part, native=True, by_table=True))
            continue
        same_size = all(
            name in source and (source[name].sub_x, source[name].sub_y) == (plane.sub_x, plane.sub_y)
            for name in inputs(part.values())
        )
        (native if same_size and (plane.sub_x or plane.sub_y) else mixed)[number] = part
    passes = [*alone]
    for group, is_native in ((mixed, False), (native, True)):
        if group:
            merged = {letter: root for part in group.values() for letter, root in part.items()}
            passes.append(Pass(tuple(group), merged, native=is_native))
    return tuple(passes), tuple(copies)


def _worth_a_table(before: FrameSpec, after: FrameSpec, part: dict[str, Node]) -> bool:
    if before.format.is_float or after.format.is_float or before.format.depth > _TABLE_DEPTH:
        return False
    return not before.format.shift and cost(list(part.values())) >= _TABLE_COST * len(part)
