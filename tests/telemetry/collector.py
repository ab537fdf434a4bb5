"""An OTLP collector in this process: keeps the spans and metrics that it is sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What came: spans, and the last value of each metric by name and attributes."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        self.histograms: dict[tuple[str, frozenset[tuple[str, str]]], Any] = {}
        self.resources: list[dict[str, str]] = []
        self.url = ""

    def take(self, path: str, body: bytes) -> None:
        if path.endswith("/v1/traces"):
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
                for scope in resource.scope_spans:
                    self.spans += scope.spans
            return
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in [*metric.sum.data_points, *metric.gauge.data_points]:
                        attributes = frozenset((each.key, each.value.string_value) for each in point.attributes)
                        self.metrics[metric.name, attributes] = point.as_double or point.as_int
                    for point in metric.histogram.data_points:
                        attributes = frozenset((each.key, each.value.string_value) for each in point.attributes)
                        self.histograms[metric.name, attributes] = point

    def value(self, name: str, **attributes: str) -> float:
        return self.metrics[name, _key(attributes)]

    def histogram(self, name: str, **attributes: str) -> Any:
        return self.histograms[name, _key(attributes)]

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


def _key(attributes: dict[str, str]) -> frozenset[tuple[str, str]]:
    """Return attributes as they are sent: those without a dot are the engine's own."""
    return frozenset((key if "." in key else f"lumaloom.{key}", value) for key, value in attributes.items())


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
