"""Functions of vectors in LLVM's language: polynomials, because a call per lane would cost ten times as much.

Greatest errors, over all of float32 unless a range is given:

==========  =============================================================================
exp2        5e-7 of the value; arguments are kept within -126 to 127.99
log2        5e-7 of the value; 0 and less count as 2**-126
sin, cos    3e-7 within 100, growing with the argument as its own rounding does
tanh        5e-7
expm1       1e-6 of the value; arguments are kept below 88
log1p       1e-6 of the value; -1 and less count as -1 + 2**-126
cbrt        2e-6 of the value
atan, atan2 5e-7
pow(x, y)   exp2(y * log2(x)): 4e-6 of the value for x within 2**-16 to 2**16, y within -4 to 4; of 0 and
            less it is 2**-126 where y > 0, however small
==========  =============================================================================
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable


def literal(value: float) -> str:
    """Return a float32 as LLVM writes it: the bits of the same number in double precision."""
    single = struct.unpack("f", struct.pack("f", max(-3.4028234e38, min(3.4028234e38, value))))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', single))[0]:016X}"


_EXP2 = (1.0000000754895975, 0.693147225398514, 0.24022107374233426, 0.05550297314087092, 0.009676036361733975,
         0.001341000012302539)  # fmt: skip
_LOG2 = (1.442694922398099, -0.7213524875669324, 0.4809311584572271, -0.3602634477904058, 0.2868689838837229,
         -0.24832310759966011, 0.23570885755116952, -0.1497313067830935)  # fmt: skip
SIN = (0.999999995732792, -0.16666657991902079, 0.008333051063210861, -0.00019809075276185084, 2.605224885487978e-06)
_EXP2M1 = (0.6931471880262287, 0.24022650760568132, 0.055503571142201544, 0.00961808255728395,
           0.0013390863364174759, 0.00015453162941980736)  # fmt: skip
_ATAN = (0.9999999863658037, -0.3333309394499526, 0.19993053843084607, -0.14207131499265824, 0.1065466877246303,
         -0.07533657394021773, 0.043039144482179506, -0.016282869054725077, 0.0029035174633920413)  # fmt: skip


def _polynomial(name: str, x: str, coefficients: tuple[float, ...]) -> str:
    """Return lines that compute a polynomial of `x`, named `name`.

    By Estrin's scheme: neighbouring terms are joined in pairs, then the pairs, so that no long chain of operations
    waits for one result after the other.
    """
    lines: list[str] = []
    terms = [f"SPLAT({number})" for number in coefficients]
    power, level = x, 0
    while len(terms) > 1:
        pairs = []
        for k in range(0, len(terms) - 1, 2):
            done = len(terms) == 2
            lines.append(f"  {name}.m{level}.{k} = fmul contract V {terms[k + 1]}, {power}")
            result = name if done else f"{name}.a{level}.{k}"
            lines.append(f"  {result} = fadd contract V {name}.m{level}.{k}, {terms[k]}")
            pairs.append(result)
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
        level += 1
        if len(terms) > 1:
            lines.append(f"  {name}.x{level} = fmul V {power}, {power}")
            power = f"{name}.x{level}"
    return "\n".join(lines)


FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {}
"""Text of every function, with the functions that it calls. V, I and B are vectors of float, i32 and i1."""

FUNCTIONS["exp2"] = (
    (),
    f"""define internal V @exp2(V %x) alwaysinline {{
  %low = fcmp ogt V %x, SPLAT(-126.0)
  %x1 = select B %low, V %x, V SPLAT(-126.0)
  %high = fcmp olt V %x1, SPLAT(127.99)
  %x2 = select B %high, V %x1, V SPLAT(127.99)
  %whole = call V @llvm.rint(V %x2)
  %part = fsub V %x2, %whole
{_polynomial("%p", "%part", _EXP2)}
  %n = fptosi V %whole to I
  %exponent = shl I %n, ISPLAT(23)
  %bits = bitcast V %p to I
  %scaled = add I %bits, %exponent
  %result = bitcast I %scaled to V
  ret V %result
}}""",
)
# Of %x1: the power of two %n and the rest %m, from sqrt(1/2) to sqrt(2).
_PARTS = """  %bits = bitcast V %x1 to I
  %above = sub I %bits, ISPLAT(1060439283)
  %n = ashr I %above, ISPLAT(23)
  %exponent = shl I %n, ISPLAT(23)
  %mantissa = sub I %bits, %exponent
  %m = bitcast I %mantissa to V
