"""What a render does not keep of its pictures, for people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumaloom.effect import Effect, Pointwise
from lumaloom.frame import FORMATS, Frame
from lumaloom.graph import Conversion, Plan
from lumaloom.media.choice import losses

_ALPHA_MEND = "; fill it with `background`, or write .webm, .png or .mov with --encoder prores"


def lost(plan: Plan, *, opaque: bool = False) -> Iterator[str]:
    """Yield what the conversions of a plan lose of the source, or of the alpha that effects made, a line each.

    Args:
        plan: of the render.
        opaque: whether nothing of the source is see-through, whatever its format.
    """
    opaque = opaque or not plan.source.format.has_alpha
    for step in plan.parts:
        before, after = step.before.format, step.after.format
        if isinstance(step.action, Conversion):
            of_source = losses(plan.source.format, after)
            words = [word for word in losses(before, after) if word != "alpha" and word in of_source]
            see_through = before.has_alpha and not after.has_alpha and not opaque
            if words or see_through:
                everything = ", ".join([*words, *["alpha"] * see_through])
                yield f"{before} converted to {after} loses {everything}{_ALPHA_MEND * see_through}"
        elif isinstance(step.action, Pointwise):
            opaque = step.action.is_opaque(opaque)
        elif isinstance(step.action, Effect):
            opaque &= before.has_alpha == after.has_alpha and not _needs_alpha(step.action)
        opaque |= not after.has_alpha


def is_opaque(frame: Frame) -> bool:
    """Whether nothing of a frame is see-through."""
    if not frame.format.has_alpha:
        return True
    for layout, plane in zip(frame.format.planes, frame.planes, strict=True):
        if "a" in layout.channels:
            alpha = plane if len(layout.channels) == 1 else plane[..., layout.channels.index("a")]
            return bool(np.all(alpha >= frame.format.peak))
    return True


def _needs_alpha(effect: Effect) -> bool:
    return not any(effect.accepts(each) for each in FORMATS.values() if not each.has_alpha)
