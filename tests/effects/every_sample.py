"""Pictures with all that a format can hold, and what the definition allows beside what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lumaloom.effect import Frame, FrameSpec, Pointwise
from lumaloom.frame import Model
from lumaloom.pointwise.program import Program
from lumaloom.pointwise.reference import reference
from lumaloom.pointwise.stage import Stage
from tests.effects.definitions import POOL

NUDGE = 2.0**-21
"""By how much a channel may be taken for another, from 0 to 1: 8 roundings of a float, a 32nd of a step of 16 bits."""

_PATTERNS = 8  # of signs of what channels and stages are off, and as many of the opposite ones

Samples = list[np.ndarray[Any, Any]]


def picture(spec: FrameSpec, seed: int = 0) -> Frame:
    """Return a frame: a third of corners of the range, a third of noise, a third of ramps; black in the first row.

    Float goes half of the range beyond on either side in the last two rows.
    """
    rng, frame, fmt = np.random.default_rng(seed), Frame.allocate(spec, POOL), spec.format
    for row, plane in frame.items():
        for k, letter in enumerate(row.channels):
            target = plane if plane.ndim == 2 else plane[..., k]
            height, width = target.shape
            third = height // 3
            middle = letter in "uv" and fmt.model is Model.YUV
            rows = np.empty((height, width))
            rows[:third] = rng.integers(0, 2, (third, width))
            rows[third : 2 * third] = rng.random((third, width))
            rows[2 * third :] = np.linspace(0, 1, width) + 0.03 * rng.standard_normal((height - 2 * third, 1))
            rows[0] = 0.5 if middle else 0.0
            if fmt.is_float:
                rows[-2:] = rng.uniform(-0.5, 1.5, rows[-2:].shape)
                target[...] = rows
            else:
                target[...] = np.rint(rows.clip(0, 1) * ((1 << fmt.depth) - 1)).astype(int) << fmt.shift
    return frame


class Definition:
    """What a run has to make of a frame.

    Args:
        stages: of the run.
        src: the frame.
        after: what it becomes.

    """

    def __init__(self, stages: Sequence[Stage], src: Frame, after: FrameSpec) -> None:
        self.stages, self.src, self.after = tuple(stages), src, after
        self.planes = self._planes(self.stages)
        self._least: Samples = []
        self._greatest: Samples = []

    def off(self, found: Frame, steep: bool) -> float:
        """Return how far samples are off at most, 1 being allowed: one step, or 1e-4 of floats and of those above 1.

        Where the definition is `steep`, samples may also be what it makes of channels that are `NUDGE` off, at any
        stage: floats can't tell those apart.
        """
        worst = self._far(found, self.planes, self.planes)
        if worst > 1 and steep:
            if not self._least:
                ways = np.random.default_rng(0).choice([-NUDGE, NUDGE], (_PATTERNS, len(self.stages), 4))
                others = [self._planes([*map(_nudged, self.stages, way)]) for way in np.concatenate([ways, -ways])]
                self._least = [np.min(planes, axis=0) for planes in zip(self.planes, *others, strict=True)]
                self._greatest = [np.max(planes, axis=0) for planes in zip(self.planes, *others, strict=True)]
            worst = self._far(found, self._least, self._greatest)
        return worst

    def _far(self, found: Frame, least: Samples, greatest: Samples) -> float:
        fmt, worst = self.after.format, 0.0
        for low, high, plane in zip(least, greatest, found.planes, strict=True):
            samples = plane.astype(np.float64)
            unit = 1e-4 * np.maximum(1, np.abs(high)) if fmt.is_float else 1 << fmt.shift
            away = np.maximum(np.maximum(samples - high, low - samples), 0) / unit
            assert np.isfinite(samples).all()
            worst = max(worst, float(away.max()))
        return worst

    def _planes(self, stages: Sequence[Stage]) -> Samples:
        out = Frame.allocate(self.after, POOL, like=self.src)
        reference(stages, self.src, out)
        return [plane.astype(np.float64) for plane in out.planes]


class _Nudged:
    def __init__(self, function: Any, shift: Any) -> None:
        self.function, self.shift, self.__code__ = function, shift, function.__code__

    def __call__(self, *channels: Any, **settings: Any) -> Any:
        return self.function(*(v + d for v, d in zip(channels, self.shift, strict=False)), **settings)


def _nudged(stage: Stage, shift: Any) -> Stage:
    return replace(stage, function=_Nudged(stage.function, shift))


def by_every_variant(
    code: Program, stages: Sequence[Stage], src: Frame, after: FrameSpec
) -> Iterator[tuple[int, Frame]]:
    """Give the numbers of the codes for this processor that do for these parameters, and what they make of a frame."""
    variants = code.variants
    for number, variant in enumerate(variants):
        if variant.settled.of(stages, src) is None:
            continue
        vars(code)["variants"] = [variant]
        found = Frame.allocate(after, POOL, like=src)
        try:
            code.run(stages, src, found)
        finally:
            vars(code)["variants"] = variants
        yield number, found


def drawn(effect: type[Pointwise], rng: np.random.Generator, wide: bool) -> dict[str, Any]:
    """Return numbers for the parameters of an effect: around what they are if nobody says, or all over, within reason.

    In reason: what leaves values within a few times the range, as floats are no nearer than that.
    """
    found: dict[str, Any] = {}
    for name, spec in effect.params.items():
        if spec.type not in (int, float):
            continue
        assert spec.min is not None
        assert spec.max is not None
        low, high, usual = spec.min, spec.max, float(spec.default)
        share = rng.uniform(-1, 1)
        if usual > 0 and high > 8 * usual:  # a factor
            value = usual * 2 ** (share * (2 if wide else 1))
        elif high - low > 100:
            value = usual + share * (360 if wide else 40)
        else:
            value = rng.uniform(low, high) if wide else usual + 0.2 * share * (high - low)
        value = min(max(value, low), high)
        found[name] = round(value) if spec.type is int else value
    if found.keys() >= {"black", "white"}:
        low, high = sorted((found["black"], found["white"]))
        found |= {"black": max(low - 0.05, -1.0), "white": min(high + 0.05, 2.0)}
    return found