"""
FUNCTIONS["log2"] = (
    (),
    f"""define internal V @log2(V %x) alwaysinline {{
  %positive = fcmp ogt V %x, SPLAT(1.1754943508222875e-38)
  %x1 = select B %positive, V %x, V SPLAT(1.1754943508222875e-38)
{_PARTS}  %t = fsub V %m, SPLAT(1.0)
{_polynomial("%p", "%t", _LOG2)}
  %whole = sitofp I %n to V
  %tp = fmul contract V %t, %p
  %result = fadd contract V %tp, %whole
  ret V %result
}}""",
)
FUNCTIONS["pow"] = (
    ("exp2", "log2"),
    """define internal V @pow(V %x, V %y) alwaysinline {
  %l = call V @log2(V %x)
  %some = fcmp ogt V %x, zeroinitializer
  %l1 = select B %some, V %l, V SPLAT(-1e30)
  %yl = fmul V %y, %l1
  %result = call V @exp2(V %yl)
  ret V %result
}""",
)
FUNCTIONS["half_turn"] = (
    (),
    f"""define internal V @half_turn(V %x, V %n, V %shifted) alwaysinline {{
  %r1.m = fmul contract V %shifted, SPLAT(3.140625)
  %r1 = fsub contract V %x, %r1.m
  %r2.m = fmul contract V %shifted, SPLAT(0.0009676535897932795)
  %r = fsub contract V %r1, %r2.m
  %z = fmul V %r, %r
{_polynomial("%p", "%z", SIN)}
  %s = fmul V %r, %p
  %i = fptosi V %n to I
  %sign = shl I %i, ISPLAT(31)
  %bits = bitcast V %s to I
  %turned = xor I %bits, %sign
  %result = bitcast I %turned to V
  ret V %result
}}""",
)
FUNCTIONS["sin"] = (
    ("half_turn",),
    """define internal V @sin(V %x) alwaysinline {
  %turns = fmul V %x, SPLAT(0.3183098861837907)
  %n = call V @llvm.rint(V %turns)
  %result = call V @half_turn(V %x, V %n, V %n)
  ret V %result
}""",
)
FUNCTIONS["cos"] = (
    ("half_turn",),
    """define internal V @cos(V %x) alwaysinline {
  %turns = fmul V %x, SPLAT(0.3183098861837907)
  %less = fsub V %turns, SPLAT(0.5)
  %n = call V @llvm.rint(V %less)
  %middle = fadd V %n, SPLAT(0.5)
  %s = call V @half_turn(V %x, V %n, V %middle)
  %result = fneg V %s
  ret V %result
}""",
)
FUNCTIONS["tanh"] = (
    ("exp2",),
    """define internal V @tanh(V %x) alwaysinline {
  %low = fcmp ogt V %x, SPLAT(-9.0)
  %x1 = select B %low, V %x, V SPLAT(-9.0)
  %high = fcmp olt V %x1, SPLAT(9.0)
  %x2 = select B %high, V %x1, V SPLAT(9.0)
  %twice = fmul V %x2, SPLAT(2.8853900817779268)
  %e = call V @exp2(V %twice)
  %less = fsub V %e, SPLAT(1.0)
  %more = fadd V %e, SPLAT(1.0)
  %result = fdiv V %less, %more
  ret V %result
}""",
)
FUNCTIONS["expm1"] = (
    (),
    f"""define internal V @expm1(V %x) alwaysinline {{
  %t = fmul V %x, SPLAT(1.4426950408889634)
  %low = fcmp ogt V %t, SPLAT(-126.0)
  %t1 = select B %low, V %t, V SPLAT(-126.0)
  %high = fcmp olt V %t1, SPLAT(127.4)
  %t2 = select B %high, V %t1, V SPLAT(127.4)
  %whole = call V @llvm.rint(V %t2)
  %part = fsub V %t2, %whole
{_polynomial("%p", "%part", _EXP2M1)}
  %near = fmul V %part, %p
  %n = fptosi V %whole to I
  %exponent = shl I %n, ISPLAT(23)
  %bits = add I %exponent, ISPLAT(1065353216)
  %scale = bitcast I %bits to V
  %less = fsub V %scale, SPLAT(1.0)
  %scaled = fmul contract V %near, %scale
  %result = fadd contract V %scaled, %less
  ret V %result
}}""",
)
FUNCTIONS["log1p"] = (
    (),
    f"""define internal V @log1p(V %x) alwaysinline {{
  %more = fadd V %x, SPLAT(1.0)
  %positive = fcmp ogt V %more, SPLAT(1.1754943508222875e-38)
  %x1 = select B %positive, V %more, V SPLAT(1.1754943508222875e-38)
{_PARTS}  %rounded = fsub V %m, SPLAT(1.0)
  %whole = sitofp I %n to V
  %near = fcmp oeq V %whole, zeroinitializer
  %t = select B %near, V %x, V %rounded
{_polynomial("%p", "%t", _LOG2)}
  %tp = fmul contract V %t, %p
  %l = fadd contract V %tp, %whole
  %result = fmul V %l, SPLAT(0.6931471805599453)
  ret V %result
}}""",
)
FUNCTIONS["cbrt"] = (
    ("exp2", "log2"),
    """define internal V @cbrt(V %x) alwaysinline {
  %size = call V @llvm.fabs(V %x)
  %l = call V @log2(V %size)
  %third = fmul V %l, SPLAT(0.3333333333333333)
  %e = call V @exp2(V %third)
  %zero = fcmp oeq V %x, zeroinitializer
  %e0 = select B %zero, V zeroinitializer, V %e
  %result = call V @llvm.copysign(V %e0, V %x)
  ret V %result
}""",
)
FUNCTIONS["atan_unit"] = (
    (),
    f"""define internal V @atan_unit(V %x) alwaysinline {{
  %z = fmul V %x, %x
{_polynomial("%p", "%z", _ATAN)}
  %result = fmul V %x, %p
  ret V %result
}}""",
)
FUNCTIONS["atan"] = (
    ("atan2",),
    """define internal V @atan(V %x) alwaysinline {
  %result = call V @atan2(V %x, V SPLAT(1.0))
  ret V %result
}""",
)
FUNCTIONS["atan2"] = (
    ("atan_unit",),
    """define internal V @atan2(V %y, V %x) alwaysinline {
  %ay = call V @llvm.fabs(V %y)
  %ax = call V @llvm.fabs(V %x)
  %steep = fcmp ogt V %ay, %ax
  %small = select B %steep, V %ax, V %ay
  %large = select B %steep, V %ay, V %ax
  %nothing = fcmp oeq V %large, zeroinitializer
  %divisor = select B %nothing, V SPLAT(1.0), V %large
  %ratio = fdiv V %small, %divisor
  %a = call V @atan_unit(V %ratio)
  %rest = fsub V SPLAT(1.5707963267948966), %a
  %a1 = select B %steep, V %rest, V %a
  %left = fcmp olt V %x, zeroinitializer
  %back = fsub V SPLAT(3.141592653589793), %a1
  %a2 = select B %left, V %back, V %a1
  %result = call V @llvm.copysign(V %a2, V %y)
  ret V %result
}""",
)
FUNCTIONS["hash"] = (
    (),
    """define internal V @hash(V %x, V %y, V %frame, V %seed) alwaysinline {
  %fx = call V @llvm.floor(V %x)
  %fy = call V @llvm.floor(V %y)
  %ff = call V @llvm.floor(V %frame)
  %fs = call V @llvm.floor(V %seed)
  %ix = fptosi V %fx to I
  %iy = fptosi V %fy to I
  %if = fptosi V %ff to I
  %is = fptosi V %fs to I
  %kf = mul I %if, ISPLAT(2654435761)
  %ks = mul I %is, ISPLAT(2246822519)
  %key = add I %kf, %ks
  %ky = mul I %iy, ISPLAT(3266489917)
  %row0 = add I %ky, %key
  %row = call I @mix(I %row0)
  %kx = mul I %ix, ISPLAT(668265263)
  %all = add I %kx, %row
  %mixed = call I @mix(I %all)
  %top = lshr I %mixed, ISPLAT(8)
  %value = sitofp I %top to V
  %result = fmul V %value, SPLAT(5.9604644775390625e-08)
  ret V %result
}

