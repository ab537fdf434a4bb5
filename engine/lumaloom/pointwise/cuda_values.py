"""Nodes of a graph as CUDA C++, and the functions that kernels call."""

from __future__ import annotations

import numpy as np

from lumaloom.pointwise.ir import Node, reach

PRELUDE = """// Made by lumaloom's pointwise compiler.
namespace {

template <int COUNT, int INDEX, int SHIFT, class T>
__device__ __forceinline__ float sample(const T* plane, long long pitch, int x, int y) {
    const T value = ((const T*)((const char*)plane + y * pitch))[x * COUNT + INDEX];
    if constexpr (SHIFT > 0) return (float)(value >> SHIFT);
    return (float)value;
}

// A channel at a pixel of the full size. Where chroma sits on one pixel of a pair the other gets the mean of two.
template <int COUNT, int INDEX, int SHIFT, int SUB_X, int SUB_Y, int SITED_X, int SITED_Y, class T>
__device__ __forceinline__ float full(const T* plane, long long pitch, int px, int py, int width, int height) {
    const int columns = (width + SUB_X) >> SUB_X, rows = (height + SUB_Y) >> SUB_Y;
    const int x = min(px >> SUB_X, columns - 1), y = min(py >> SUB_Y, rows - 1);
    const int next = SUB_X && SITED_X && (px & 1) ? min(x + 1, columns - 1) : x;
    int near = y;
    if (SUB_Y && SITED_Y < 0 && (py & 1)) near = min(y + 1, rows - 1);
    if (SUB_Y && SITED_Y > 0 && !(py & 1)) near = max(y - 1, 0);
    float value = sample<COUNT, INDEX, SHIFT>(plane, pitch, x, y);
    if (SUB_X && SITED_X) value = 0.5f * (value + sample<COUNT, INDEX, SHIFT>(plane, pitch, next, y));
    if (SUB_Y && SITED_Y != 0) {
        float other = sample<COUNT, INDEX, SHIFT>(plane, pitch, x, near);
        if (SUB_X && SITED_X) other = 0.5f * (other + sample<COUNT, INDEX, SHIFT>(plane, pitch, next, near));
        value = 0.5f * (value + other);
    }
    return value;
}

// Whole numbers come with the half for rounding added; peak below 0 stands for float samples.
template <int COUNT, int INDEX, int SHIFT, class T>
__device__ __forceinline__ void store(T* plane, long long pitch, int x, int y, float value, float peak) {
    if (peak >= 0) {
        value = value > 0.0f ? value : 0.0f;
        value = value < peak ? value : peak;
    }
    T& target = ((T*)((char*)plane + y * pitch))[x * COUNT + INDEX];
    if constexpr (SHIFT > 0) target = (T)((int)value << SHIFT);
    else target = (T)value;
}

__device__ __forceinline__ float pw_min(float a, float b) { return a < b ? a : b; }
__device__ __forceinline__ float pw_max(float a, float b) { return a > b ? a : b; }
__device__ __forceinline__ float pw_exp2(float x) { return exp2f(pw_min(pw_max(x, -126.0f), 127.99f)); }
__device__ __forceinline__ float pw_log2(float x) { return log2f(pw_max(x, 1.17549435e-38f)); }
__device__ __forceinline__ float pw_pow(float x, float y) { return pw_exp2(y * pw_log2(x)); }

__device__ __forceinline__ unsigned mix(unsigned h) {
    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    return h ^ (h >> 15);
}

__device__ __forceinline__ float hash(float x, float y, float frame, float seed) {
    const unsigned key = (unsigned)(int)floorf(frame) * 0x9E3779B1u + (unsigned)(int)floorf(seed) * 0x85EBCA77u;
    const unsigned row = mix((unsigned)(int)floorf(y) * 0xC2B2AE3Du + key);
    return (float)(mix((unsigned)(int)floorf(x) * 0x27D4EB2Fu + row) >> 8) * 5.9604644775390625e-8f;
}

__device__ __forceinline__ float place(float value, int last, int& index) {
    const float at = (value > 0.0f ? (value < 1.0f ? value : 1.0f) : 0.0f) * last;
    index = min((int)at, last - 1);
    return at - index;
}

__device__ __forceinline__ float lookup(const float* table, int last, float value) {
    int index;
    const float share = place(value, last, index);
    const float low = table[index];
    return low + (table[index + 1] - low) * share;
}

struct Rgb { float c[3]; };

__device__ __forceinline__ Rgb lookup3(const float* table, int last, float r, float g, float b) {
    int ir, ig, ib;
    float x = place(r, last, ir), y = place(g, last, ig), z = place(b, last, ib);
    const int side = last + 1;
    int sx = side * side, sy = side, sz = 1;
    const int base = (ir * side + ig) * side + ib, far = base + sx + sy + sz;
    if (x < y) { const float t = x; x = y; y = t; const int s = sx; sx = sy; sy = s; }
    if (y < z) { const float t = y; y = z; z = t; const int s = sy; sy = sz; sz = s; }
    if (x < y) { const float t = x; x = y; y = t; const int s = sx; sx = sy; sy = s; }
    const float* c0 = table + 4 * base;
    const float* c1 = c0 + 4 * sx;
    const float* c2 = c1 + 4 * sy;
    const float* c3 = table + 4 * far;
    Rgb result;
    for (int k = 0; k < 3; ++k) result.c[k] = c0[k] * (1 - x) + c1[k] * (x - y) + c2[k] * (y - z) + c3[k] * z;
    return result;
}

}  // namespace

"""

