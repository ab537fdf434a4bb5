"""Where compiled kernels are kept between runs."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path


def kernel_cache() -> tuple[Path, str]:
    """Return the folder that compiled CPU kernels are kept in, and why it can't be written, or an empty string.

    These are numba's rules: the folder that NUMBA_CACHE_DIR names, else beside the kernels' sources, else the
    user's cache.
    """
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return Path(asked), _problem(Path(asked))
    spec = find_spec("lumaloom_kernels")
    candidates = [Path(spec.origin).parent / "__pycache__"] if spec and spec.origin else []
    candidates.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "numba")
    for folder in candidates:
        if not _problem(folder):
            return folder, ""
    return candidates[-1], _problem(candidates[-1])


def _problem(folder: Path) -> str:
    """Return why no file can be made in `folder`, or in the nearest folder above it that exists; else nothing."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return f"not writable ({error.strerror}): every run compiles its kernels anew; set NUMBA_CACHE_DIR to a folder"
    return ""
