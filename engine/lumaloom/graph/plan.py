"""The plan of a job, made once: which steps every frame takes, in which format, on which device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, groupby

from lumaloom.effect import Effect, Kind, Pointwise, TemporalEffect
from lumaloom.effect.effect import told_of
from lumaloom.errors import FormatError
from lumaloom.frame import FORMATS, Frame, FrameSpec, PixelFormat, Pool
from lumaloom.frame.convert import convert, converted_spec
from lumaloom.graph.asking import accepts, fitted, is_idle, output, window
from lumaloom.graph.clips import with_clips
from lumaloom.graph.fused import Fused
from lumaloom.graph.negotiate import Accepts, negotiate
from lumaloom.graph.unfused import Run as Apart
from lumaloom.graph.upright import Upright
from lumaloom.pointwise.dither import loses_depth
from lumaloom.pointwise.footage import NOTHING, Beside, Footage
from lumaloom.pointwise.levels import by_fields


@dataclass(frozen=True, slots=True)
class Conversion:
    """A change of pixel format between two steps."""

    target: PixelFormat

    def __repr__(self) -> str:
        return f"convert to {self.target}"


@dataclass(frozen=True, slots=True)
class Step:
    """One effect, conversion, or several of them fused, with the frames before and after it."""

    action: Effect | Conversion | Fused
    before: FrameSpec
    after: FrameSpec
    device: str

    @property
    def name(self) -> str:
        """Name for messages and timings: the effect's, or `convert`."""
        return "convert" if isinstance(self.action, Conversion) else self.action.name

    @property
    def window(self) -> tuple[int, int]:
        """How many frames before and after its own the step looks at."""
        return window(self.action) if isinstance(self.action, TemporalEffect) else (0, 0)

    def told(self, problem: BaseException) -> str:
        """Return what the step's code raised, with the author's file and line."""
        if isinstance(self.action, Effect):
            return told_of(self.action, problem)
        return f"{type(problem).__name__}: {problem}"

    @property
    def clips(self) -> frozenset[Footage]:
        """The videos that are read beside the frames."""
        effects = self.action.effects if isinstance(self.action, Fused) else (self.action,)
        return frozenset(clip for effect in effects if isinstance(effect, Pointwise) for clip in effect.clips)

    def after_of(self, spec: FrameSpec) -> FrameSpec:
        """Return the frames after this step for one of `spec`, whose tags may differ from the plan's."""
        if spec == self.before:
            return self.after
        if isinstance(self.action, Conversion):
            return converted_spec(spec, self.action.target)
        if isinstance(self.action, Fused):
            return self.action.after_of(spec)
        return _after(self.action, spec)

    def apply(self, frame: Frame, pool: Pool, around: Sequence[Frame] = (), beside: Beside = NOTHING) -> Frame:
        """Return the frame after this step, in buffers of `pool` or as views of what came in.

        A temporal effect gets the frames `around` it, itself among them; without them the frame stands alone. Effects
        that read videos get what of them is shown `beside` it.
        """
        if isinstance(self.action, Conversion):
            return convert(frame, self.action.target)
        if isinstance(self.action, Fused):
            return self.action.apply(frame, self.after_of(frame.spec), pool, beside)
        # Tags such as interlacing may differ from frame to frame.
        after = self.after_of(frame.spec)
        action = self.action.at(frame.timing)
        viewed = action.view(frame)
        if viewed is not None:
            if tuple(plane.shape for plane in viewed.planes) != after.shapes:
                raise ValueError(f"view() has to return planes of a {after} frame, as output() says")
            return Frame(after, viewed.planes, viewed.timing, viewed.side_data)
        out = Frame.allocate(after, pool, like=frame)
        if around and isinstance(action, TemporalEffect):
            action.render_window(around, out)
        elif beside and self.clips and isinstance(action, Pointwise):
            action.render(frame, out, beside)
        else:
            action.render(frame, out)
        return out


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring steps on one device, of which the first alone may look at other frames than its own."""

    device: str
    steps: tuple[Step, ...]

    @property
    def window(self) -> tuple[int, int]:
        """How many frames before and after its own the run looks at."""
        return self.steps[0].window

    @property
    def clips(self) -> frozenset[Footage]:
        """The videos that are read beside the frames."""
        return frozenset[Footage]().union(*(step.clips for step in self.steps))

    @property
    def after(self) -> FrameSpec:
        """Frames as they leave the run."""
        return self.steps[-1].after


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps from the decoder's frames to the encoder's."""

    source: FrameSpec
    steps: tuple[Step, ...]

    @property
    def output(self) -> FrameSpec:
        """Frames as they leave the plan."""
        return self.steps[-1].after if self.steps else self.source

    @property
    def parts(self) -> list[Step]:
        """The steps with those that are fused taken apart."""
        taken_apart = [step.action.parts if isinstance(step.action, Fused) else (step,) for step in self.steps]
        return [part for parts in taken_apart for part in parts]

    @property
    def runs(self) -> list[Run]:
        """The steps grouped into runs on one device; a step that looks at other frames begins a new one."""
        starts = accumulate(int(any(step.window)) for step in self.steps)
        groups = groupby(zip(self.steps, starts, strict=True), lambda pair: (pair[0].device, pair[1]))
        return [Run(device, tuple(step for step, _ in pairs)) for (device, _), pairs in groups]

    @property
    def window(self) -> tuple[int, int]:
        """How many frames before and after its own decide about a frame of the output."""
        windows = [step.window for step in self.steps]
        return sum(before for before, _ in windows), sum(after for _, after in windows)

    def describe(self) -> list[str]:
        """Return a line per step for people: what, where, and what comes out."""
        return [f"{step.action!r} on {step.device}: {step.after}" for step in self.steps]


