"""The numbers that a stage may ask of the frame it is on."""

from __future__ import annotations

from lumaloom.frame import Frame

_COUNTED = 1 << 24  # whole numbers that float32 holds


def moment(frame: Frame) -> dict[str, float]:
    """Return `width`, `height`, `t` in seconds, and `frame`, a whole number below 2**24 that counts frames."""
    timing = frame.timing
    count = timing.pts // timing.duration if timing.duration > 0 else timing.pts
    return {
        "width": float(frame.width),
        "height": float(frame.height),
        "t": float(timing.seconds),
        "frame": float(count % _COUNTED),
    }
