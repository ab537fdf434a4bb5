"""The kernels that the pointwise compiler makes, on the host and through the compiler of every architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lumaloom.effect import Frame, FrameSpec, Pointwise
from lumaloom.frame import ChromaLocation, Colour
from lumaloom.graph import make_plan
from lumaloom.plugins import default_registry
from lumaloom.pointwise.cuda_program import OPTIONS
from lumaloom.pointwise.cuda_source import source
from lumaloom.pointwise.lower import lower
from lumaloom.pointwise.program import program
from lumaloom.pointwise.reference import reference
from tests.cuda import fake_cupy
from tests.cuda.host_shim import SANITIZE, compiler
from tests.cuda.nvrtc import compile_log, usage
from tests.cuda.test_compile_gate import CUPY_OPTIONS
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec

needs_compiler = pytest.mark.skipif(compiler() is None, reason="g++ is not there")
OVER = Path(__file__).parents[1] / "effects" / "over.png"
FIRST = [effects.warm, effects.stops, effects.curve, effects.cubic, effects.grainy, effects.vivid]
SECOND = [effects.soft_vivid, effects.wave, effects.turned]
JUMPS = [effects.masked, effects.rounded, effects.opaque]


def on_host(chain: list[Pointwise], src: Frame, after: FrameSpec, **changes: Any) -> tuple[Frame, Frame]:
    """Return what the definition makes of a frame, and what the kernels do."""
    stages = [effect.stage for effect in chain]
    expected, found = (Frame.allocate(after, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    with fake_cupy.installed(**changes) as cupy:
        source, target = (frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, found))
        program(stages, src.spec, after).run(stages, source, target)
        for plane, made in zip(found.planes, target.planes, strict=True):
            plane[...] = cupy.asnumpy(made)
    return expected, found


def worst(expected: Frame, found: Frame) -> float:
    from tests.engine.test_pointwise import worst as differences

    return differences(expected, found)


@needs_compiler
@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("yuv420p", FIRST),
        ("p010le", SECOND),
        ("rgb24", JUMPS),
        ("gbrapf32le", FIRST),
        ("yuva422p10le", [effects.opaque]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_kernels_give_what_the_definition_does(name: str, chain: list[Any]) -> None:
    src = noise(spec(name, 37, 19))
    limit = 16 if name == "gbrapf32le" else 1  # parts of 1e-5 + 1e-4 of the value: six effects, one of them a table
    assert worst(*on_host([make() for make in chain], src, src.spec)) <= limit


@needs_compiler
def test_sanitizers_find_nothing() -> None:
    src = noise(spec("yuv420p", 35, 17, Colour(chroma=ChromaLocation.BOTTOMLEFT)))
    assert worst(*on_host([effects.warm(), effects.cubic()], src, src.spec, checks=SANITIZE)) <= 1
    src = noise(spec("nv12", 7, 5))
    assert worst(*on_host([effects.lift(), effects.balance()], src, spec("yuv444p10le", 7, 5), checks=SANITIZE)) <= 1


@pytest.mark.parametrize("architecture", [75, 86, 90, 100, 120])
def test_they_compile_for_every_architecture(architecture: int) -> None:
    pytest.importorskip("cuda.bindings")
    what = spec("yuv420p")
    chain = [make().stage for make in (*effects.SMOOTH, effects.masked, effects.rounded)]
    log = compile_log(source(lower(chain, what, what)), architecture, ("--std=c++17",))
    assert all(kernel.spilled == 0 for kernel in usage(log).values())
    assert "pass0" in usage(log)


@pytest.mark.parametrize("architecture", [75, 120])
def test_pictures_dither_and_fields_compile_without_spills(architecture: int) -> None:
    pytest.importorskip("cuda.bindings")
    colour = Colour(chroma=ChromaLocation.TOPLEFT)
    before, after = (spec(name, 64, 36, colour, interlaced=True) for name in ("yuva420p10le", "yuva420p"))
    chain = [default_registry().create(f"{name} file={OVER}").stage for name in ("overlay", "mask", "background")]
    text = source(lower(chain, before, after, dither=True))
    assert "texel<u8>(t0" in text
    assert "+ dither(x" in text
    log = compile_log(text, architecture, (*OPTIONS, *CUPY_OPTIONS))
    assert "warning" not in log, log
    assert usage(log)
    assert all(kernel.spilled == 0 for kernel in usage(log).values())


def test_a_fused_run_is_placed_on_the_gpu() -> None:
    plan = make_plan(spec("yuv420p"), [make() for make in FIRST], None, "cuda")
    assert [step.device for step in plan.steps] == ["cuda"]
