"""Launches the kernels of a run on CuPy arrays, on the current device and stream, without waiting."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from lumaloom.frame import Frame
from lumaloom.pointwise.cuda_source import BLOCK, Pointer, launches, resolved, source

if TYPE_CHECKING:
    from lumaloom.pointwise.program import Program, Settled

_OPTIONS = ("--std=c++17",)
_lock = threading.RLock()
_modules: WeakKeyDictionary[Program, dict[int, Any]] = WeakKeyDictionary()
_tables: WeakKeyDictionary[Program, dict[int, tuple[Any, list[Any]]]] = WeakKeyDictionary()


def run(program: Program, settled: Settled, src: Frame, out: Frame) -> None:
    """Write every sample of `out` from `src`; both have planes on the device."""
    cupy = importlib.import_module("cupy")
    lowered = program.lowered
    numbers, tables = settled
    for before, after in lowered.copies:
        out.planes[after][...] = src.planes[before]
    arrays = {Pointer("src", k): _packed(cupy, plane) for k, plane in enumerate(src.planes)}
    targets = {k: out.planes[k] for part in lowered.passes for k in part.planes}
    arrays |= {
        Pointer("out", k): plane if _is_packed(plane) else cupy.empty(plane.shape, plane.dtype)
        for k, plane in targets.items()
    }
    uploaded = _uploaded(cupy, program, tables)
    arrays |= {Pointer("table", k): table for k, table in enumerate(uploaded)}
    module = _module(cupy, program)
    size, lasts = (src.width, src.height), [last for _, last in tables]
    for launch in launches(lowered, size, numbers, lambda place: int(arrays[place].strides[0]), lasts):
        words = tuple(resolved(word, lambda place: np.uint64(arrays[place].data.ptr)) for word in launch.arguments)
        module.get_function(launch.kernel)(launch.grid, BLOCK, words)
    for k, plane in targets.items():
        made = arrays[Pointer("out", k)]
        if made is not plane:
            plane[...] = made


def _is_packed(plane: Any) -> bool:
    size = plane.dtype.itemsize
    return tuple(plane.strides[1:]) == ((size,) if plane.ndim == 2 else (plane.shape[2] * size, size))


def _packed(cupy: Any, plane: Any) -> Any:
    return plane if _is_packed(plane) else cupy.ascontiguousarray(plane)


def _module(cupy: Any, program: Program) -> Any:
    with _lock:
        known, device = _modules.setdefault(program, {}), int(cupy.cuda.Device().id)
        if device not in known:
            known[device] = cupy.RawModule(code=source(program.lowered), options=_OPTIONS)
        return known[device]


def _uploaded(cupy: Any, program: Program, tables: Any) -> list[Any]:
    """Return tables on the device; those of the last set of parameters are there already."""
    if not tables:
        return []
    with _lock:
        known, device = _tables.setdefault(program, {}), int(cupy.cuda.Device().id)
        if device not in known or known[device][0] is not tables:
            known[device] = (tables, [cupy.asarray(table) for table, _ in tables])
            cupy.cuda.get_current_stream().synchronize()  # other streams may read them next
        return known[device][1]
