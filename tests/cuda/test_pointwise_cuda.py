"""Runs of pointwise effects as CUDA kernels, executed on the host, against their definition in NumPy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Param, lookup, lookup3d, noise, pointwise, table, uniform
from lumaloom.frame import FORMATS, Colour, Frame, FrameSpec, Matrix, Model, Range, Timing, Transfer
from lumaloom.frame.colour import ChromaLocation
from lumaloom.pointwise.cuda_program import OPTIONS, CudaProgram
from lumaloom.pointwise.cuda_source import _Kernel, header, source
from lumaloom.pointwise.lower import Lowered, lower
from lumaloom.pointwise.reference import reference
from lumaloom.pointwise.stage import Stage
from tests.cuda import nvrtc
from tests.cuda.test_compile_gate import ARCHITECTURES, CUPY_OPTIONS, MAX_REGISTERS


@uniform
def gains(kelvin: float) -> tuple[float, float]:
    return 1 + kelvin / 20000, 1 - kelvin / 20000


@table
def curve(power: float) -> Any:
    return np.linspace(0, 1, 33) ** power


@table
def swapped(amount: float) -> Any:
    r, g, b = np.meshgrid(*[np.linspace(0, 1, 5)] * 3, indexing="ij")
    return np.stack([r + amount * (g - r), g * g, np.sqrt(b)], axis=-1)


@pointwise(space="rgb")
def warm(r: Any, g: Any, b: Any, *, kelvin: float = Param(3000.0, min=0, max=9000)) -> Any:
    """Warm light."""
    red, blue = gains(kelvin)
    return r * red, g, b * blue


@pointwise(space="linear")
def expose(r: Any, g: Any, b: Any, *, stops: float = Param(0.5, min=-4, max=4)) -> Any:
    """Expose."""
    gain = np.exp2(stops)
    return r * gain, g * gain, b * gain


@pointwise(space="yuv")
def saturate(y: Any, u: Any, v: Any, *, amount: float = Param(1.37, min=0, max=4)) -> Any:
    """Saturate."""
    return y, u * amount, v * amount


@pointwise(space="luma")
def shape(y: Any, *, x: Any, amount: float = Param(0.1, min=0, max=1), hard: bool = Param(False)) -> Any:
    """Bend, and darken towards the right."""
    bent = lookup(curve(1.2), y) if not hard else np.where((y > 0.5) & ~(y >= 0.9), 1, 0.25 * y)
    return bent - amount * 0.001 * x


@pointwise(space="any")
def functions(v: Any) -> Any:
    """Every function once."""
    w = np.sin(3 * v) + np.cos(2 * v) + np.tanh(v) + np.cbrt(v) + np.arctan(v) + np.arctan2(v, v + 0.5)
    w = w + np.expm1(v) * np.log1p(v * v)
    w = w + np.floor(4 * v) / 4 + np.ceil(4 * v) / 4 + np.rint(4 * v) / 4 + np.trunc(4 * v) / 4 + np.abs(v - 0.5)
    return np.minimum(np.maximum(w / 8 + np.log2(np.maximum(v, -0.5) + 1) / 4 + np.sqrt(np.maximum(v, 0)) * 0.1, 0), 1)


@pointwise(space="rgb")
def graded(r: Any, g: Any, b: Any, *, amount: float = Param(0.4, min=0, max=1)) -> Any:
    """Through a cube."""
    return lookup3d(swapped(amount), r, g, b)


@pointwise(space="rgb")
def grainy(r: Any, g: Any, b: Any, *, x: Any, y: Any, frame: Any, amount: float = Param(0.1, min=0, max=1)) -> Any:
    """Add noise."""
    n = amount * (noise(x, y, frame, 7) - 0.5)
    return r + n, g + n, b + n


@pointwise(space="rgb", alpha=True)
def veiled(r: Any, g: Any, b: Any, a: Any, *, amount: float = Param(0.5, min=0, max=1)) -> Any:
    """Thin."""
    return r, g, b * a, a * amount


COLOUR = (warm(), expose(), saturate(amount=0.8), shape(), graded(), grainy())
# name: effects, and the formats that they run on
RUNS: dict[str, tuple[tuple[Any, ...], tuple[str, ...]]] = {
    "colour": (COLOUR, tuple(name for name, row in FORMATS.items() if row.model is not Model.GRAY)),
    "luma": ((shape(hard=True),), ("gray", "gray10le", "grayf32le", "yuv420p", "nv12", "rgb24")),
    "functions": ((functions(),), ("gray16le", "yuv420p10le", "gbrpf32le", "rgba", "gbrp")),
    "saturate": ((saturate(),), ("yuv420p", "p010le", "yuv422p10le", "yuva444p16le")),
    "alpha": ((veiled(), saturate()), ("rgba", "yuva420p", "gbrapf32le", "yuva422p10le")),
}
CASES = [(name, fmt) for name, (_, formats) in RUNS.items() for fmt in formats]
SIDES = ((1, 1), (7, 5), (34, 19), (65, 2))


def spec_of(fmt: str, width: int, height: int, **colour: Any) -> FrameSpec:
    return FrameSpec(FORMATS[fmt], width, height, Colour(transfer=Transfer.BT709, **colour))


def stages_of(name: str) -> tuple[Stage, ...]:
    return tuple(effect.stage for effect in RUNS[name][0])


def lowered_of(name: str, fmt: str, **colour: Any) -> Lowered:
    spec = spec_of(fmt, 64, 64, **colour)
    return lower(stages_of(name), spec, spec)


def filled(spec: FrameSpec, seed: int = 0) -> Frame:
    random = np.random.default_rng(seed)
    planes = []
    for shape_ in spec.shapes:
        if spec.format.is_float:
            planes.append(random.uniform(-0.1, 1.2, shape_).astype(np.float32))
        else:
            codes = random.integers(0, 1 << spec.format.depth, shape_) << spec.format.shift
            planes.append(codes.astype(spec.format.dtype))
    return Frame(spec, tuple(planes), Timing(35, duration=5))


def empty(spec: FrameSpec) -> Frame:
    return Frame(spec, tuple(np.zeros(shape_, spec.format.dtype) for shape_ in spec.shapes))


def on_device(cupy: Any, frame: Frame, pad: int = 0) -> Frame:
    """Upload, each plane as a view of a wider one."""
    planes = []
    for plane in frame.planes:
        wide = cupy.zeros((plane.shape[0], plane.shape[1] + pad, *plane.shape[2:]), plane.dtype)
        wide[:, : plane.shape[1]] = cupy.asarray(plane)
        planes.append(wide[:, : plane.shape[1]])
    return frame.with_planes(tuple(planes))


@cache
def joint_source() -> str:
    """All runs in one text, so that the host compiles once: the kernels of case `c` are `pass(100 c + k)`."""
    kernels = []
    for number, (name, fmt) in enumerate(CASES):
        lowered = lowered_of(name, fmt)
        kernels += [_Kernel(lowered, part, 100 * number + k).text() for k, part in enumerate(lowered.passes)]
    return "\n".join([header(), *kernels])


class Joint(CudaProgram):
    """A program whose kernels come out of the joint source."""

    def __init__(self, name: str, fmt: str) -> None:
        super().__init__(lowered_of(name, fmt))
        self.first = 100 * CASES.index((name, fmt))

    def _loaded(self, cupy: Any, device: int) -> list[Any]:
        module = cupy.RawModule(code=joint_source(), options=OPTIONS)
        return [module.get_function(f"pass{self.first + k}") for k in range(len(self.lowered.passes))]


def compare(result: Frame, expected: Frame, note: object) -> None:
    for number, (got, wanted) in enumerate(zip(result.planes, expected.planes, strict=True)):
        if expected.format.is_float:
            np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-4, err_msg=str((note, number)))
            continue
        distance = abs(got.astype(np.int64) - wanted.astype(np.int64)) >> expected.format.shift
        steps = 1 if expected.format.depth <= 12 else 1 << (expected.format.depth - 12)
        assert distance.max() <= steps, (note, number, distance.max())
        assert (distance > 0).mean() <= (0.05 if expected.format.depth == 8 else 1), (note, number)


def check(cupy: Any, case: tuple[str, str], program: CudaProgram, size: tuple[int, int], **colour: Any) -> None:
    stages = stages_of(case[0])
    spec = spec_of(case[1], *size, **colour)
    source_frame, expected = filled(spec), empty(spec)
    reference(stages, source_frame, expected)
    for pad in (0, 3):
        target = on_device(cupy, empty(spec), pad)
        program.run(stages, on_device(cupy, source_frame, pad), target)
        compare(target.with_planes(tuple(map(cupy.asnumpy, target.planes))), expected, (case, size, pad))


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_agrees_with_the_definition(cupy: Any, case: tuple[str, str]) -> None:
    program = Joint(*case)
    for size in SIDES:
        check(cupy, case, program, size)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_sanitizers_find_nothing(checked_cupy: Any, case: tuple[str, str]) -> None:
    program = Joint(*case)
    for size in ((7, 5), (34, 3)):
        check(checked_cupy, case, program, size)


@pytest.mark.parametrize("location", ["CENTER", "TOPLEFT", "BOTTOM"])
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p10le"])
def test_chroma_where_it_sits(cupy: Any, fmt: str, location: str) -> None:
    colour = {"chroma": ChromaLocation[location], "matrix": Matrix.BT2020_NCL, "range": Range.FULL}
    program = CudaProgram(lowered_of("colour", fmt, **colour))
    for size in ((7, 5), (34, 19)):
        check(cupy, ("colour", fmt), program, size, **colour)


@pytest.mark.parametrize(("before", "after"), [("yuv420p", "gbrp"), ("rgb24", "yuv420p"), ("yuv420p", "yuv422p10le")])
def test_conversions_are_folded_in(cupy: Any, before: str, after: str) -> None:
    stages = stages_of("alpha")[1:]
    for width, height in ((34, 19), (7, 5)):
        first = spec_of(before, width, height, matrix=Matrix.BT709)
        last = spec_of(after, width, height, matrix=Matrix.BT709)
        source_frame, expected = filled(first), empty(last)
        reference(stages, source_frame, expected)
        target = on_device(cupy, empty(last))
        CudaProgram(lower(stages, first, last)).run(stages, on_device(cupy, source_frame), target)
        compare(target.with_planes(tuple(map(cupy.asnumpy, target.planes))), expected, (before, after))


def test_other_numbers_compile_and_upload_nothing(cupy: Any) -> None:
    program = CudaProgram(lowered_of("saturate", "yuv420p"))
    spec = spec_of("yuv420p", 32, 16)
    source_frame, target = on_device(cupy, filled(spec)), on_device(cupy, empty(spec))
    program.run(stages_of("saturate"), source_frame, target)
    cupy.calls.clear()
    program.run((saturate(amount=0.5).stage,), source_frame, target)
    assert {call.split()[0] for call in cupy.calls} <= {"launch", "copy"}


def test_effects_run_where_the_frame_is(cupy: Any) -> None:
    spec = spec_of("yuv420p", 32, 16)
    effect, source_frame, expected = saturate(amount=0.5), filled(spec), empty(spec)
    target = on_device(cupy, empty(spec))
    effect.render(source_frame, expected)
    effect.render(on_device(cupy, source_frame), target)
    compare(target.with_planes(tuple(map(cupy.asnumpy, target.planes))), expected, "render")


# The long run unrolls some hundred powers; there the assembler may put a register or two aside rather than give up
# occupancy.
SPILL = {"colour": 16}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_compiles_without_spills(architecture: int) -> None:
    for name, fmt in (("colour", "yuv420p"), ("colour", "p010le"), ("functions", "rgba"), ("alpha", "gbrapf32le")):
        log = nvrtc.compile_log(source(lowered_of(name, fmt)), architecture, (*OPTIONS, *CUPY_OPTIONS))
        assert "warning" not in log, log
        for kernel, used in nvrtc.usage(log).items():
            assert max(used.spilled, used.stack) <= SPILL.get(name, 0), (name, fmt, kernel, used)
            assert 0 < used.registers <= MAX_REGISTERS, (name, fmt, kernel, used)
