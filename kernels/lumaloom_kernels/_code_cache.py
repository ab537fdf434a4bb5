"""Compiled functions on disk, one file each, that no other process, version or damage can turn into wrong code.

numba's own cache has an index beside its files, which two processes that compile at once overwrite for each other
until an entry names the code of another signature, and it takes what a truncated file or an unwritable folder raises
for an error of the call. Here the name of a file says all that its code depends on (sources, numba, LLVM, signature,
processor and its features), a file appears whole under its name or not at all, and begins with a digest of the rest.
Whatever is wrong with a file, the function is compiled anew.
"""

import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from ._code_folder import code_folder

_DIGEST = 32
_folder_of = cache(code_folder)
_VERSIONS = f"{numba.__version__} {llvmlite.__version__} {sys.version}"


class CodeCache(_Cache):  # type: ignore[misc]
    """What numba asks for the code of one function.

    Args:
        function: The function, in a file.
        stamp: A digest of all sources that it is made of.

    """

    def __init__(self, function: Callable[..., Any], stamp: bytes) -> None:
        code = function.__code__
        file = Path(code.co_filename)
        self._folder = _folder_of(file.parent.resolve()) if file.is_file() else None
        self._name = f"{file.stem}.{function.__qualname__.replace('<locals>.', '')}"
        cells = tuple(cell.cell_contents for cell in function.__closure__ or ())
        parts = (stamp, _VERSIONS.encode(), code.co_code, dumps(cells) if cells else b"")
        self._version = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:16]
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        """The folder, None where code is kept in memory alone."""
        return None if self._folder is None else str(self._folder)

    def enable(self) -> None:
        """Read and write files."""
        self._enabled = True

    def disable(self) -> None:
        """Read and write nothing."""
        self._enabled = False

    def flush(self) -> None:
        """Remove all files of the function."""
        self._remove("")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code of a signature, or None where there is none that is whole."""
        # What compiled code calls of numba's. The context's refresh() would also load all that compiling needs, which
        # takes five times as long as reading the code.
        rtsys.initialize(target_context)
        if self._folder is None or not self._enabled:
            return None
        path = self._path(sig, target_context.codegen())
        try:
            kept = path.read_bytes()
            if kept[:_DIGEST] != self._digest(path, kept[_DIGEST:]):
                return None
            return CompileResult._rebuild(target_context, *pickle.loads(kept[_DIGEST:]))
        except Exception:  # a file is never why a kernel fails
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code of a signature, and remove that of former versions of the function."""
        if self._folder is None or not self._enabled or data.lifted or data.library.has_dynamic_globals:
            return
        path = self._path(sig, data.codegen)
        payload = dumps(data._reduce())
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=path.name, suffix=".tmp")
            with open(handle, "wb") as file:
                file.write(self._digest(path, payload) + payload)
            os.replace(temporary, path)
        except OSError:  # a full disk, or a folder that was taken away
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)
            return
        self._remove(self._version)

    def _path(self, sig: Any, codegen: Any) -> Path:
        assert self._folder is not None
        key = sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()[:24]
        return self._folder / f"{self._name}-{self._version}-{key}.code"

    @staticmethod
    def _digest(path: Path, payload: bytes) -> bytes:
        return sha256(path.name.encode() + payload).digest()

    def _remove(self, kept: str) -> None:
        if self._folder is None:
            return
        for file in self._folder.glob(f"{self._name}-*.code"):
            if not kept or not file.name.startswith(f"{self._name}-{kept}-"):
                with suppress(OSError):
                    file.unlink()
