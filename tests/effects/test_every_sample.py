"""Compiled code beside its definition: every effect, format, range, matrix and transfer, at every sample.

What holds: samples of 8 to 12 bits are within a step, floats within 1e-4 (of the value, above 1). Jumps, and samples
of 16 bits, may also be those of channels 5e-7 off, a 32nd of a step, as may floats of all but `hdr2sdr`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Effect, Frame, Pointwise
from lumaloom.errors import ParameterError
from lumaloom.frame import FORMATS, ChromaLocation, Colour, FrameSpec, Matrix, Model, Primaries, Range, Timing, Transfer
from lumaloom.plugins import default_registry
from lumaloom.pointwise import machine
from lumaloom.pointwise.lower import lower
from lumaloom.pointwise.program import Program
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.effects.every_sample import Definition, by_every_variant, drawn, picture
from tests.effects.test_contract import CALLS
from tests.engine.frames import POOL

REGISTRY = default_registry()
NAMES = [name for name in CALLS if issubclass(REGISTRY.effects[name], Pointwise)]
TAGS = [
    Colour(matrix, primaries, transfer, span)
    for (matrix, primaries), transfer, span in product(
        [
            (Matrix.BT709, Primaries.BT709),
            (Matrix.SMPTE170M, Primaries.SMPTE170M),
            (Matrix.BT2020_NCL, Primaries.BT2020),
        ],
        [Transfer.BT709, Transfer.PQ, Transfer.HLG, Transfer.SRGB, Transfer.GAMMA22],
        [Range.LIMITED, Range.FULL],
    )
]
JUMPS = ("posterize", "threshold", "solarize", "chromakey", "lumakey", "scanlines", "blendcolor", "overlay")


def processors() -> list[tuple[str, str]]:
    """Return this processor, and those with narrower registers that code is made for too."""
    name, features = machine.processor()
    words = features.split(",")
    newer = ("avx512", "avx10", "avxvnni", "gfni", "vaes", "vpclmul")
    narrow = ",".join(f"-{word[1:]}" if any(part in word for part in newer) else word for word in words)
    known = [(name, features), ("x86-64", "+sse2")]
    return [*known, ("haswell", narrow)] if "+avx2" in words else known


def tagged(name: str, turn: int, width: int = 131) -> FrameSpec:
    """Return frames of a format whose tags are others for every turn."""
    fmt, colour = FORMATS[name], TAGS[turn % len(TAGS)]
    matrix = Matrix.UNSPECIFIED if fmt.model is Model.RGB else colour.matrix
    chroma = list(ChromaLocation)[turn % len(ChromaLocation)]
    tags = Colour(matrix, colour.primaries, colour.transfer, colour.range, chroma)
    interlaced = turn % 5 == 0
    return FrameSpec(fmt, width, 36 if interlaced else 37, tags, interlaced=interlaced)


def versions(name: str, turn: int) -> list[Effect]:
    """Return an effect with the parameters of its call, with some around what they are by default, and all over."""
    kind, rng = REGISTRY.effects[name], np.random.default_rng(turn)
    first = REGISTRY.create(CALLS[name])
    chosen = {
        key: spec.choices[turn % len(spec.choices)] for key, spec in kind.params.items() if spec.choices and turn % 2
    }
    if name == "hdr2sdr":
        chosen["source"] = "auto"
    found = [first]
    for wide in (False, True):
        found.append(kind(**{**first.settings, **chosen, **drawn(kind, rng, wide)}))  # type: ignore[arg-type]
    return [effect for effect in found if sound(effect)]


def sound(effect: Effect) -> bool:
    """Whether parameters are such that together they mean something: weights may add up to nothing."""
    try:
        effect.is_identity(tagged("rgb24", 0))
    except ParameterError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_effect_in_every_format(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = processors()
    for at, fmt in enumerate(FORMATS):
        turn = 7 * at + 11 * NAMES.index(name)
        spec = tagged(fmt, turn)
        monkeypatch.setattr(machine, "processor", lambda turn=turn: kinds[turn % len(kinds)])
        src = picture(spec, turn)
        src.timing = Timing(turn % 40, Fraction(1, 25), 1)
        codes: dict[Any, Program] = {}
        for effect in versions(name, turn):
            effect = effect.fitted(spec)
            assert isinstance(effect, Pointwise)
            if not effect.accepts(spec.format) or effect.is_identity(spec):
                continue
            after, stages = effect.output(spec), [effect.stage_at(spec, src.timing)]
            key = after, stages[0].fixed
            codes[key] = codes.get(key) or Program(lower(stages, spec, after))
            steep = name in JUMPS or spec.format.depth == 16 or (spec.format.is_float and name != "hdr2sdr")
            definition = Definition(stages, src, after)
            for number, found in by_every_variant(codes[key], stages, src, after):
                off = definition.off(found, steep)
                assert off <= 1, f"{effect!r} on {spec} {spec.colour}, code {number} for {machine.processor()[0]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_chains(seed: int) -> None:
    """Two to ten effects, of all that there are, into any format."""
    rng = np.random.default_rng(seed)
    before, after = (str(rng.choice(list(FORMATS))) for _ in range(2))
    if FORMATS[after].model is Model.GRAY:
        after = before
    spec = tagged(before, seed)
    src = picture(spec, seed)
    stages: list[Any] = []
    now = spec
    for name in rng.choice(NAMES, int(rng.integers(2, 11))):
        kind = REGISTRY.effects[name]
        calm = {**REGISTRY.create(CALLS[name]).settings, **drawn(kind, rng, False)}  # type: ignore[arg-type]
        effect = kind(**calm).fitted(now)
        assert isinstance(effect, Pointwise)
        if effect.accepts(now.format) and sound(effect):
            stages.append(effect.stage_at(now, src.timing))
            now = effect.output(now)
    out = FrameSpec(FORMATS[after], now.width, now.height, now.colour, interlaced=now.interlaced)
    definition = Definition(stages, src, out)
    for number, found in by_every_variant(Program(lower(stages, spec, out)), stages, src, out):
        assert definition.off(found, True) <= 1, f"{[stage.name for stage in stages]} {spec} -> {out}, code {number}"


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
@pytest.mark.parametrize("name", NAMES)
def test_every_effect_on_a_gpu(name: str) -> None:
    """Its kernels, run by the host, on one format of integers and one of floats."""
    turn = NAMES.index(name)
    fmts = [fmt for fmt in FORMATS if not FORMATS[fmt].is_float and FORMATS[fmt].has_alpha][turn % 16 : turn % 16 + 1]
    for fmt in (*fmts, "gbrapf32le"):
        spec = tagged(fmt, turn, 35)
        src = picture(spec, turn)
        effect = versions(name, turn)[-1].fitted(spec)
        assert isinstance(effect, Pointwise)
        after, stages = effect.output(spec), [effect.stage_at(spec, src.timing)]
        found = Frame.allocate(after, POOL, like=src)
        with fake_cupy.installed() as cupy:
            source, target = (frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, found))
            Program(lower(stages, spec, after)).run(stages, source, target)
            for plane, made in zip(found.planes, target.planes, strict=True):
                plane[...] = cupy.asnumpy(made)
        assert Definition(stages, src, after).off(found, True) <= 1, f"{effect!r} on {spec}"
