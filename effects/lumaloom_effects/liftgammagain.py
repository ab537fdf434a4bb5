"""Lift, gamma, gain."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise

_LIFT, _GAMMA, _GAIN = "Moves black; white stays.", "Above 1 lifts the middle.", "Factor; moves white, black stays."


@pointwise(space="rgb", also=("lgg", "colorwheels"))
def liftgammagain(
    r: Any,
    g: Any,
    b: Any,
    *,
    lift: float = Param(0.0, min=-1, max=1, help=_LIFT),
    gamma: float = Param(1.0, min=0.05, max=20, help=_GAMMA),
    gain: float = Param(1.0, min=0, max=10, help=_GAIN),
    lift_red: float = Param(0.0, min=-1, max=1, help="Added to lift for red."),
    lift_green: float = Param(0.0, min=-1, max=1, help="Added to lift for green."),
    lift_blue: float = Param(0.0, min=-1, max=1, help="Added to lift for blue."),
    gamma_red: float = Param(1.0, min=0.05, max=20, help="Times gamma for red."),
    gamma_green: float = Param(1.0, min=0.05, max=20, help="Times gamma for green."),
    gamma_blue: float = Param(1.0, min=0.05, max=20, help="Times gamma for blue."),
    gain_red: float = Param(1.0, min=0, max=10, help="Times gain for red."),
    gain_green: float = Param(1.0, min=0, max=10, help="Times gain for green."),
    gain_blue: float = Param(1.0, min=0, max=10, help="Times gain for blue."),
) -> Any:
    """Grade shadows, middle and highlights as colourists do.

    `out = (gain * (in + lift * (1 - in)))**(1 / gamma)` as coded; each of the three may differ by channel. What falls
    below black becomes black where gamma bends. Source: the lift/gamma/gain operator of Blender's colour balance node.
    """

    def graded(v: Any, up: Any, power: Any, factor: Any) -> Any:
        lit = factor * (v + up * (1 - v))
        return np.where(power == 1, lit, np.power(np.maximum(lit, 0), 1 / power))

    return (
        graded(r, lift + lift_red, gamma * gamma_red, gain * gain_red),
        graded(g, lift + lift_green, gamma * gamma_green, gain * gain_green),
        graded(b, lift + lift_blue, gamma * gamma_blue, gain * gain_blue),
    )
