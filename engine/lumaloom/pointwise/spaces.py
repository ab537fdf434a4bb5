"""Colour spaces between stages, written once for arrays and for symbols.

A run keeps its channels in the space of the last stage and converts when the next one asks for another, so
conversions there and back never meet. Nothing is clamped between stages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lumaloom.frame import FrameSpec, Matrix, Model, Transfer

Values = tuple[Any, ...]

# Red's and blue's share of luma. Matrices that are none of this form are read as BT.601, as in `frame.convert`.
_SHARES = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.FCC: (0.30, 0.11),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
    Matrix.BT2020_CL: (0.2627, 0.0593),
}
_SPACES = {Model.GRAY: "y", Model.YUV: "yuv", Model.RGB: "rgb"}
_REFERENCE_WHITE = 203.0  # cd/m2 of 1.0 in linear light of PQ, by ITU-R BT.2408


@dataclass(frozen=True, slots=True)
class Coding:
    """How coded RGB relates to Y'CbCr and to light."""

    red: float
    blue: float
    transfer: Transfer

    @classmethod
    def of(cls, spec: FrameSpec, other: FrameSpec | None = None) -> Coding:
        """Return the coding of frames of `spec`; RGB takes the matrix of `other` where that is YUV, else BT.709."""
        matrix = Matrix.BT709
        for candidate in (spec, other):
            if candidate is not None and candidate.format.model is not Model.RGB:
                matrix = candidate.colour.resolved(candidate.format.model, candidate.height).matrix
                break
        transfer = spec.colour.transfer
        if transfer is Transfer.UNSPECIFIED:
            transfer = Transfer.SRGB if spec.format.model is Model.RGB else Transfer.BT709
        return cls(*_SHARES.get(matrix, _SHARES[Matrix.SMPTE170M]), transfer)

    def rgb_of(self, y: Any, u: Any, v: Any) -> Values:
        """Return coded RGB of Y'CbCr."""
        green = 1 - self.red - self.blue
        red, blue = 2 * (1 - self.red), 2 * (1 - self.blue)
        return y + red * v, y - (self.blue * blue / green) * u - (self.red * red / green) * v, y + blue * u

    def yuv_of(self, r: Any, g: Any, b: Any) -> Values:
        """Return Y'CbCr of coded RGB."""
        y = self.red * r + (1 - self.red - self.blue) * g + self.blue * b
        return y, (b - y) * (0.5 / (1 - self.blue)), (r - y) * (0.5 / (1 - self.red))


@dataclass(frozen=True, slots=True)
class Form:
    """What colour is at one place of a run.

    Attributes:
        space: `y` for gray, else `yuv`, `rgb` or `linear`.
        coding: of coded RGB.

    """

    space: str
    coding: Coding

    @classmethod
    def of(cls, spec: FrameSpec, other: FrameSpec) -> Form:
        """Return that of frames of `spec` at one end of a run, where frames of `other` are at its other end."""
        return cls(_SPACES[spec.format.model], Coding.of(spec, other))

    @property
    def letters(self) -> str:
        """The channels, as pixel formats call them."""
        return "rgb" if self.space == "linear" else self.space


class Working:
    """The channels of colour on their way through the stages.

    Attributes:
        coding: of the frames that came in, or as a stage recoded them.
        space: `y` for gray, else `yuv`, `rgb` or `linear`.
        values: the channels in it.

    """

    def __init__(self, coding: Coding, space: str, values: Values) -> None:
        self.coding, self.space, self.values = coding, space, values

    @property
    def form(self) -> Form:
        """What the channels are now."""
        return Form(self.space, self.coding)

    def to(self, space: str) -> Values:
        """Return the channels in a space, and stay in it."""
        if space == self.space:
            return self.values
        if self.space == "y":  # gray has no colour
            self.space, self.values = "yuv", (self.values[0], 0.0, 0.0)
            return self.to(space)
        if self.space == "linear":
            code = to_code(self.coding.transfer)
            self.space, self.values = "rgb", tuple(code(value) for value in self.values)
        elif self.space == "yuv":
            self.space, self.values = "rgb", self.coding.rgb_of(*self.values)
        elif space == "yuv":
            self.space, self.values = "yuv", self.coding.yuv_of(*self.values)
        else:
            light = to_light(self.coding.transfer)
            self.space, self.values = "linear", tuple(light(value) for value in self.values)
        return self.to(space)

    def recode(self, coding: Coding) -> None:
        """Read the coded RGB that the channels are in another way from here on."""
        if self.space != "y":
            self.to("rgb")
        self.coding = coding

    def finish(self, form: Form) -> Values:
        """Return the channels of the result, YUV by the matrix of its coding."""
        space, coding = form.space, form.coding
        if space == "y" and self.space == "y":
            return self.values
        if space in ("y", "yuv") and (coding.red, coding.blue) != (self.coding.red, self.coding.blue):
            self.recode(coding)
        return self.to("yuv" if space == "y" else space)[: len(form.letters)]

    def apply(self, space: str, function: Callable[..., Any], alpha: Any) -> Any:
        """Take the channels through one stage; return the new opacity.

        Args:
            space: the stage's.
            function: takes channels and returns a tuple of as many; in space `any` one, and its number as `which`.
            alpha: the last channel, or None where the stage does not look at it.

        """
        last = () if alpha is None else (alpha,)
        if space == "any":
            if self.space != "y":
                self.to("rgb")
            results = [function(value, *last, which=number) for number, value in enumerate(self.values)]
            self.values = tuple(result[0] for result in results)
            return results[0][1] if last else None
        if space == "luma":
            if self.space != "y":
                self.to("yuv")
            result = function(self.values[0], *last)
            self.values = (result[0], *self.values[1:])
        else:
            result = function(*self.to(space), *last)
            self.values = tuple(result[:3])
        return result[-1] if last else None


