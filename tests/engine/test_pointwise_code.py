"""What the compiler makes: graphs with little in them, packed instructions, and code that is kept on disk."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Pointwise, pointwise
from lumaloom.pointwise import machine
from lumaloom.pointwise.code_limit import LIMIT, keep_within, used
from lumaloom.pointwise.host import lookup
from lumaloom.pointwise.ir import const, make, node, reach, select
from lumaloom.pointwise.llvm_math import prelude
from lumaloom.pointwise.llvm_pieces import operands as coefficients
from lumaloom.pointwise.llvm_power import operands
from lumaloom.pointwise.llvm_source import module
from lumaloom.pointwise.llvm_text import Text
from lumaloom.pointwise.llvm_values import Values
from lumaloom.pointwise.lower import Lowered, lower
from lumaloom.pointwise.machine import Machine, assembly, has_permutes, lanes
from lumaloom.pointwise.passes.affine import joined
from lumaloom.pointwise.passes.powers import EVERYTHING, LEAST, MOST, NOTHING, power_table
from lumaloom.pointwise.passes.ranges import trimmed
from lumaloom.pointwise.program import program
from tests.engine import pointwise_effects as effects
from tests.engine.frames import spec

R, G = node("input", (), "raw r"), node("input", (), "raw g")


def lowered(name: str, *chain: Pointwise) -> Lowered:
    what = spec(name, 64, 32)
    return lower([effect.stage for effect in chain], what, what)


def operations(found: Lowered) -> Counter[str]:
    return Counter(
        here.op for part in found.passes for here in reach(part.roots.values()) if here.varying and here.op != "input"
    )


def test_equal_expressions_are_one_object() -> None:
    assert make("add", R, G) is make("add", G, R)
    assert make("sub", R, R) is const(0)
    assert make("mul", R, const(1)) is R
    assert make("add", const(2), const(3)) is const(5)
    assert make("pow", R, const(2)) is make("mul", R, R)
    assert select(make("lt", const(1), const(2)), R, G) is R


def test_affine_runs_become_one_matrix() -> None:
    one = operations(lowered("rgb24", effects.balance()))
    many = operations(lowered("rgb24", *[effects.balance(tint=0.01 * k) for k in range(10)]))
    assert one == many == Counter(mul=3, add=3)
    assert sum(operations(lowered("yuv420p", *[effects.balance() for _ in range(10)])).values()) <= 3 * 6


def test_there_and_back_is_nothing() -> None:
    found = lowered("rgb24", effects.vivid(), effects.lift())
    assert operations(found).keys() <= {"mul", "add"}
    assert operations(lowered("gbrp", effects.stops(), effects.stops()))["pow"] == 6
    a = joined([make("sub", make("add", make("mul", R, const(0.25)), G), G)])
    assert a == [make("mul", R, const(0.25))]


def test_clamps_that_never_act_go() -> None:
    known = {"raw r": (0.0, 1.0)}
    clamp = make("min", make("max", R, const(0)), const(1))
    assert trimmed([clamp], known) == [R]
    half = make("mul", R, const(0.5))
    assert trimmed([make("min", half, const(0.6))], known) == [half]
    assert trimmed([make("min", half, const(0.4))], known) == [make("min", half, const(0.4))]
    assert trimmed([make("abs", R)], known) == [R]
    assert trimmed([select(make("lt", R, const(2)), R, G)], known) == [R]


def test_channels_that_nothing_changes_are_not_touched() -> None:
    found = lowered("yuva420p", effects.lift())
    assert [part.planes for part in found.passes] == [(0,)]
    assert found.copies == ((1, 1), (2, 2), (3, 3))
    assert [part.native for part in lowered("yuv420p", effects.vivid()).passes] == [True]


@pytest.mark.parametrize(
    ("name", "tables"), [("gbrp", 3), ("rgb24", 1), ("gray10le", 1), ("gray16le", 0), ("yuv420p", 0)]
)
def test_costly_functions_of_one_channel_become_tables(name: str, tables: int) -> None:
    found = lowered(name, effects.power(), effects.power())
    assert sum(part.by_table for part in found.passes) == tables


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the instructions are those of x86-64")
@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "gbrpf32le", "p010le"])
def test_the_loop_is_packed(name: str) -> None:
    chain = [effects.stops(), effects.soft_vivid(), effects.wave(), effects.turned(), effects.grainy()]
    found = lowered(name, *chain)
    variant = program([effect.stage for effect in chain], found.before, found.after).variants[0]
    text = assembly(module(variant.lowered, variant.lanes))
    loop = text[text.index("pass0:") :].partition(".size")[0]
    assert not re.findall(r"^\s+(?:v?call|callq)\s", loop, re.MULTILINE), "no function is called"
    packed = len(re.findall(r"^\s+v?(?:mul|add|fn?m(?:add|sub)\w+)ps\s", loop, re.MULTILINE))
    single = len(re.findall(r"^\s+v?(?:mul|add|fn?m(?:add|sub)\w+)ss\s", loop, re.MULTILINE))
    assert packed > 100
    assert single <= 12, "numbers of the frame and of the row only"


def by_code(
    op: str, *args: np.ndarray[Any, Any], table: np.ndarray[Any, Any] | None = None, function: Any = "of a test"
) -> np.ndarray[Any, Any]:
    """Evaluate one operation on arrays with the code that the compiler makes for it."""
    text, wide, kind = Text(), 16, "<16 x float>"
    inputs = tuple(node("input", (), f"i{k}") for k in range(len(args)))
    text.line("define void @pass0(ptr %words, ptr %numbers) {")
    text.line("entry:")
    known: tuple[str, ...] = ()
    if table is not None:
        address = text.set(f"inttoptr i64 {table.ctypes.data} to ptr", "table")
        known = (address, str(len(table) - 1))
        if op in ("power", "pieces"):
            known = operands(text, address) if op == "power" else coefficients(text, address, function, wide)
    text.line("  br label %l\nl:")
    text.line("  %i = phi i64 [ 0, %entry ], [ %n, %l ]")
    loaded = {}
    for k, one in enumerate(inputs):
        word = text.set(f"getelementptr ptr, ptr %words, i64 {k}")
        address = text.set(f"getelementptr float, ptr {text.set(f'load ptr, ptr {word}')}, i64 %i")
        loaded[one] = text.set(f"load {kind}, ptr {address}, align 4")
    given = node("table", (), function)
    whole = {"power": (*inputs, given), "pieces": (*inputs, given), "lookup": (given, *inputs)}.get(op, inputs)
    result = Values(text, wide, loaded.__getitem__, lambda _: known).of(node(op, whole))
    target = text.set("getelementptr float, ptr %numbers, i64 %i")
    text.line(f"  store {kind} {result}, ptr {target}, align 4\n  %n = add i64 %i, 16")
    text.line(f"  %c = icmp slt i64 %n, {len(args[0])}\n  br i1 %c, label %l, label %d\nd:\n  ret void\n}}")
    names = {f"declare {kind} @llvm.{name}.v16f32({kind})" for name in ("rint", "fabs", "floor")}
    names |= {f"declare {kind} @llvm.copysign.v16f32({kind}, {kind})", *text.intrinsics}
    code = Machine("\n".join([*text.lines, prelude(text.used, wide), *sorted(names), "!0 = !{}"]))
    out, words = np.empty(len(args[0]), np.float32), np.array([arg.ctypes.data for arg in args], np.int64)
    code.function("pass0")(words.ctypes.data, out.ctypes.data)
    return out


SIZE = 1 << 16
RNG = np.random.default_rng(1)
SMALL, WIDE = (RNG.uniform(-span, span, SIZE).astype(np.float32) for span in (100, 126))
SPREAD = np.exp2(RNG.uniform(-16, 16, SIZE)).astype(np.float32)


@pytest.mark.parametrize(
    ("op", "args", "function", "relative", "absolute"),
    [
        ("exp2", (WIDE,), np.exp2, 5e-7, 0),
        ("log2", (SPREAD,), np.log2, 5e-7, 0),
        ("log2", (1 + SMALL / 1000,), np.log2, 5e-7, 1e-9),
        ("sin", (SMALL,), np.sin, 0, 3e-7),
        ("cos", (SMALL,), np.cos, 0, 3e-7),
        ("tanh", (SMALL / 8,), np.tanh, 0, 5e-7),
        ("expm1", (SMALL / 10,), np.expm1, 1e-6, 0),
        ("expm1", (SMALL / 1e4,), np.expm1, 1e-6, 0),
        ("log1p", (SMALL / 101,), np.log1p, 1e-6, 0),
        ("log1p", (SMALL / 1e4,), np.log1p, 1e-6, 0),
        ("cbrt", (SMALL,), np.cbrt, 2e-6, 0),
        ("atan", (SMALL,), np.arctan, 0, 5e-7),
        ("atan2", (SMALL, WIDE), np.arctan2, 0, 5e-7),
        ("pow", (SPREAD, SMALL / 25), np.power, 4e-6, 0),
    ],
)
def test_functions_have_the_errors_stated(op: str, args: Any, function: Any, relative: float, absolute: float) -> None:
    exact = function(*(arg.astype(np.float64) for arg in args))
    assert (np.abs(by_code(op, *args) - exact) <= absolute + relative * np.abs(exact)).all()


def test_powers_of_nothing_are_nothing() -> None:
    base = np.resize(np.float32([0, -0.0, -1, -1e30]), SIZE)
    assert by_code("pow", base, np.full_like(base, 0.01)).max() < 1e-37
    assert np.allclose(by_code("pow", base, np.zeros_like(base)), 1, rtol=5e-7)


def aligned(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a table in memory as the host gives it to code."""
    whole = np.zeros(len(table) + 16, np.float32)
    result = whole[-whole.ctypes.data % 64 // 4 :][: len(table)]
    result[...] = table
    return result


EXPONENTS = (LEAST, 1 / 2.4, 0.45, 1.0, 2.2, 3.3, MOST)


@pytest.mark.skipif(not has_permutes(), reason="the code is for processors with AVX2")
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_powers_by_polynomial_have_the_error_of_powers(exponent: float) -> None:
    base = np.concatenate([SPREAD, np.exp2(np.arange(-38, 17)).repeat(2), [0, -1, 1e-30, NOTHING / 2, 2e5, 1e30, 0, 0]])
    base = np.resize(base, SIZE).astype(np.float32)
    table = aligned(power_table(exponent))
    exact = np.clip(base, 0, EVERYTHING).astype(np.float64) ** exponent
    exact[base < NOTHING] = 0
    found = by_code("power", base, table=table)
    assert (np.abs(found - exact) <= 4e-6 * exact).all()


def test_lookups_by_code_are_those_of_the_definition() -> None:
    table = RNG.random(4097).astype(np.float32)
    places = np.concatenate([RNG.uniform(-0.1, 1.1, SIZE - 4), [0, 1, np.nan, np.inf]]).astype(np.float32)
    exact = lookup(table.astype(np.float64), places.astype(np.float64))
    exact[-1] = table[-1]
    assert np.allclose(by_code("lookup", places, table=table), exact, rtol=0, atol=4097 * 2e-7)


def test_what_is_needed_anyway_is_a_term_of_sums() -> None:
    total = make("add", make("mul", R, const(0.3)), make("mul", G, const(0.7)))
    bent = make("pow", make("max", total, const(0.1)), const(0.4))
    (found,) = joined([select(make("lt", total, const(0.1)), make("mul", total, const(4.5)), bent)])
    assert found.args[1] is make("mul", total, const(4.5))


def test_a_function_outlives_its_machine() -> None:
    """As when two threads load one run at once: the machine of one is dropped while its functions run."""
    made = Machine(module(lowered("yuv420p", effects.warm()), lanes()))
    code, function = weakref.ref(made._engine), made.function("pass0")
    del made
    gc.collect()
    assert code() is not None
    del function
    gc.collect()
    assert code() is None


def test_code_is_kept_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    text = module(lowered("yuv420p", effects.warm()), lanes())
    assert [Machine(text).cached for _ in range(2)] == [False, True]
    (file,) = (tmp_path / "pointwise").glob("*.o")
    assert (tmp_path / "pointwise" / f"{file.stem}.ll").read_text() == text
    whole = file.read_bytes()
    for damaged in (b"", whole[:40], whole[:-1], whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]):
        file.write_bytes(damaged)
        assert not Machine(text).cached
        assert file.read_bytes() == whole
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(file))  # no folder can be made there
    assert not Machine(text).cached


