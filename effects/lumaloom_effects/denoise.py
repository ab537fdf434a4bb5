"""Denoising along time."""

from __future__ import annotations

from collections.abc import Sequence

import lumaloom_kernels as kernels
from lumaloom.effect import Frame, FrameSpec, Param, TemporalEffect


class Denoise(TemporalEffect):
    """Take noise out of what stands still: a mean over neighbouring frames, where they are alike.

    Each sample is averaged with those at its place in `radius` frames before and after, by weights that fall with
    their difference and are zero from `threshold` on. So what moves or is cut is left as it is, and nothing smears. In
    interlaced and in progressive pictures each place meets its own row. Alpha stays.
    """

    name = "denoise"

    radius: int = Param(2, min=0, max=8, unit="frames", help="Frames looked at to each side.")
    threshold: float = Param(
        0.06, min=0, max=1, help="Difference that is no noise any more, as part of the way from black to white."
    )

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.radius == 0 or self.threshold == 0

    def window(self) -> tuple[int, int]:
        return self.radius, self.radius

    def render_window(self, frames: Sequence[Frame], out: Frame) -> None:
        centre = frames[self.radius]
        black, white = centre.spec.levels
        limit = max(self.threshold * (white - black), 1e-6)
        for number, ((plane, samples), target) in enumerate(zip(centre.items(), out.planes, strict=True)):
            if plane.channels == "a":
                target[...] = samples
                continue
            kernels.temporal_denoise([frame.planes[number] for frame in frames], limit, centre=self.radius, out=target)
            if plane.channels[-1] == "a":  # alpha is the last of the interleaved channels
                target[..., -1] = samples[..., -1]
