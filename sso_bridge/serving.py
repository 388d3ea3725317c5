"""Running the WSGI application on an HTTP server, in worker processes.

docs/http-server.md says why it is granian and what its settings are for."""

from __future__ import annotations

import math
import multiprocessing
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .config import Settings
from .errors import BridgeError, ConfigurationError
from .logs import Log
from .processes import RollCall, hold_port, loading_for_workers
from .reloading import changes, check_changes, settings_to_serve
from .soap.contract import PATH
from .soap.namespaces import RUM

if TYPE_CHECKING:
    from .supervisor import Supervisor

__all__ = ["Address", "curl_line", "serve", "settings_to_serve", "shared_counts"]

_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_STDERR = {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
"""Where granian's own lines go; standard output is for what a command prints."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens, with a socket for each worker. `port` is a real one, also where 0 was
    asked for."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> Address:
        """The configured address; raises ConfigurationError if it cannot be listened on."""
        server = settings.server
        try:
            sockets = hold_port(server.host, server.port, server.workers)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {server.host} port {server.port}: {error.strerror}; "
                "choose another with --port"
            ) from None
        return cls(server.host, sockets[0].getsockname()[1], sockets)

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


def serve(
    settings: Settings,
    config: Path,
    address: Address,
    *,
    announce: str,
    given: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Serve until SIGTERM or SIGINT. On SIGHUP `config` is read again, as `settings_to_serve` read
    it with `given`. `announce` is printed when the first call can be answered.

    Everything that can be wrong with the configuration is found here, before a worker starts."""
    _leave_no_core()
    multiprocessing.set_start_method("fork", force=True)  # workers inherit what was loaded
    with shared_counts() as metrics:
        with loading_for_workers():
            service = _Service(settings, config, address, given, metrics, announce)
            service.check(settings)
            server = _server(service)
        service.roll.listen()
        server.serve(target_loader=service.load, wrap_loader=False)


def _leave_no_core() -> None:
    """If this process or a worker of it crashes, its memory is not written to a disk: there are
    passwords in it."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        with suppress(OSError, ValueError):  # a sandbox forbids it, and has limits of its own
            resource.setrlimit(resource.RLIMIT_CORE, (0, most))


class _Service:
    """What workers are started with: a configuration, later another."""

    def __init__(
        self,
        settings: Settings,
        config: Path,
        address: Address,
        given: Mapping[str, object],
        metrics: str,
        announce: str,
    ) -> None:
        from . import worker  # noqa: F401  (loaded once, for all that are forked)
        from .web import Reloads

        self.settings = self._before = settings
        self.address = address
        self.roll = RollCall(settings.server.workers, lambda: print(announce, flush=True))
        self._config, self._folder = config, config.absolute().parent
        self._given, self._metrics = given, metrics
        self._reloads = Reloads()

    def check(self, settings: Settings) -> None:
        """Raises ConfigurationError if the settings cannot be served with."""
        from . import wiring
        from .observing import Silent
        from .tracing import check_tracing

        wiring.assemble(settings, self._folder, Silent())
        wiring.check_ledger(settings, self._folder)
        wiring.trail_file(settings)
        if settings.traces.enabled:
            check_tracing()

    def load(self, listener: int, others: Sequence[socket.socket]) -> Any:
        """In a worker: the application."""
        from .worker import load_application

        return load_application(
            self.settings,
            self._folder,
            listener,
            others,
            port=self.address.port,
            url=self.address.url(self.settings),
            metrics=self._metrics,
            roll=self.roll,
        )

    def renew(self, server: Supervisor) -> bool:
        """Read the configuration again, and let workers that are started from now on have it; False
        if it cannot be used. Nothing that goes wrong here ends a server that serves."""
        try:
            settings = settings_to_serve(self._config, self._given)
            check_changes(self.settings, settings)
            with loading_for_workers():
                self.check(settings)
            server.take(_options(settings))
        except BridgeError as error:
            self._refused(str(error).replace("\n", "; "))
            return False
        except Exception as error:  # its text may hold anything
            self._refused(f"{type(error).__name__} while the configuration was read")
            return False
        self._before, self.settings = self.settings, settings
        return True

    def replaced(self, workers: int) -> None:
        """So many workers have the settings that were read last."""
        total = self.settings.server.workers
        if not workers:
            self.settings = self._before
            self._refused("no worker could be started with it; the lines above may say why")
        elif workers < total:
            self._refused(f"only {workers} of {total} workers could be replaced; send SIGHUP again")
        else:
            changed = sorted(changes(self._before, self.settings))
            self._reloads.worked()
            self._log().info("reloaded", workers=workers, changed=changed)
        self._before = self.settings

    def _refused(self, why: str) -> None:
        self._reloads.failed()
        self._log().error("reload_refused", details=why)

    def _log(self) -> Log:
        return Log(self.settings.log.level, self.settings.log.format)


def _server(service: _Service) -> Any:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    from .supervisor import Supervisor

    return Supervisor(
        "sso_bridge",
        address=service.address.host,
        port=service.address.port,
        sockets=service.address.sockets,
        roll=service.roll,
        renew=service.renew,
        replaced=service.replaced,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {"console": _STDERR, "access": _STDERR}},
        respawn_failed_workers=True,
        **_options(service.settings),
    )


def _options(settings: Settings) -> dict[str, Any]:
    """Those options of the HTTP server that come from settings and may change while it runs."""
    from granian.constants import SSLProtocols
    from granian.http import HTTP1Settings

    server = settings.server
    return {
        "blocking_threads": server.threads,
        "backpressure": max(256, server.threads),
        "http1_settings": HTTP1Settings(header_read_timeout=int(server.body_seconds * 1000)),
        "workers_kill_timeout": math.ceil(server.stop_seconds),
        "ssl_cert": server.tls_certificate,
        "ssl_key": server.tls_key,
        "ssl_protocol_min": SSLProtocols.tls12,
        "ssl_ca": server.tls_client_ca,
        "ssl_crl": list(server.tls_client_crl or ()),
        "ssl_client_verify": server.tls_client_ca is not None,
    }
