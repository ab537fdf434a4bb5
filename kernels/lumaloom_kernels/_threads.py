"""Row bands on a small shared thread pool; the kernels release the GIL while they run."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="lumaloom-kernels")


os.register_at_fork(after_in_child=_pool.cache_clear)


def run_bands(work: Callable[[int, int], None], rows: int, threads: int, *, multiple: int = 1) -> None:
    """Call ``work(first, stop)`` on bands that cover ``range(rows)``, at most ``threads`` of them at once.

    Bands begin at multiples of ``multiple``. The calling thread takes the first band itself, and an
    error in any band is raised after all bands have ended. ``work`` must give each row the same values
    whichever band it falls in.
    """
    if threads == 1:
        work(0, rows)
        return
    blocks = -(-rows // multiple)
    count = min(threads, blocks)
    if count <= 1:
        work(0, rows)
        return
    edges = [min(rows, blocks * i // count * multiple) for i in range(count + 1)]
    futures = [_pool().submit(work, edges[i], edges[i + 1]) for i in range(1, count)]
    try:
        work(edges[0], edges[1])
    finally:
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
