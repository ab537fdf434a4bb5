"""A trace that is carried to where work is done: threads, processes, and whoever takes a function by pickle."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from opentelemetry import trace

from lumaloom.composition import Engine
from lumaloom.jobs import RenderRequest
from lumaloom.services.telemetry import Telemetry
from tests.telemetry.collector import Collector


def where(factor: int, *, add: int) -> tuple[int, int, int]:
    """Return a sum, and the trace and span that are current."""
    context = trace.get_current_span().get_span_context()
    return factor * 2 + add, context.trace_id, context.span_id


def rendered(path: str) -> int:
    """Render in this process, traced as the environment says, and end with everything exported."""
    with Engine(settings={"telemetry": True}) as engine:
        return engine.render(RenderRequest(input=path, output="null")).frames


def test_off_it_is_the_function_itself() -> None:
    assert Telemetry().carried(where) is where


def test_threads_and_processes_render_under_the_span_of_who_sent_them(clip: Path, collector: Collector) -> None:
    spawning = multiprocessing.get_context("spawn")
    with Engine(settings={"telemetry": True}) as engine:
        telemetry = engine.get(Telemetry)
        with telemetry.span("batch"):
            sender = trace.get_current_span().get_span_context()
            carried = telemetry.carried(where)
            render = telemetry.carried(rendered)
        assert trace.get_current_span().get_span_context().trace_id == 0
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(carried, 3, add=1).result() == (7, sender.trace_id, sender.span_id)
            assert threads.submit(where, 3, add=1).result() == (7, 0, 0), "and it leaves nothing behind"
        assert pickle.loads(pickle.dumps(carried))(1, add=0) == (2, sender.trace_id, sender.span_id)
        with ProcessPoolExecutor(1, mp_context=spawning) as processes:
            assert processes.submit(render, str(clip)).result(120) == 30
    (batch,), (job,) = collector.named("batch"), collector.named("render")
    assert (job.trace_id, job.parent_span_id) == (batch.trace_id, batch.span_id)
    assert {span.trace_id for span in collector.spans} == {batch.trace_id}
    assert collector.named("stage decode")
