"""What code and which libraries make frames and packets, as text for keys."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import av

from lumaloom.device import cpu, gpus
from lumaloom.jobs.segments.sources import OWN, looked_at

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
            [looked_at(folder) for name in OWN for folder in _folders(name)],
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


def _folders(name: str) -> list[Path]:
    spec = find_spec(name)
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _bundled() -> str:
    """Return the names of the libraries that PyAV brings, which have a hash of each in them."""
    folder = Path(av.__file__).parent.parent / "av.libs"
    return repr(sorted(os.listdir(folder))) if folder.is_dir() else ""
