"""A vignette, as a package of its own: install it, and `lumaloom effects` lists it."""

from __future__ import annotations

import numpy as np

from lumaloom.effect import Effect, Frame, Kind, Model, Param, PixelFormat, hookimpl


class Vignette(Effect):
    """Darken the corners."""

    name = "vignette"
    kind = Kind.POINTWISE
    devices = ("cpu",)

    amount: float = Param(0.5, min=0, max=1, help="Light lost in the corners; 1 is black.")

    def accepts(self, fmt: PixelFormat) -> bool:
        return fmt.model is Model.RGB and len(fmt.planes) == 3

    def render(self, src: Frame, out: Frame) -> None:
        y, x = np.ogrid[-1 : 1 : src.height * 1j, -1 : 1 : src.width * 1j]
        light = 1 - self.amount * (x * x + y * y) / 2
        for samples, target in zip(src.planes, out.planes, strict=True):
            target[...] = samples * light + (0 if src.format.is_float else 0.5)


@hookimpl
def lumaloom_effects() -> list[type[Effect]]:
    return [Vignette]
