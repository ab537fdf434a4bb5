"""Where compiled kernels are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def kernel_cache() -> tuple[Path | None, str]:
    """Return the folder that compiled CPU kernels are kept in, None where it is memory, and what is wrong, or nothing.

    The kernels take the first that can be written: the folder that NUMBA_CACHE_DIR names, the one beside their
    sources, the user's cache, and a temporary folder of the user's own.
    """
    from lumaloom_kernels import code_folder

    folder, asked = code_folder(), os.environ.get("NUMBA_CACHE_DIR")
    if folder is None:
        return None, "no folder is writable: every run compiles its kernels anew; set NUMBA_CACHE_DIR to a folder"
    if asked and folder.parent != Path(asked):
        return folder, f"NUMBA_CACHE_DIR names {asked}, which is not writable"
    return folder, ""
