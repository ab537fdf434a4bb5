"""How many threads each stage of a render gets, so that together they are no more than the cores."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass

# Milliseconds of one core for a megapixel, roughly; encoders state their own. Effects are taken for cheap ones: their
# workers grow while cores are idle, and what the decoder and the encoder got can't change any more.
_DECODING, _EFFECT = 6.0, 3.0
# Pixels of a picture for each thread that helps with it.
_PIXELS_A_THREAD = 1 << 15
# Bytes of a pixel of the larger formats, and pictures that a thread holds: what it reads, what it makes, what waits.
_PIXEL, _PICTURES = 6, 3


@dataclass(frozen=True, slots=True)
class Work:
    """What counts of a render.

    Attributes:
        pixels: of a picture.
        effects: that run on the CPU.
        encoding: milliseconds that one core takes to encode a megapixel, roughly; 0 where nothing is encoded.
        encoder_threads: whether the encoder has threads at all.
    """

    pixels: int
    effects: int = 0
    encoding: float = 0.0
    encoder_threads: bool = True


@dataclass(frozen=True, slots=True)
class Shares:
    """Threads of each stage; 0 for a stage that there is not.

    Attributes:
        decoder: FFmpeg's.
        effects: frames that are worked on at once, a thread each.
        encoder: the encoder's.
        fixed: whether somebody asked for these numbers, so that effects get no more while cores are idle.
    """

    decoder: int
    effects: int
    encoder: int
    _: KW_ONLY
    fixed: bool = False

    @property
    def total(self) -> int:
        """Threads of all stages."""
        return self.decoder + self.effects + self.encoder


def divide(cores: int, work: Work, memory: int | None = None, *, alone: bool = False) -> Shares:
    """Divide cores among the stages of a render by what each costs; a stage that there is gets one at least.

    No more threads come out than there are cores or, where those are fewer, stages. A render that has the cores to
    itself gets twice that: what one stage leaves idle no other render takes, costs are not known well, and threads
    that wait for frames cost little.

    Args:
        cores: for this render.
        work: the render.
        memory: bytes that it may take; None for any.
        alone: whether no other render shares the cores.
    """
    if memory is not None and (fitting := max(1, memory // (work.pixels * _PIXEL * _PICTURES or 1))) < cores:
        cores, alone = fitting, False
    useful = min(max(1, work.pixels // _PIXELS_A_THREAD), cores)
    costs = {"decoder": _DECODING, "effects": _EFFECT * work.effects, "encoder": work.encoding}
    most = {"decoder": useful, "effects": cores, "encoder": useful if work.encoder_threads else 1}
    threads = {name: int(cost > 0) for name, cost in costs.items()}
    for _ in range(cores - sum(threads.values())):
        open_ = [name for name, cost in costs.items() if cost > 0 and threads[name] < most[name]]
        if not open_:
            break
        threads[max(open_, key=lambda name: costs[name] / threads[name])] += 1
    more = 2 if alone else 1
    return Shares(*(min(more * count, most[name]) for name, count in threads.items()))


class Budget:
    """The cores and the memory of an engine, divided among the renders that it has at a time.

    Args:
        cores: of this process.
        memory: bytes that it may take.
        jobs: renders that are expected side by side; those that begin when there are more get less.
    """

    def __init__(self, cores: int, memory: int, jobs: int = 1) -> None:
        self.cores, self.memory, self.jobs = cores, memory, jobs
        self._active = 0
        self._lock = threading.Lock()

    @property
    def active(self) -> int:
        """Renders under way."""
        return self._active

    @contextmanager
    def job(self) -> Generator[None, None, None]:
        """Count a render in while the body runs."""
        with self._lock:
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    def shares(self, work: Work) -> Shares:
        """Return what one of the renders under way gets."""
        jobs = max(self._active, self.jobs, 1)
        return divide(max(1, self.cores // jobs), work, self.memory // jobs, alone=jobs == 1)
