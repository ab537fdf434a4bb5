"""Which kernels are measured on what: a table that fits into a quarter of an hour, or all of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from itertools import product
from typing import Any

from numpy.typing import NDArray

import lumaloom_kernels
from lumaloom.bench.arguments import ARGUMENTS, Made, one_image
from lumaloom.bench.images import KINDS, image


@dataclass(frozen=True)
class Part:
    """Some kinds of image at one size and number of threads."""

    size: str
    threads: int
    kinds: tuple[str, ...]
    cases: int | None = None  # how many of each kernel's cases, spread over its table; None is all of them


# Everything once, on one thread at 1080p; every dtype, with fewer parameters, at the other sizes and threads.
PLAN = (
    Part("1080p", 1, tuple(KINDS)),
    Part("1080p", 2, ("rgb8", "rgb16", "rgbf"), 2),
    Part("4k", 1, ("rgb8", "rgb16", "rgbf"), 2),
    Part("4k", 2, ("rgb8", "rgb16", "rgbf"), 1),
)


def chosen(sizes: Sequence[str], threads: Sequence[int], kinds: Sequence[str]) -> tuple[Part, ...]:
    """Return `PLAN`, or all cases on all of what was named; what was not named is as in the plan's first part."""
    if not (sizes or threads or kinds):
        return PLAN
    first = PLAN[0]
    return tuple(
        Part(size, count, tuple(kinds or first.kinds))
        for size, count in product(sizes or (first.size,), threads or (first.threads,))
    )


@dataclass(frozen=True)
class Work:
    """One case of one kernel on one image."""

    kernel: str
    case: Mapping[str, Any]
    kind: str
    size: str
    threads: int
    source: NDArray[Any]
    images: tuple[Any, ...]
    options: Mapping[str, Any]

    def run(self) -> Any:
        """Call the kernel and return what it makes."""
        return getattr(lumaloom_kernels, self.kernel)(*self.images, **self.options, threads=self.threads)

    def into(self, out: Any) -> Callable[[], Any]:
        """Return a call that writes into an output made before, where the kernel takes one."""
        kernel = getattr(lumaloom_kernels, self.kernel)
        options = {**self.options, "threads": self.threads}
        if "out" in signature(kernel).parameters:
            options["out"] = out
        return lambda: kernel(*self.images, **options)


def kernel_names() -> tuple[str, ...]:
    """Return the names of all kernels."""
    return tuple(lumaloom_kernels.__all__)


def works(
    names: Sequence[str],
    parts: Sequence[Part] = PLAN,
    arguments: Mapping[str, Callable[[NDArray[Any], dict[str, Any]], Made | None]] = ARGUMENTS,
) -> Iterator[Work]:
    """Yield what there is to measure, kernel by kernel."""
    for name, part in product(names, parts):
        cases = _spread(import_module(f"lumaloom_kernels.{name}").CASES, part.cases)
        for case, kind in product(cases, part.kinds):
            source = image(kind, part.size)
            made = arguments.get(name, one_image)(source, dict(case))
            if made is not None:
                yield Work(name, case, kind, part.size, part.threads, source, *made)


def _spread(cases: Sequence[Mapping[str, Any]], count: int | None) -> list[Mapping[str, Any]]:
    """Return `count` of the cases, from the first on in equal steps."""
    if count is None or count >= len(cases):
        return list(cases)
    return [cases[len(cases) * number // count] for number in range(count)]
