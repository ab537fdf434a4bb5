"""What goes wrong around a render: it goes on, and what went wrong is seen in the log and in the counters."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

import lumaloom
from lumaloom.composition import Engine
from lumaloom.jobs import ClockJumped, Progress, RenderRequest, RenderStarted
from lumaloom.services.clock import Clock
from lumaloom.services.events import Event, EventBus, Queue
from lumaloom.telemetry import complaints


class Watched:
    """An engine whose counters and log can be looked at."""

    def __init__(self, folder: Path, bus: EventBus, **options: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._log = folder / "log.jsonl"
        settings = {"serve_metrics": self._port, "log": "json", "log_file": self._log, **options.pop("settings", {})}
        self.engine = Engine(settings=settings, events=bus, **options)

    def counters(self) -> dict[str, float]:
        """Return what Prometheus gets, by name and the values of the engine's own labels."""
        with urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as page:
            text = page.read().decode()
        found = {}
        for family in text_string_to_metric_families(text):
            for each in family.samples:
                labels = [value for name, value in each.labels.items() if not name.startswith("otel_")]
                found[" ".join([each.name.removeprefix("lumaloom_"), *labels])] = each.value
        return found

    def log(self) -> list[str]:
        """Return level and text of each line."""
        lines = map(json.loads, self._log.read_text().splitlines())
        return [f"{line['level']} {line['event']}" for line in lines]

    def render(self, clip: Path) -> dict[str, float]:
        """Render, which has to go well, and return the counters."""
        assert self.engine.render(RenderRequest(input=clip, output="null", effects=["flip"])).frames == 30
        return self.counters()


@pytest.fixture
def every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.jobs.rendering._REPORT_EVERY", 0)


@pytest.mark.usefixtures("every_frame")
def test_subscribers_that_fail_are_slow_or_never_return(clip: Path, folder: Path) -> None:
    bus, never = EventBus(), threading.Event()

    def failing(_: Event) -> None:
        raise RuntimeError("no ear")

    bus.subscribe(Progress, failing, queue=None)
    bus.subscribe(Progress, lambda _: time.sleep(0.001), queue=Queue(4, "coalesce"))
    bus.subscribe(Progress, lambda _: never.wait(60), queue=Queue(2, "drop_oldest"))
    watched = Watched(folder, bus)
    with watched.engine:
        counters = watched.render(clip)
    never.set()
    assert counters["frames_total"] == 30
    assert counters["events_failures_total"] > 30
    assert counters["events_drops_total"] >= 28
    assert [line for line in watched.log() if "failing failed on Progress, 16 times" in line]
    assert bus.close()


def test_a_collector_that_is_dead(clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setattr("lumaloom.telemetry.otel._PATIENCE", 1.0)
    watched, before = Watched(folder, EventBus(), settings={"telemetry": True}), complaints.count
    with watched.engine:
        watched.render(clip)
        wait_for(lambda: watched.counters()["telemetry_failures_total"] > before)
        assert watched.render(clip)["frames_total"] == 60


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("fault", ["full", "corrupt"])
def test_a_disk_cache_that_fails(clip: Path, folder: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(folder / "cache"))
    if fault == "full":

        def write(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("lumaloom.cache.files.write", write)
    else:
        (folder / "cache").mkdir(mode=0o700)
        (folder / "cache/index.sqlite").write_bytes(b"this is no index" * 300)
    watched = Watched(folder, EventBus())
    with watched.engine:
        watched.render(clip)
        with lumaloom.open(clip) as opened:  # wants an index of the clip, which can't be kept
            assert opened[20].timing.pts > opened[3].timing.pts
        counters = watched.counters()
    assert counters[f"cache_failures_total {'disk' if fault == 'full' else 'corrupt'}"] >= 1
    assert counters["frames_total"] == 30
    said = "No space left on device" if fault == "full" else "file is not a database; made anew"
    assert [line for line in watched.log() if line.startswith("warning cache: ") and line.endswith(said)]


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
@pytest.mark.usefixtures("every_frame")
def test_a_clock_that_is_set(clip: Path, folder: Path, jump: float) -> None:
    class Set(Clock):
        offset = 0.0

        def now(self) -> float:
            return super().now() + self.offset

    clock, bus, jumps = Set(), EventBus(), []
    bus.subscribe(RenderStarted, lambda _: setattr(clock, "offset", jump), queue=None)
    bus.subscribe(ClockJumped, jumps.append, queue=None)
    watched = Watched(folder, bus, replace={Clock: lambda: clock})
    with watched.engine:
        assert watched.render(clip)["clock_jumps_total"] == 1
        assert watched.render(clip)["clock_jumps_total"] == 1, "once for each"
    assert [each.seconds for each in jumps] == [pytest.approx(jump, abs=1)]
    assert watched.log().count("warning ClockJumped") == 1
