"""A run of pointwise effects taken apart: every effect a pass of its own, with nothing lost between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lumaloom.effect import Pointwise
from lumaloom.frame import Array, Frame, FrameSpec, Model, PixelFormat, Pool, Timing
from lumaloom.frame.formats import define
from lumaloom.graph.fused import Fused, Prepared, stages_of
from lumaloom.pointwise.dither import loses_depth
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.program import program
from lumaloom.pointwise.spaces import Form, Working

if TYPE_CHECKING:
    from lumaloom.graph.plan import Step

_MODELS = {"y": Model.GRAY, "yuv": Model.YUV}
_KEPT_TAGS = 8


@dataclass(frozen=True, slots=True)
class _Gap:
    """What lies between two passes, or at an end of the run: frames, and what colour is in them."""

    spec: FrameSpec
    form: Form


class Run:
    """Steps that `Fused` would do in one pass, one group of them a pass: an effect, and the conversions beside it.

    Between passes all channels are planes of float32 at full resolution, in the space that they would be in within the
    one pass, neither clamped nor rounded. Where the frames at an end have halved chroma, planes are even in size: what
    lies beyond odd ones decides about their last chroma.

    Attributes:
        groups: the steps.
        dither: hide the steps where samples lose depth from the first frames to the last.

    """

    def __init__(self, steps: Sequence[Step], dither: bool) -> None:
        cuts = [k + 1 for k, step in enumerate(steps) if isinstance(step.action, Pointwise)]
        bounds = [0, *cuts[:-1], len(steps)]  # the conversions at the end belong to the last effect
        self.groups = tuple(tuple(steps[a:b]) for a, b in pairwise(bounds))
        self.steps = tuple(steps)
        self.dither = dither and loses_depth(steps[0].before.format, steps[-1].after.format)
        halvings = [steps[0].before.format.subsampling, steps[-1].after.format.subsampling]
        self.size = steps[0].before.width, steps[0].before.height
        self.whole = tuple(-(-side >> most) << most for side, most in zip(self.size, map(max, *halvings), strict=True))
        self.gaps = lru_cache(maxsize=_KEPT_TAGS)(self._gaps)

    def passes(self) -> list[Pass]:
        """Return the passes, in order."""
        return [Pass(self, number) for number in range(len(self.groups))]

    def first(self, number: int, spec: FrameSpec) -> FrameSpec:
        """Return the frames before the run from those before one of its passes, which keep their tags."""
        if not number:
            return spec
        return replace(spec, format=self.steps[0].before.format, width=self.size[0], height=self.size[1])

    def _gaps(self, before: FrameSpec) -> list[_Gap]:
        after = before
        for step in self.steps:
            after = step.after_of(after)
        stages = stages_of(self.steps, before, Timing())
        start, end = Form.of(before, after), Form.of(after, before)
        alpha = before.format.has_alpha or any(stage.alpha for stage in stages)
        working = Working(start.coding, start.space, (0.5,) * len(start.letters))
        gaps = [_Gap(before, start)]
        for stage in stages[:-1]:
            working.apply(stage.space, _same, 1.0 if stage.alpha else None)
            if stage.coding is not None:
                working.recode(stage.coding)
            width, height = self.whole
            spec = replace(before, format=between(working.form, alpha), width=width, height=height)
            gaps.append(_Gap(spec, working.form))
        return [*gaps, _Gap(after, end)]


class Pass(Fused):
    """One pass of a run that is taken apart."""

    how = "in a pass of its own"

    def __init__(self, run: Run, number: int) -> None:
        self._run, self._number = run, number
        super().__init__(run.groups[number], run.dither and number == len(run.groups) - 1)

    @property
    def ends(self) -> tuple[FrameSpec, FrameSpec]:
        """The frames that are planned to come in and to go out."""
        before, after = self._gaps(self._run.steps[0].before)
        return before.spec, after.spec

    def after_of(self, spec: FrameSpec) -> FrameSpec:
        """Return the frames after the pass for one of `spec`."""
        return self._gaps(self._run.first(self._number, spec))[1].spec

    @property
    def folded(self) -> tuple[str, ...]:
        """The conversions that are done: those at the ends of the run."""
        effect = next(k for k, part in enumerate(self.parts) if isinstance(part.action, Pointwise))
        first, last = not self._number, self._number == len(self._run.groups) - 1
        done = [*self.parts[: effect if first else 0], *self.parts[effect + 1 if last else len(self.parts) :]]
        return tuple(repr(part.action) for part in done)

    def _gaps(self, first: FrameSpec) -> list[_Gap]:
        return self._run.gaps(first)[self._number : self._number + 2]

    def _prepared(self, before: FrameSpec, after: FrameSpec, timing: Timing) -> Prepared:
        run, first = self._run, self._run.first(self._number, before)
        own = sum(len(group) for group in run.groups[: self._number + 1])
        stage = stages_of(run.steps[:own], first, timing)[self._number]
        start, end = self._gaps(first)
        # Whether rows of chroma are those of fields is decided by the picture's own height.
        specs = [replace(gap.spec, width=run.size[0], height=run.size[1]) for gap in (start, end)]
        return program((stage,), specs[0], specs[1], self.dither, forms=(start.form, end.form)), (stage,)

    def apply(self, frame: Frame, after: FrameSpec, pool: Pool, beside: Beside = NOTHING) -> Frame:
        """Return the frame after the pass, in a buffer of `pool`; `beside` has what is shown with it of videos."""
        out = Frame.allocate(after, pool, like=frame)
        code, stages = self._ready(frame.spec, after, frame.timing)
        width, height = self._run.size
        source, target = (_continued(each, *self._run.whole) for each in (frame, out))
        shown = frame.with_planes(frame.planes, width=width, height=height)
        code.run(stages, source, target, self._animated, beside, shown)
        if target is not out:
            for plane, made in zip(out.planes, target.planes, strict=True):
                plane[...] = made[: plane.shape[0], : plane.shape[1]]
        return out


@cache
def between(form: Form, alpha: bool) -> PixelFormat:
    """Return the format of frames between passes: of no file, and in no table."""
    letters = form.letters + "a" * alpha
    return define(f"{form.space}{'a' * alpha}f32", _MODELS.get(form.space, Model.RGB), 32, " ".join(letters))


def _same(*channels: Any, which: int = 0) -> tuple[Any, ...]:
    return channels


def _continued(frame: Frame, width: int, height: int) -> Frame:
    """Return a frame of an even size: itself, or one whose last row and column go on."""
    if (frame.width, frame.height) == (width, height):
        return frame
    wanted = replace(frame.spec, width=width, height=height)
    planes = tuple(_repeated(plane, shape) for plane, shape in zip(frame.planes, wanted.shapes, strict=True))
    return frame.with_planes(planes, width=width, height=height)


def _repeated(plane: Array, shape: tuple[int, ...]) -> Array:
    for axis in (0, 1):
        size = plane.shape[axis]
        if size != shape[axis]:
            plane = plane.repeat([1] * (size - 1) + [1 + shape[axis] - size], axis)
    return plane
