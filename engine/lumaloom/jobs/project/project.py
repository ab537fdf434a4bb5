"""What a project file says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from lumaloom.errors import UsageError, nearest
from lumaloom.jobs.request import RenderRequest


def placed(folder: Path, name: str) -> str:
    """Return where a file is whose name is relative to a folder, without `..` on the way."""
    path = os.path.join(folder, name)
    head, tail = os.path.split(path)
    return os.path.join(os.path.realpath(head), tail) if ".." in Path(name).parts else path


@dataclass(frozen=True, slots=True)
class ProjectRender:
    """One render of a project.

    Attributes:
        name: as the file says, else the output's without its extension; several renders may share it.
        request: what to do; its paths are good wherever the file's are.
    """

    name: str
    request: RenderRequest


@dataclass(frozen=True, slots=True)
class Project:
    """The renders of a project file, in its order; no two have one output, and none reads what another writes."""

    path: Path
    renders: tuple[ProjectRender, ...]

    @property
    def requests(self) -> tuple[RenderRequest, ...]:
        """What each render is asked to do."""
        return tuple(each.request for each in self.renders)

    def only(self, names: Iterable[str]) -> Project:
        """Return the project with the renders of some names alone, or of patterns such as `proxy-*`.

        Raises:
            UsageError: no render has one of the names; the nearest is named.
        """
        wanted, known = list(names), [each.name for each in self.renders]
        for name in wanted:
            if not any(fnmatchcase(each, name) for each in known):
                hint = nearest(name, known) or f"; there are {', '.join(dict.fromkeys(known))}"
                raise UsageError(f"{self.path}: no render is called {name!r}{hint}")
        kept = (each for each in self.renders if any(fnmatchcase(each.name, name) for name in wanted))
        return replace(self, renders=tuple(kept))
