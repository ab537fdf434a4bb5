"""Metrics for Prometheus, which comes and fetches them."""

from __future__ import annotations

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, generate_latest

from lumaloom.telemetry.durations import WithDurations


class PrometheusReader(WithDurations, PrometheusMetricReader):
    """Collects when it is asked for its page."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        super().__init__(registry=self.registry)

    def page(self) -> bytes:
        """Return the metrics of this moment as text."""
        return generate_latest(self.registry)
