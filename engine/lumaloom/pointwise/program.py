"""A run of stages, compiled: from frames of one kind to frames of another."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lumaloom.frame import FORMATS, Frame, FrameSpec, PlaneFormat
from lumaloom.pointwise.fixed import Fixed
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.ir import Node, reach, rebuilt, substituted
from lumaloom.pointwise.levels import by_fields
from lumaloom.pointwise.lower import Lowered, Pass, gathered, lower, now, raw
from lumaloom.pointwise.machine import Machine, has_permutes, has_wide_permutes, lanes
from lumaloom.pointwise.passes.cubes import Evaluator
from lumaloom.pointwise.passes.fixed import UnsuitableError, Way
from lumaloom.pointwise.pictures import stamp
from lumaloom.pointwise.pieced import Pieced
from lumaloom.pointwise.quick import in_steps, pieced, quick, ways
from lumaloom.pointwise.settled import Ready, Settled, word_of
from lumaloom.pointwise.spaces import Form
from lumaloom.pointwise.stage import Stage

if TYPE_CHECKING:
    from lumaloom.pointwise.cuda_program import CudaProgram

_KEPT, _KEPT_WAYS = 64, 8
_ROW = 256  # a multiple of all vectors
Plane = np.ndarray[Any, Any]


Forms = tuple[Form, Form] | None


def program(
    stages: Sequence[Stage],
    before: FrameSpec,
    after: FrameSpec,
    dither: bool = False,
    allowed: float = 0.0,
    forms: Forms = None,
) -> Program:
    """Return the compiled run; runs that differ in numbers alone share one.

    With an error `allowed` a costly run may become a look up in a cube: then numbers count too. See `lower`.

    Raises:
        TraceError: an author's function can't be compiled.

    """
    return _program(_Key(stages, before, after, (dither, allowed, forms)))


class _Key:
    """What code depends on: functions, texts and truth values among the parameters, formats, tags and dither."""

    def __init__(
        self, stages: Sequence[Stage], before: FrameSpec, after: FrameSpec, options: tuple[bool, float, Forms]
    ) -> None:
        self.stages, self.before, self.after, self.options = tuple(stages), before, after, options
        kinds = tuple(
            (spec.format.name, spec.colour.resolved(spec.format.model, spec.height)) for spec in (before, after)
        )
        self.content = (
            tuple(
                (stage.function, stage.space, stage.alpha, stage.coding, stage.fixed, _files(stage)) for stage in stages
            ),
            *kinds,
            self.options,
            by_fields(before),
            tuple(tuple(stage.numbers.items()) for stage in stages) if options[1] else (),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.content == self.content

    def __hash__(self) -> int:
        return hash(self.content)


def _files(stage: Stage) -> tuple[object, ...]:
    return (*(stamp(stage.values[name]) for name in stage.pictures), *stage.clips.items())


@lru_cache(maxsize=_KEPT)
def _program(key: _Key) -> Program:
    stages, before, after, (dither, allowed, forms) = key.stages, key.before, key.after, key.options
    exact = Program(lower(stages, before, after, dither, forms=forms))
    if not allowed or (has_wide_permutes() and exact.by_pieces(now(stages))[0]):
        return exact  # which is faster than a cube
    return Program(lower(stages, before, after, dither, allowed, evaluator, forms))


def evaluator(roots: Sequence[Node], inputs: Sequence[str]) -> Evaluator:
    """Return compiled code for three values of colours: what fills cubes.

    Args:
        roots: the values.
        inputs: names of the three inputs that they read.

    """
    letters = dict(zip(inputs, "rgb", strict=True))
    renamed = substituted(
        roots, lambda here, args: raw(letters[str(here.data)]) if here.op == "input" else rebuilt(here, args)
    )
    spec = FrameSpec(FORMATS["gbrpf32le"], _ROW, 1)
    part = Pass((0, 1, 2), dict(zip("rgb", renamed, strict=True)), native=False)
    numbers, tables = gathered([part])
    code = Program(Lowered(spec, spec, (part,), (), numbers, tables))

    def values(codes: Sequence[Plane], known: Mapping[Hashable, Any]) -> list[Plane]:
        count = codes[0].size
        planes = [np.zeros((1, -(-count // _ROW) * _ROW), np.float32) for _ in codes]
        for plane, some in zip(planes, codes, strict=True):
            plane[0, :count] = some.ravel()
        order = ["rgb".index(row.channels) for row in spec.format.planes]
        found = code.evaluated([planes[k] for k in order], known)
        return [found[order.index(k)][0, :count].reshape(codes[0].shape) for k in range(3)]

    return values


class Variant:
    """Code for this processor in floats, made and compiled when first asked for.

    Args:
        make: gives what it is made from, and how many of its last numbers are exponents.
        kind: gives its numbers and tables, where it is right for the parameters of now.
        lanes: pixels of a row that it takes at once.

    """

    words = False

    def __init__(self, make: Callable[[], tuple[Lowered, int]], kind: type[Settled], lanes: int) -> None:
        self._make, self.kind, self.lanes = make, kind, lanes

    @cached_property
    def settled(self) -> Settled:
        """What gives numbers and tables."""
        return self.kind(*self._make())

    @property
    def steady(self) -> bool:
        """Whether its numbers take so long to find that it is for parameters that stay."""
        return self.kind is Pieced

    @property
    def lowered(self) -> Lowered:
        """What it is made from."""
        return self.settled.lowered

    @cached_property
    def machine(self) -> Machine:
        """The code."""
        from lumaloom.pointwise.llvm_source import module

        return Machine(module(self.lowered, self.lanes))

    @cached_property
    def _functions(self) -> list[Any]:
        return functions(self.machine, self.lowered)

    def functions(self, ready: Ready) -> list[Any]:
        """Return its functions, one a pass, for what was settled."""
        return self._functions


class FixedVariant:
    """Code for this processor in fixed point, compiled for each way in which parameters ask for it.

    Args:
        lowered: a run with functions of one value as `pieces`.
        lanes: pixels of a row that it takes at once.

    Raises:
        UnsuitableError: the run has something that can't be done so.

    """

    steady, words = True, True

    def __init__(self, lowered: Lowered, lanes: int) -> None:
        self.settled, self.lanes = Fixed(lowered, lanes // 2), lanes
        self._functions = lru_cache(maxsize=_KEPT_WAYS)(self._made)

    @property
    def lowered(self) -> Lowered:
        """What it is made from."""
        return self.settled.lowered

    def functions(self, ready: Ready) -> list[Any]:
        """Return its functions, one a pass, for what was settled."""
        assert ready.way is not None
        return self._functions(ready.way)

    def _made(self, way: Way) -> list[Any]:
        return functions(Machine(self.text(way)), self.lowered)

    def text(self, way: Way) -> str:
        """Return what a way is compiled from."""
        from lumaloom.pointwise.llvm_source import module

        return module(self.settled.fixed, self.lanes, way)


def functions(machine: Machine, lowered: Lowered) -> list[Any]:
    """Return the functions of a run's code, one a pass."""
    return [machine.function(f"pass{k}") for k in range(len(lowered.passes))]


