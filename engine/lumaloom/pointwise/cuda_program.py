"""A run of stages on a GPU: the kernels of `cuda_source`, launched through CuPy on the current stream."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from lumaloom.frame import Array, Frame
from lumaloom.pointwise.cuda_source import COLUMNS, rows, source
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.settled import Numbers, Settled, word_of
from lumaloom.pointwise.stage import Stage

OPTIONS = ("--std=c++17", "--diag-suppress=177")  # 177: a function of the header that a run does not use
_BLOCK = (32, 8)
_KEPT_TABLES = 8


class CudaProgram:
    """Compiled passes over planes on a device; compiled once a device, when first run.

    Attributes:
        lowered: what the code was made from.
        source: the code.

    """

    def __init__(self, lowered: Lowered, settled: Settled | None = None) -> None:
        self.lowered, self.source = lowered, source(lowered)
        self._settled = settled or Settled(lowered)
        self._lock = threading.Lock()
        self._kernels: dict[int, list[Any]] = {}
        self._tables: dict[tuple[int, int], tuple[Numbers, Array]] = {}

    def run(
        self,
        stages: Sequence[Stage],
        src: Frame,
        out: Frame,
        shown: Frame | None = None,
        beside: Beside = NOTHING,
    ) -> None:
        """Queue the work that writes every sample of `out` from `src`, as `Program.run` does."""
        import cupy

        for plane, number in self.lowered.copies:
            out.planes[number][...] = src.planes[plane]
        if not self.lowered.passes:
            return
        ready = self._settled.of(stages, shown or src, beside)
        assert ready is not None
        numbers, tables, _ = ready
        device = int(cupy.cuda.Device().id)
        sources = [plane if _packed(plane) else cupy.ascontiguousarray(plane) for plane in src.planes]
        targets = [plane if _packed(plane) else cupy.empty(plane.shape, plane.dtype) for plane in out.planes]
        words: list[Any] = []
        for plane in (*sources, *targets):
            words += [np.uint64(plane.data.ptr), np.int32(plane.strides[0])]
        for table in tables:
            whole: Any = table.base if _is_part(table) else table
            start = self._table(cupy, device, whole).data.ptr + table.ctypes.data - whole.ctypes.data
            words += [np.uint64(start), np.int32(word_of(table))]
        words += list(numbers[: len(self.lowered.numbers)])
        for part, kernel in zip(self.lowered.passes, self._loaded(cupy, device), strict=True):
            height, width = targets[part.planes[0]].shape[:2] if part.native else (out.height, out.width)
            cells = -(-width // COLUMNS), -(-height // rows(self.lowered, part))
            grid = tuple(-(-count // size) for count, size in zip(cells, _BLOCK, strict=True))
            kernel(grid, _BLOCK, (np.int32(width), np.int32(height), *words))
        for number in {plane for part in self.lowered.passes for plane in part.planes}:
            if targets[number] is not out.planes[number]:
                out.planes[number][...] = targets[number]

    def _loaded(self, cupy: Any, device: int) -> list[Any]:
        with self._lock:
            if device not in self._kernels:
                module = cupy.RawModule(code=self.source, options=OPTIONS)
                count = len(self.lowered.passes)
                self._kernels[device] = [module.get_function(f"pass{k}") for k in range(count)]
            return self._kernels[device]

    def _table(self, cupy: Any, device: int, table: Numbers) -> Array:
        """Return a table on the device; recent ones are kept, with the host's, so that its identity names it."""
        key = device, id(table)
        with self._lock:
            if key not in self._tables:
                while len(self._tables) >= _KEPT_TABLES * max(len(self.lowered.tables), 1):
                    del self._tables[next(iter(self._tables))]
                self._tables[key] = table, cupy.asarray(table)
                cupy.cuda.get_current_stream().synchronize()  # other streams may read it next
            return self._tables[key][1]


def _is_part(table: Numbers) -> bool:
    """Whether a table is a view of a larger one, of which other frames read other parts."""
    return table.ndim == 3 and not table.flags.c_contiguous


def _packed(plane: Array) -> bool:
    size = plane.itemsize
    return bool(plane.strides[1:] == ((size,) if plane.ndim == 2 else (plane.shape[2] * size, size)))
