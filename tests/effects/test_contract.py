"""What every built-in effect keeps, whatever it does."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lumaloom.effect import Effect, Frame, Kind, Pointwise
from lumaloom.frame import Timing
from lumaloom.graph import make_plan
from lumaloom.memory import BufferPool
from lumaloom.plugins import default_registry
from lumaloom.run import Meter, run_plan
from tests.effects.definitions import FORMATS, POOL, effect, noise, rendered, same, spec
from tests.engine.own_workers import own_workers

LOOK, OVER = (Path(__file__).with_name(name) for name in ("look.cube", "over.png"))
# One call of every built-in effect that changes something.
CALLS = {
    "background": f"background file={OVER}",
    "bilateral": "bilateral radius=2 color=0.5",
    "blackandwhite": "blackandwhite red=1 green=0 blue=0",
    "blendcolor": "blendcolor mode=overlay",
    "overlay": f"overlay file={OVER} mode=screen",
    "blur": "blur sigma=1.7",
    "boxblur": "boxblur radius=2",
    "brightness": "brightness amount=0.2",
    "channelmixer": "channelmixer rg=0.3 bb=0.8",
    "chromakey": "chromakey similarity=0.3",
    "colorbalance": "colorbalance shadows_red=0.3 highlights_blue=-0.2",
    "colorspace": "colorspace primaries=bt2020 matrix=bt2020",
    "contrast": "contrast amount=1.4",
    "convolve": "convolve matrix='-2 -1 0; -1 1 1; 0 1 2' bias=0.1",
    "crop": "crop x=2 y=2 width=21 height=11",
    "curves": "curves master='0:0 0.5:0.6 1:1'",
    "denoise": "denoise radius=1 threshold=0.5",
    "dilate": "dilate radius=2",
    "duotone": "duotone",
    "edges": "edges",
    "erode": "erode radius=2",
    "exposure": "exposure stops=0.7",
    "fade": "fade start=-0.5",
    "flip": "flip axis=both",
    "gamma": "gamma value=1.3",
    "gradientmap": "gradientmap",
    "grain": "grain strength=0.1 chroma=0.05 seed=3",
    "hdr2sdr": "hdr2sdr source=pq",
    "hue": "hue degrees=40",
    "invert": "invert",
    "levels": "levels black=0.1 gamma=1.2",
    "liftgammagain": "liftgammagain lift=0.1 gain_red=1.1",
    "lumakey": "lumakey tolerance=0.3",
    "lut": f"lut file={LOOK}",
    "mask": f"mask file={OVER}",
    "median": "median radius=2",
    "motionblur": "motionblur length=7 angle=30",
    "opacity": "opacity amount=0.4",
    "posterize": "posterize levels=5",
    "resize": "resize width=21 height=30",
    "rotate": "rotate angle=20 expand=true",
    "saturation": "saturation amount=1.5",
    "scanlines": "scanlines spacing=3",
    "sepia": "sepia amount=0.8",
    "sharpen": "sharpen amount=1",
    "solarize": "solarize threshold=0.6",
    "splittone": "splittone",
    "threshold": "threshold level=0.4",
    "vibrance": "vibrance amount=0.7",
    "vignette": "vignette",
    "warp": "warp corners='3 1; 30 -2; 28 15; -4 17'",
    "whitebalance": "whitebalance kelvin=4500 tint=10",
}
IDLE = {
    "bilateral": "bilateral color=0",
    "blackandwhite": "blackandwhite amount=0",
    "blendcolor": "blendcolor amount=0",
    "overlay": f"overlay file={OVER} amount=0",
    "blur": "blur sigma=0",
    "boxblur": "boxblur radius=0",
    "brightness": "brightness amount=0",
    "channelmixer": "channelmixer",
    "colorbalance": "colorbalance",
    "colorspace": "colorspace primaries=keep transfer=keep matrix=keep",
    "contrast": "contrast amount=1",
    "convolve": "convolve matrix='0 3 0'",
    "crop": "crop",
    "curves": "curves",
    "denoise": "denoise radius=0",
    "dilate": "dilate radius=0",
    "duotone": "duotone amount=0",
    "erode": "erode radius=0",
    "exposure": "exposure stops=0",
    "gamma": "gamma value=1",
    "gradientmap": "gradientmap amount=0",
    "grain": "grain strength=0",
    "hdr2sdr": "hdr2sdr source=sdr",
    "hue": "hue degrees=0",
    "invert": "invert amount=0",
    "levels": "levels",
    "liftgammagain": "liftgammagain",
    "lut": f"lut file={LOOK} amount=0",
    "mask": f"mask file={OVER} amount=0",
    "median": "median radius=0",
    "motionblur": "motionblur length=1 angle=77",
    "opacity": "opacity amount=1",
    "resize": "resize",
    "rotate": "rotate angle=-360",
    "saturation": "saturation amount=1",
    "scanlines": "scanlines amount=0",
    "sepia": "sepia amount=0",
    "sharpen": "sharpen amount=0",
    "splittone": "splittone amount=0",
    "vibrance": "vibrance amount=0",
    "vignette": "vignette amount=0",
    "warp": "warp matrix='1 0 0; 0 1 0'",
    "whitebalance": "whitebalance kelvin=6500",
}
RETAGGING = ("colorspace", "hdr2sdr")
EVERY = pytest.mark.parametrize("name", CALLS)
NAMES = ["gray", "yuv420p", "yuv422p10le", "yuva420p", "nv12", "rgb24", "rgba", "rgb48le", "gbrap12le", "gbrpf32le"]
# Pointwise effects are all compiled in one way: of them one meets every format, the others two. Kernels are compiled
# for each dtype and number of channels: each effect takes one format in turn, the rest are among the long tests.
PAIRS = pytest.mark.parametrize(
    ("name", "fmt"),
    [
        pytest.param(name, fmt, marks=() if pointwise or turn % len(NAMES) in (at, at + 3) else pytest.mark.slow)
        for turn, name in enumerate(CALLS)
        for pointwise in (issubclass(default_registry().effects[name], Pointwise),)
        for at, fmt in enumerate(NAMES)
        if fmt in ("yuv420p", "rgba") or name == "brightness" or not pointwise
    ],
)


def built_in() -> dict[str, type[Effect]]:
    registry = default_registry()
    return {name: registry.effects[name] for name, origin in registry.origins.items() if origin.startswith("builtin")}


def test_every_built_in_effect_is_tested_here() -> None:
    assert set(built_in()) == set(CALLS)


@EVERY
def test_it_is_idle_only_where_nothing_changes(name: str) -> None:
    what = spec("yuv420p", 33, 17)
    assert not effect(CALLS[name]).is_identity(what)
    if name in IDLE:
        assert effect(IDLE[name]).is_identity(what)
        assert effect(IDLE[name]).output(what) == what


@PAIRS
def test_views_of_any_strides_give_the_same_bits(name: str, fmt: str) -> None:
    """What a crop or a flip before it hands over is taken as it is: reversed rows and columns, gaps, offsets."""
    large = noise(spec(fmt, 80, 44))
    cut = effect("crop x=6 y=4 width=33 height=17").view(large)
    assert cut is not None
    wanted = effect(CALLS[name])
    for axis in (None, "horizontal", "vertical", "both"):
        view = cut if axis is None else effect(f"flip axis={axis}").view(cut)
        assert view is not None
        packed = view.copy(POOL)
        assert same(rendered(wanted, view), rendered(wanted, packed))


@PAIRS
def test_it_writes_into_views_of_any_strides(name: str, fmt: str) -> None:
    """The encoder's own frame may be the target."""
    src = noise(spec(fmt, 33, 17))
    wanted = effect(CALLS[name])
    expected = rendered(wanted, src)
    wide = noise(spec(fmt, 2 * expected.width + 8, 2 * expected.height + 8))
    planes = tuple(
        plane[1 : target.shape[0] + 1][::-1, 3 : target.shape[1] + 3]
        for plane, target in zip(wide.planes, expected.planes, strict=True)
    )
    out = Frame(expected.spec, planes)
    wanted.render(src, out)
    assert same(out, expected)


