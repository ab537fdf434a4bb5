"""What code and which libraries make frames and packets, as text for keys."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import av

from lumaloom.device import cpu, gpus
from lumaloom.jobs.segments.described import UnknowableError, digest
from lumaloom.jobs.segments.terms import BEGAN

_OWN = ("lumaloom", "lumaloom_kernels")
_LIBRARIES = ("av", "numpy", "numba", "llvmlite")
_CUDA_LIBRARIES = ("cupy-cuda13x", "cupy-cuda12x", "cupy")
# Variables that change what code is compiled to.
_VARIABLES = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT", "NUMBA_ENABLE_AVX", "NUMBA_DISABLE_JIT")


@cache
def engine() -> str:
    """Return what tells this engine from every other: its sources, the libraries, the processor.

    Raises:
        UnknowableError: its sources changed since it was loaded.

    """
    libraries = [*map(_version, _LIBRARIES), repr(sorted(av.library_versions.items())), _bundled()]
    return repr(
        (
            [_tree(folder) for name in _OWN for folder in _folders(name)],
            libraries,
            platform.python_version(),
            platform.machine(),
            cpu().model,
            cpu().features,
            [os.environ.get(name) for name in _VARIABLES],
        )
    )


@cache
def graphics() -> str:
    """Return what tells the GPUs and their libraries from others."""
    return repr((gpus(), [_version(name) for name in _CUDA_LIBRARIES]))


@cache
def source_of(name: str) -> str:
    """Return what tells the source of a module from others: of its whole package, and of what it takes from elsewhere.

    Of libraries that are installed the versions count, and the time of their installation.

    Raises:
        UnknowableError: it has no file, as what is typed into a console has none; or the file changed since this
            process began.

    """
    found: dict[str, str] = {}
    waiting = [name]
    while waiting:
        top = waiting.pop().partition(".")[0]
        if top in found or top in _OWN or (top in sys.stdlib_module_names and top != "__main__"):
            continue
        module = sys.modules.get(top)
        file = getattr(module, "__file__", None)
        folders = [Path(folder) for folder in getattr(module, "__path__", ())]
        if not file and not folders:
            if top == name.partition(".")[0]:
                raise UnknowableError(f"code of {name}, which is in no file")
            continue
        if _is_installed(file or str(folders[0])) and top != name.partition(".")[0]:
            found[top] = f"{getattr(module, '__version__', '')} {_stamp(Path(file)) if file else ''}"
            continue
        found[top] = repr([_tree(folder) for folder in folders] or _stamp(Path(file or "")))
        waiting += _uses(top)
    return repr(sorted(found.items()))


def _uses(top: str) -> Iterator[str]:
    """Yield the modules that the loaded modules of a package name."""
    for name, module in tuple(sys.modules.items()):
        if name != top and not name.startswith(f"{top}."):
            continue
        for value in tuple(vars(module).values()):
            used = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if isinstance(used, str):
                yield used


def _is_installed(file: str) -> bool:
    paths = sysconfig.get_paths()
    return any(file.startswith(os.path.join(paths[kind], "")) for kind in ("purelib", "platlib"))


def _folders(name: str) -> list[Path]:
    spec = find_spec(name)
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def _tree(folder: Path) -> str:
    """Return a hash of the names, sizes and times of a folder's files."""
    rows = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != "__pycache__" and not each.startswith("."))
        rows += [(os.path.relpath(place, folder), name, _stamp(Path(place, name))) for name in sorted(names)]
    return digest(repr(rows).encode(errors="surrogateescape"))


def _stamp(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return ""
    if found.st_mtime_ns > BEGAN:
        raise UnknowableError(f"{file}, which changed after it was loaded")
    return f"{found.st_size} {found.st_mtime_ns}"


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _bundled() -> str:
    """Return the names of the libraries that PyAV brings, which have a hash of each in them."""
    folder = Path(av.__file__).parent.parent / "av.libs"
    return repr(sorted(os.listdir(folder))) if folder.is_dir() else ""
