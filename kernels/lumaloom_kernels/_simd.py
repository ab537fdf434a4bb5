"""Explicit vectors for numba kernels, where the compiler does not find the packed form by itself.

The vectors have a fixed number of lanes whatever the processor: 512 bits, which LLVM splits into the
widest registers there are. Memory is given by address (an int64), so that one compiled signature
serves every stride and layout; the caller keeps the arrays alive and in range.

==========  ==========================================
``U16``     32 lanes of uint16, wrapping
``F32``     16 lanes of float32
==========  ==========================================

A ``kind`` argument is any scalar of a pixel type (uint8, uint16, float32): its type alone chooses how
pixels are loaded and stored.
"""

import re
from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from inspect import signature
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

from ._code_cache import CodeCache
from ._x86 import HIGH_PRODUCTS, call_in_parts

LANES_U16 = 32
LANES_F32 = 16

_IMPORTS = re.compile(rb"^\s*from \.(.*?import (?:\([^)]*\)|.*))", re.MULTILINE)
_WORDS = re.compile(rb"\w+")

Codegen = Callable[[Any, Any, Any, Any], Any]


def jit(function: Callable[..., Any], *, nogil: bool = True) -> Callable[..., Any]:
    """Compile at first use, keep the code on disk, run without the GIL unless told otherwise."""
    compiled = njit(nogil=nogil, error_model="numpy", no_cfunc_wrapper=True)(function)
    compiled._cache = CodeCache(function, source_stamp(function))
    return compiled  # type: ignore[no-any-return]


def entry(compiled: Callable[..., Any], *args: Any) -> Callable[..., Any]:
    """Return what runs a compiled function for arguments of the types that these have, and of no others.

    A call spares the search by types. Nothing checks them: the caller answers for them.
    """
    found: Any = compiled
    return found.compile(tuple(map(found.typeof_pyval, args)))  # type: ignore[no-any-return]


@cache
def _file_of_package(name: str) -> tuple[bytes, frozenset[str]]:
    """Return a digest of a file of this package, and which of its neighbours it imports."""
    folder = Path(__file__).parent
    text = (folder / f"{name}.py").read_bytes()
    words = {word.decode() for line in _IMPORTS.findall(text) for word in _WORDS.findall(line)}
    return sha256(text).digest(), frozenset(word for word in words if (folder / f"{word}.py").is_file())


def source_stamp(function: Callable[..., Any]) -> bytes:
    """Return a digest of the files that a compiled function can be made of.

    Those are its own file (which numba looks at too) and what that imports of this package, directly or not; for
    a function of another package, all of this one. The imports are read from the text, because what an intrinsic
    uses leaves no trace in the compiled function.
    """
    own, folder = Path(function.__code__.co_filename), Path(__file__).parent
    inside = own.parent == folder
    found = set[str]()
    open_ends = [own.stem] if inside else [file.stem for file in folder.glob("*.py")]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends += _file_of_package(name)[1]
    outside = [] if inside or not own.is_file() else [sha256(own.read_bytes()).digest()]
    return sha256(b"".join([*outside, *(_file_of_package(name)[0] for name in sorted(found))])).digest()


def intrinsic(function: Callable[..., tuple[Any, Codegen]]) -> Callable[..., Any]:
    """Make a function that compiled code calls, without the first argument, and that writes its LLVM code.

    Its integers must come as integers: numba turns sums of signed and unsigned ones into float64.
    """
    names = list(signature(function).parameters)[1:]

    @wraps(function)
    def checked(typingctx: Any, *args: Any) -> tuple[Any, Codegen]:
        for name, kind in zip(names, args, strict=True):
            if name in ("address", "target", "source", "count") and not isinstance(kind, types.Integer):
                raise TypeError(f"{function.__name__}: {name} must be an integer, not {kind}")
        return function(typingctx, *args)

    return numba_intrinsic(checked)  # type: ignore[no-any-return]


class Vector(types.Type):  # type: ignore[misc]
    """A numba type that is one LLVM vector."""

    def __init__(self, name: str, element: ir.Type, lanes: int) -> None:
        super().__init__(name=name)
        self.vector = ir.VectorType(element, lanes)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, kind.vector)


