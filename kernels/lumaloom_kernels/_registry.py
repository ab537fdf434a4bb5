"""Which kernels there are: the files of this folder whose name has no leading underscore."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def names() -> tuple[str, ...]:
    """Return the names of the public kernels, sorted."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def load(name: str) -> ModuleType:
    """Import and return the file of one kernel."""
    return import_module(f"{__package__}.{name}")
