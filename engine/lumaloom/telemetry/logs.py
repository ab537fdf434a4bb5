"""Structured lines of the engine's log: its warnings and its events, with the ids of the trace that is current."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from lumaloom.errors import OutputError
from lumaloom.jobs.events import (
    ClockJumped,
    DeviceLost,
    EffectFailed,
    InputRepaired,
    MemoryPressure,
    PluginFailed,
    RenderFailed,
)
from lumaloom.jobs.progress import Progress
from lumaloom.services.events import Event, EventBus, HandlerFailed

_ERRORS = (RenderFailed, EffectFailed, DeviceLost)
# Told ten times a second, and logged by the bus itself, less and less often.
_OFTEN = (Progress, HandlerFailed)
_WARNINGS = (ClockJumped, PluginFailed, InputRepaired, MemoryPressure)


@contextmanager
def logging_to(
    form: Literal["console", "json"], level: str, path: Path | None, events: EventBus
) -> Generator[logging.Handler, None, None]:
    """Write the log until the body ends: records of `lumaloom`'s loggers, and every event of a bus.

    A place that can't take a line is no reason for anything to fail: the line is lost, and counted by the handler.

    Args:
        form: one JSON object a line, or lines for people.
        level: the least that is written, such as `info`. Progress is `debug`.
        path: a file, which is appended to; None for stderr.
        events: whose events are written; a logger of the standard library carries them, so that others can take them.

    Raises:
        OutputError: the file can't be opened.
    """
    try:
        file = None if path is None else path.open("a", buffering=1, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"log_file: {path}: {error.strerror}") from None
    handler = Lines(form, file or sys.stderr)
    logger, before = logging.getLogger("lumaloom"), logging.getLogger("lumaloom").level
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    told = events.subscribe(Event, _tell, priority=50, queue=None)
    try:
        yield handler
    finally:
        told.cancel()
        logger.setLevel(before)
        logger.removeHandler(handler)
        if file is not None:
            file.close()


class Lines(logging.StreamHandler[IO[str]]):
    """Writes records as structlog renders them.

    Attributes:
        lost: lines that could not be written.
    """

    def __init__(self, form: Literal["console", "json"], stream: IO[str]) -> None:
        super().__init__(stream)
        self.lost = 0
        shared: list[Processor] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            trace_ids,
        ]
        rendered: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
        if form == "json":
            rendered += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
        else:
            colours = stream.isatty() and "NO_COLOR" not in os.environ
            rendered.append(structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0))
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=rendered, foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared]
            )
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Count a line that is lost; the standard library would print a traceback for each."""
        self.lost += 1


def trace_ids(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Add `trace_id` and `span_id` where there is a span; OpenTelemetry is not loaded for it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is not None and (context := trace.get_current_span().get_span_context()).is_valid:
        event["trace_id"], event["span_id"] = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    return event


def _tell(event: Event) -> None:
    level = logging.INFO
    if isinstance(event, _OFTEN):
        level = logging.DEBUG
    elif isinstance(event, _ERRORS):
        level = logging.ERROR
    elif isinstance(event, _WARNINGS):
        level = logging.WARNING
    logger = logging.getLogger("lumaloom.events.log")
    if logger.isEnabledFor(level):
        fields = event.as_dict()
        name = fields.pop("event")
        # Names that a record of the standard library has for itself can't be given to it.
        extra = {f"{key}_" if key in _TAKEN else key: value for key, value in fields.items()}
        logger.log(level, name, extra=extra)


_TAKEN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
