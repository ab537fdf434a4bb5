"""Every built-in effect is traced and measured, and the figures are the job's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lumaloom.composition import Engine
from lumaloom.jobs import RenderRequest, parse_position
from lumaloom.services.telemetry import Exporters
from lumaloom.telemetry.durations import WithDurations
from tests.effects.test_contract import CALLS


class Reader(WithDurations, InMemoryMetricReader):
    """Keeps what is collected."""


def measured(clip: Path, *calls: str) -> None:
    """Render five frames through effects, and compare spans and metrics with the job's counts."""
    spans, figures = InMemorySpanExporter(), Reader()

    class Own(Exporters):
        def span_processors(self) -> list[Any]:
            return [SimpleSpanProcessor(spans)]

        def metric_readers(self) -> list[Any]:
            return [figures]

    request = RenderRequest(input=clip, output="null", effects=calls, device="cpu", end=parse_position("5f", "end"))
    settings = {"telemetry": True, "telemetry_exporter": "none", "telemetry_frames": 1}
    with Engine(settings=settings, replace={Exporters: Own}) as engine:
        with engine.prepare(request) as job:
            steps = [step.name for step in job.plan.steps]
        result = engine.render(request)
        data = figures.get_metrics_data()
    assert steps
    finished = spans.get_finished_spans()
    (segment,) = (span for span in finished if span.name == "segment")
    stages = {span.name.removeprefix("stage "): span for span in finished if span.name.startswith("stage ")}
    assert stages.keys() == {"decode", *steps, "encode"} == result.stage_seconds.keys()
    assert {span.parent.span_id for span in stages.values() if span.parent} == {segment.context.span_id}
    assert data is not None
    (durations,) = (
        metric
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        if metric.name == "lumaloom.stage.duration"
    )
    points = {point.attributes["lumaloom.stage"]: point for point in durations.data.data_points}
    assert points.keys() == stages.keys()
    for name in steps:
        frames = [span for span in finished if span.name == f"frame {name}"]
        calls_of_it = 5 * steps.count(name)
        assert len(frames) == stages[name].attributes["lumaloom.items"] == points[name].count == calls_of_it
        assert {span.parent.span_id for span in frames} == {stages[name].context.span_id}
        assert points[name].sum == pytest.approx(result.stage_seconds[name], abs=1e-6)


def test_steps_of_every_kind(clip: Path) -> None:
    measured(clip, "flip", "denoise radius=1", "sepia", "brightness amount=0.1", "boxblur radius=2", "invert")


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_every_built_in_effect(clip: Path, name: str) -> None:
    measured(clip, CALLS[name])