def test_code_that_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    for number in range(10):
        for kind in ("o", "ll"):
            file = tmp_path / f"{number}.{kind}"
            file.write_bytes(bytes(50))
            os.utime(file, (number, number))
    used(tmp_path / "0.o")
    keep_within(tmp_path, 1000)
    assert len(list(tmp_path.iterdir())) == 20
    (tmp_path / "whole").write_bytes(b"1")
    keep_within(tmp_path, 1000)
    left = {file.stem for file in tmp_path.iterdir()}
    assert left == {"0", "whole", *map(str, range(4, 10))}  # at most three quarters; code and text together
    assert (tmp_path / "0.ll").is_file()
    keep_within(tmp_path, 0)
    assert [file.stem for file in tmp_path.iterdir()] == ["whole"]


def test_new_code_keeps_the_folder_within_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = tmp_path / "pointwise"
    folder.mkdir()
    old = folder / "old.o"
    with old.open("wb") as sparse:
        sparse.truncate(LIMIT)
    os.utime(old, (1, 1))
    text = module(lowered("yuv420p", effects.lift()), lanes())
    assert [Machine(text).cached for _ in range(2)] == [False, True]
    assert not old.exists()
    (file,) = folder.glob("*.o")
    os.utime(file, (1, 1))
    assert Machine(text).cached
    assert file.stat().st_mtime > 1


