"""Running the WSGI application on an HTTP server, in worker processes.

docs/http-server.md says why it is granian and what its settings are for."""

from __future__ import annotations

import math
import os
import shlex
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .config import Settings
from .errors import ConfigurationError
from .processes import PollingEvent, hold_port, loading_for_workers, when_ready
from .soap.contract import PATH
from .soap.namespaces import RUM

__all__ = ["Address", "curl_line", "serve", "shared_counts"]

_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_STDERR = {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
"""Where granian's own lines go; standard output is for what a command prints."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens. `port` is a real one, also where 0 was asked for."""

    host: str
    port: int
    holder: socket.socket = field(repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings, *, port: int | None = None) -> Address:
        """The configured address, on `port` if that is given; raises ConfigurationError if it
        cannot be listened on."""
        host = settings.server.host
        wanted = settings.server.port if port is None else port
        try:
            holder = hold_port(host, wanted)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host} port {wanted}: {error.strerror}; "
                "choose another with --port"
            ) from None
        return cls(host, holder.getsockname()[1], holder)

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


@contextmanager
def shared_counts() -> Iterator[str]:
    """The folder through which workers share what they count, for the length of the block.

    prometheus_client reads where it is when it is imported, so this comes before whatever imports
    it."""
    if _counts:
        yield _counts[0]
        return
    with tempfile.TemporaryDirectory(prefix="sso-bridge-metrics-") as folder:
        os.environ[_METRICS] = folder
        _counts.append(folder)
        try:
            yield folder
        finally:
            _counts.clear()


_counts: list[str] = []


def serve(settings: Settings, config: Path, address: Address, *, announce: str) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is printed when the first call can be answered.

    Everything that can be wrong with the configuration is found here, before a worker starts."""
    with shared_counts() as metrics:
        with loading_for_workers():
            from . import wiring
            from .observing import Silent
            from .worker import load_application

            wiring.assemble(settings, config.absolute().parent, Silent())
            wiring.check_ledger(settings, config.absolute().parent)
            server = _server(settings, address)
        pipe, ready = os.pipe()
        when_ready(
            pipe,
            settings.server.workers,
            (address.host, address.port),
            lambda: print(announce, flush=True),
        )
        server.main_loop_interrupt = PollingEvent()
        server.serve(
            target_loader=partial(
                load_application,
                settings,
                config.absolute().parent,
                port=address.port,
                url=address.url(settings),
                metrics=metrics,
                ready=ready,
            ),
            wrap_loader=False,
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
        backpressure=max(256, server.threads),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(server.body_seconds * 1000)),
        websockets=False,
        log_access=False,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {"console": _STDERR, "access": _STDERR}},
        respawn_failed_workers=True,
        workers_kill_timeout=math.ceil(server.stop_seconds),
        ssl_cert=server.tls_certificate,
        ssl_key=server.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
    )
