"""From LLVM text to functions: compiled for this processor, kept on disk by content."""

from __future__ import annotations

import ctypes
import os
import tempfile
import threading
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from lumaloom.pointwise.code_limit import keep_within, used

_MAGIC = b"LLPW1\n"
_lock = threading.Lock()


def cache_folder() -> Path:
    """Return the folder of compiled runs: in the one that NUMBA_CACHE_DIR names, else in the user's cache."""
    asked = os.environ.get("NUMBA_CACHE_DIR")
    root = Path(asked) if asked else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lumaloom"
    return root / "pointwise"


@cache
def processor() -> tuple[str, str]:
    """Return name and features that code is made for: this machine's, or what numba was told to use."""
    import llvmlite.binding as llvm

    name = os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    return name, llvm.get_host_cpu_features().flatten() if features is None else features


def lanes() -> int:
    """Return how many floats a vector has: twice what a register holds, so that two are always under way."""
    return 32 if has_wide_permutes() else 16


def has_permutes() -> bool:
    """Whether the processor looks up eight floats within a register (AVX2)."""
    return "+avx2" in processor()[1].split(",")


def has_wide_permutes() -> bool:
    """Whether the processor looks up sixteen floats, or 32 words, within two registers (AVX-512BW)."""
    return "+avx512bw" in processor()[1].split(",")


def _target() -> Any:
    """Return a new target machine: an execution engine owns the one that it is made with."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=name, features=features, opt=3, jit=True)


class Machine:
    """The functions of one module of text, loaded.

    Attributes:
        text: the module.
        cached: whether the code came from disk.

    """

    def __init__(self, text: str) -> None:
        self.text = text
        key = sha256("\0".join((text, *processor(), _versions())).encode()).hexdigest()[:32]
        with _lock:
            code = _kept(key)
            self.cached = code is not None
            if code is None:
                code = compiled(text)
                _keep(key, text, code)
            self._engine = _loaded(code)

    def function(self, name: str) -> Any:
        """Return a function of two addresses; calling it lets other threads run, and it keeps its code alive."""
        function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self._engine.get_function_address(name))
        # Two threads may load one run at once; the machine of one is dropped while its functions run.
        vars(function)["code"] = self._engine
        return function


@cache
def _versions() -> str:
    import llvmlite
    import llvmlite.binding as llvm

    return f"{llvmlite.__version__} {llvm.llvm_version_info}"


def _optimised(text: str) -> Any:
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    machine = _target()
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False  # it is vectors already
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def compiled(text: str) -> bytes:
    """Return the object code of a module."""
    machine = _target()
    return bytes(machine.emit_object(_optimised(text)))


def assembly(text: str) -> str:
    """Return the assembler text of a module, for tests."""
    machine = _target()
    return str(machine.emit_assembly(_optimised(text)))


def _loaded(code: bytes) -> Any:
    import llvmlite.binding as llvm

    empty = llvm.parse_assembly("")
    engine = llvm.create_mcjit_compiler(empty, _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _kept(key: str) -> bytes | None:
    """Return code from disk if it is there whole."""
    file = cache_folder() / f"{key}.o"
    try:
        content = file.read_bytes()
    except OSError:
        return None
    used(file)
    head = len(_MAGIC) + 32
    code = content[head:]
    whole = content.startswith(_MAGIC) and content[len(_MAGIC) : head] == sha256(code).digest()
    return code if whole else None


def _keep(key: str, text: str, code: bytes) -> None:
    """Write code and text to disk under names that appear when the files are whole; a full disk is no failure."""
    folder = cache_folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in ((f"{key}.ll", text.encode()), (f"{key}.o", _MAGIC + sha256(code).digest() + code)):
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                try:
                    file.write(content)
                    file.close()
                    os.replace(file.name, folder / name)
                except OSError:
                    with suppress(OSError):
                        os.unlink(file.name)
                    raise
        keep_within(folder)
