"""One effect as the compiler sees it: a function of channels, its space, and values of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lumaloom.pointwise.footage import Footage
from lumaloom.pointwise.spaces import Coding

EXTRAS = ("x", "y", "width", "height", "t", "frame")
"""What a function may take beside channels and parameters: the pixel's centre and the picture's size in pixels, the
time in seconds, and a whole number below 2**24 that counts frames, both from the first frame rendered."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pointwise effect with the parameters of now.

    Attributes:
        name: of the effect.
        function: the author's.
        space: `rgb`, `linear`, `yuv`, `luma` or `any`.
        alpha: whether opacity comes as last channel.
        extras: which of `EXTRAS` it takes.
        values: of every parameter; numbers may change from frame to frame without a new compilation, texts and
            truth values are part of the code.
        bounds: least and greatest value of every parameter.
        coding: what coded RGB means after it, where that changes; else None.
        pictures: which parameters name a picture.
        clips: what is known of those that are videos.

    """

    name: str
    function: Callable[..., Any]
    space: str
    alpha: bool
    extras: tuple[str, ...]
    values: Mapping[str, Any]
    bounds: Mapping[str, tuple[float | None, float | None]]
    coding: Coding | None = None
    pictures: tuple[str, ...] = ()
    clips: Mapping[str, Footage] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many channels it takes and returns."""
        return (1 if self.space in ("luma", "any") else 3) + self.alpha

    @property
    def fixed(self) -> tuple[tuple[str, Any], ...]:
        """The parameters that are part of the code."""
        return tuple((name, value) for name, value in self.values.items() if isinstance(value, (bool, str)))

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters that are arguments of the code."""
        return {name: value for name, value in self.values.items() if not isinstance(value, (bool, str))}
