"""Try an effect out, in one line of a test.

```python
from lumaloom.testing import check_effect

def test_toned():
    check_effect(toned(amount=0.5))
```
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lumaloom.effect import Effect, ParameterError, Pointwise
from lumaloom.frame import FORMATS, Frame, FrameSpec, PixelFormat, Timing, pixel_format
from lumaloom.graph import Run, Step
from lumaloom.graph.asking import accepts, fitted, is_idle, output
from lumaloom.graph.clips import with_clips
from lumaloom.memory import default_pool
from lumaloom.pointwise.footage import Beside
from lumaloom.pointwise.reference import reference
from lumaloom.run import Meter, OtherClips
from lumaloom.run.apply import apply_run

Definition = Callable[[Frame, Frame], None]

# Float, where nothing hides behind a clamp; YUV as most files have it, deeper YUV, RGB, opacity, gray.
_USUAL = ("gbrpf32le", "grayf32le", "yuv420p", "yuv422p10le", "rgb24", "yuva420p", "gray")
_SIZES = ((64, 34), (33, 17), (1, 1))
# What buffers hold before: samples that an effect leaves out differ between the two.
_FILLS = (0x5A, 0xA5)
# The part of the samples that may lie where a pointwise effect jumps.
_AT_STEPS = 0.01
# Floats beyond which no picture goes: there compiled powers may be off.
_PICTURED = 16
# Pixels above which the ends of a range of sizes are not tried.
_LARGE = 1 << 20


def check_effect(
    effect: Effect,
    definition: Definition | None = None,
    *,
    formats: Sequence[str] = (),
    sizes: Sequence[tuple[int, int]] = _SIZES,
) -> None:
    """Render noise through an effect, on the CPU, and check what every effect promises.

    That it keeps its source as it is, writes every sample, gives the same for the same frame, makes no number that is
    not finite, changes nothing where `is_identity` says so, works with each of its numbers at its least and its
    greatest, and agrees with its definition: whole numbers within 1 step, floats within 1e-5 and 1e-4 of the value,
    as far as that is from -16 to 16.

    Args:
        effect: with parameters that show something.
        definition: writes into its second frame what `render` has to make of the first, in plain NumPy. A pointwise
            effect is its own, from which one sample in a hundred may differ: where it jumps at a level, compiled code,
            which counts in float32, may jump at the one beside. Other effects are compared with nothing unless one is
            given.
        formats: of the frames, such as `yuv420p`; those of the usual ones that the effect accepts, unless given.
        sizes: of the frames, width and height.

    Raises:
        AssertionError: a promise is broken; says which, with the effect as it was, the format and the size.
        LumaloomError: what a render would end with, such as for an exception of the effect's.

    """
    rows = [pixel_format(name) for name in formats] or _accepted(effect)
    for row in rows:
        for width, height in sizes:
            _check(effect, _noise(FrameSpec(row, width, height)), definition)
    source = _noise(FrameSpec(rows[0], *sizes[0]))
    for extreme in _extremes(effect):
        with suppress(ParameterError):  # it may refuse what does not fit the frame, or its other parameters
            after = output(extreme, source.spec)
            if after.width * after.height <= _LARGE:
                _check(extreme, source, definition if extreme.values == effect.values else None)


def _accepted(effect: Effect) -> list[PixelFormat]:
    """Return the usual formats that the effect accepts, else the first of all."""
    usual = [FORMATS[name] for name in _USUAL if accepts(effect, FORMATS[name])]
    found = usual or [row for row in FORMATS.values() if accepts(effect, row)][:1]
    assert found, f"{effect.name}: accepts() takes no pixel format"
    return found


def _extremes(effect: Effect) -> Iterator[Effect]:
    for name, spec in effect.params.items():
        if spec.type in (int, float):
            for bound in (spec.min, spec.max):
                if bound is not None and math.isfinite(bound):
                    yield type(effect)(**{**effect.settings, name: bound})


def _noise(spec: FrameSpec) -> Frame:
    """Return a frame of all code values, a second after the start of its clip."""
    frame = Frame.allocate(spec, default_pool())
    frame.timing = Timing(25, Fraction(1, 25), 1)
    random = np.random.default_rng(1)
    for plane in frame.planes:
        if spec.format.is_float:
            plane[...] = random.random(plane.shape, np.float32)
        else:
            plane[...] = random.integers(0, 1 << spec.format.depth, plane.shape) << spec.format.shift
    return frame


class _Filled:
    """A pool whose buffers hold one byte everywhere."""

    def __init__(self, fill: int) -> None:
        self._fill = fill

    def acquire(self, nbytes: int) -> Any:
        """Return a buffer."""
        buffer = default_pool().acquire(nbytes)
        buffer[:] = self._fill
        return buffer


def _check(effect: Effect, src: Frame, definition: Definition | None) -> None:
    where, before = f"{effect!r} on {src.spec}", [plane.copy() for plane in src.planes]
    effect = with_clips(fitted(effect, src.spec))
    step = Step(effect, src.spec, output(effect, src.spec), "cpu")
    run, around = Run("cpu", (step,)), _around(src, *step.window)
    with OtherClips(1) as others:
        beside = others.at(src.timing, run.clips)
    first, second = (apply_run(run, src, _Filled(fill), Meter(), around=around, beside=beside) for fill in _FILLS)
    assert _same(before, src.planes), f"{where}: render() writes to its source, which is read only"
    assert _same(first.planes, second.planes), (
        f"{where}: two renders of one frame differ: samples that are not written, or state or chance in render()"
    )
    if first.format.is_float:
        assert all(np.isfinite(plane).all() for plane in first.planes), f"{where}: some results are not finite"
    if is_idle(effect, src.spec):
        _compare(first, src, f"{where}: is_identity() is true, but")
    if definition is not None or isinstance(effect, Pointwise):
        expected = Frame.allocate(first.spec, default_pool(), like=src)
        (definition or _own_definition(effect, beside))(src, expected)
        _compare(first, expected, f"{where}: by its definition", share=0.0 if definition else _AT_STEPS)


def _own_definition(effect: Effect, beside: Beside) -> Definition:
    assert isinstance(effect, Pointwise)
    return lambda src, out: reference([effect.stage_at(src.spec, src.timing)], src, out, beside=beside)


def _around(src: Frame, before: int, after: int) -> list[Frame]:
    """Return a window of frames that are moved by some samples, the source among them; none for an effect of one."""
    if not before + after:
        return []
    frames = []
    for away in range(-before, after + 1):
        planes = tuple(np.roll(plane, 3 * away, 1) for plane in src.planes)
        frames.append(Frame(src.spec, planes, replace(src.timing, pts=src.pts + away)) if away else src)
    return frames


def _same(first: Sequence[Any], second: Sequence[Any]) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(first, second, strict=True))


def _compare(found: Frame, expected: Frame, where: str, share: float = 0.0) -> None:
    """Compare frames; a share of the samples of each plane may be anything."""
    for (fmt, a), b in zip(found.items(), expected.planes, strict=True):
        wanted = b.astype(np.float64)
        excess = np.abs(a - wanted) - (1 << found.format.shift)
        if found.format.is_float:
            size = np.abs(wanted)
            excess = np.where(size <= _PICTURED, np.abs(a - wanted) - 1e-4 * size - 1e-5, 0)
        place = np.unravel_index(int(excess.argmax()), excess.shape)
        assert np.count_nonzero(excess > 0) <= share * excess.size, (
            f"{where} row {place[0]} column {place[1]} of plane {fmt.channels} is {b[place]}, got {a[place]}"
        )
