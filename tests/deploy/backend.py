"""A server that stands where a node would, and does what a test says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

__all__ = ["Backend", "backend"]


@dataclass
class Backend:
    """At `address`. It answers a call with `status`, after `seconds`; or, where `breaks_off`, reads
    the call and then ends the connection. `ready` is the status of its health."""

    address: tuple[str, int]
    status: int = 200
    seconds: float = 0.0
    breaks_off: bool = False
    ready: int = 200
    calls: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of each call that came."""


@contextmanager
def backend(host: str, **behaviour: Any) -> Iterator[Backend]:
    """One that runs until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/health/"):
                self._answer(here.ready, b"health")
            else:
                self._answer(200, b"got " + self.path.encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            here.calls.append({name.lower(): value for name, value in self.headers.items()})
            if here.breaks_off:
                self.close_connection = True
                return
            time.sleep(here.seconds)
            self._answer(here.status, b"an answer")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, address: Any) -> None:
            """A client that hangs up is none."""

    with Server((host, 0), Handler) as server:
        here = Backend((host, server.server_address[1]), **behaviour)
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()
