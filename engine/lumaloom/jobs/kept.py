"""What a render does not keep of its pictures, and who will not show them, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lumaloom.effect import Effect, Pointwise
from lumaloom.frame import FORMATS, Frame, FrameSpec, Transfer
from lumaloom.graph import Conversion, Plan
from lumaloom.media.choice import EncoderChoice, best_format, losses

_ALPHA_MEND = "; fill it with `background`, or write .webm, .png or .mov with --encoder prores"
# What hardware and browsers decode, by codec.
_PLAYED = {
    "h264": ("yuv420p", "nv12"),
    "hevc": ("yuv420p", "nv12", "yuv420p10le", "p010le"),
}


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


def unplayed(choice: EncoderChoice, output: FrameSpec, chosen: bool) -> Iterator[str]:
    """Yield a line where players refuse the format that is encoded, unless users have `chosen` it."""
    names = _names_played(choice)
    if chosen or not names:
        return
    made = best_format(output.format, choice, output.width, output.height)
    if made.name not in names:
        name = next((name for name in names if FORMATS[name].depth == made.depth), names[0])
        crop = "crop to even sizes and " * bool(output.width % 2 or output.height % 2)
        yield f"many players refuse {choice} as {made}: {crop}add --pixel-format {name} (pixel_format={name!r})"


def played(choice: EncoderChoice, spec: FrameSpec) -> EncoderChoice:
    """Return the choice with the planar formats alone that players take, where frames of `spec` fit some of them."""
    rows = tuple(row for row in choice.formats if row.name in _names_played(choice) and len(row.planes) == 3)
    even = spec.width % 2 == spec.height % 2 == 0
    return replace(choice, formats=rows) if rows and even else choice


def _names_played(choice: EncoderChoice) -> tuple[str, ...]:
    """Return the formats that players take of what an encoder makes; none where they take all."""
    codec = choice.encoder.codec if choice.encoder and choice.container.muxer in ("mp4", "mov") else ""
    return _PLAYED.get(codec, ())


def mistaken(choice: EncoderChoice, output: FrameSpec) -> Iterator[str]:
    """Yield a line where the numbers of a picture mean another light than those who read it take for granted."""
    linear = output.colour.transfer is Transfer.LINEAR
    holds_light = choice.encoder is not None and choice.encoder.codec == "exr"
    if holds_light and not linear:
        yield "OpenEXR means linear light, which these frames are not: add -e 'colorspace transfer=linear'"
    elif linear and choice.encoder is not None and not holds_light:
        usual = "srgb" if choice.container.is_pictures else "bt709"
        yield f"the frames are linear light, which most programs show too dark: add -e 'colorspace transfer={usual}'"


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
