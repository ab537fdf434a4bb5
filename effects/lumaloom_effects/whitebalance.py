"""White balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise, uniform
from lumaloom_effects._chromaticity import adaptation, bt709_to_xyz

NEUTRAL = 6500.0


def white_of(kelvin: float, tint: float) -> tuple[float, float]:
    """Return the chromaticity x, y of a black body, moved off its locus by tint.

    The locus is Krystek's rational approximation in CIE 1960 u, v (1985), for 1000 to 15000 K; a tint of 100 is a
    distance of 1/30 towards green.
    """
    t = np.array([kelvin - 0.5, kelvin, kelvin + 0.5])
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t**2) / (1 + 8.42420235e-4 * t + 7.08145163e-7 * t**2)
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t**2) / (1 - 2.89741816e-5 * t + 1.61456053e-7 * t**2)
    along = np.array([u[2] - u[0], v[2] - v[0]])
    # Hotter is towards blue, to the lower left; green lies to the right of that direction.
    across = np.array([along[1], -along[0]]) / np.hypot(*along)
    if across[1] < 0:
        across = -across
    u1, v1 = np.array([u[1], v[1]]) + across * tint / 3000
    return float(3 * u1 / (2 * u1 - 8 * v1 + 4)), float(2 * v1 / (2 * u1 - 8 * v1 + 4))


@uniform
def _matrix(kelvin: float, tint: float) -> tuple[float, ...]:
    """Return the nine numbers, row by row, that take light under one white to light under the neutral one."""
    if kelvin == NEUTRAL and tint == 0:
        return 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0
    to_xyz = bt709_to_xyz()
    adapted = adaptation(white_of(kelvin, tint), white_of(NEUTRAL, 0))
    return tuple((np.linalg.inv(to_xyz) @ adapted @ to_xyz).ravel().tolist())


@pointwise(space="linear", also=("temperature", "colortemperature", "tint"))
def whitebalance(
    r: Any,
    g: Any,
    b: Any,
    *,
    kelvin: float = Param(
        5000.0, min=1500, max=15000, unit="K", help="Colour of the light it was taken in; higher warms the picture."
    ),
    tint: float = Param(0.0, min=-150, max=150, help="Higher makes the picture more magenta, lower greener."),
) -> Any:
    """Make white what was white in the light of the scene.

    6500 K and no tint change nothing. The light's chromaticity lies on the black body locus, moved off it by `tint`;
    von Kries adaptation in Bradford's cone space takes it to that of 6500 K, in linear light of BT.709 primaries.
    Sources: M. Krystek, "An algorithm to calculate correlated colour temperature", 1985; ICC.1:2022, annex E.
    """
    m = _matrix(kelvin, tint)
    return tuple(m[k] * r + m[k + 1] * g + m[k + 2] * b for k in (0, 3, 6))
