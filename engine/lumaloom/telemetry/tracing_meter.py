"""The meter of a job that is traced: a span for each stage's run, and one for each sampled frame in it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from opentelemetry.trace import Span, Tracer, set_span_in_context

from lumaloom.run import Meter


@dataclass(slots=True)
class _Run:
    span: Span
    end: int


class TracingMeter(Meter):
    """Counts like any meter; the first call of a stage opens its span under the one that is current in that thread.

    Args:
        tracer: makes the spans.
        every: one frame in so many has a span of its own in each stage, the first among them.
    """

    def __init__(self, tracer: Tracer, every: int) -> None:
        super().__init__()
        self._tracer, self._every = tracer, every
        self._runs: dict[str, _Run] = {}

    def add(self, stage: str, seconds: float) -> int:
        """Count one call of `stage`, and trace it where it is its turn."""
        count = super().add(stage, seconds)
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        run = self._runs.get(stage) or self._begin(stage, start)
        run.end = end
        if (count - 1) % self._every == 0:
            frame = self._tracer.start_span(
                f"frame {stage}",
                set_span_in_context(run.span),
                attributes={"lumaloom.stage": stage, "lumaloom.item": count - 1},
                start_time=start,
            )
            frame.end(end)
        return count

    def _begin(self, stage: str, start: int) -> _Run:
        with self._lock:
            if stage not in self._runs:
                attributes = {"lumaloom.stage": stage}
                span = self._tracer.start_span(f"stage {stage}", attributes=attributes, start_time=start)
                self._runs[stage] = _Run(span, start)
            return self._runs[stage]

    def finish(self) -> None:
        """Close the stages' spans at the end of their last calls."""
        for stage, run in self._runs.items():
            run.span.set_attribute("lumaloom.items", self.calls[stage])
            run.span.set_attribute("lumaloom.busy_seconds", self.seconds[stage])
            run.span.end(run.end)
        self._runs = {}
