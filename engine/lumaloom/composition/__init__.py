"""The composition root: the only place that knows which implementation serves which need."""

from lumaloom.composition.engine import Engine
from lumaloom.errors import GraphError

__all__ = ["Engine", "GraphError"]
