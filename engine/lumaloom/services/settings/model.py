"""The settings, their types and their defaults. One more setting is one more field.

A plain dataclass: msgspec checks what somebody sets (`checking.py`), and is not loaded where nobody sets anything.
"""

# ruff: noqa: RUF009 - what is called in the defaults returns fields, and values that never change

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


class Bytes(int):
    """A number of bytes; in settings also text such as `2GiB`."""


def _setting(default: Any, description: str, **limits: Any) -> Any:
    """Return a field; `limits` are those of msgspec's `Meta`."""
    return field(default=default, metadata={"description": description, "limits": limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a request does not say. Sizes are bytes, or text such as `2GiB`.

    `threads = 4` in the file is LUMALOOM_THREADS=4 in the environment and `--set threads=4` on the command line.
    """

    threads: int | None = _setting(
        None, "Of decoding, effects and encoding each; the cores are divided among them if unset.", ge=1
    )
    jobs: int = _setting(
        1, "Renders of a project, or segments of a render, that are made side by side: each gets its part.", ge=1
    )
    executor: Literal["local", "processes", "dask"] | None = _setting(
        None,
        "Where they are made: in this engine (local), in processes, on Dask's cluster. If unset local, and processes "
        "for what `render --jobs` makes.",
    )
    cluster: str | None = _setting(
        None, "Address of Dask's scheduler, as tcp://host:8786; who reaches it can run code on all its machines."
    )
    device: Literal["auto", "cpu", "cuda"] = _setting("auto", "Where the effects run.")
    memory_limit: Bytes | None = _setting(
        None, "Frames of each job on the host; if unset half of what is available, or its part of that.", ge=1 << 20
    )
    ahead: Bytes = _setting(
        Bytes(64 << 20), "Decoded frames that may wait for the effects, or be under way in them.", ge=1
    )
    cache_dir: Path | None = _setting(None, "Of what is kept between runs; the user's cache folder if unset.")
    cache_limit: Bytes = _setting(Bytes(1 << 30), "Everything that is kept between runs; 0 keeps nothing.", ge=0)
    frame_cache: Bytes = _setting(
        Bytes(256 << 20), "Frames of an open clip, for going back, and as much of previews; 0 keeps none.", ge=0
    )
    telemetry: bool = _setting(False, "Whether jobs are traced and measured.")
    telemetry_exporter: str | None = _setting(
        None,
        "otlp, console, file, prometheus, or none; what OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER say if unset.",
        pattern=r"^(otlp|console|file|prometheus|none)(,(otlp|console|file|prometheus))*$",
    )
    telemetry_metrics: bool = _setting(True, "Whether metrics are exported as well as traces.")
    telemetry_file: Path = _setting(Path("telemetry.jsonl"), "Of the exporter `file`.")
    telemetry_frames: int = _setting(100, "One frame in so many has spans of its own.", ge=1)
    serve_metrics: int | None = _setting(None, "Port of the health and metrics pages.", ge=0, le=65535)
    serve_host: str = _setting("127.0.0.1", "Address of those pages; usually this machine alone sees them.")
    plugin_services: str = _setting(
        "", "Plugins that may replace services of the engine, such as its cache: names with commas between them."
    )
    log: Literal["off", "console", "json"] = _setting(
        "off", "Events and warnings as structured lines, with the ids of traces."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "The least that is logged.")
    log_file: Path | None = _setting(None, "Gets those lines; stderr if unset.")
    events_file: Path | None = _setting(None, "Gets every event as a line of JSON.")
