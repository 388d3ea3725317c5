"""Running the WSGI application on an HTTP server, in worker processes.

docs/http-server.md says why it is granian and what its settings are for."""

from __future__ import annotations

import math
import os
import shlex
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Settings, load
from .errors import ConfigurationError
from .soap.namespaces import RUM

if TYPE_CHECKING:
    from .web import WebApplication

__all__ = ["Address", "curl_line", "serve"]

PATH = "/RemoteUserManagement"
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens. `port` is a real one, also where 0 was asked for."""

    host: str
    port: int

    @classmethod
    def of(cls, settings: Settings, *, port: int | None = None) -> Address:
        """The configured address, on `port` if that is given; raises ConfigurationError if it
        cannot be listened on."""
        host = settings.server.host
        wanted = settings.server.port if port is None else port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, wanted))
            except OSError as error:
                raise ConfigurationError(
                    f"cannot listen on {host} port {wanted}: {error.strerror}; "
                    "choose another with --port"
                ) from None
            return cls(host, probe.getsockname()[1])

    def origin(self, settings: Settings) -> str:
        """Scheme, host and port, as a URL."""
        scheme = "http" if settings.server.tls_certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def url(self, settings: Settings) -> str:
        """The endpoint's public address: the configured one, or where it listens."""
        return settings.server.public_url or self.origin(settings) + PATH


def curl_line(url: str, login: str, password: str) -> str:
    """A shell command that sends a plain LoginRequest."""
    body = (
        f'<r:LoginRequest xmlns:r="{RUM}">'
        f"<userKey><loginID>{login}</loginID></userKey><password>{password}</password>"
        "</r:LoginRequest>"
    )
    return f"curl -sS -H 'Content-Type: text/xml' --data {shlex.quote(body)} {shlex.quote(url)}"


def serve(settings: Settings, config: Path, address: Address, *, announce: str) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is printed when the first call can be answered.

    Everything that can be wrong with the configuration is found here, before a worker starts."""
    with tempfile.TemporaryDirectory(prefix="sso-bridge-metrics-") as metrics:
        os.environ[_METRICS] = metrics  # read when prometheus_client is imported, so before wiring
        from . import wiring
        from .observing import Silent

        wiring.assemble(settings, config.absolute().parent, Silent())
        _watch(address, announce)
        _server(settings, address).serve(
            target_loader=partial(
                load_application, config, address.port, address.url(settings), metrics
            ),
            wrap_loader=False,
        )


def load_application(config: Path, port: int, url: str, metrics: str) -> WebApplication:
    """What each worker runs: settings read anew, logging, the guard, the application."""
    from . import logs, wiring
    from .web.guard import ConnectionGuard

    settings, _ = load(config)
    logs.configure(settings.log.level, settings.log.format)
    server = settings.server
    ConnectionGuard(
        port, body_seconds=server.body_seconds, call_seconds=server.call_seconds
    ).start()
    return wiring.application(
        settings, config.absolute().parent, url=url, metrics_directory=metrics
    )


def _server(settings: Settings, address: Address) -> Any:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    server = settings.server
    return Server(
        "sso_bridge",
        address=address.host,
        port=address.port,
        interface=Interfaces.WSGI,
        workers=server.workers,
        blocking_threads=server.threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(server.body_seconds * 1000)),
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=math.ceil(server.stop_seconds),
        ssl_cert=server.tls_certificate,
        ssl_key=server.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def _watch(address: Address, announce: str) -> None:
    """Print `announce` as soon as a connection is accepted, from a thread of its own."""

    def wait() -> None:
        for _ in range(600):
            try:
                with socket.create_connection((address.host, address.port), 1.0):
                    break
            except OSError:
                time.sleep(0.05)
        print(announce, file=sys.stdout, flush=True)

    threading.Thread(target=wait, daemon=True).start()
