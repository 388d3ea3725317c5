"""What each worker process runs: logging, the guard, the application.

The parent imports this module before it starts workers, and a worker that is forked finds all of it
loaded. It is imported after PROMETHEUS_MULTIPROC_DIR is set, which is read at import."""

from __future__ import annotations

import os
from pathlib import Path

from . import logs, wiring
from .config import Settings
from .processes import begin_worker
from .web import WebApplication
from .web.guard import ConnectionGuard

__all__ = ["load_application"]


def load_application(
    settings: Settings, folder: Path, *, port: int, url: str, metrics: str, ready: int
) -> WebApplication:
    """The application, ready to be called.

    The settings are the parent's, also in a worker that replaces another: a file that is
    being edited must not decide how calls are answered. `ready` is the pipe that the parent
    waits at."""
    begin_worker()
    server = settings.server
    logs.configure()
    application = wiring.application(settings, folder, url=url, metrics_directory=metrics)
    ConnectionGuard(
        port,
        application.reads,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    ).start()
    os.write(ready, b".")
    return application
