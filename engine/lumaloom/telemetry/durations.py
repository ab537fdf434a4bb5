"""How long the calls of each stage took, as a histogram for OpenTelemetry.

Its own histograms want a call of 10 us for each value; the meter has counted the calls by their time already, so the
readers get the finished histogram.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    PeriodicExportingMetricReader,
)

from lumaloom.run import BOUNDS, Tally


class Durations:
    """Calls by stage and time."""

    def __init__(self) -> None:
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._extremes: dict[str, tuple[float, float]] = {}

    def add(self, tally: Tally) -> None:
        """Add what a meter counted."""
        self._add(tally.buckets, tally.seconds, tally.extremes)

    def merge(self, other: Durations) -> None:
        """Add other counts."""
        self._add(other._buckets, other._seconds, other._extremes)

    def _add(
        self, buckets: dict[str, list[int]], seconds: dict[str, float], extremes: dict[str, tuple[float, float]]
    ) -> None:
        for name, counts in buckets.items():
            before = self._buckets.get(name, [0] * len(counts))
            self._buckets[name] = [a + b for a, b in zip(before, counts, strict=True)]
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds.get(name, 0.0)
            if name in extremes:
                low, high = extremes[name]
                least, most = self._extremes.get(name, (low, high))
                self._extremes[name] = min(least, low), max(most, high)

    def metric(self, since: int) -> Metric:
        """Return `lumaloom.stage.duration`; `since` is when counting began, in nanoseconds since 1970."""
        now = time.time_ns()
        points = [
            HistogramDataPoint(
                attributes={"lumaloom.stage": name},
                start_time_unix_nano=since,
                time_unix_nano=max(now, since),
                count=sum(counts),
                sum=self._seconds[name],
                bucket_counts=counts,
                explicit_bounds=BOUNDS,
                min=self._extremes[name][0],
                max=self._extremes[name][1],
            )
            for name, counts in self._buckets.items()
            if name in self._extremes
        ]
        what = "Time that a stage took for an item."
        return Metric("lumaloom.stage.duration", what, "s", Histogram(points, AggregationTemporality.CUMULATIVE))


class WithDurations:
    """A reader that adds the histogram to what it collects.

    Attributes:
        durations: makes the histogram; None adds nothing.
    """

    durations: Callable[[], Metric] | None = None

    def _receive_metrics(self, metrics_data: MetricsData | None, *args: Any, **options: Any) -> None:
        if metrics_data is not None and self.durations is not None:
            metrics_data = _with(metrics_data, self.durations())
        super()._receive_metrics(metrics_data, *args, **options)  # type: ignore[misc]  # a reader's, beside which this stands


class PeriodicReader(WithDurations, PeriodicExportingMetricReader):
    """Exports now and then."""


def _with(data: MetricsData, metric: Metric) -> MetricsData:
    """Return the data with another metric beside the others of the engine."""
    resources = [
        replace(
            resource,
            scope_metrics=[
                replace(scope, metrics=[*scope.metrics, metric]) if scope.scope.name == "lumaloom" else scope
                for scope in resource.scope_metrics
            ],
        )
        for resource in data.resource_metrics
    ]
    return MetricsData(resources)
