"""What the exporters complain of: counted, and said once each where nobody has set up logging."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

_log = logging.getLogger("lumaloom.telemetry")

# Complaints of this process so far.
count = 0


@contextmanager
def terse() -> Generator[None, None, None]:
    """Count the exporters' complaints while the body runs, and make one line of each kind of them.

    They repeat them at every attempt, with tracebacks. Where logging is set up, that goes on as it is.
    """
    logger, root = logging.getLogger("opentelemetry"), logging.getLogger()
    is_set_up = bool(logger.handlers or root.handlers)
    handler, propagate = _FirstLines(say=not is_set_up), logger.propagate
    logger.addHandler(handler)
    logger.propagate = propagate and is_set_up
    try:
        yield
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)


class _FirstLines(logging.Handler):
    def __init__(self, say: bool) -> None:
        super().__init__(logging.WARNING)
        self._say, self._heard = say, set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        global count
        count += 1  # handlers are called one at a time
        if self._say and record.name not in self._heard:
            self._heard.add(record.name)
            message = record.getMessage().partition("\n")[0]
            _log.warning("%s: %s", record.name.rpartition(".")[2].strip("_"), message[:160])
