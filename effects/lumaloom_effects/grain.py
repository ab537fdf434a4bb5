"""Grain."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Model, Param, PixelFormat, normal, pointwise, uniform

MICROSECONDS = 1_000_000
_STRENGTH = Param(0.03, min=0, max=1, help="Standard deviation, as part of the way from black to white.")
_CHROMA = Param(0.0, min=0, max=1, help="The same for the chroma of YUV pictures.")
_SEED = Param(0, min=0, max=(1 << 32) - 4, help="Chooses the noise.")


class Grain(Effect):
    """Add grain, as of film: noise that is new in every frame and the same in every render.

    Luma of YUV and gray pictures, all channels of RGB; chroma only where `chroma` is set. Alpha stays. The noise
    is near normal (see `lumaloom.effect.normal`), and chosen by the seed and by the frame's time to a microsecond, so
    that any part of a clip, on any number of threads, gets the grain that it has in the whole.
    """

    name = "grain"
    kind = Kind.POINTWISE
    devices = ("cpu", "cuda")

    strength: float = _STRENGTH
    chroma: float = _CHROMA
    seed: int = _SEED

    def accepts(self, fmt: PixelFormat) -> bool:
        return True

    def fitted(self, spec: FrameSpec) -> Effect:
        """Return the pointwise effect for the channels that the frames have."""
        settings = self.settings
        chroma = settings.pop("chroma")
        if spec.format.model is Model.RGB:
            return _on_rgb(**settings)  # type: ignore[no-any-return]
        if spec.format.model is Model.GRAY or chroma == 0:
            return _on_luma(**settings)  # type: ignore[no-any-return]
        shared = zip(spec.format.subsampling, spec.chroma_offset, strict=True)
        return _ON_YUV[sum(halvings > 0 and offset == 0 for halvings, offset in shared)](chroma=chroma, **settings)  # type: ignore[no-any-return]

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.fitted(spec).is_identity(spec)

    def render(self, src: Frame, out: Frame) -> None:
        self.fitted(src.spec).render(src, out)


@uniform
def _key(seed: float, t: float) -> float:
    """Return the number of a frame's noise."""
    moment = round(t * MICROSECONDS) % (1 << 32)
    return float((int(seed) * 0x9E3779B97F4A7C15 + moment) % (1 << 53))


@pointwise(space="luma", name="grain")
def _on_luma(
    v: Any, *, strength: float = _STRENGTH, seed: int = _SEED, x: Any, y: Any, width: Any, height: Any, t: Any
) -> Any:
    """Add grain to luma."""
    (noise,) = normal(1, x, y, width, height, _key(seed, t))
    return v + strength * noise


@pointwise(space="rgb", name="grain")
def _on_rgb(
    r: Any,
    g: Any,
    b: Any,
    *,
    strength: float = _STRENGTH,
    seed: int = _SEED,
    x: Any,
    y: Any,
    width: Any,
    height: Any,
    t: Any,
) -> Any:
    """Add grain to red, green and blue."""
    noise = normal(3, x, y, width, height, _key(seed, t))
    return r + strength * noise[0], g + strength * noise[1], b + strength * noise[2]


def _on_yuv(means: int) -> Any:
    """Return the effect for chroma whose samples are means of `2**means` pixels, which makes noise weaker."""
    gain = 2 ** (means / 2)

    @pointwise(space="yuv", name="grain")
    def grain(
        v: Any,
        cb: Any,
        cr: Any,
        *,
        strength: float = _STRENGTH,
        chroma: float = _CHROMA,
        seed: int = _SEED,
        x: Any,
        y: Any,
        width: Any,
        height: Any,
        t: Any,
    ) -> Any:
        """Add grain to luma and chroma."""
        noise = normal(3, x, y, width, height, _key(seed, t))
        return v + strength * noise[0], cb + chroma * gain * noise[1], cr + chroma * gain * noise[2]

    return grain


_ON_YUV = tuple(map(_on_yuv, range(3)))
