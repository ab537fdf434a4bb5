"""A small HTTP server that says whether the engine lives, is ready and has started, and what it measures."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

# A component's check: what is wrong with it, or nothing.
Check = Callable[[], str]


class HealthServer:
    """Answers `/livez`, `/readyz`, `/startupz` and `/metrics`, and `/live`, `/health`, `/ready` as other names.

    `/livez` answers 200 as long as the process does; the other two answer 200 where all their checks pass and 503
    where one does not, with a line for each check.

    Args:
        port: to listen on; 0 takes a free one.
        ready: checks of `/readyz`, by component.
        started: checks of `/startupz`.
        metrics: returns the text for Prometheus.
        host: who can reach it: this machine alone, unless told otherwise.

    Raises:
        OSError: the port can't be had.
    """

    def __init__(
        self,
        port: int,
        ready: Mapping[str, Check],
        started: Mapping[str, Check],
        metrics: Callable[[], bytes],
        host: str = "127.0.0.1",
    ) -> None:
        checks: dict[str, Mapping[str, Check]] = {"livez": {}, "readyz": ready, "startupz": started}
        checks |= {"live": {}, "health": ready, "ready": ready}

        class Handler(_Handler):
            def answer(self, page: str) -> tuple[int, bytes]:
                if page == "metrics":
                    return 200, metrics()
                if page not in checks:
                    return 404, f"no page {page!r}; there are {', '.join(checks)}, metrics\n".encode()
                return _checked(checks[page])

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._server.timeout = 1.0  # for a visitor who is gone before he is let in
        self._end, self._wake = socket.socketpair()
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._serve, name="lumaloom-health", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        # Not `serve_forever`, whose end takes as long as it sleeps between two looks, which short renders would feel.
        with selectors.DefaultSelector() as ready:
            ready.register(self._server, selectors.EVENT_READ)
            ready.register(self._end, selectors.EVENT_READ)
            while all(key.fileobj is not self._end for key, _ in ready.select()):
                self._server.handle_request()

    def close(self) -> None:
        """Stop listening."""
        self._wake.close()
        self._thread.join()
        self._server.server_close()
        self._end.close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0  # seconds for a visitor to say what he wants; each has a thread

    def answer(self, page: str) -> tuple[int, bytes]:
        raise NotImplementedError

    def do_GET(self) -> None:
        page = self.path.partition("?")[0].strip("/")
        try:
            status, body = self.answer(page)
        except Exception as problem:  # a page that fails is no reason for the others to
            status, body = 500, f"{type(problem).__name__}: {problem}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: stderr belongs to the command."""


def _checked(checks: Mapping[str, Check]) -> tuple[int, bytes]:
    lines, status = [], 200
    for name, check in checks.items():
        try:
            problem = check()
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        status = 503 if problem else status
        lines.append(f"{name}: {problem or 'ok'}")
    return status, ("\n".join(lines or ["ok"]) + "\n").encode()
