"""Run one of the compared HTTP servers in this process: ``server_launch.py NAME --port N``.

Each server is started the way a program of ours would start it: as a library call, several worker
processes where the server has them, access log off, the application built after the fork.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import server_guard
import server_standin

HOST = "127.0.0.1"
NAMES = ("granian", "gunicorn", "uvicorn", "waitress")
NEEDS = {"uvicorn": ("uvicorn", "a2wsgi")}


def build(target: str, port: int, guard: float) -> server_standin.WsgiApp:
    """Import ``module:attribute`` in the worker and put the probe paths in front of it."""
    if guard:
        server_guard.ConnectionGuard(port, guard).start()
    module, _, attribute = target.partition(":")
    inner = getattr(importlib.import_module(module), attribute or "app")
    return server_standin.with_probes(inner)


def load_asgi() -> object:
    """Build the ASGI form of the application for uvicorn, from the command line it shares."""
    from a2wsgi import WSGIMiddleware

    options = parse(sys.argv[1:])
    application: Any = build(options.app, options.port, options.guard)
    return WSGIMiddleware(application, workers=options.threads)


def run_granian(options: argparse.Namespace) -> None:
    """Serve with granian's WSGI interface."""
    from granian.constants import HTTPModes, Interfaces, RuntimeModes, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.server import Server

    Server(
        "application",
        address=HOST,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        backpressure=options.connections,
        runtime_mode=RuntimeModes(options.runtime_mode),
        runtime_threads=options.runtime_threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=options.header_seconds * 1000),
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
        ssl_cert=Path(options.cert) if options.cert else None,
        ssl_key=Path(options.key) if options.key else None,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve(
        target_loader=partial(build, options.app, options.port, options.guard), wrap_loader=False
    )


def run_gunicorn(options: argparse.Namespace) -> None:
    """Serve with gunicorn's threaded worker."""
    from gunicorn.app.base import (  # type: ignore[import-untyped, unused-ignore]
        BaseApplication,
    )

    class Embedded(BaseApplication):  # type: ignore[misc, unused-ignore]
        """gunicorn configured by this program instead of a command line."""

        def load_config(self) -> None:
            """Set what differs from gunicorn's defaults."""
            settings = {
                "bind": f"{HOST}:{options.port}",
                "workers": options.workers,
                "worker_class": "gthread",
                "threads": options.threads,
                "worker_connections": options.connections,
                "keepalive": 75,
                "certfile": options.cert or None,
                "keyfile": options.key or None,
                "control_socket_disable": True,
            }
            for key, value in settings.items():
                self.cfg.set(key, value)

        def load(self) -> server_standin.WsgiApp:
            """Build the application, in the worker."""
            return build(options.app, options.port, options.guard)

    Embedded().run()


def run_uvicorn(options: argparse.Namespace) -> None:
    """Serve with uvicorn; the WSGI application runs in a2wsgi's thread pool."""
    import uvicorn

    uvicorn.run(
        "server_launch:load_asgi",
        factory=True,
        host=HOST,
        port=options.port,
        workers=options.workers,
        limit_concurrency=options.connections,
        timeout_keep_alive=75,
        access_log=False,
        ssl_certfile=options.cert or None,
        ssl_keyfile=options.key or None,
        app_dir=str(Path(__file__).resolve().parent),
    )


def run_waitress(options: argparse.Namespace) -> None:
    """Serve with waitress: one process, no TLS."""
    import waitress  # type: ignore[import-untyped, unused-ignore]

    waitress.serve(
        build(options.app, options.port, options.guard),
        host=HOST,
        port=options.port,
        threads=options.threads,
        connection_limit=options.connections,
        channel_timeout=options.header_seconds,
    )


def parse(argv: list[str]) -> argparse.Namespace:
    """Read the command line of one server process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--app", default="server_standin:app")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--connections", type=int, default=512)
    parser.add_argument("--header-seconds", type=int, default=10)
    parser.add_argument("--guard", type=float, default=0.0)
    parser.add_argument("--runtime-mode", default="auto")
    parser.add_argument("--runtime-threads", type=int, default=1)
    parser.add_argument("--cert", default="")
    parser.add_argument("--key", default="")
    return parser.parse_args(argv)


def main() -> None:
    """Start the named server and serve until a signal stops it."""
    options = parse(sys.argv[1:])
    runners = {
        "granian": run_granian,
        "gunicorn": run_gunicorn,
        "uvicorn": run_uvicorn,
        "waitress": run_waitress,
    }
    runners[options.name](options)


if __name__ == "__main__":
    main()
