"""Effects that are one function of a pixel: `@pointwise` makes the class."""

from __future__ import annotations

import copy
import inspect
from abc import ABCMeta
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, get_args, overload

from lumaloom.effect.effect import Effect, Kind
from lumaloom.effect.param import ParamSpec
from lumaloom.errors import PluginError
from lumaloom.frame import Frame, FrameSpec, Model, PixelFormat, Timing
from lumaloom.pointwise.footage import NOTHING, Beside, Footage
from lumaloom.pointwise.pictures import Picture
from lumaloom.pointwise.spaces import Coding
from lumaloom.pointwise.stage import EXTRAS, Stage
from lumaloom.pointwise.trace import Symbol

Space = Literal["rgb", "linear", "yuv", "luma", "any"]
_CHANNELS = {"rgb": 3, "linear": 3, "yuv": 3, "luma": 1, "any": 1}


class _PointwiseMeta(ABCMeta):
    """Classes that evaluate their function when called with channels, and make an effect when called without."""

    def __call__(cls, *channels: Any, **values: Any) -> Any:
        if not channels:
            return super().__call__(**values)
        known: Any = cls
        if len(channels) != len(known.takes):
            raise TypeError(
                f"{known.name} takes the channels {', '.join(known.takes)}, or none to make an effect, got "
                f"{len(channels)}; parameters go by their names"
            )
        settings = {name: values.pop(name) for name in list(values) if isinstance(values[name], (Symbol, tuple))}
        extras = {name: values.pop(name) for name in known.extras if name in values}
        values |= {name: "-" for name, spec in known.params.items() if name in settings and spec.type is Picture}
        made = super().__call__(**values) if known.params.keys() - settings.keys() or values else None
        if made is not None:
            settings = {**made.values, **settings}
        return known.function(*channels, **settings, **extras)


class Pointwise(Effect, metaclass=_PointwiseMeta):
    """What `@pointwise` makes: an effect whose `function` says what becomes of one pixel.

    Attributes:
        function: the author's function.
        space: which kind of channels it takes.
        takes: their names.
        alpha: whether opacity comes as last channel.
        extras: which of `x y width height t frame` it takes.

    """

    kind = Kind.POINTWISE
    devices = ("cpu", "cuda")
    function: ClassVar[Callable[..., Any]]
    space: ClassVar[Space]
    takes: ClassVar[tuple[str, ...]]
    alpha: ClassVar[bool] = False
    extras: ClassVar[tuple[str, ...]] = ()
    _clips: Mapping[str, Footage] = MappingProxyType({})

    def with_clips(self, clips: Mapping[str, Footage]) -> Self:
        """Return the effect with what is known of the videos among its pictures; the planner sees to it."""
        made = copy.copy(self)
        made._clips = dict(clips)
        return made

    @property
    def clips(self) -> tuple[Footage, ...]:
        """The videos that it reads."""
        return tuple(self._clips.values())

    def _resolved(self, place: float) -> Self:
        return super()._resolved(place).with_clips(self._clips)

    def accepts(self, fmt: PixelFormat) -> bool:
        """Every format; gray only where colour is not looked at, and only those with opacity where it is used."""
        if fmt.model is Model.GRAY and self.space not in ("luma", "any"):
            return False
        return fmt.has_alpha or not self.alpha

    @property
    def stage(self) -> Stage:
        """What the compiler needs to know, with the parameters of now."""
        bounds = {name: (spec.min, spec.max) for name, spec in self.params.items()}
        pictures = tuple(name for name, spec in self.params.items() if spec.type is Picture)
        function = type(self).function
        words = (self.name, function, self.space, self.alpha, self.extras, self.values, bounds)
        return Stage(*words, pictures=pictures, clips=self._clips)

    def output(self, spec: FrameSpec) -> FrameSpec:
        """Return `spec`.

        Raises:
            ParameterError: a video of the effect can't lie on such frames.
        """
        for clip in self.clips:
            clip.check(spec)
        return spec

    def stage_at(self, spec: FrameSpec, timing: Timing) -> Stage:
        """Return the stage for a frame of `spec` shown at `timing`.

        Where `output` changes the colour tags, what the function returns is coded by the new ones.
        """
        after = self.output(spec)
        coding = None if after.colour == spec.colour else Coding.of(after, spec)
        return replace(self.at(timing).stage, coding=coding)

    def is_identity(self, spec: FrameSpec) -> bool:
        """Whether the function, with the parameters of now, gives back the channels that it gets."""
        from lumaloom.pointwise.build import is_identity

        return is_identity(self.stage)

    def is_opaque(self, opaque: bool) -> bool:
        """Whether nothing of the result is see-through at any time, where nothing of what comes is, for `opaque`."""
        from lumaloom.pointwise.build import is_opaque

        return all(is_opaque(moment.stage, opaque) for moment in self.moments()) if self.alpha else opaque

    def render(self, src: Frame, out: Frame, beside: Beside = NOTHING) -> None:
        """Compute the pixels with code that is compiled for this effect alone.

        Of videos that it reads `beside` has what is shown with `src`.
        """
        from lumaloom.pointwise.program import program

        stages = (self.stage_at(src.spec, src.timing),)
        program(stages, src.spec, out.spec).run(stages, src, out, self.animated, beside)


