"""A run of pointwise effects, with the conversions between and beside them, as one pass over the picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from lumaloom.effect import Pointwise
from lumaloom.errors import counted
from lumaloom.frame import Frame, FrameSpec, Pool, Timing
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.lower import now
from lumaloom.pointwise.passes.cost import cost
from lumaloom.pointwise.program import Program, program
from lumaloom.pointwise.stage import Stage

if TYPE_CHECKING:
    from lumaloom.graph.plan import Step

Prepared = tuple[Program, tuple[Stage, ...]]
_KEPT_TAGS = 8  # kinds of tags that the frames of one stream may have without a new look at the effects


class Fused:
    """Steps that are done in one pass.

    Values go from effect to effect as they are, neither rounded nor clamped. Chroma is brought to full resolution
    and back once for the whole run.

    Attributes:
        parts: the steps, which in a row give the same but for their roundings.
        dither: hide the steps where samples lose depth.
        table_error: levels of 255 that a costly run may be off, as a look up in a cube; 0 where effects are animated.

    """

    how = "in one pass"

    def __init__(self, parts: Sequence[Step], dither: bool = False, table_error: float = 0.0) -> None:
        self.parts, self.dither = tuple(parts), dither
        self._animated = any(effect.animated for effect in self.effects)
        self.table_error = 0.0 if self._animated else table_error
        self.program, self._stages = self._prepared(*self.ends, Timing())
        self._settled = lru_cache(maxsize=_KEPT_TAGS)(lambda before, after: self._prepared(before, after, Timing()))

    @property
    def ends(self) -> tuple[FrameSpec, FrameSpec]:
        """The frames that are planned to come in and to go out."""
        return self.parts[0].before, self.parts[-1].after

    def after_of(self, spec: FrameSpec) -> FrameSpec:
        """Return the frames after the steps for one of `spec`."""
        for part in self.parts:
            spec = part.after_of(spec)
        return spec

    @property
    def effects(self) -> tuple[Pointwise, ...]:
        """The effects among the steps."""
        return tuple(part.action for part in self.parts if isinstance(part.action, Pointwise))

    @property
    def name(self) -> str:
        """The names of the effects, for messages and timings."""
        return "+".join(effect.name for effect in self.effects) or "convert"

    @property
    def folded(self) -> tuple[str, ...]:
        """The conversions that are done while samples are loaded and stored."""
        return tuple(repr(part.action) for part in self.parts if not isinstance(part.action, Pointwise))

    def explain(self) -> list[str]:
        """Return lines for people: what was joined, and what the code does with which planes."""
        lowered = self.program.lowered
        count = len(self.effects)
        lines = [f"{counted(count, 'effects') if count else 'conversion'} {self.how}: {self!r}"]
        lines += [f"folded in: {text}" for text in self.folded]
        lines += [f"read beside the frames: {clip}" for effect in self.effects for clip in effect.clips]
        pieces, words = (0, False) if self._animated else self.program.by_pieces(now(self._stages))
        if pieces:
            how = (
                "in 16-bit fixed point, an eighth of a step off in the mean at most"
                if words
                else "within a fifth of a step"
            )
            lines.append(f"{counted(pieces, 'functions')} of one value by polynomials in pieces, {how}")
        if self.table_error and pieces and lowered.cube is None:
            lines.append("computed, as this processor does it faster than a look up in a cube")
        lines += [] if lowered.cube is None else [str(lowered.cube)]
        lines += ["samples lose depth: ordered dither"] * lowered.dither
        names = [plane.channels for plane in lowered.after.format.planes]
        for part in lowered.passes:
            how = (
                "by a table of code values"
                if part.by_table
                else f"{cost(list(part.roots.values()))} operations a pixel"
            )
            lines.append(f"planes {' '.join(names[plane] for plane in part.planes)}: {how}")
        if lowered.copies:
            lines.append(f"planes {' '.join(names[plane] for _, plane in lowered.copies)}: copied")
        return lines

    def __repr__(self) -> str:
        if self.effects:
            return " + ".join(repr(effect) for effect in self.effects)
        lowered = self.program.lowered
        return self.folded[-1] + " with dither" * lowered.dither + " by fields" * lowered.fields

    def _prepared(self, before: FrameSpec, after: FrameSpec, timing: Timing) -> Prepared:
        """Return the code for frames of `before`, and the stages with the parameters of a moment."""
        stages = stages_of(self.parts, before, timing)
        return program(stages, before, after, self.dither, self.table_error / 255), stages

    def _ready(self, before: FrameSpec, after: FrameSpec, timing: Timing) -> Prepared:
        """Return the same; where nothing moves, what was made for an earlier frame."""
        return self._prepared(before, after, timing) if self._animated else self._settled(before, after)

    def apply(self, frame: Frame, after: FrameSpec, pool: Pool, beside: Beside = NOTHING) -> Frame:
        """Return the frame after all steps, in a buffer of `pool`; `beside` has what is shown with it of videos."""
        out = Frame.allocate(after, pool, like=frame)
        code, stages = self._ready(frame.spec, after, frame.timing)
        code.run(stages, frame, out, self._animated, beside)
        return out


def stages_of(parts: Sequence[Step], before: FrameSpec, timing: Timing) -> tuple[Stage, ...]:
    """Return the stages of the effects among steps for frames of `before`, with the parameters of a moment."""
    stages, spec = [], before
    for part in parts:
        if isinstance(part.action, Pointwise):
            stages.append(part.action.stage_at(spec, timing))
        spec = part.after_of(spec)
    return tuple(stages)