class Program:
    """Compiled passes over planes, and the numbers that they get; compiled for a device when first run on it.

    Attributes:
        lowered: what the code was made from.

    """

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self._settled = Settled(lowered)
        subs = [spec.format.subsampling for spec in (lowered.before, lowered.after)]
        self._even = max(sub[0] for sub in subs)
        self._pairs = [
            not part.native and any(plane.sub_y for plane in self._planes_of(number))
            for number, part in enumerate(lowered.passes)
        ]

    @cached_property
    def variants(self) -> list[Variant | FixedVariant]:
        """The codes for this processor, the fastest first; the last is right for all parameters."""
        found: list[Variant | FixedVariant] = []
        if has_permutes():
            wide = has_wide_permutes()
            with suppress(UnsuitableError):
                found.append(FixedVariant(in_steps(self.lowered), 64 if wide else 32))
            for way in ways(self.lowered, 32 if wide else 16):
                found.append(Variant(partial(pieced, self.lowered, *way), Pieced, (1 + wide) * lanes()))
            found.append(Variant(partial(quick, self.lowered), Settled, lanes()))
        return [*found, Variant(lambda: (self.lowered, 0), Settled, lanes())]

    def by_pieces(self, known: Mapping[Hashable, Any]) -> tuple[int, bool]:
        """Return how many functions are done by pieces, and whether in fixed point, at the first moment.

        Parameters are given by their `data`.
        """
        first = {"width": self.lowered.before.width, "height": self.lowered.before.height, "t": 0.0, "frame": 0.0}
        values: dict[Hashable, Any] = dict(known)
        values.update({(-1, name): value for name, value in first.items()})
        for variant in self.variants:
            if variant.steady and variant.settled.at(values) is not None:
                roots = [root for part in variant.lowered.passes for root in part.roots.values()]
                return sum(here.op == "pieces" for here in reach(roots)), variant.words
        return 0, False

    @cached_property
    def _cuda(self) -> CudaProgram:
        from lumaloom.pointwise.cuda_program import CudaProgram

        return CudaProgram(self.lowered, self._settled)

    def _planes_of(self, number: int) -> list[PlaneFormat]:
        part, before, after = self.lowered.passes[number], self.lowered.before.format, self.lowered.after.format
        read = [plane for plane in before.planes if set(plane.channels) & part.reads]
        return read + [after.planes[plane] for plane in part.planes]

    def run(
        self,
        stages: Sequence[Stage],
        src: Frame,
        out: Frame,
        moving: bool = False,
        beside: Beside = NOTHING,
        shown: Frame | None = None,
    ) -> None:
        """Write every sample of `out` from `src`, with the parameters that the stages have now.

        Where they are others for the next frame, `moving`, the code is the one whose numbers are found quickly. Stages
        that ask for size and time get those of the frame `shown`, or of `src`. Of videos that the stages read `beside`
        has what is shown with it.
        """
        shown = shown or src
        if not isinstance(src.planes[0], np.ndarray):
            self._cuda.run(stages, src, out, shown, beside)
            return
        for variant in self.variants:
            if moving and variant.steady:
                continue
            ready = variant.settled.of(stages, shown, beside)
            if ready is not None:
                break
        assert ready is not None
        for source, target in self.lowered.copies:
            out.planes[target][...] = src.planes[source]
        if not self.lowered.passes:
            return
        sources = [self._wide(plane, fmt, src.spec, variant.lanes) for fmt, plane in src.items()]
        targets = [self._target(plane, fmt, out.spec, variant.lanes) for fmt, plane in out.items()]
        self._launch(variant, ready, sources, targets)
        for number in {plane for part in self.lowered.passes for plane in part.planes}:
            wanted, made = out.planes[number], targets[number]
            if made is not wanted:
                wanted[...] = made[: wanted.shape[0], : wanted.shape[1]]

    def evaluated(self, planes: list[Plane], known: Mapping[Hashable, Any]) -> list[Plane]:
        """Return the planes of the result from those of a source, packed and wide enough, by parameters' `data`."""
        targets = [np.empty_like(plane) for plane in planes]
        variant = self.variants[-1]  # whose powers are the nearest
        ready = variant.settled.at(known)
        assert ready is not None
        self._launch(variant, ready, planes, targets)
        return targets

    def _launch(
        self, variant: Variant | FixedVariant, ready: Ready, sources: list[Plane], targets: list[Plane]
    ) -> None:
        """Call the functions of a variant on planes that they can read and write."""
        numbers, tables, _ = ready
        ends = [word for table in tables for word in (table.ctypes.data, word_of(table))]
        places = [word for plane in (*sources, *targets) for word in (plane.ctypes.data, plane.strides[0])]
        for number, function in enumerate(variant.functions(ready)):
            words = np.array([*self._extent(number, sources, targets), *places, *ends], np.int64)
            function(words.ctypes.data, numbers.ctypes.data)

    def _extent(self, number: int, sources: list[Plane], targets: list[Plane]) -> tuple[int, int, int, int]:
        """Return width, height, and first and last row of blocks of a pass."""
        part = self.lowered.passes[number]
        fmt = self.lowered.after.format
        plane = part.planes[0]
        if not part.native:  # some plane that the pass reads or writes has full size
            plane = next((k for k, row in enumerate(fmt.planes) if not row.sub_x and not row.sub_y), plane)
        height, width = targets[plane].shape[:2]
        return width, height, 0, (height + 1) // 2 if self._pairs[number] else height

    def _wide(self, plane: Plane, fmt: PlaneFormat, spec: FrameSpec, lanes: int) -> Plane:
        """Return a plane that the code can read: rows of packed samples, wide enough, of even width."""
        width = self._width(spec.width, fmt, lanes)
        if plane.shape[1] == width and _packed(plane):
            return plane
        margin = [(0, 0), (0, width - plane.shape[1]), (0, 0)][: plane.ndim]
        return np.pad(plane, margin, "edge")

    def _target(self, plane: Plane, fmt: PlaneFormat, spec: FrameSpec, lanes: int) -> Plane:
        width = self._width(spec.width, fmt, lanes)
        if plane.shape[1] == width and _packed(plane):
            return plane
        return np.empty((plane.shape[0], width, *plane.shape[2:]), plane.dtype)

    def _width(self, width: int, fmt: PlaneFormat, lanes: int) -> int:
        least = 2 * lanes
        return max(least, -(-width >> self._even) << self._even) >> fmt.sub_x


def _packed(plane: Plane) -> bool:
    size = plane.itemsize
    return plane.strides[1:] == ((size,) if plane.ndim == 2 else (plane.shape[2] * size, size))
