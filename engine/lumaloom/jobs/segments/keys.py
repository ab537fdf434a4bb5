"""The key of a segment: everything that its pixels and its bytes depend on."""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from lumaloom.cache import file_key
from lumaloom.effect import Effect
from lumaloom.effect.keyframes import Keyframes
from lumaloom.frame import Frame
from lumaloom.graph import Conversion, Plan, Step
from lumaloom.graph.fused import Fused
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.described import UnknowableError, described, home
from lumaloom.jobs.segments.programs import engine, graphics
from lumaloom.jobs.segments.sources import OWN, holds, loaded, source_of
from lumaloom.media.parts import Parts
from lumaloom.media.sequence import Sequence

# What all keys of segments begin with.
KIND = "segment:"
_FORM = "segment 1"
_WORDS = re.compile(r"[:=,]")
# Of a class: what its source says as well, where it is, and what Python and its pickles make of it.
_OF_NO_MATTER = frozenset(
    (
        *("params", "__module__", "__dict__", "__weakref__", "__doc__", "_abc_impl", "__annotations__"),
        *("__wrapped__", "__slotnames__", "__static_attributes__", "__firstlineno__"),
    )
)


class Keys:
    """Keys of the segments of one render.

    Args:
        job: the render.
        parts: its clip.
        head: what the video begins with.

    Raises:
        UnknowableError: it depends on what text can't stand for; the message names that.

    """

    def __init__(self, job: Preparation, parts: Parts, head: Frame) -> None:
        self._plan, self._parts, self._origin = job.plan, parts, head.timing.pts
        self._files: dict[str, str | None] = {}
        self._pictures: dict[str, str | None] = {}
        self._loaded = loaded()
        source, choice = job.source, job.choice
        self._sequence = source.path if isinstance(source.path, Sequence) else None
        assert choice.encoder is not None
        # Of a sequence each segment depends on its own files.
        stamp = "sequence" if self._sequence else self._stamp(os.fspath(source.path))
        if stamp is None:
            raise UnknowableError("an input that is gone")
        self._effects = {id(effect): _effect(effect) for effect in _effects(job.plan)}
        options = source.options
        ingredients = (
            stamp,
            engine(),
            graphics() if any(step.device == "cuda" for step in job.plan.parts) else "cpu",
            described([options.stream, options.max_pixels, source.range[0], parts.origin]),
            described([source.time_base, source.rate, source.bottom_field_first]),
            described([job.plan.source, head.spec, head.side_data, head.timing]),
            described([choice.container.name, choice.container.muxer, choice.encoder, list(choice.options.items())]),
            described([row.name for row in choice.formats]),
            [self._stamp(word) for value in choice.options.values() for word in (value, *_WORDS.split(value))],
            described([job.shares.encoder, job.request.dither, job.request.table_error]),
        )
        self._common = repr(ingredients)

    def of(self, first: int, last: int) -> str:
        """Return the key of the segment of frames `first` to `last`, exclusive."""
        parts = self._parts
        begin, end = self._window(first, last)
        pts, lengths = parts.pts[begin:end], parts.index.durations[begin:end]
        since = pts - self._origin
        seconds = (float(int(since[0]) * parts.index.time_base), float(int(since[-1]) * parts.index.time_base))
        # As `Timing.count` does.
        counts = np.where(lengths > 0, since // np.maximum(lengths, 1), since)
        frames = (float(counts.min()), float(counts.max()))
        steps = [self._step(step, seconds, frames) for step in self._plan.steps]
        for name in self._names(first, last):
            self._pictures[name] = file_key(_FORM, name)
        pictures = [self._pictures[name] for name in self._names(first, last)]
        ingredients = (self._common, first, last, begin, end, described([pts, lengths]), steps, pictures)
        return KIND + blake2b(repr(ingredients).encode(errors="surrogateescape"), digest_size=20).hexdigest()

    def hold(self, first: int, last: int) -> bool:
        """Whether nothing changed that the key of a segment stands for: no file, nor was other code loaded since."""
        pictures = {name: self._pictures[name] for name in self._names(first, last)}
        stamps = self._files | pictures
        return holds(self._loaded) and all(file_key(_FORM, name) == stamp for name, stamp in stamps.items())

    def _window(self, first: int, last: int) -> tuple[int, int]:
        """Return the frames of the source, the end exclusive, that a segment is made of."""
        before, after = self._plan.window
        return max(first - before, self._parts.first), min(last + after, self._parts.last)

    def _names(self, first: int, last: int) -> list[str]:
        """Return the files of a sequence that a segment is made of."""
        begin, end = self._window(first, last)
        return [name for name in self._sequence.files[begin:end] if name] if self._sequence else []

    def _stamp(self, value: object) -> str | None:
        """Return what changes with the file that a text names, None where it names none."""
        if not isinstance(value, str) or not os.path.isfile(value):
            return None
        self._files[value] = file_key(_FORM, value)
        return self._files[value]

    def _step(self, step: Step, seconds: tuple[float, float], frames: tuple[float, float]) -> str:
        shape = (step.device, step.window, described([step.before, step.after]))
        action = step.action
        if isinstance(action, Fused):
            parts = [self._step(part, seconds, frames) for part in action.parts]
            return repr((shape, "fused", action.dither, action.table_error, parts))
        if isinstance(action, Conversion):
            return repr((shape, "conversion", action.target.name))
        values: list[object] = []
        for name, value in action.settings.items():
            if isinstance(value, Keyframes):
                values.append((name, "animated", within(value, *(frames if value.in_frames else seconds))))
            else:
                values.append((name, described(value), self._stamp(value)))
        return repr((shape, self._effects[id(action)], values))


def within(keys: Keyframes, low: float, high: float) -> str:
    """Return what decides about the values of keyframes from one time to another, as text."""
    if high <= keys.times[0] or low >= keys.times[-1]:
        return described([keys.values[0 if high <= keys.times[0] else -1]])
    first = max(bisect_right(keys.times, low) - 1, 0)
    last = min(bisect_left(keys.times, high), len(keys.times) - 1)
    easings = [easing.text for easing in keys.easings[first:last]]
    return described([keys.in_frames, keys.times[first : last + 1], keys.values[first : last + 1], easings])


def _effects(plan: Plan) -> Iterable[Effect]:
    return (step.action for step in plan.parts if isinstance(step.action, Effect))


def _effect(effect: Effect) -> str:
    """Return what makes an effect what it is, but for its parameters."""
    state = {name: value for name, value in vars(effect).items() if name not in effect.params and name != "_keys"}
    try:
        return repr((described(state), [_class(each) for each in type(effect).__mro__ if each is not object]))
    except UnknowableError as problem:
        raise UnknowableError(f"effect {effect.name} depends on {problem}") from None
    except RecursionError:
        raise UnknowableError(f"effect {effect.name} depends on what refers to itself") from None


def _class(kind: type) -> str:
    if kind.__module__.partition(".")[0] in (*OWN, "abc", "typing", "builtins"):
        return kind.__qualname__  # its source counts with the engine's
    rows: list[Any] = [home(kind.__module__), kind.__qualname__, source_of(kind.__module__)]
    for name, value in sorted(vars(kind).items()):
        if name in _OF_NO_MATTER:
            continue
        try:
            rows.append((name, described(value)))
        except UnknowableError:
            if callable(value) or isinstance(value, staticmethod | classmethod | property):
                raise
            # Data of the class itself: its source says what they are.
    return repr(rows)
