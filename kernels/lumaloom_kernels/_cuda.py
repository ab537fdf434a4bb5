"""Launches the ``.cu`` kernels on CuPy arrays; CuPy is imported when the first of them runs.

Every function works on the current device and the current stream and returns without waiting.

Memory: kernels allocate nothing. Tables of weights are uploaded when a combination of layout and parameters
is first met, and kept. Scratch memory comes from CuPy's pool, which hands it back to the same stream only;
or from the caller as ``scratch``, a uint8 array of at least `scratch_bytes`.

Graph capture: run the call once before capturing (kernels compile and tables upload then) and pass
``scratch`` while capturing, so that the graph owns the memory that it replays on. `forget` must not be
called while such a graph lives, nor more than 256 other combinations be used.
"""

import importlib
import importlib.util
import threading
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from . import _cuda_plans as plans
from ._checks import Array, Border, OutputError

OPTIONS = ("--std=c++17", "--diag-suppress=177")  # 177: a header's function that a file does not use

_lock = threading.RLock()
_modules: dict[tuple[int, str], Any] = {}
_tables: WeakKeyDictionary[plans.Plan, dict[int, dict[str, Any]]] = WeakKeyDictionary()


def why_unavailable() -> str | None:
    """Return why CUDA can't be used here, with what mends it, or None. Creates no context."""
    if importlib.util.find_spec("cupy") is None:
        return 'CuPy is not installed; pip install "lumaloom[gpu]"'
    try:
        runtime = _cupy().cuda.runtime
        driver, needed = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    except Exception as error:
        return f'CuPy does not load ({_line(error)}); pip install --force-reinstall "lumaloom[gpu]"'
    if driver == 0:
        return "no NVIDIA driver was found; install one for this GPU"
    if driver // 1000 < needed // 1000:
        return f"the NVIDIA driver supports CUDA {_version(driver)}, CuPy needs {_version(needed)}; update the driver"
    try:
        count = runtime.getDeviceCount()
    except Exception as error:
        return f"the NVIDIA driver reports no usable GPU ({_line(error)})"
    return None if count else "the NVIDIA driver reports no GPU"


def devices() -> list[tuple[str, int, str]]:
    """Return name, bytes of memory and compute capability of every device."""
    runtime = _cupy().cuda.runtime
    found = []
    for number in range(runtime.getDeviceCount()):
        properties = runtime.getDeviceProperties(number)
        capability = f"{properties['major']}.{properties['minor']}"
        found.append((properties["name"].decode(), int(properties["totalGlobalMem"]), capability))
    return found


def gaussian_blur(
    src: Array, out: Array, sigma: tuple[float, float], border: Border, *, scratch: Array | None = None
) -> None:
    """Blur ``src`` into ``out``, which must not overlap it. Memory traffic of sigmas up to 3: one read, one write."""
    _call(plans.gaussian_blur, src, out, (sigma, border), scratch)


def box_blur(src: Array, out: Array, radius: tuple[int, int], border: Border, *, scratch: Array | None = None) -> None:
    """Blur ``src`` into ``out`` with a box; integers are exact to the bit."""
    _call(plans.box_blur, src, out, (radius, border), scratch)


def resize(
    src: Array,
    out: Array,
    kind: str,
    box: tuple[float, float, float, float],
    axis_table: plans.AxisTable,
    *,
    scratch: Array | None = None,
) -> None:
    """Resize the region ``box = (x0, y0, x1, y1)`` of ``src`` to the size of ``out``.

    ``axis_table(in_size, out_size, kind, (low, high))``, with the filter's name as ``kind``, gives the starts and
    weights of one axis; it is called once for every new combination.
    """
    _call(plans.resize, src, out, (kind, box, axis_table), scratch)


def scale_offset(src: Array, out: Array, gain: float, offset: float, low: float, high: float) -> None:
    """Compute ``clip(src * gain + offset, low, high)``; pass the limits of integers, infinities for floats."""
    _call(plans.scale_offset, src, out, (gain, offset, low, high), None)


def scratch_bytes(function: Any, src: Array, out: Array, *parameters: Any) -> int:
    """Return the scratch bytes of ``function(src, out, *parameters)``, one of this module's."""
    return _plan(getattr(plans, function.__name__), src, out, parameters).scratch


def forget() -> None:
    """Drop every compiled module and uploaded table."""
    with _lock:
        _modules.clear()
        _tables.clear()


@cache
def source(name: str) -> str:
    """Return the CUDA source of one file with the headers that it includes put in their places."""
    folder = Path(__file__).parent
    lines = []
    for line in (folder / f"{name}.cu").read_text(encoding="utf-8").splitlines():
        if line.startswith("#include "):
            lines.append((folder / line.split('"')[1]).read_text(encoding="utf-8"))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _cupy() -> Any:
    return importlib.import_module("cupy")


def _layout(array: Array) -> plans.Layout | None:
    return plans.layout_of(array.shape, array.strides, array.dtype.name, array.data.ptr)


def _plan(make: Any, src: Array, out: Array, parameters: tuple[Any, ...]) -> plans.Plan:
    layouts = [_layout(array) or _layout(_cupy().empty(array.shape, array.dtype)) for array in (src, out)]
    return make(*layouts, *parameters)  # type: ignore[no-any-return]


def _call(make: Any, src: Array, out: Array, parameters: tuple[Any, ...], scratch: Array | None) -> None:
    cupy = _cupy()
    if _layout(src) is None:
        src = cupy.ascontiguousarray(src)
    target = out if _layout(out) is not None else cupy.empty(out.shape, out.dtype)
    plan: plans.Plan = make(_layout(src), _layout(target), *parameters)
    if plan.scratch and scratch is None:
        scratch = cupy.empty(plan.scratch, "uint8")
    elif plan.scratch and scratch is not None and scratch.nbytes < plan.scratch:
        raise OutputError(f"scratch: expected at least {plan.scratch} bytes, got {scratch.nbytes}")
    _run(cupy, plan, src, target, scratch)
    if target is not out:
        out[...] = target


def _run(cupy: Any, plan: plans.Plan, src: Array, out: Array, scratch: Array | None) -> None:
    import numpy as np

    device = int(cupy.cuda.Device().id)
    tables = _uploaded(cupy, device, plan)
    address = {"src": src.data.ptr, "out": out.data.ptr, "scratch": 0 if scratch is None else scratch.data.ptr}
    for launch in plan.launches:
        arguments = []
        for argument in launch.arguments:
            if isinstance(argument, plans.Pointer):
                base = tables[argument.at].data.ptr if argument.of == "table" else address[argument.of] + argument.at
                argument = np.uint64(base)
            arguments.append(argument)
        module = _module(cupy, device, launch.module)
        module.get_function(launch.kernel)(launch.grid, launch.block, tuple(arguments))


def _module(cupy: Any, device: int, name: str) -> Any:
    key = (device, name)
    if key not in _modules:
        with _lock:
            if key not in _modules:
                _modules[key] = cupy.RawModule(code=source(name), options=OPTIONS)
    return _modules[key]


def _uploaded(cupy: Any, device: int, plan: plans.Plan) -> dict[str, Any]:
    known = _tables.get(plan)
    if known is not None and device in known:
        return known[device]
    with _lock:
        tables = {name: cupy.asarray(table) for name, table in plan.tables.items()}
        if tables:  # other streams may read them next
            cupy.cuda.get_current_stream().synchronize()
        _tables.setdefault(plan, {})[device] = tables
    return tables


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
