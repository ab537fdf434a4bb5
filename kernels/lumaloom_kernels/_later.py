"""Files of this package that load numba: loaded at first use, and from then on as quick as a module's own names.

An import statement inside a function would do, and cost one and a half microseconds a call.
"""

from importlib import import_module
from typing import Any


class Later:
    """Stands for a file of this package; what is asked of it is its own.

    Args:
        name: The file's name.

    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(f"{__package__}.{self._name}"), name)
        self.__dict__[name] = value  # found there, nothing is asked of this function again
        return value
