"""What a change of pixel format costs: the one order in which every choice of a format is made."""

from __future__ import annotations

from lumaloom.frame.formats import Model, PixelFormat

# Orders of magnitude between kinds of loss, so that no amount of a lesser one outweighs a greater.
_COLOUR, _BIT, _ALPHA, _CHROMA, _MODEL, _STEP = 1e12, 1e10, 1e9, 1e6, 1e4, 1e2


def conversion_cost(source: PixelFormat, target: PixelFormat) -> float:
    """Return what converting costs: 0 for the same format, else what is lost, then the work and the bytes.

    Colour counts first, then bits, alpha, halvings of chroma, the change between RGB and YUV. Costs of
    conversions one after the other add up.
    """
    if source is target:
        return 0.0
    gray = Model.GRAY in (source.model, target.model)
    halvings = sum(max(to - by, 0) for by, to in zip(source.subsampling, target.subsampling, strict=True))
    return (
        _COLOUR * (target.model is Model.GRAY and source.model is not Model.GRAY)
        + _BIT * max(0, source.depth - target.depth)
        + _ALPHA * (source.has_alpha and not target.has_alpha)
        + _CHROMA * (0 if gray else halvings)
        + _MODEL * (source.model is not target.model) * (1 if Model.RGB in (source.model, target.model) else 0.1)
        + _STEP
        + (target.has_alpha and not source.has_alpha)
        + max(0, target.depth - source.depth)
        + source.density
        + target.density
        + abs(len(target.planes) - len(source.planes)) / 64
        + target.shift / 64
    )