_FORMS = {
    "neg": "-{}", "abs": "fabsf({})", "sqrt": "sqrtf({})", "floor": "floorf({})", "ceil": "ceilf({})",
    "rint": "rintf({})", "trunc": "truncf({})", "exp2": "pw_exp2({})", "log2": "pw_log2({})", "sin": "sinf({})",
    "cos": "cosf({})", "tanh": "tanhf({})", "cbrt": "cbrtf({})", "atan": "atanf({})", "add": "{} + {}",
    "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "min": "pw_min({}, {})", "max": "pw_max({}, {})",
    "pow": "pw_pow({}, {})", "atan2": "atan2f({}, {})", "lt": "{} < {}", "le": "{} <= {}", "eq": "{} == {}",
    "ne": "{} != {}", "and": "{} && {}", "or": "{} || {}", "xor": "({}) != ({})", "not": "!({})",
    "select": "{} ? {} : {}", "hash": "hash({}, {}, {}, {})",
}  # fmt: skip


class Body:
    """Statements that compute nodes.

    Args:
        numbers: names of uniform nodes, by id.
        tables: ids of the tables' nodes, in order.

    """

    def __init__(self, numbers: dict[int, str], tables: list[int]) -> None:
        self.lines: list[str] = []
        self.numbers, self.tables = numbers, tables
        self._known: dict[Node, str] = {}
        self._cubes: dict[tuple[Node, ...], str] = {}

    def of(self, root: Node) -> str:
        """Return the name of a node's value, after the statements that make it."""
        for here in reach([root]):
            if here not in self._known and (here.varying or here.op == "const" or id(here) in self.numbers):
                self._known[here] = self._made(here)
        return self._known[root]

    def _made(self, here: Node) -> str:
        number = here.number
        if number is not None:
            single = float(np.float32(max(-3.4e38, min(3.4e38, number))))
            return f"{single!r}f" if single >= 0 else f"({single!r}f)"
        if not here.varying:
            return self.numbers[id(here)]
        if here.op == "input":
            return str(here.data).replace("raw ", "raw_") if str(here.data).startswith("raw ") else f"in_{here.data}"
        name = f"v{len(self.lines)}"
        args = [self._known[arg] for arg in here.args if arg.op != "table"]
        if here.op in ("lookup", "lookup3"):
            table = self.tables.index(id(here.args[0]))
            call = f"{here.op}(table{table}, table{table}_last, {', '.join(args)})"
            if here.op == "lookup3":
                if here.args not in self._cubes:
                    self._cubes[here.args] = name
                    self.lines.append(f"const Rgb {name} = {call};")
                return f"{self._cubes[here.args]}.c[{here.data}]"
        else:
            call = _FORMS[here.op].format(*args)
        self.lines.append(f"const {'bool' if here.is_bool else 'float'} {name} = {call};")
        return name
