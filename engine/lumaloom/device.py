"""What this machine has, found once: CPU features, cores that this process may use, and the GPU or why not."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lumaloom.cgroup import cpu_limit
from lumaloom.errors import DeviceError, UsageError, nearest
from lumaloom.memory import available_memory

CHOICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor: model, vector extensions, and the cores that this process may run on."""

    model: str
    features: tuple[str, ...]
    cores: int


@dataclass(frozen=True, slots=True)
class Gpu:
    """One CUDA device."""

    name: str
    memory: int
    compute_capability: str


@cache
def cpu() -> Cpu:
    """Describe the processor."""
    fields: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    wanted = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "asimd", "sve")
    present = set((fields.get("flags") or fields.get("Features") or "").split())
    features = tuple(name for name in wanted if name in present)
    return Cpu(fields.get("model name") or platform.processor() or platform.machine(), features, cores())


def cores() -> int:
    """Whole cores that this process may use: its CPU affinity, and the quota of its control group."""
    quota = cpu_limit()
    return allowed_cores() if quota is None else min(allowed_cores(), max(1, int(quota)))


def allowed_cores() -> int:
    """Cores that this process may run on, whatever part of their time it gets."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def gpus() -> tuple[Gpu, ...] | str:
    """Return the CUDA devices, or one line that says why none can be used."""
    from lumaloom_kernels import cuda_devices, why_no_cuda

    return why_no_cuda() or tuple(Gpu(*device) for device in cuda_devices())


def choose(wanted: str) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`.

    Raises:
        UsageError: no such device.
        DeviceError: `cuda` can't be used here; the message says why.

    """
    if wanted not in CHOICES:
        hint = "; did you mean 'cuda'?" if wanted.lower() in ("gpu", "nvidia") else nearest(wanted, CHOICES)
        raise UsageError(f"unknown device {wanted!r}; expected one of {', '.join(CHOICES)}{hint}")
    if wanted == "cpu":
        return "cpu"
    found = gpus()
    if not isinstance(found, str):
        return "cuda"
    if wanted == "cuda":
        raise DeviceError(f"device cuda can't be used: {found}; use --device cpu or auto")
    return "cpu"


class Machine:
    """What a job may use of this machine; replaced where a job is planned for another."""

    def cores(self) -> int:
        """Cores that this process may use."""
        return cores()

    def memory(self) -> int:
        """Bytes that this process may still take."""
        return available_memory()

    def choose(self, wanted: str) -> str:
        """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`.

        Raises:
            UsageError: no such device.
            DeviceError: `cuda` can't be used.
        """
        return choose(wanted)