@EVERY
@pytest.mark.parametrize("rotation", [0, 180])
def test_everything_that_is_no_sample_comes_through(name: str, rotation: int) -> None:
    """What players are told to turn is turned first for effects that know left from right."""
    src = noise(spec("yuv420p", 33, 17, sar=Fraction(1), rotation=rotation, interlaced=True))
    src.timing, src.side_data = Timing(77, Fraction(1, 90000), 3003), (("A53_CC", b"cc"),)
    called = effect(CALLS[name])
    upright = bool(rotation) and (called.kind is Kind.GEOMETRIC or ("file" in called.params and name != "lut"))
    steps = make_plan(src.spec, [called]).steps
    assert [step.name for step in steps] == ["upright"] * upright + [name]
    out = src
    for step in steps:
        out = step.apply(out, POOL)
    assert (out.timing, out.side_data) == (src.timing, src.side_data)
    kept = (out.spec.colour, out.spec.sar, out.spec.rotation, out.spec.interlaced)
    colour = called.fitted(src.spec).output(src.spec).colour if name in RETAGGING else src.spec.colour
    assert kept == (colour, src.spec.sar, 0 if upright else rotation, True)
    assert out.spec == steps[-1].after


@EVERY
@pytest.mark.parametrize("fmt", ["yuv420p", "rgb48le"])
def test_workers_do_not_change_a_bit(name: str, fmt: str) -> None:
    plan = make_plan(spec(fmt, 65, 33), [effect(CALLS[name]), effect("brightness amount=0.05")])

    def items() -> Iterator[Frame]:
        for number in range(12):
            yield noise(spec(fmt, 65, 33), seed=number)

    def run(workers: int) -> list[Frame]:
        pool = BufferPool(1 << 26)
        with own_workers(workers) as each:
            return list(run_plan(plan, items(), pool=pool, workers=each, limit=1 << 22, meter=Meter()))  # type: ignore[arg-type]

    one = run(1)
    for workers in (2, 5):
        assert all(same(a, b) for a, b in zip(one, run(workers), strict=True))


@EVERY
def test_a_second_frame_does_not_depend_on_the_first(name: str) -> None:
    what = effect(CALLS[name])
    first, second = noise(spec("yuv420p", 33, 17), seed=1), noise(spec("yuv420p", 33, 17), seed=2)
    before = rendered(what, second)
    rendered(what, first)
    rendered(what, noise(spec("rgb48le", 64, 40)))
    assert same(rendered(what, second), before)


def test_effects_only_use_the_authoring_module() -> None:
    import ast
    from pathlib import Path

    import lumaloom_effects

    for file in Path(lumaloom_effects.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                own = module is not None and module.startswith("lumaloom_effects._")
                if module and module.startswith("lumaloom") and not own:
                    assert module in ("lumaloom.effect", "lumaloom_kernels"), f"{file.name} imports {module}"


def test_formats_are_named_once() -> None:
    assert set(NAMES) <= set(FORMATS)
    assert np.unique(NAMES).size == len(NAMES)