def test_text_is_the_same_in_every_process() -> None:
    code = """
import hashlib
from lumaloom.frame import FORMATS, FrameSpec
from lumaloom.pointwise.llvm_pieces import operands as coefficients
from lumaloom.pointwise.llvm_power import operands
from lumaloom.pointwise.llvm_source import module
from lumaloom.pointwise.lower import lower
from tests.engine.pointwise_effects import cubic, grainy, stops, warm
spec = FrameSpec(FORMATS["yuv420p"], 64, 32)
text = module(lower([make().stage for make in (stops, warm, cubic, grainy)], spec, spec), 16)
print(hashlib.sha256(text.encode()).hexdigest())
"""
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1


def test_it_is_right_without_wide_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code for the least processor of the family: LLVM splits the vectors."""
    monkeypatch.setattr(machine, "processor", lambda: ("x86-64", "+sse4.1"))
    args = (SPREAD,)
    exact = np.log2(SPREAD.astype(np.float64))
    assert (np.abs(by_code("log2", *args) - exact) <= 5e-7 * np.abs(exact)).all()


def test_a_chain_compiles_to_one_function_per_kind_of_plane() -> None:
    @pointwise(space="luma")
    def third(y: Any) -> Any:
        """Divide."""
        return y / 3

    assert len(lowered("yuv420p", third(), effects.vivid()).passes) == 2
