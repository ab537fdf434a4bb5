"""What an effect is: the class that authors derive from."""

from __future__ import annotations

import inspect
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Self, get_type_hints

from lumaloom.effect.keyframes import Keyframes, place_of
from lumaloom.effect.param import REQUIRED, ParamSpec, number_text
from lumaloom.errors import ParameterError, PluginError, nearest, told
from lumaloom.frame import Frame, FrameSpec, PixelFormat, Timing


class Kind(StrEnum):
    """What an effect needs to see in order to make one sample; the planner schedules by it."""

    POINTWISE = "pointwise"
    NEIGHBOURHOOD = "neighbourhood"
    GEOMETRIC = "geometric"
    TEMPORAL = "temporal"


class Effect(ABC):
    """A picture effect: typed parameters, the formats it takes, and how it makes a frame from a frame.

    A subclass sets `name` and `kind`, declares parameters as annotated class attributes, and defines `render`.
    The first line of its docstring is shown in listings. Instances are immutable in use: one instance renders
    frames on many threads at once, so `render` keeps no state on `self`.

    ```python
    class Soften(Effect):
        \"\"\"Mix a blurred copy in.\"\"\"

        name = "soften"
        kind = Kind.NEIGHBOURHOOD
        sigma: float = Param(8.0, min=0.1, max=100, unit="px", help="Size of the blur.")

        def render(self, src, out):
            for (plane, samples), target in zip(src.items(), out.planes, strict=True):
                sigma = self.sigma / (1 << plane.sub_x), self.sigma / (1 << plane.sub_y)
                mix(samples, gaussian_blur(samples, sigma), 0.5, out=target)
    ```
    Frames come as they were decoded, most often as YUV: a plane for `y`, `u` and `v` each, where `plane.channels`
    says which. Black and white of `y` are `src.spec.levels`, gray is the middle of the code values in `u` and `v`,
    and these have fewer samples by `plane.sub_x` and `sub_y`. An effect that needs RGB says so:

    ```python
        def accepts(self, fmt):
            return fmt.model is Model.RGB
    ```
    `lumaloom.testing.check_effect(Soften())` tries an effect out.

    Attributes:
        name: what users write; lower case letters, digits and underscores.
        kind: what it reads.
        api: versions of `lumaloom.effect` that it was written for.
        also: other words that people look for it by; who writes one is told the name.
        params: its parameters by name, filled in for every subclass.
        devices: where `render` can run: on the CPU, unless it says `("cpu", "cuda")`. It may where everything that it
            calls takes CuPy arrays too, as the docstrings of kernels say.

    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    api: ClassVar[str] = ">=1.0,<2"
    also: ClassVar[tuple[str, ...]] = ()
    params: ClassVar[Mapping[str, ParamSpec]] = MappingProxyType({})
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    _keys: Mapping[str, Keyframes] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        params: dict[str, ParamSpec] = {}
        for base in reversed(cls.__mro__[1:]):
            params.update(vars(base).get("params", {}))
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, ParamSpec)}
        taken = {name for base in cls.__mro__[1:] for name in vars(base)} - params.keys()
        if clash := sorted(declared.keys() & taken):
            raise PluginError(f"parameter {clash[0]!r}: effects have an attribute of that name; call it otherwise")
        hints = get_type_hints(cls) if declared else {}
        params.update({name: spec.bound_to(name, hints.get(name)) for name, spec in declared.items()})
        cls.params = MappingProxyType(params)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make an effect of a class that defines all that its kind asks for.

        Raises:
            PluginError: it does not.

        """
        if missing := sorted(cls.__abstractmethods__):
            raise PluginError(f"{cls.__module__}.{cls.__qualname__}: {' and '.join(missing)}() is not defined")
        return super().__new__(cls)

    def __init__(self, **values: Any) -> None:
        """Set parameters from text or Python values; the others take their defaults.

        Numbers may change over time: `keyframes({0: 0.0, 2: 1.5})`, or text such as `0s:0 2s:1.5 ease-in-out 4s:0`.

        Raises:
            ParameterError: unknown name, missing value, wrong type or out of range, also at a key.

        """
        for name in values:
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise ParameterError(
                    f"{self.name}: no parameter {name!r}{nearest(name, self.params)} (it has: {known})"
                )
        for name, spec in self.params.items():
            value = values.get(name, spec.default)
            if value is REQUIRED:
                raise ParameterError(f"{self.name}: {name} is missing; it expects {spec.expects}")
            keys = spec.animation(value, self.name)
            if keys is not None:
                self._keys = {**self._keys, name: keys}
                value = keys.values[0]
            setattr(self, name, spec.parse(value, self.name))
        if len({keys.in_frames for keys in self._keys.values()}) > 1:
            raise ParameterError(f"{self.name}: expected the times of all keys in seconds or all in frames")

    @property
    def values(self) -> dict[str, Any]:
        """Current value of every parameter; of an animated one that of its first key."""
        return {name: getattr(self, name) for name in self.params}

    @property
    def settings(self) -> dict[str, Any]:
        """What was set: values, and `Keyframes` for parameters that are animated."""
        return {**self.values, **self._keys}

    @property
    def animated(self) -> bool:
        """Whether parameters change from frame to frame."""
        return bool(self._keys)

    def at(self, timing: Timing) -> Self:
        """Return the effect for the frame shown at `timing`, without keyframes: itself where nothing is animated."""
        if not self._keys:
            return self
        return self._resolved(place_of(timing, next(iter(self._keys.values())).in_frames))

    def moments(self) -> list[Self]:
        """Return the effect as it is at each key and at some moments between; itself where nothing is animated."""
        times = sorted({time for keys in self._keys.values() for time in keys.moments()})
        return [self._resolved(time) for time in times] or [self]

    def _resolved(self, place: float) -> Self:
        now = {name: self.params[name].kept(keys(place)) for name, keys in self._keys.items()}
        return type(self)(**{**self.values, **now})

    def fitted(self, spec: FrameSpec) -> Effect:
        """Return the effect to use for frames of `spec`: by default itself.

        The planner asks once, before `output`; for parameters that say `auto` and mean what the frames' tags say.
        """
        return self

    def __repr__(self) -> str:
        """Return the written form that makes this effect again."""
        return " ".join([self.name, *(f"{name}={_text(value)}" for name, value in self.settings.items())])

    def accepts(self, fmt: PixelFormat) -> bool:
        """Whether `render` takes frames of this format; the planner converts to the nearest that it takes.

        By default every format whose samples sit at the bottom of their container (all but P010).
        """
        return fmt.shift == 0

    def output(self, spec: FrameSpec) -> FrameSpec:
        """Return what comes out for frames of `spec`: by default the same.

        Raises:
            ParameterError: the parameters do not fit such frames, such as a crop outside the picture.

        """
        return spec

    def is_identity(self, spec: FrameSpec) -> bool:
        """Whether frames of `spec` come out unchanged, so that the step can be left out."""
        return False

    def view(self, src: Frame) -> Frame | None:
        """Return the result as views of the planes of `src` where no sample has to be touched, else None."""
        return None

    @abstractmethod
    def render(self, src: Frame, out: Frame) -> None:
        """Write every sample of `out`, a frame of `output(src.spec)`, from `src`, which is read only.

        Planes are NumPy arrays on the CPU and CuPy arrays on a GPU, never mixed.
        """

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the JSON schema of the parameters (draft 2020-12)."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": cls.name,
            "description": cls.summary(),
            "type": "object",
            "properties": {name: spec.schema() for name, spec in cls.params.items()},
            "required": [name for name, spec in cls.params.items() if spec.default is REQUIRED],
            "additionalProperties": False,
        }

    @classmethod
    def summary(cls) -> str:
        """First line of the effect's own docstring."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]


def told_of(effect: Effect, problem: BaseException) -> str:
    """Return what an effect's own code raised, with its file and line: see `told`."""
    own = {
        value.__code__.co_filename
        for base in type(effect).__mro__
        if issubclass(base, Effect) and not base.__module__.startswith(__package__)
        for value in vars(base).values()
        if inspect.isfunction(value)
    }
    return told(problem, lambda frame: frame.f_code.co_filename in own)


def _text(value: Any) -> str:
    return number_text(value) if isinstance(value, float) else shlex.quote(str(value))
