"""Parameters of effects that take a picture or a video."""

from __future__ import annotations

from typing import Literal

from lumaloom.effect import Param

After = Literal["hold", "loop", "none"]

START = Param(
    0.0, min=-1e6, max=1e6, unit="s", help="Of a video: how far into it the first frame is; below 0 it begins later."
)
AFTER = Param("hold", help="What comes after a video's end: its last frame, the video again, or nothing.")
