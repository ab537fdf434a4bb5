"""The settings, their types and their defaults. One more setting is one more field."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, Field


class Settings(BaseModel, frozen=True, extra="forbid"):
    """What a request does not say. Sizes are bytes, or text such as `2GiB`.

    `threads = 4` in the file is LUMALOOM_THREADS=4 in the environment and `--set threads=4` on the command line.
    """

    threads: int | None = Field(
        None, ge=1, description="Of decoding, effects and encoding each; one per core if unset."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the effects run.")
    memory_limit: ByteSize | None = Field(
        None, ge=1 << 20, description="Frames of a job on the host; half of what is available if unset."
    )
    ahead: ByteSize = Field(
        ByteSize(64 << 20), ge=1, description="Decoded frames that may wait for the effects, or be under way in them."
    )
    cache_dir: Path | None = Field(None, description="Of what is kept between runs; the user's cache folder if unset.")
    cache_limit: ByteSize = Field(
        ByteSize(1 << 30), ge=0, description="Everything that is kept between runs; 0 keeps nothing."
    )
    frame_cache: ByteSize = Field(
        ByteSize(256 << 20), ge=0, description="Decoded frames of an open clip, for going back; 0 keeps none."
    )
    telemetry: bool = Field(False, description="Whether jobs are traced and measured.")
    telemetry_exporter: str = Field(
        "otlp",
        pattern=r"^(otlp|console|file|none)(,(otlp|console|file))*$",
        description="otlp, console, file, or none.",
    )
    telemetry_file: Path = Field(Path("telemetry.jsonl"), description="Of the exporter `file`.")
    telemetry_frames: int = Field(100, ge=1, description="One frame in so many has spans of its own.")
    serve_metrics: int | None = Field(None, ge=0, le=65535, description="Port of the health and metrics pages.")
    serve_host: str = Field("127.0.0.1", description="Address of those pages; usually this machine alone sees them.")
    events_file: Path | None = Field(None, description="Gets every event as a line of JSON.")
