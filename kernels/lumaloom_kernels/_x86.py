"""Instructions of x86 processors that LLVM does not find by itself: which there are, and calls of them."""

from functools import cache
from typing import Any

from llvmlite import ir
from numba import config
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features

Choices = tuple[tuple[str, str, int], ...]  # feature, LLVM's name of the instruction, its lanes of 16 bits

ROUNDED_PRODUCTS: Choices = (
    ("avx512bw", "avx512.pmul.hr.sw.512", 32),
    ("avx2", "avx2.pmul.hr.sw", 16),
    ("ssse3", "ssse3.pmul.hr.sw.128", 8),
)
HIGH_PRODUCTS: Choices = (
    ("avx512bw", "avx512.pmulhu.w.512", 32),
    ("avx2", "avx2.pmulhu.w", 16),
    ("sse2", "sse2.pmulhu.w", 8),
)
PAIR_PRODUCTS: Choices = (
    ("avx512bw", "avx512.pmaddw.d.512", 32),
    ("avx2", "avx2.pmadd.wd", 16),
    ("sse2", "sse2.pmadd.wd", 8),
)


@cache
def has(feature: str) -> bool:
    """Tell whether numba compiles for a processor that has this feature."""
    features = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return f"+{feature}" in features.split(",")


def call(builder: Any, name: str, result: ir.Type, *args: Any) -> Any:
    """Write a call of an instruction."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"), args)


def call_in_parts(builder: Any, choices: Choices, first: Any, second: Any, result: Any = None) -> Any | None:
    """Write calls of the first instruction that there is, on parts of two vectors; None where there is none.

    ``result`` is the type of the elements of what it returns, where that is another one.
    """
    name, width = next(((name, width) for feature, name, width in choices if has(feature)), ("", 0))
    if not name:
        return None
    word = ir.IntType(32)
    element = first.type.element
    result = result or element
    vector = ir.VectorType(result, width * element.width // result.width)
    parts = []
    for start in range(0, first.type.count, width):
        mask = ir.Constant(ir.VectorType(word, width), list(range(start, start + width)))
        parts.append(call(builder, name, vector, *(builder.shuffle_vector(v, v, mask) for v in (first, second))))
    while len(parts) > 1:
        count = 2 * parts[0].type.count
        mask = ir.Constant(ir.VectorType(word, count), list(range(count)))
        parts = [builder.shuffle_vector(low, high, mask) for low, high in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]
