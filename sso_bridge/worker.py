"""What each worker process runs: logging, the guard, the application.

The parent imports this module before it starts workers, and a worker that is forked finds all of it
loaded. It is imported after PROMETHEUS_MULTIPROC_DIR is set, which is read at import."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from socket import socket

from . import logs, wiring
from .config import Settings
from .processes import LEAVE, RollCall, begin_worker, stop_accepting, when_accepting
from .web import Leaving, take_room
from .web.guard import ConnectionGuard

__all__ = ["load_application"]


def load_application(
    settings: Settings,
    folder: Path,
    listener: int,
    others: Sequence[socket],
    *,
    port: int,
    url: str,
    metrics: str,
    roll: RollCall,
) -> Leaving:
    """The application, ready to be called by whoever connects to the descriptor `listener`.

    The settings are the parent's, also in a worker that replaces another: a file that is
    being edited must not decide how calls are answered. `others` are the sockets of the other
    workers; at `roll` the parent hears that this one takes connections."""
    begin_worker(others)
    server = settings.server
    logs.configure()
    if not take_room(metrics):
        its_log = logs.Log(settings.log.level, settings.log.format)
        its_log.error(
            "uncounted", details=f"no room in {metrics}: a worker's calls are in no metric"
        )
    application = wiring.application(settings, folder, url=url, metrics_directory=metrics)
    ConnectionGuard(
        port,
        application.reads,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    ).start()
    leaving = Leaving(application)

    def leave(number: int, frame: object) -> None:
        leaving.begin()
        stop_accepting(listener)

    signal.signal(LEAVE, leave)
    when_accepting(listener, roll.say)
    return leaving