_I8, _I16, _I32, _FLOAT = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType()
U16 = Vector("u16x32", _I16, LANES_U16)
F32 = Vector("f32x16", _FLOAT, LANES_F32)
_ELEMENTS = {types.uint8: _I8, types.uint16: _I16, types.float32: _FLOAT}
_CONTRACT = ("contract",)


def _many(element: ir.Type, lanes: int) -> ir.VectorType:
    return ir.VectorType(element, lanes)


def _splat(element: ir.Type, lanes: int, value: float) -> ir.Constant:
    return ir.Constant(_many(element, lanes), [value] * lanes)


def _load(builder: Any, address: Any, vector: ir.VectorType) -> Any:
    return builder.load(builder.inttoptr(address, vector.as_pointer()), align=1)


def _store(builder: Any, address: Any, value: Any) -> None:
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


def _broadcast(builder: Any, scalar: Any, lanes: int) -> Any:
    vector = _many(scalar.type, lanes)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), _splat(_I32, lanes, 0))


@intrinsic
def address_of(typingctx: Any, array: Any) -> tuple[Any, Codegen]:
    """Return the address of an array's first element, as the signed integer that indices are."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), codegen


@intrinsic
def u16_load(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load 32 uint16."""
    return U16(types.int64), lambda c, b, s, a: _load(b, a[0], U16.vector)


