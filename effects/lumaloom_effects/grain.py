"""Grain."""

from __future__ import annotations

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Model, Param

MICROSECONDS = 1_000_000


class Grain(Effect):
    """Add grain, as of film: noise that is new in every frame and the same in every render.

    Luma of YUV and gray pictures, all channels of RGB; chroma only where `chroma` is set. Alpha stays. The noise
    is near normal, and chosen by the seed and by the frame's time to a microsecond, so that any part of a clip, on any
    number of threads, gets the grain that it has in the whole.
    """

    name = "grain"
    kind = Kind.POINTWISE
    devices = ("cpu",)

    strength: float = Param(0.03, min=0, max=1, help="Standard deviation, as part of the way from black to white.")
    chroma: float = Param(0.0, min=0, max=1, help="The same for the chroma of YUV pictures.")
    seed: int = Param(0, min=0, max=(1 << 32) - 4, help="Chooses the noise.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.strength == 0 and (self.chroma == 0 or spec.format.model is not Model.YUV)

    def render(self, src: Frame, out: Frame) -> None:
        black, white = src.spec.levels
        unit = white - black
        high = None if src.format.is_float else src.format.peak
        moment = round(src.timing.elapsed * MICROSECONDS) % (1 << 32)
        for number, ((plane, samples), target) in enumerate(zip(src.items(), out.planes, strict=True)):
            lit = any(channel in ("rgb" if src.format.model is Model.RGB else "y") for channel in plane.channels)
            strength = self.strength if lit else 0.0 if "a" in plane.channels else self.chroma
            kernels.add_grain(samples, strength * unit, self.seed + number, moment, high=high, out=target)
            if plane.channels[-1] == "a":  # alpha is the last of the interleaved channels
                target[..., -1] = samples[..., -1]
