"""Luma key."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise


@pointwise(space="luma", alpha=True)
def lumakey(
    y: Any,
    alpha: Any,
    *,
    threshold: float = Param(0.0, min=0, max=1, help="Luma that becomes transparent."),
    tolerance: float = Param(0.1, min=0, max=1, help="How far from it luma is transparent too."),
    softness: float = Param(0.05, min=0, max=1, help="Over how much more opacity comes back."),
) -> Any:
    """Make pictures transparent where they are dark, bright or anything between; colours stay.

    `alpha = alpha * k`, `k` rising from 0 where `|luma - threshold| = tolerance` to 1 over `softness`. The parameters
    are those of FFmpeg's `lumakey`.
    """
    beyond = np.abs(y - threshold) - tolerance
    kept = np.where(softness > 1e-4, np.clip(beyond / np.maximum(softness, 1e-4), 0, 1), np.where(beyond > 0, 1.0, 0.0))
    return y, alpha * kept
