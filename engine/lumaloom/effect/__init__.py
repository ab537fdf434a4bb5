"""The authoring contract: all that an effect plugin imports from the engine.

```python
@pointwise(space="luma")
def lift(y, *, amount: float = Param(0.1, min=0, max=1, help="Part of the range.")):
    \"\"\"Lift the shadows.\"\"\"
    return y + amount * (1 - y)


@hookimpl
def lumaloom_effects():
    return [lift]
```
`pointwise` is for what looks at one pixel, a subclass of `Effect` for what looks at its surroundings or changes the
size, one of `TemporalEffect` for what looks at other frames; the docstring of each has an example.
`lumaloom.testing.check_effect` tries an effect out.
"""

from lumaloom.effect.effect import Effect, Kind
from lumaloom.effect.hooks import API_VERSION, GROUP, Hooks, hookimpl
from lumaloom.effect.keyframes import Keyframes, keyframes
from lumaloom.effect.param import REQUIRED, Param, ParamSpec
from lumaloom.effect.per_pixel import Pointwise, pointwise
from lumaloom.effect.temporal import TemporalEffect
from lumaloom.effect.text import parse_call
from lumaloom.errors import ParameterError
from lumaloom.frame import (
    Array,
    Colour,
    Frame,
    FrameSpec,
    Matrix,
    Model,
    PixelFormat,
    PlaneFormat,
    Primaries,
    Range,
    Transfer,
)
from lumaloom.pointwise.host import lookup, lookup3d, noise, table, uniform
from lumaloom.pointwise.pictures import Picture
from lumaloom.pointwise.plates import normal
from lumaloom.pointwise.spaces import to_code, to_light

__all__ = [
    "API_VERSION",
    "GROUP",
    "REQUIRED",
    "Array",
    "Colour",
    "Effect",
    "Frame",
    "FrameSpec",
    "Hooks",
    "Keyframes",
    "Kind",
    "Matrix",
    "Model",
    "Param",
    "ParamSpec",
    "ParameterError",
    "Picture",
    "PixelFormat",
    "PlaneFormat",
    "Pointwise",
    "Primaries",
    "Range",
    "TemporalEffect",
    "Transfer",
    "hookimpl",
    "keyframes",
    "lookup",
    "lookup3d",
    "noise",
    "normal",
    "parse_call",
    "pointwise",
    "table",
    "to_code",
    "to_light",
    "uniform",
]
