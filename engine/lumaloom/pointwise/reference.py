"""The definition of a run: plain NumPy in float64, stage by stage, from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lumaloom.frame import Frame, FrameSpec, PlaneFormat
from lumaloom.pointwise.build import pictures, results
from lumaloom.pointwise.dither import loses_depth, offsets
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.laying import Lie
from lumaloom.pointwise.levels import by_fields, levels
from lumaloom.pointwise.moment import moment
from lumaloom.pointwise.spaces import Form, Working
from lumaloom.pointwise.stage import Stage

Plane = np.ndarray[Any, Any]


def reference(stages: Sequence[Stage], src: Frame, out: Frame, dither: bool = False, beside: Beside = NOTHING) -> None:
    """Write every sample of `out` from `src`: what the compiled code has to give.

    Samples become numbers by `levels`; halved chroma is brought to full resolution by `full`; stages see
    float64 without clamping between them; chroma is halved by `halved`; integers are rounded and clamped, NaN
    becomes 0. Opacity passes through; where `src` has none it is 1. With `dither`, `offsets` are added before colours
    are rounded to fewer bits. Chroma of interlaced frames is shared within a field: see `by_fields`. What is shown of
    videos that stages read is `beside`.
    """
    height, width = _even(src.height, src.format.subsampling[1]), _even(src.width, src.format.subsampling[0])
    height, width = (max(a, b) for a, b in ((height, out.height), (width, out.width)))
    sub_x, sub_y = out.format.subsampling
    height, width = _even(height, sub_y), _even(width, sub_x)
    loaded = dict(_loaded(src, height, width))
    before, after = Form.of(src.spec, out.spec), Form.of(out.spec, src.spec)
    working = Working(before.coding, before.space, tuple(loaded[letter] for letter in before.letters))
    opacity = loaded.get("a", np.ones((height, width)))
    extras: dict[str, Any] = {"y": np.arange(height)[:, None] + 0.5, "x": np.arange(width)[None, :] + 0.5}
    extras |= moment(src)
    with np.errstate(all="ignore"):
        for stage in stages:
            settings = {**stage.values, **{name: extras[name] for name in stage.extras}}
            place = [extras[name] for name in ("x", "y", "width", "height")]
            settings |= pictures(stage, Lie.of(stage.values), working.form, place, beside)

            def call(
                *channels: Any, which: int = 0, stage: Stage = stage, settings: dict[str, Any] = settings
            ) -> tuple[Any, ...]:
                shape = (height, width)
                return tuple(np.broadcast_to(value, shape) * 1.0 for value in results(stage, channels, settings, which))

            changed = working.apply(stage.space, call, opacity if stage.alpha else None)
            opacity = opacity if changed is None else changed
            if stage.coding is not None:
                working.recode(stage.coding)
        values = working.finish(after)
        final = {letter: np.broadcast_to(v, (height, width)) for letter, v in zip(after.letters, values, strict=True)}
        _store({**final, "a": opacity}, out, dither and loses_depth(src.format, out.format))


def _even(size: int, halvings: int) -> int:
    return -(-size >> halvings) << halvings


def _loaded(frame: Frame, height: int, width: int) -> Any:
    for fmt, plane in frame.items():
        for index, letter in enumerate(fmt.channels):
            samples = (plane if plane.ndim == 2 else plane[..., index]).astype(np.float64)
            black, unit = levels(frame.spec, letter)
            yield letter, full((samples - black) / unit, fmt, frame.spec, height, width)


def full(samples: Plane, fmt: PlaneFormat, spec: FrameSpec, height: int, width: int) -> Plane:
    """Return a plane at the size of the picture, continued by its last row and column.

    Where chroma sits in the middle of its pair of pixels both get it. Where it sits on one of them the other
    lies between two samples and gets their mean. Halving by `halved` gives back the same samples.
    """
    if fmt.sub_y and by_fields(spec):
        return _woven(lambda rows: full(rows, fmt, _field(spec), height // 2, width), samples)
    for axis, halvings, offset in ((0, fmt.sub_y, spec.chroma_offset[1]), (1, fmt.sub_x, spec.chroma_offset[0])):
        if not halvings:
            continue
        if offset == 0:
            samples = samples.repeat(2, axis)
            continue
        neighbour = np.roll(samples, -1 if offset < 0 else 1, axis)
        edge = (slice(None),) * axis + (slice(-1, None) if offset < 0 else slice(0, 1),)
        neighbour[edge] = samples[edge]
        pair = (samples, (samples + neighbour) / 2)
        pair = pair if offset < 0 else pair[::-1]
        samples = np.stack(pair, axis + 1).reshape(*(2 * n if k == axis else n for k, n in enumerate(samples.shape)))
    rows, columns = (max(0, wanted - size) for wanted, size in zip((height, width), samples.shape, strict=True))
    return np.pad(samples, ((0, rows), (0, columns)), "edge")[:height, :width]


def halved(samples: Plane, fmt: PlaneFormat, spec: FrameSpec) -> Plane:
    """Return the samples of a plane: means of pairs where chroma sits between them, else those that it sits on."""
    if fmt.sub_y and by_fields(spec):
        return _woven(lambda rows: halved(rows, fmt, _field(spec)), samples)
    for axis, halvings, offset in ((0, fmt.sub_y, spec.chroma_offset[1]), (1, fmt.sub_x, spec.chroma_offset[0])):
        if halvings:
            first, second = (samples[(slice(None),) * axis + (slice(k, None, 2),)] for k in (0, 1))
            samples = (first + second) / 2 if offset == 0 else first if offset < 0 else second
    return samples


def _field(spec: FrameSpec) -> FrameSpec:
    return replace(spec, interlaced=False, height=spec.height // 2)


def _woven(function: Callable[[Plane], Plane], samples: Plane) -> Plane:
    """Return what a function makes of each field, row after row."""
    fields = [function(samples[k::2]) for k in (0, 1)]
    return np.stack(fields, 1).reshape(-1, fields[0].shape[1])


def _store(channels: dict[str, Plane], out: Frame, dither: bool) -> None:
    for fmt, plane in out.items():
        for index, letter in enumerate(fmt.channels):
            black, unit = levels(out.spec, letter)
            samples = halved(channels[letter], fmt, out.spec) * unit + black
            target = plane if plane.ndim == 2 else plane[..., index]
            samples = samples[: target.shape[0], : target.shape[1]]
            if not out.format.is_float:
                step = 1 << out.format.shift
                half = 0.5 + (offsets(*samples.shape) if dither and letter != "a" else 0.0)
                samples = np.nan_to_num(np.floor(samples / step + half).clip(0, out.format.peak / step)) * step
            target[...] = samples
