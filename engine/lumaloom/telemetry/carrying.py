"""The current trace, carried to where a function is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, ParamSpec, TypeVar

from opentelemetry import context
from opentelemetry.propagate import extract, inject

P = ParamSpec("P")
R = TypeVar("R")


def _carrier() -> dict[str, str]:
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier


@dataclass(frozen=True)
class Carried(Generic[P, R]):
    """Calls a function under the span that was current where this was made; by W3C's headers, so in any process.

    Attributes:
        function: to be called.
        carrier: `traceparent` and its companions, as OTEL_PROPAGATORS has them.
    """

    function: Callable[P, R]
    carrier: dict[str, str] = field(default_factory=_carrier)

    def __call__(self, *args: P.args, **options: P.kwargs) -> R:
        """Call the function."""
        token = context.attach(extract(self.carrier))
        try:
            return self.function(*args, **options)
        finally:
            context.detach(token)
