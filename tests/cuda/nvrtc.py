"""Compiles CUDA source for a GPU that need not be there, and reads what the assembler says about it."""

import hashlib
import os
import re
from typing import Any, NamedTuple

from tests.cuda.host_shim import build_folder


class Usage(NamedTuple):
    """What one kernel takes."""

    registers: int
    spilled: int  # bytes, stores and loads together
    stack: int
    shared: int


class CompileError(AssertionError):
    """The source does not compile; the message is the compiler's log."""


def _checked(result: tuple[Any, ...], nvrtc: Any) -> Any:
    code, *values = result
    if code != nvrtc.nvrtcResult.NVRTC_SUCCESS:
        raise CompileError(nvrtc.nvrtcGetErrorString(code)[1].decode())
    return values[0] if values else None


def architectures() -> list[int]:
    """Return the architectures that the compiler knows, as 75 for sm_75."""
    from cuda.bindings import nvrtc  # type: ignore[import-untyped]

    _checked(nvrtc.nvrtcGetNumSupportedArchs(), nvrtc)
    return list(_checked(nvrtc.nvrtcGetSupportedArchs(), nvrtc))


def compile_cubin(source: str, architecture: int, options: tuple[str, ...] = ()) -> tuple[bytes, str]:
    """Return machine code and the log of compiler and assembler."""
    from cuda.bindings import nvrtc

    program = _checked(nvrtc.nvrtcCreateProgram(source.encode(), b"kernels.cu", 0, [], []), nvrtc)
    try:
        words = [f"--gpu-architecture=sm_{architecture}", "--ptxas-options=-v", *options]
        result = nvrtc.nvrtcCompileProgram(program, len(words), [word.encode() for word in words])
        log = b" " * _checked(nvrtc.nvrtcGetProgramLogSize(program), nvrtc)
        _checked(nvrtc.nvrtcGetProgramLog(program, log), nvrtc)
        text = log.rstrip(b"\0 ").decode()
        if result[0] != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise CompileError(text)
        code = b" " * _checked(nvrtc.nvrtcGetCUBINSize(program), nvrtc)
        _checked(nvrtc.nvrtcGetCUBIN(program, code), nvrtc)
        return code, text
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def compile_log(source: str, architecture: int, options: tuple[str, ...]) -> str:
    """Return the log of a compilation, which is kept under a hash of all that goes into it."""
    from cuda.bindings import nvrtc

    version = _checked((lambda code, *numbers: (code, numbers))(*nvrtc.nvrtcVersion()), nvrtc)
    key = hashlib.sha256(repr((source, architecture, options, version)).encode()).hexdigest()[:24]
    kept = build_folder() / f"{key}.log"
    if not kept.exists():
        cubin, log = compile_cubin(source, architecture, options)
        assert cubin.startswith(b"\x7fELF")
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(log)
        os.replace(fresh, kept)
    return kept.read_text()


def usage(log: str) -> dict[str, Usage]:
    """Return what each kernel takes, by name, from a log of the assembler."""
    found = {}
    for part in re.split(r"Compiling entry function '", log)[1:]:
        name = part[: part.index("'")]

        def number(pattern: str, text: str = part) -> int:
            return sum(int(value) for value in re.findall(pattern, text))

        found[name] = Usage(
            registers=number(r"Used (\d+) registers"),
            spilled=number(r"(\d+) bytes spill (?:stores|loads)"),
            stack=number(r"(\d+) bytes stack frame"),
            shared=number(r"(\d+) bytes smem"),
        )
    return found
