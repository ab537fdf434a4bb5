"""Curves."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, lookup, pointwise, table
from lumaloom_effects._spline import curve_table, is_straight, points_of

_STRAIGHT = "0:0 1:1"


@table
def _curve(points: str, owner: str) -> Any:
    """Return the curve as a table."""
    return curve_table(points_of(points, owner))


@pointwise(space="rgb", also=("spline",))
def curves(
    r: Any,
    g: Any,
    b: Any,
    *,
    master: str = Param(
        _STRAIGHT, help="Points x:y for all channels, after their own curves.", example="0:0 0.25:0.18 0.75:0.82 1:1"
    ),
    red: str = Param(_STRAIGHT, help="Points x:y of red."),
    green: str = Param(_STRAIGHT, help="Points x:y of green."),
    blue: str = Param(_STRAIGHT, help="Points x:y of blue."),
) -> Any:
    """Bend tones by curves through points.

    Points are `in:out` from 0 to 1 as coded, such as `0:0 0.5:0.6 1:1`. Between them run monotone cubics (Fritsch and
    Butland), which never swing past a point; before the first and after the last the curve is level. A curve of which
    all points lie on the diagonal changes nothing.
    """

    def bent(v: Any, own: str, name: str) -> Any:
        for points, owner in ((own, f"curves: {name}"), (master, "curves: master")):
            if not is_straight(points, owner):
                v = lookup(_curve(points, owner), v)
        return v

    return bent(r, red, "red"), bent(g, green, "green"), bent(b, blue, "blue")
