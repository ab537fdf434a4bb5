"""The source of modules as text for keys: their files, and those of all that they may import."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lumaloom.jobs.segments.described import UnknowableError, digest, home
from lumaloom.jobs.segments.terms import BEGAN

# What has a key of its own.
OWN = ("lumaloom", "lumaloom_kernels")
_NAME = r"[\w.]+(?:[ \t]+as[ \t]+\w+)?"
# Imports wherever they stand, those in text that is run among them; some that are none do no harm.
_IMPORTS = re.compile(
    rf"""(?m)(?:^|[;:"'])[ \t]*(?:import[ \t]+({_NAME}(?:[ \t]*,[ \t]*{_NAME})*)|from[ \t]+([\w.]+)[ \t]+import\b)"""
    r"""|\b(?:import_module|__import__)\s*\(\s*\w{0,2}["']+([\w.]+)"""
)
_CONTINUED = re.compile(rb"\\\r?\n")

# What was looked at in this process, and what it was then; top-level modules that are known by it.
_seen: dict[Path, str] = {}
_known: set[str] = set()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a top-level module is: its file or archive, which a namespace lacks, and the folders of a package."""

    file: str
    folders: tuple[str, ...]

    @property
    def is_installed(self) -> bool:
        """Whether it is among the installed libraries."""
        first = self.file or self.folders[0]
        return any(first.startswith(folder) for folder in _libraries())

    @property
    def text(self) -> str:
        """What changes with any of its files."""
        return repr([looked_at(Path(each)) for each in self.folders or (self.file,)])

    def imports(self) -> set[str]:
        """Return the top-level modules that its sources name."""
        found: set[str] = set()
        for folder in self.folders:
            for place, _, names in _walk(folder):
                found.update(*(_imports(os.path.join(place, name)) for name in names if name.endswith(".py")))
        return found if self.folders else _imports(self.file)


@cache
def source_of(name: str) -> str:
    """Return what tells the source of a module from others: of its whole package, and of all that it may import.

    What may be imported is read from the text of the sources, wherever an import stands, in a function as well, and
    whether it was carried out or not: so it is the same in every process. Of libraries that are installed the time of
    their installation counts. A module whose name is put together while the program runs is left to `holds`.

    Raises:
        UnknowableError: it has no file, as what is typed into a console has none; or the file changed since this
            process began.

    """
    first = _top(name)
    waiting, found = [first], dict[str, str]()
    while waiting:
        top = waiting.pop()
        if top in found or top in OWN or (top in sys.stdlib_module_names and top != "__main__"):
            continue
        place = _place(top)
        if place is None and top == first:
            raise UnknowableError(f"code of {name}, which is in no file")
        if place is None:
            continue  # it is not there, or no name at all
        if place.is_installed and top != first:
            found[top] = looked_at(Path(place.file or place.folders[0])) if place.file else ""
        else:
            found[top] = place.text
            waiting += place.imports()
    _known.update(found)
    return repr(sorted(found.items()))


def loaded() -> frozenset[str]:
    """Return the top-level modules that are loaded."""
    return frozenset(map(_top, tuple(sys.modules)))


def holds(before: Collection[str]) -> bool:
    """Whether nothing that was looked at has changed, and nothing was loaded since that keys know nothing of.

    Args:
        before: what was loaded when the keys were made.

    """
    try:
        if any(_text(path) != text for path, text in tuple(_seen.items())):
            return False
    except UnknowableError:
        return False
    return not any(map(_is_strange, loaded().difference(before, _known, OWN, sys.stdlib_module_names)))


def looked_at(path: Path) -> str:
    """Return what changes with a file, or with any in a folder, which `holds` looks at again.

    Raises:
        UnknowableError: it changed since this process began, so that other code may be loaded than it is.

    """
    return _seen.setdefault(path, _text(path))


def _text(path: Path) -> str:
    if not path.is_dir():
        return _stamp(path)
    folder = str(path)
    rows = [
        (os.path.relpath(place, folder), name, _stamp(Path(place, name)))
        for place, _, names in _walk(folder)
        for name in sorted(names)
    ]
    return digest(repr(rows).encode(errors="surrogateescape"))


def _walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != "__pycache__" and not each.startswith("."))
        yield place, folders, names


def _stamp(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return ""
    if found.st_mtime_ns > BEGAN:
        raise UnknowableError(f"{file}, which changed after it was loaded")
    return f"{found.st_size} {found.st_mtime_ns}"


def _top(name: str) -> str:
    return home(name).partition(".")[0]


def _place(top: str) -> _Place | None:
    """Return where a top-level module is, None where it is in no file; nothing is loaded for that."""
    if top == "__main__":
        main = sys.modules["__main__"]
        spec = getattr(main, "__spec__", None)
        if spec is not None and _top(spec.name) != top:  # run by its name, as in `python -m package.module`
            return _place(_top(spec.name))
        return _made(getattr(main, "__file__", None), ())
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):  # made while the program runs, or a finder's own trouble
        return None
    if spec is None:
        return None
    if archive := getattr(spec.loader, "archive", None):
        return _made(archive, ())
    return _made(spec.origin if spec.has_location else None, spec.submodule_search_locations or ())


def _made(file: str | None, folders: Collection[str]) -> _Place | None:
    real = file if file and os.path.isfile(file) else ""
    # A namespace has a folder as often as a path of Python's names it.
    different = tuple(folder for folder in dict.fromkeys(map(os.path.realpath, folders)) if os.path.isdir(folder))
    return _Place(real, different) if real or different else None


def _is_strange(top: str) -> bool:
    place = _place(top)
    return place is not None and not place.is_installed


def _imports(file: str) -> set[str]:
    """Return the top-level modules that a source names."""
    try:
        data = Path(file).read_bytes()
    except OSError:
        return set()
    found: set[str] = set()
    for several, whole, named in _IMPORTS.findall(_CONTINUED.sub(b" ", data).decode(errors="replace")):
        words = [each.split()[0] for each in several.split(",") if each.strip()]
        found |= {_top(word) for word in (*words, whole, named)}
    return found - {""}


@cache
def _libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    # Python's own has parts whose names nobody lists, such as those of its build.
    own = [paths[kind] for kind in ("purelib", "platlib", "stdlib", "platstdlib")]
    folders = (*own, *site.getsitepackages(), site.getusersitepackages())
    return tuple(dict.fromkeys(os.path.join(folder, "") for folder in folders))
