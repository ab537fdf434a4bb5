"""Compiles CUDA sources as C++ and runs their kernels in a child process.

``Program(source).run(...)`` has what a launch has: kernel, grid, block and arguments. `SANITIZE` as ``checks``
builds with the address sanitizer and parts of the undefined behaviour sanitizer (misaligned vector access
among them, which a GPU answers with an error too). Builds are kept in a folder of the temporary directory
under a hash of everything that goes into them.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SHIM = Path(__file__).parent / "shim"
FLAGS = ("-std=c++17", "-O1", "-g1", "-fno-strict-aliasing", "-Wall", "-Wno-unknown-pragmas", "-Wno-unused-function")
SANITIZE = ("-fsanitize=address,alignment,bounds,signed-integer-overflow,shift", "-fno-sanitize-recover=all")
KERNEL = re.compile(r'extern\s+"C"\s+void\s+(\w+)\s*\(')


class KernelCrashError(AssertionError):
    """A kernel broke a rule on the host; the message holds what the shim or a sanitizer said."""


class Address(NamedTuple):
    """An argument that points ``offset`` bytes into the buffer of that index."""

    buffer: int
    offset: int


def compiler() -> str | None:
    """Return the C++ compiler, if there is one."""
    return shutil.which("g++")


def build_folder() -> Path:
    """Return the folder that keeps builds from one run to the next."""
    folder = Path(tempfile.gettempdir()) / f"lumaloom-shim-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to somebody else")
    return folder


def build(source: str, checks: Sequence[str] = ()) -> Path:
    """Return the executable that serves the kernels of a source text."""
    headers = "".join((SHIM / name).read_text() for name in ("shim.hpp", "server.hpp"))
    digest = hashlib.sha256("\0".join((source, headers, *FLAGS, *checks)).encode()).hexdigest()[:24]
    program = build_folder() / digest
    with open(build_folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            with tempfile.TemporaryDirectory() as work:
                _compile(source, checks, Path(work), program)
    return program


def _compile(source: str, checks: Sequence[str], work: Path, program: Path) -> None:
    (work / "kernels.cu").write_text(source)
    (work / "main.cpp").write_text('#include "shim.hpp"\n#include "kernels.cu"\n')
    gxx = (compiler() or "g++", *FLAGS, f"-I{SHIM}", f"-I{work}")
    expanded = subprocess.run([*gxx, "-E", "main.cpp"], cwd=work, capture_output=True, text=True, check=True).stdout
    kernels = "".join(
        f'    shim::Bound<{name}>::kernel("{name}"),\n' for name in dict.fromkeys(KERNEL.findall(expanded))
    )
    (work / "main.cpp").write_text(
        '#include "shim.hpp"\n#include "kernels.cu"\n#include "server.hpp"\n'
        f"int main() {{\n    return shim::serve({{\n{kernels}    }});\n}}\n"
    )
    done = subprocess.run([*gxx, *checks, "main.cpp", "-o", "program"], cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"the host compiler refuses the kernels:\n{done.stderr[-4000:]}")
    os.replace(shutil.move(work / "program", f"{program}.new"), program)


class Program:
    """The kernels of one source text, served by a child process that starts at the first launch."""

    def __init__(self, source: str, checks: Sequence[str] = ()) -> None:
        self.source, self.checks = source, tuple(checks)
        self._child: subprocess.Popen[bytes] | None = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0"}
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115
            self._child = subprocess.Popen(
                [build(self.source, self.checks)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
            )
            atexit.register(self.close)
        return self._child

    def close(self) -> None:
        """End the child process."""
        child, self._child = self._child, None
        if child is None:
            return
        atexit.unregister(self.close)
        for stream in (child.stdin, child.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        child.wait(10)
        self._errors.close()

    def run(
        self,
        kernel: str,
        grid: Sequence[int],
        block: Sequence[int],
        arguments: Sequence[np.generic | Address],
        buffers: Sequence[NDArray[np.uint8]],
        seed: int = 0,
    ) -> None:
        """Launch a kernel on buffers of bytes, which it may change."""
        child = self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        shape = [*grid, *[1] * (3 - len(grid)), *block, *[1] * (3 - len(block))]
        name = kernel.encode()
        request: list[Any] = [struct.pack("<I", len(name)), name, struct.pack("<8I", *shape, seed, len(buffers))]
        for buffer in buffers:
            request += [struct.pack("<Q", buffer.nbytes), buffer.data]
        request.append(struct.pack("<I", len(arguments)))
        for argument in arguments:
            if isinstance(argument, Address):
                request.append(struct.pack("<iIQ", argument.buffer, 8, argument.offset))
            else:
                raw = argument.tobytes()
                request.append(struct.pack("<iI", -1, len(raw)) + raw.ljust(8, b"\0"))
        try:
            for part in request:
                child.stdin.write(part)
            child.stdin.flush()
            done = child.stdout.read(1)
        except BrokenPipeError:
            done = b""
        if not done:
            raise KernelCrashError(f"{kernel}: {self._last_words()}")
        for buffer in buffers:
            buffer[...] = np.frombuffer(child.stdout.read(buffer.nbytes), np.uint8)

    def _last_words(self) -> str:
        assert self._child is not None
        self._child.wait(30)
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace")
        self.close()
        return words[:6000] or "the kernels' process ended without a word"