def make_plan(
    source: FrameSpec,
    effects: Iterable[Effect],
    encoder_formats: Iterable[PixelFormat] | None = None,
    device: str = "cpu",
    *,
    upright: bool = False,
    fuse: bool = True,
    dither: bool = False,
    table_error: float = 0.0,
) -> Plan:
    """Plan a chain of effects for frames of `source`.

    Effects that change nothing are left out, and conversions are put in where an effect or the encoder does
    not take what comes, as few and as lossless as there are. A picture that players are told to turn is turned
    first where an effect knows left from right.

    Args:
        source: what the decoder gives.
        effects: in order.
        encoder_formats: what the encoder takes; None takes anything.
        device: `cpu` or `cuda`, for the effects that can run there; conversions run on the CPU.
        upright: turn the picture in any case, because the output can't tell players to.
        dither: where samples lose depth, hide the steps by an ordered pattern, of fused steps and of conversions.
        table_error: levels of 255 that costly runs of colour may be off, looked up in a cube instead of computed.
        fuse: make one step of neighbouring pointwise effects and of the conversions between and beside them; else
            every pointwise effect is a step of its own, which gives the same but for float32's rounding.

    Raises:
        ParameterError: an effect's parameters do not fit the frames that reach it, or a video that it names can't be
            read.
        FormatError: no formats suit the chain.
        PluginError: an effect's author made a mistake: the message names the file and the line.

    """
    chain = [with_clips(effect) for effect in effects]
    if source.rotation and (upright or any(map(_knows_left, chain))):
        chain.insert(0, Upright())
    allowed = None if encoder_formats is None else frozenset(encoder_formats)
    while True:
        steps, idle = _steps(source, chain, allowed, device)
        if not idle:
            return Plan(source, _fused(steps, dither, table_error, fuse))
        # Negotiated again without them: they must not ask for a format either.
        chain = [effect for number, effect in enumerate(chain) if number not in idle]


def _knows_left(effect: Effect) -> bool:
    """Whether an effect knows left from right, as those do that lay pictures over the frames."""
    return effect.kind is Kind.GEOMETRIC or (isinstance(effect, Pointwise) and bool(effect.stage.pictures))


def _steps(
    source: FrameSpec, chain: Sequence[Effect], allowed: frozenset[PixelFormat] | None, device: str
) -> tuple[tuple[Step, ...], set[int]]:
    """Return the steps of a chain, and the numbers of the effects that change nothing."""
    takers: list[Accepts] = [partial(accepts, effect) for effect in chain]
    takers.append(lambda fmt: allowed is None or fmt in allowed)
    try:
        formats = negotiate(source.format, takers)
    except FormatError:
        for each in chain:
            if not any(accepts(each, fmt) for fmt in FORMATS.values()):
                raise FormatError(f"{each.name} takes no pixel format: its accepts() has to allow one") from None
        raise
    steps: list[Step] = []
    idle: set[int] = set()
    spec = source
    for number, (effect, fmt) in enumerate(zip([*chain, None], formats, strict=True)):
        if fmt is not spec.format:
            after = converted_spec(spec, fmt)
            steps.append(Step(Conversion(fmt), spec, after, "cpu"))
            spec = after
        if effect is None:
            continue
        effect = fitted(effect, spec)
        if is_idle(effect, spec):
            idle.add(number)
            continue
        after = _after(effect, spec)
        steps.append(Step(effect, spec, after, device if device in effect.devices else "cpu"))
        spec = after
    return tuple(steps), idle


def _fused(steps: Sequence[Step], dither: bool, table_error: float, fuse: bool) -> tuple[Step, ...]:
    """Return the steps with every run of pointwise effects and conversions as one, or as one an effect."""
    result: list[Step] = []
    for joins, group in groupby(steps, _joins):
        run = list(group)
        effects = [step for step in run if isinstance(step.action, Pointwise)]
        before, after = run[0].before, run[-1].after
        needed = effects or (joins and _better_by_code(before, after, dither))
        if not joins or not needed or len({step.device for step in effects}) > 1:
            result += run
        else:
            device = effects[0].device if effects else run[0].device
            whole = fuse or len(effects) < 2
            passes = [Fused(run, dither, table_error)] if whole else Apart(run, dither).passes()
            result += [Step(each, *each.ends, device) for each in passes]
    return tuple(result)


def _better_by_code(before: FrameSpec, after: FrameSpec, dither: bool) -> bool:
    """Whether conversions that stand alone are for the compiler's code: swscale dithers otherwise, and mixes fields."""
    rows = before.format.subsampling[1], after.format.subsampling[1]
    return (dither and loses_depth(before.format, after.format)) or (by_fields(before) and rows[0] != rows[1])


def _joins(step: Step) -> bool:
    """Whether a step may be part of a fused one: it looks at one pixel, by the compiler's own code."""
    if isinstance(step.action, Conversion):
        return True
    same_size = (step.before.width, step.before.height) == (step.after.width, step.after.height)
    return isinstance(step.action, Pointwise) and type(step.action).render is Pointwise.render and same_size


def _after(effect: Effect, spec: FrameSpec) -> FrameSpec:
    """Return what an effect makes of frames of `spec`.

    How an untagged picture is read depends on its height: where a new height would change that, the tag is set.
    """
    after = output(effect, spec)
    matrix = spec.colour.resolved(spec.format.model, spec.height).matrix
    if after.colour != spec.colour or after.colour.resolved(after.format.model, after.height).matrix is matrix:
        return after
    return replace(after, colour=replace(after.colour, matrix=matrix))
