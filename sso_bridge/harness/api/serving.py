"""One process that serves the API until it is told to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn

from .application import application
from .road import Faults, Quota, Road
from .store import Store

__all__ = ["Api"]


class Api:
    """The API over the SQLite file `database`. `clients` are API keys with their secrets, `rate` is
    each key's calls a second, None for any number; `lifetime` is that of a token, in seconds."""

    def __init__(
        self,
        database: Path,
        clients: Mapping[str, str],
        *,
        rate: int | None = None,
        lifetime: float = 3600.0,
        faults: Faults | None = None,
    ) -> None:
        self._store = Store(database, lifetime=lifetime)
        self._quota = Quota(rate)
        app = application(self._store, clients, self._quota)
        app.get("/harness/state", include_in_schema=False)(self.state)
        self._road = Road(app, Faults() if faults is None else faults)
        settings = uvicorn.Config(self._road, log_level="warning", access_log=False, lifespan="off")
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        self._server = _Server(settings)

    async def state(self) -> dict[str, Any]:
        """What an acceptance test asks: who is there, and how many came in the busiest second."""
        return {
            "shoppers": self._store.count(),
            "calls": self._road.arrivals.total,
            "busiest_second": self._road.arrivals.busiest,
            "refused_for_rate": self._quota.refused,
        }

    def serve(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        """Answer on `listener` until `stop`, SIGTERM or SIGINT. `ready` is called when the first
        call can be answered."""
        self._server.ready = ready
        try:
            self._server.run([listener])
        finally:
            self._store.close()

    def stop(self) -> None:
        """Answer what is under way, and end. Any thread may call it."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Tells when it has started."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line is worth writing: of dropped connections that were asked for it is not."""
    return "without completing response" not in record.getMessage()
