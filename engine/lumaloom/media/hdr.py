"""HDR metadata of frames, written as the encoders' own parameters."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_MASTERING = "MASTERING_DISPLAY_METADATA"
_LIGHT = "CONTENT_LIGHT_LEVEL"


@dataclass(frozen=True, slots=True)
class MasteringDisplay:
    """The display that a film was graded on.

    Attributes:
        red: chromaticity x and y.
        green: chromaticity x and y.
        blue: chromaticity x and y.
        white: chromaticity x and y of the white point.
        darkest: luminance in candela per square metre.
        brightest: luminance in candela per square metre.

    """

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    darkest: Fraction
    brightest: Fraction


@dataclass(frozen=True, slots=True)
class ContentLight:
    """Brightest pixel and brightest frame average, in candela per square metre."""

    maximum: int
    average: int


def mastering_display(side_data: Sequence[tuple[str, bytes]]) -> MasteringDisplay | None:
    """Read FFmpeg's AVMasteringDisplayMetadata: ten rationals, then two flags. None where it is missing or in part."""
    raw = dict(side_data).get(_MASTERING, b"")
    if len(raw) < 88:
        return None
    *numbers, has_primaries, has_luminance = struct.unpack_from("=22i", raw)
    if not (has_primaries and has_luminance) or not all(numbers[1::2]):
        return None
    values = [Fraction(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    pairs = list(zip(values[:8:2], values[1:8:2], strict=True))
    return MasteringDisplay(pairs[0], pairs[1], pairs[2], pairs[3], values[8], values[9])


def content_light(side_data: Sequence[tuple[str, bytes]]) -> ContentLight | None:
    """Read FFmpeg's AVContentLightMetadata, None where it is missing."""
    raw = dict(side_data).get(_LIGHT, b"")
    return ContentLight(*struct.unpack_from("=2I", raw)) if len(raw) >= 8 else None


def parameters(option: str, side_data: Sequence[tuple[str, bytes]]) -> str:
    """Return the HDR metadata in the language of `x265-params`, `x264-params` or `svtav1-params`, empty if none."""
    display, light = mastering_display(side_data), content_light(side_data)
    words = []
    if display and option == "svtav1-params":
        words.append(f"mastering-display={_display(display, 1, 1)}")
    elif display:
        words.append(f"{'master-display' if option == 'x265-params' else 'mastering-display'}={_display(display)}")
    if light:
        name = {"x265-params": "max-cll", "x264-params": "cll"}.get(option, "content-light")
        words.append(f"{name}={light.maximum},{light.average}")
    if words and option == "x265-params":
        words.append("hdr10=1")
    return ":".join(words)


def _display(display: MasteringDisplay, chroma: int = 50000, luminance: int = 10000) -> str:
    """Write a display in units of 1/`chroma` and 1/`luminance`; 1 stands for decimal numbers."""

    def text(value: Fraction, unit: int) -> str:
        return f"{float(value):.6g}" if unit == 1 else str(round(value * unit))

    points = (("G", display.green), ("B", display.blue), ("R", display.red), ("WP", display.white))
    primaries = "".join(f"{name}({text(x, chroma)},{text(y, chroma)})" for name, (x, y) in points)
    return f"{primaries}L({text(display.brightest, luminance)},{text(display.darkest, luminance)})"