@overload
def pointwise(function: Callable[..., Any], /) -> Any: ...
@overload
def pointwise(
    *, space: Space = "rgb", alpha: bool = False, name: str | None = None, also: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Any]: ...
def pointwise(
    function: Callable[..., Any] | None = None,
    /,
    *,
    space: Space = "rgb",
    alpha: bool = False,
    name: str | None = None,
    also: tuple[str, ...] = (),
) -> Any:
    """Make an effect of a function of one pixel.

    ```python
    @pointwise(space="rgb")
    def fade(r, g, b, *, amount: float = Param(0.2, min=0, max=1, help="Part of the way to gray.")):
        \"\"\"Lift the blacks.\"\"\"
        return r + amount * (0.5 - r), g + amount * (0.5 - g), b + amount * (0.5 - b)
    ```
    The result is a subclass of `Effect` with the function's name. Called with channels it evaluates the function
    (on arrays: the definition); called with keywords only it makes the effect.

    It is compiled from what it does to symbols, so it is made of operators (`& | ~` for and, or, not), of `lookup`,
    `lookup3d` and `noise`, of what `@uniform` and `@table` mark, and of these functions of NumPy: where, select, clip,
    minimum, maximum, fmin, fmax, absolute, fabs, sign, sqrt, cbrt, square, reciprocal, hypot, power, float_power, exp,
    exp2, expm1, log, log2, log10, log1p, sin, cos, tan, tanh, arctan, arctan2, radians, deg2rad, degrees, rad2deg,
    floor, ceil, rint, trunc, fix, round, around, fmod, remainder, isnan, logical_and, logical_or, logical_xor,
    logical_not, zeros_like, ones_like, full_like.

    Args:
        function: positional channels first, then keyword-only parameters declared with `Param`, and any of
            `x y width height t frame` without a default. A parameter annotated `Picture` names a picture file and
            gives its channels here, and its opacity (see `Picture`). The function returns as many channels as it
            takes. Nothing is clamped on the way; what leaves the run is, and NaN becomes 0.
        space: what the channels are: `rgb` as coded, 0 to 1; `linear` light by the frame's transfer tag; `yuv`,
            Y' from 0 to 1 and Cb, Cr from -0.5 to 0.5; `luma`, Y' alone; `any`, every channel of colour by itself
            (R, G and B, or Y' of gray; YUV pictures count as RGB).
        alpha: opacity, 0 to 1, comes as one more channel and is returned as the last.
        name: what users write, where it is not the function's name.
        also: other words that people look for it by; who writes one is told the name.

    Raises:
        PluginError: the signature breaks these rules.

    """
    if function is None:
        return lambda given: _made(given, space, alpha, name, also)
    return _made(function, space, alpha, name, also)


def _made(function: Callable[..., Any], space: Space, alpha: bool, name: str | None, also: tuple[str, ...]) -> Any:
    if not inspect.isfunction(function):
        raise PluginError(f"expected a function of pixels, got {function!r}; write one with def")
    where = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}: {function.__name__}"
    if space not in get_args(Space):
        raise PluginError(f"{where}: space {space!r} is none of {', '.join(get_args(Space))}")
    channels, params, extras = [], {}, []
    for word in inspect.signature(function).parameters.values():
        if word.kind in (word.POSITIONAL_ONLY, word.POSITIONAL_OR_KEYWORD):
            channels.append(word.name)
        elif word.kind is word.KEYWORD_ONLY and isinstance(word.default, ParamSpec):
            params[word.name] = word.default
        elif word.kind is word.KEYWORD_ONLY and word.name in EXTRAS and word.default is word.empty:
            extras.append(word.name)
        else:
            raise PluginError(
                f"{where}: {word.name} is neither a channel, nor Param(...), nor one of {', '.join(EXTRAS)}"
            )
    expected = _CHANNELS[space] + alpha
    if len(channels) != expected:
        raise PluginError(f"{where}: space {space!r} has {expected} channels, the function takes {len(channels)}")
    body = {
        **params,
        "name": name or function.__name__,
        "function": staticmethod(function),
        "also": also,
        "space": space,
        "takes": tuple(channels),
        "alpha": alpha,
        "extras": tuple(extras),
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__annotations__": {key: function.__annotations__.get(key, float) for key in params},
        "__wrapped__": function,
    }
    try:
        return _PointwiseMeta(function.__name__, (Pointwise,), body)
    except PluginError as problem:
        raise PluginError(f"{where}: {problem}") from None