@intrinsic
def u16_load_u8(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load 32 uint8 and widen them."""
    return U16(types.int64), lambda c, b, s, a: b.zext(_load(b, a[0], _many(_I8, LANES_U16)), U16.vector)


@intrinsic
def u16_store(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 32 uint16."""
    return types.void(types.int64, U16), lambda c, b, s, a: _store(b, a[0], a[1])


@intrinsic
def u16_store_u8(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store the low bytes of 32 uint16."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        _store(builder, args[0], builder.trunc(args[1], _many(_I8, LANES_U16)))

    return types.void(types.int64, U16), codegen


@intrinsic
def u16_store_f32(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 32 uint16, divided by 128, as float32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        wide = builder.sitofp(builder.zext(args[1], _many(_I32, LANES_U16)), _many(_FLOAT, LANES_U16))
        _store(builder, args[0], builder.fmul(wide, _splat(_FLOAT, LANES_U16, 1 / 128)))

    return types.void(types.int64, U16), codegen


@intrinsic
def u16_min(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Return the smaller."""
    return U16(U16, U16), lambda c, b, s, a: b.select(b.icmp_unsigned("<", a[0], a[1]), a[0], a[1])


@intrinsic
def u16_splat(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Put one integer into all lanes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], signature.args[0], types.uint16)
        return _broadcast(builder, number, LANES_U16)

    return U16(value), codegen


@intrinsic
def u16_add(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Add."""
    return U16(U16, U16), lambda c, b, s, a: b.add(a[0], a[1])


@intrinsic
def u16_shl7(typingctx: Any, a: Any) -> tuple[Any, Codegen]:
    """Multiply by 128."""
    return U16(U16), lambda c, b, s, a: b.shl(a[0], _splat(_I16, LANES_U16, 7))


@intrinsic
def u16_shr7(typingctx: Any, a: Any) -> tuple[Any, Codegen]:
    """Divide by 128."""
    return U16(U16), lambda c, b, s, a: b.lshr(a[0], _splat(_I16, LANES_U16, 7))


@intrinsic
def u16_sub(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Subtract."""
    return U16(U16, U16), lambda c, b, s, a: b.sub(a[0], a[1])


@intrinsic
def u16_shr(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Shift right by 0 to 15."""
    return U16(U16, U16), lambda c, b, s, a: b.lshr(a[0], a[1])


@intrinsic
def u16_mulhi(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Return the high half of the 32-bit products."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # LLVM knows the instruction, but misses it where it has moved the widening of a factor out of a loop
        found = call_in_parts(builder, HIGH_PRODUCTS, *args)
        if found is not None:
            return found
        wide = _many(_I32, LANES_U16)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, _splat(_I32, LANES_U16, 16)), U16.vector)

    return U16(U16, U16), codegen


@intrinsic
def f32_splat(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Put one float32 into all lanes."""
    return F32(types.float32), lambda c, b, s, a: _broadcast(b, a[0], LANES_F32)


@intrinsic
def f32_load(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load 16 float32."""
    return F32(types.int64), lambda c, b, s, a: _load(b, a[0], F32.vector)


@intrinsic
def f32_store(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 16 float32."""
    return types.void(types.int64, F32), lambda c, b, s, a: _store(b, a[0], a[1])


@intrinsic
def f32_add(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Add."""
    return F32(F32, F32), lambda c, b, s, a: b.fadd(a[0], a[1], flags=_CONTRACT)


@intrinsic
def f32_mul(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Multiply; an addition of the product becomes a fused multiply-add where there is one."""
    return F32(F32, F32), lambda c, b, s, a: b.fmul(a[0], a[1], flags=_CONTRACT)


@intrinsic
def pixels_load(typingctx: Any, address: Any, kind: Any) -> tuple[Any, Codegen]:
    """Load 16 pixels of a kind as float32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        raw = _load(builder, args[0], _many(_ELEMENTS[kind], LANES_F32))
        if kind == types.float32:
            return raw
        return builder.sitofp(builder.zext(raw, _many(_I32, LANES_F32)), F32.vector)

    return F32(types.int64, kind), codegen


@intrinsic
def pixels_store(typingctx: Any, address: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store 16 float32 as pixels of a kind; integers round half up and stay in their range."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        value = args[1]
        if kind != types.float32:
            element = _ELEMENTS[kind]
            zero = _splat(_FLOAT, LANES_F32, 0.0)
            top = _splat(_FLOAT, LANES_F32, float(2**element.width - 1))
            value = builder.fadd(value, _splat(_FLOAT, LANES_F32, 0.5))
            value = builder.select(builder.fcmp_ordered(">", value, zero), value, zero)
            value = builder.select(builder.fcmp_ordered("<", value, top), value, top)
            whole = builder.fptosi(value, _many(_I32, LANES_F32))
            value = builder.trunc(whole, _many(element, LANES_F32))
        _store(builder, args[0], value)

    return types.void(types.int64, F32, kind), codegen


@intrinsic
def copy_bytes(typingctx: Any, target: Any, source: Any, count: Any) -> tuple[Any, Codegen]:
    """Copy bytes between addresses that do not overlap."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        pointer = ir.PointerType(_I8)
        to, origin = (builder.inttoptr(address, pointer) for address in args[:2])
        function = builder.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, ir.IntType(64)])
        builder.call(function, [to, origin, args[2], ir.Constant(ir.IntType(1), 0)])

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def pixel_load(typingctx: Any, address: Any, kind: Any) -> tuple[Any, Codegen]:
    """Load one value of a kind as float32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        raw = builder.load(builder.inttoptr(args[0], _ELEMENTS[kind].as_pointer()), align=1)
        return raw if kind == types.float32 else builder.uitofp(raw, _FLOAT)

    return types.float32(types.int64, kind), codegen


@intrinsic
def pixel_size(typingctx: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return the bytes of one value of a kind."""
    return types.int64(kind), lambda c, b, s, a: ir.Constant(ir.IntType(64), kind.bitwidth // 8)


@intrinsic
def pixel_copy(typingctx: Any, target: Any, source: Any, kind: Any) -> tuple[Any, Codegen]:
    """Copy four values of a kind; a run of pixels with fewer channels is copied in rising order."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        _store(builder, args[0], _load(builder, args[1], _many(_ELEMENTS[kind], 4)))

    return types.void(types.int64, types.int64, kind), codegen


def _prefetch(builder: Any, address: Any, write: int) -> None:
    pointer = ir.PointerType(_I8)
    kind = ir.FunctionType(ir.VoidType(), [pointer, _I32, _I32, _I32])
    function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
    words = [ir.Constant(_I32, number) for number in (write, 3, 1)]
    builder.call(function, [builder.inttoptr(address, pointer), *words])


@intrinsic
def prefetch(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Ask for the cache line of an address, which need not be valid."""
    return types.void(types.int64), lambda c, b, s, a: _prefetch(b, a[0], 0)


@intrinsic
def prefetch_write(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Ask for the cache line of an address that will be written, which need not be valid."""
    return types.void(types.int64), lambda c, b, s, a: _prefetch(b, a[0], 1)