define internal I @mix(I %h) alwaysinline {
  %s1 = lshr I %h, ISPLAT(15)
  %x1 = xor I %h, %s1
  %m1 = mul I %x1, ISPLAT(739982445)
  %s2 = lshr I %m1, ISPLAT(12)
  %x2 = xor I %m1, %s2
  %m2 = mul I %x2, ISPLAT(695872825)
  %s3 = lshr I %m2, ISPLAT(15)
  %x3 = xor I %m2, %s3
  ret I %x3
}""",
)


def prelude(used: Iterable[str], lanes: int) -> str:
    """Return the functions with these names and what they call, for vectors of so many lanes."""
    wanted: dict[str, None] = {}
    open_ends = list(used)
    while open_ends:
        name = open_ends.pop()
        if name in FUNCTIONS and name not in wanted:
            wanted[name] = None
            open_ends += FUNCTIONS[name][0]
    return "\n\n".join(filled(FUNCTIONS[name][1], lanes) for name in sorted(wanted))


def filled(text: str, lanes: int) -> str:
    """Return text with the short names of types and constants replaced by LLVM's."""
    text = re.sub(r"ISPLAT\((\d+)\)", lambda m: f"splat (i32 {int(m[1]) - (1 << 32) * (int(m[1]) >> 31)})", text)
    text = re.sub(r"SPLAT\(([^)]*)\)", lambda m: f"splat (float {literal(float(m[1]))})", text)
    for short, kind in (("V", "float"), ("I", "i32"), ("B", "i1")):
        text = re.sub(rf"(?<![\w.@%]){short}(?!\w)", f"<{lanes} x {kind}>", text)
    return re.sub(r"@llvm\.(\w+)\(", rf"@llvm.\1.v{lanes}f32(", text)