def to_light(transfer: Transfer) -> Callable[[Any], Any]:
    """Return the function from coded values to linear light: the inverse of the standard's camera curve.

    SDR light is 1 at white. PQ is absolute: 1 is 203 cd/m2, and codes above 1 count as 1. HLG is the scene's light,
    1 at its peak. Logarithmic tags are read as BT.709.
    """
    if transfer is Transfer.LINEAR:
        return lambda v: v
    if transfer in _POWERS:
        power = _POWERS[transfer]
        return lambda v: np.power(np.maximum(v, 0), power)
    if transfer is Transfer.PQ:
        return _from_pq
    if transfer is Transfer.HLG:
        return lambda v: np.where(v <= 0.5, np.maximum(v, 0) ** 2 / 3, (np.exp((v - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    slope, power, gain, start = _CURVES.get(transfer, _CURVES[Transfer.BT709])
    start *= slope

    def light(v: Any) -> Any:
        return np.where(v < start, v / slope, np.power((np.maximum(v, start) + (gain - 1)) / gain, 1 / power))

    return light


def to_code(transfer: Transfer) -> Callable[[Any], Any]:
    """Return the inverse of `to_light`."""
    if transfer is Transfer.LINEAR:
        return lambda v: v
    if transfer in _POWERS:
        power = 1 / _POWERS[transfer]
        return lambda v: np.power(np.maximum(v, 0), power)
    if transfer is Transfer.PQ:
        return _to_pq
    if transfer is Transfer.HLG:
        return lambda v: np.where(
            v <= 1 / 12, np.sqrt(3 * np.maximum(v, 0)), _HLG_A * np.log(np.maximum(12 * v - _HLG_B, 0.1)) + _HLG_C
        )
    slope, power, gain, start = _CURVES.get(transfer, _CURVES[Transfer.BT709])

    def code(v: Any) -> Any:
        return np.where(v < start, v * slope, gain * np.power(np.maximum(v, start), power) - (gain - 1))

    return code


# Slope near black, power above, its gain, and the light where they meet: code = gain * light**power - (gain - 1).
_CURVES = {
    Transfer.BT709: (4.5, 0.45, 1.09929682680944, 0.018053968510807),
    Transfer.SMPTE240M: (4.0, 0.45, 1.111572195921731, 0.022821585529445),
    Transfer.SRGB: (12.92, 1 / 2.4, 1.055, 0.0031308),
}
_POWERS = {Transfer.GAMMA22: 2.2, Transfer.GAMMA28: 2.8, Transfer.SMPTE428: 2.6}
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_M1, _M2, _C1, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2392 / 128
_K = 1 - _C1  # and c2 - c3


def _from_pq(v: Any) -> Any:
    """Return light of PQ codes by the formula of ST 2084, written with `q = 1 - v**(1 / m2)`, which is small.

    `(v**(1 / m2) - c1) / (c2 - c3 * v**(1 / m2))` would lose two digits of float32 where terms cancel.
    """
    q = -np.expm1(np.log(np.clip(v, 1e-12, 1)) / _M2)  # below 7e-7 there is no light
    return np.power(np.maximum(_K - q, 0) / (_K + _C3 * q), 1 / _M1) * (10000 / _REFERENCE_WHITE)


def _to_pq(v: Any) -> Any:
    """Return the inverse, `((c1 + c2 * root) / (1 + c3 * root))**m2` written with what the fraction lacks of 1."""
    root = np.power(np.maximum(v, 0) * (_REFERENCE_WHITE / 10000), _M1)
    return np.exp(_M2 * np.log1p(_K * (root - 1) / (1 + _C3 * root)))
