"""What the control group of this process allows: cores and bytes, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def cpu_limit(root: Path = _ROOT) -> float | None:
    """Return how many cores' time this process may use, None for no limit: the least of its group and those above.

    Args:
        root: where `proc` and `sys` are.
    """
    found = []
    for folder in _folders(root, "cpu"):
        quota = _words(folder / "cpu.max") or [
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
        ]
        if len(quota) == 2 and all(word.isdecimal() for word in quota) and int(quota[0]) and int(quota[1]):
            found.append(int(quota[0]) / int(quota[1]))  # no limit is `max` in one version and -1 in the other
    return min(found, default=None)


def memory_left(root: Path = _ROOT) -> int | None:
    """Return how many bytes this process may still take, None for no limit.

    Memory that holds copies of files and can be had back at once counts as left.

    Args:
        root: where `proc` and `sys` are.
    """
    found = []
    for folder in _folders(root, "memory"):
        limit = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        used = _words(folder / "memory.current") or _words(folder / "memory.usage_in_bytes")
        stat = _words(folder / "memory.stat")
        table = dict(zip(stat[::2], stat[1::2], strict=False))
        name = "total_inactive_file" if "total_inactive_file" in table else "inactive_file"
        try:
            found.append(max(int(limit[0]) - int(used[0]) + int(table.get(name, 0)), 0))
        except (IndexError, ValueError):
            continue
    return min(found, default=None)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield where the groups of a controller are that this process is in, the innermost first.

    A container sees its own group as the top of the tree, by whatever name the group is called outside.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        for name in dict.fromkeys((controllers, controller)) if controllers else ("", "unified"):
            top = root / "sys/fs/cgroup" / name
            inside = Path(path.lstrip("/"))
            if ".." not in inside.parts:
                yield from (top / part for part in (inside, *inside.parents))


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, ValueError):
        return []
