"""Lumaloom: effects written once in Python, rendered as SIMD code or CUDA kernels.

```python
import lumaloom

lumaloom.render("in.mp4", "out.mp4", effects=["blur sigma=6"])
clip = lumaloom.open("in.mp4")
picture = clip.apply("blur sigma=6")[10].to_rgb().to_numpy()
lumaloom.write([picture] * 25, "still.mp4", rate=25)
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lumaloom.errors import LumaloomError

if TYPE_CHECKING:
    from lumaloom.clip import Clip as Clip
    from lumaloom.clip import open as open  # noqa: A004 - the package's own verb
    from lumaloom.clip import render as render
    from lumaloom.frame import Frame as Frame
    from lumaloom.media.probe_store import stored_probe as probe
    from lumaloom.project import load_project as load_project
    from lumaloom.project import render_project as render_project
    from lumaloom.writing import write as write

__version__ = "0.1.0"

# Loaded at first use, so that importing the package stays cheap.
_HOMES = {
    "Clip": "clip.Clip",
    "open": "clip.open",
    "render": "clip.render",
    "Frame": "frame.Frame",
    "probe": "media.probe_store.stored_probe",
    "load_project": "project.load_project",
    "render_project": "project.render_project",
    "write": "writing.write",
}

__all__ = ["Clip", "Frame", "LumaloomError", "load_project", "open", "probe", "render", "render_project", "write"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lumaloom' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].rpartition(".")
    return getattr(import_module(f"lumaloom.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
