"""The numbers that a stage may ask of the frame it is on."""

from __future__ import annotations

from lumaloom.frame import Frame

_COUNTED = 1 << 24  # whole numbers that float32 holds


def moment(frame: Frame) -> dict[str, float]:
    """Return `width`, `height`, `t` in seconds, and `frame`, a whole number below 2**24 that counts frames.

    Both count from the first frame that goes through the effects.
    """
    return {
        "width": float(frame.width),
        "height": float(frame.height),
        "t": float(frame.timing.elapsed),
        "frame": float(frame.timing.count % _COUNTED),
    }
