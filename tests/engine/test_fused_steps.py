"""One pass for a chain against one pass per effect, on integers, where every pass rounds.

What is allowed: a rounding moves a sample by at most half a step, and the effects after it move it further by their
gain, the greatest that a change of all channels by one step becomes. A chain of n may so be `0.5 + 0.5 * (1 + g + ... +
g**(n - 1))` steps away from its fused form: 1.6 for two effects of gain 1.12, 9.3 for ten. Effects here stay away from
black and white, where passes clamp and one pass does not. Pictures have cells of 2 x 2 equal pixels with chroma in
their middle: what luma does to single pixels of halved chroma is lost between passes, and is no rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import Frame, FrameSpec, Pointwise
from lumaloom.frame import FORMATS, ChromaLocation, Colour, Matrix, Model, PixelFormat, Range
from lumaloom.graph import make_plan
from lumaloom.pointwise.levels import levels
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL
from tests.engine.test_pointwise import worst

GAIN = 1.12
# Small changes, least and greatest, of gain at most GAIN between a tenth and nine tenths.
GENTLE: dict[Any, tuple[str, float, float]] = {
    effects.warm: ("amount", 0.0, 0.08),
    effects.power: ("value", 0.96, 1.04),
    effects.vivid: ("amount", 0.94, 1.05),
    effects.soft_vivid: ("amount", 0.0, 0.04),
    effects.stops: ("amount", -0.12, 0.12),
    effects.lift: ("amount", 0.0, 0.02),
    effects.wave: ("amount", 0.0, 0.03),
    effects.curve: ("power", 0.96, 1.04),
    effects.turned: ("degrees", -3.0, 3.0),
}
INTEGERS = sorted(name for name, row in FORMATS.items() if not row.is_float)
Chain = list[tuple[Any, float]]
chains = st.lists(st.tuples(st.sampled_from(list(GENTLE)), st.floats(0, 1)), min_size=2, max_size=10)


def made(make: Any, share: float) -> Pointwise:
    name, low, high = GENTLE[make]
    return make(**{name: low + share * (high - low)})  # type: ignore[no-any-return]


def cells(what: FrameSpec, seed: int) -> Frame:
    """Return a frame of moderate colours, every 2 x 2 pixels alike."""
    rng, frame = np.random.default_rng(seed), Frame.allocate(what, POOL)
    step = 1 << what.format.shift
    for fmt, plane in frame.items():
        for index, letter in enumerate(fmt.channels):
            black, unit = levels(what, letter)
            chroma = letter in "uv" and what.format.model is Model.YUV
            values = rng.uniform(-0.08, 0.08, (10, 17)) if chroma else rng.uniform(0.35, 0.55, (10, 17))
            samples = np.rint((black + values * unit) / step).astype(plane.dtype) * step
            samples = samples.repeat(1 if fmt.sub_x else 2, 1).repeat(1 if fmt.sub_y else 2, 0)
            (plane if plane.ndim == 2 else plane[..., index])[...] = samples
    return frame


def steps_apart(chain: list[Pointwise], src: Frame) -> float:
    fused, single = (make_plan(src.spec, chain, None, fuse=fuse).steps for fuse in (True, False))
    assert [len(fused), len(single)] == [1, len(chain)]
    by_steps = src
    for step in single:
        by_steps = step.apply(by_steps, POOL)
    return worst(by_steps, fused[0].apply(src, POOL))


def allowed(count: int, row: PixelFormat) -> float:
    """Return steps; at 16 bits floats are half a step off as well (1e-5 of the range)."""
    return (0.5 + sum(0.5 * GAIN**k for k in range(count))) * (2 if row.depth > 12 else 1)


def check(chain: Chain, name: str, matrix: Matrix, span: Range, seed: int) -> None:
    what = FrameSpec(FORMATS[name], 34, 20, Colour(matrix, range=span, chroma=ChromaLocation.CENTER))
    wanted = [made(make, share) for make, share in chain if make().accepts(what.format)]
    wanted = [effect for effect in wanted if not effect.is_identity(what)]
    if len(wanted) > 1:
        assert steps_apart(wanted, cells(what, seed)) <= allowed(len(wanted), what.format)


FIXED: Chain = [
    (effects.stops, 0.9),
    (effects.warm, 0.7),
    (effects.curve, 0.2),
    (effects.wave, 0.8),
    (effects.turned, 1),
]


@pytest.mark.parametrize(
    ("name", "matrix", "span"),
    [
        ("yuv420p", Matrix.BT709, Range.LIMITED),
        ("p010le", Matrix.BT2020_NCL, Range.FULL),
        ("yuv422p12le", Matrix.SMPTE170M, Range.LIMITED),
        ("rgb24", Matrix.RGB, Range.FULL),
        ("gray10le", Matrix.BT709, Range.LIMITED),
    ],
)
def test_one_pass_is_as_many_passes_but_for_their_roundings(name: str, matrix: Matrix, span: Range) -> None:
    for count in (2, 5):
        check(FIXED[5 - count :], name, matrix, span, count)


@pytest.mark.slow
@given(chains, st.sampled_from(INTEGERS), st.sampled_from(Matrix), st.sampled_from([Range.LIMITED, Range.FULL]))
@settings(max_examples=120, deadline=None)
def test_random_chains_of_every_format_matrix_and_range(chain: Chain, name: str, matrix: Matrix, span: Range) -> None:
    check(chain, name, matrix, span, len(chain))
