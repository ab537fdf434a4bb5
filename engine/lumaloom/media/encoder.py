"""What is known of an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import av
from av.codec.codec import Capabilities, UnknownCodecError

from lumaloom.frame.formats import FORMATS, FULL_RANGE_ALIASES, PixelFormat

# Rows of our table that reach an encoder in another order of bytes or channels, without a loss.
STAND_INS = {
    "rgb24": ("bgr0",),
    "bgr24": ("bgr0",),
    "gray16le": ("gray16be",),
    "rgb48le": ("rgb48be",),
    "rgba64le": ("rgba64be",),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """The option that `--crf` sets; smaller is better.

    Attributes:
        option: FFmpeg's name; `q` stands for a fixed quantiser scale.
        low: smallest value.
        high: largest value.
        default: value used unless another is asked for.
        lossless: options that take the place of the value 0, where the encoder has a lossless mode.

    """

    option: str
    low: float
    high: float
    default: float
    lossless: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """The option that `--preset` sets: speed, or a profile. An empty default leaves it to the encoder.

    Attributes:
        option: FFmpeg's name.
        choices: its values, as people give them.
        default: the usual one.
        work: of each choice, as a multiple of that of the usual one; empty where nothing is known.

    """

    option: str
    choices: tuple[str, ...]
    default: str = ""
    work: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """A video encoder.

    Attributes:
        name: FFmpeg's name.
        codec: FFmpeg's name of what it makes, as containers list it.
        aliases: other names that people use.
        quality: how `--crf` is understood, None where it has no meaning.
        preset: how `--preset` is understood, None where it has no meaning.
        extra: options that are set unless the caller sets them.
        only: formats that it is given; empty for all that FFmpeg lists.
        without: formats that FFmpeg lists but that do not fit: experimental ones, and those that would look wrong.
        even: whether subsampled formats need even sizes.
        threads: `(option, key)` of a list of private parameters that limits its threads.
        hdr: the option that carries HDR metadata, empty where there is none.
        work: milliseconds that one core takes for a megapixel at the usual preset, roughly; its share of the cores
            goes by that.
        holds: whether its threads hold pictures until it is freed, and then wait for the interpreter, which whoever
            frees it has, to give them back: such pictures have to be in FFmpeg's own memory.
        environment: a variable and the value by which the library writes nothing but errors to the terminal.

    """

    name: str
    codec: str
    aliases: tuple[str, ...] = ()
    quality: Quality | None = None
    preset: Preset | None = None
    extra: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    even: bool = False
    threads: tuple[str, str] | None = None
    hdr: str = ""
    work: float = 10.0
    holds: bool = False
    environment: tuple[str, str] | None = None

    @property
    def label(self) -> str:
        """The name that messages and lists use."""
        return self.aliases[0] if self.aliases else self.name

    @property
    def has_threads(self) -> bool:
        """Whether it can use more than one."""
        codec = codec_of(self.name)
        kinds = Capabilities.frame_threads | Capabilities.slice_threads | Capabilities.auto_threads
        return bool(codec and codec.capabilities & kinds)

    def work_with(self, options: dict[str, str]) -> float:
        """Return `work` at the preset that is among FFmpeg's options."""
        asked = options.get(self.preset.option) if self.preset else None
        if not self.preset or not self.preset.work or asked not in self.preset.choices:
            return self.work
        return self.work * self.preset.work[self.preset.choices.index(asked)]

    def formats(self) -> tuple[PixelFormat, ...]:
        """Return the rows of the pixel-format table that it takes, in the table's order."""
        listed = self.only or listed_formats(self.name)
        if not listed:
            return tuple(FORMATS.values())
        names = {FULL_RANGE_ALIASES.get(name, name) for name in listed}
        rows = (row for row in FORMATS.values() if names & {row.name, *STAND_INS.get(row.name, ())})
        return tuple(row for row in rows if row.name not in self.without)

    def stored_as(self, row: PixelFormat) -> str:
        """Return FFmpeg's name of the format in which it takes samples of `row`."""
        names = self.only or listed_formats(self.name)
        return next((name for name in (row.name, *STAND_INS.get(row.name, ())) if name in names), row.name)


@cache
def codec_of(name: str) -> av.Codec | None:
    """Return FFmpeg's encoder of that name, None where it was built without."""
    try:
        return av.Codec(name, "w")
    except UnknownCodecError:
        return None


@cache
def listed_formats(name: str) -> frozenset[str]:
    """Return the pixel formats that FFmpeg lists for an encoder; none where it lists none."""
    codec = codec_of(name)
    return frozenset(video.name for video in (codec.video_formats or ())) if codec else frozenset()
