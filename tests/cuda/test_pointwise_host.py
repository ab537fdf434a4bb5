"""The kernels that the pointwise compiler makes, on the host and through the compiler of every architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, Pointwise
from lumaloom.frame import ChromaLocation, Colour
from lumaloom.pointwise.cuda_source import BLOCK, launches, resolved, source
from lumaloom.pointwise.lower import lower
from lumaloom.pointwise.program import Program
from lumaloom.pointwise.reference import reference
from tests.cuda.host_shim import SANITIZE, Address, compiler
from tests.cuda.host_shim import Program as Host
from tests.cuda.nvrtc import compile_log, usage
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec

needs_compiler = pytest.mark.skipif(compiler() is None, reason="g++ is not there")
FIRST = [effects.warm, effects.stops, effects.curve, effects.cubic, effects.grainy, effects.vivid]
SECOND = [effects.soft_vivid, effects.wave, effects.turned]
JUMPS = [effects.masked, effects.rounded]


def on_host(chain: list[Pointwise], src: Frame, after: Any, checks: tuple[str, ...] = ()) -> tuple[Frame, Frame]:
    """Return what the kernels make of a frame, and what the definition does."""
    stages = [effect.stage for effect in chain]
    expected, found = (Frame.allocate(after, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    code = Program(stages, lower(stages, src.spec, after))
    numbers, tables = code.settled(stages, src)
    for a, b in code.lowered.copies:
        found.planes[b][...] = src.planes[a]
    arrays = {("src", k): plane for k, plane in enumerate(src.planes)}
    arrays |= {("out", k): plane for k, plane in enumerate(found.planes)}
    arrays |= {("table", k): table for k, (table, _) in enumerate(tables)}
    places = list(arrays)
    buffers = [np.ascontiguousarray(array).reshape(-1).view(np.uint8).copy() for array in arrays.values()]
    host = Host(source(code.lowered), checks)
    pitch = {place: int(np.ascontiguousarray(array).strides[0]) for place, array in arrays.items()}
    for launch in launches(
        code.lowered,
        (src.width, src.height),
        numbers,
        lambda pointer: pitch[pointer.side, pointer.number],
        [last for _, last in tables],
    ):
        words = [
            resolved(word, lambda pointer: Address(places.index((pointer.side, pointer.number)), 0))
            for word in launch.arguments
        ]
        host.run(launch.kernel, launch.grid, BLOCK, words, buffers)
    host.close()
    for (side, number), buffer in zip(places, buffers, strict=True):
        if side == "out":
            plane = found.planes[number]
            plane[...] = buffer.view(plane.dtype).reshape(plane.shape)
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
    for location in (ChromaLocation.LEFT, ChromaLocation.TOP, ChromaLocation.BOTTOM):
        src = noise(spec("yuv420p", 35, 17, Colour(chroma=location)))
        assert worst(*on_host([effects.warm(), effects.vivid(), effects.cubic()], src, src.spec, SANITIZE)) <= 1
    src = noise(spec("nv12", 7, 5))
    assert worst(*on_host([effects.lift(), effects.balance()], src, spec("yuv444p10le", 7, 5), SANITIZE)) <= 1


@pytest.mark.parametrize("architecture", [75, 86, 90, 100, 120])
def test_they_compile_for_every_architecture(architecture: int) -> None:
    pytest.importorskip("cuda.bindings")
    what = spec("yuv420p")
    chain = [make().stage for make in (*effects.SMOOTH, effects.masked, effects.rounded)]
    log = compile_log(source(lower(chain, what, what)), architecture, ("--std=c++17",))
    assert all(kernel.spilled == 0 for kernel in usage(log).values())
    assert "pass0" in usage(log)
