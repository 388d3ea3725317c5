"""The parent process of the HTTP server, as we need it: a socket for each place of a worker, and
workers that are replaced without losing a call.

granian gives each worker a listening socket of its own, and Linux resets the connections that
wait at a socket which is closed. Here the parent keeps the sockets: who replaces a worker, because
it died or because the configuration changed, takes its socket over with whoever waits there."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket
from typing import IO, Any, Final

from granian._granian import SocketHolder
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from .processes import LEAVE, PollingEvent, RollCall

__all__ = ["Supervisor"]

START_SECONDS: Final = 60.0
"""How long a worker may take until it accepts connections."""
_MOST_RESTING: Final = 30.0
"""Seconds after which a connection that rests is closed although its time is not up."""
_POLL_SECONDS: Final = 0.05
_REMINDER_SECONDS: Final = 0.25
_YOUNG_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0
"""A worker that died so young is replaced after a pause: the next one may do no better."""
_OF_WORKERS: Final = (
    *("blocking_threads", "backpressure", "http1_settings", "workers_kill_timeout"),
    *("ssl_ctx", "_held"),
)
"""What a worker is started with and a later one may have otherwise."""


class Supervisor(MPServer):
    """granian's server, with sockets that outlive workers.

    `sockets` is one for each worker, `roll` how workers say that they are ready. On SIGHUP `renew`
    is called with this; it calls `take` and returns True, or returns False, and all stays as it is.
    `replaced` is told how many workers were replaced then; after 0, the old options are in force
    again. The other arguments are granian's."""

    http1_settings: HTTP1Settings
    workers_kill_timeout: int
    ssl_ctx: Any
    _shd: Any

    def __init__(
        self,
        *args: Any,
        sockets: Sequence[socket],
        roll: RollCall,
        renew: Callable[[Supervisor], bool],
        replaced: Callable[[int], None],
        **options: Any,
    ) -> None:
        super().__init__(*args, **{**options, "workers": len(sockets)})
        self._sockets = sockets
        self._roll = roll
        self._renew = renew
        self._replaced = replaced
        self._leaving: list[Any] = []
        self.main_loop_interrupt = PollingEvent(
            lambda: self.interrupt_signal or self.reload_signal or bool(self.interrupt_children)
        )

    def build_ssl_context(
        self,
        cert: Path | None,
        key: Path | None,
        password: str | None,
        proto: Any,
        ca: Path | None,
        crl: list[Path],
        client_verify: bool,
    ) -> None:
        """What TLS needs, kept as the files are now: a worker that replaces a dead one must not
        meet half of a renewal. Raises SSLError or OSError where there is something wrong."""
        self._held: list[IO[bytes]] = []
        if cert is None or key is None:
            super().build_ssl_context(None, None, None, proto, None, [], False)
            return
        certificate, private = self._hold(cert), self._hold(key)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private, password)
        self.ssl_ctx = (
            *(True, certificate, private, password, str(proto)),
            *(self._hold(ca) if ca else None, [self._hold(one) for one in crl]),
            client_verify and ca is not None,
        )

    def _hold(self, path: Path) -> str:
        """The name, in this process and those forked from it, of what is in the file now."""
        if not hasattr(os, "memfd_create"):
            return str(path)
        held = os.fdopen(os.memfd_create("sso-bridge"), "w+b", buffering=0)
        self._held.append(held)
        held.write(path.read_bytes())
        return f"/proc/self/fd/{held.fileno()}"

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None

    def _drop_shared_socket(self) -> None:
        for one in self._sockets:
            one.close()

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Callable[..., Any]
    ) -> Any:
        own = self._sockets[idx]
        self._shd = SocketHolder(own.fileno(), False, self.backlog)  # type: ignore[call-arg]
        others = [one for one in self._sockets if one is not own]
        return super()._spawn_worker(idx, target, partial(callback_loader, own.fileno(), others))

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        """Replace workers that died. granian ends the server when one dies twice within seconds;
        here that is for workers that never came to serve, while no other serves either."""
        died: list[Any] = [self.wrks[idx] for idx in workers]
        if any(time.monotonic() - one.birth < _YOUNG_SECONDS for one in died):
            time.sleep(_PAUSE_SECONDS)
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        now: list[Any] = self.wrks
        others = [one for one in now if one.is_alive()]
        if any(self._roll.is_there(one.inner.pid) for one in [*died, *others]):
            self.respawned_wrks.clear()

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        if self._leaving:  # at most two generations at a time
            time.sleep(_POLL_SECONDS)
            return
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        before = {name: getattr(self, name) for name in _OF_WORKERS}
        done = 0
        if self._renew(self):
            while done < self.workers and self._replace(done, spawn_target, target_loader):
                done += 1
            if not self.interrupt_signal:
                self._replaced(done)
        if not done:
            for name, value in before.items():
                setattr(self, name, value)

    def take(self, options: Mapping[str, Any]) -> None:
        """Have these options for workers that are started from now on. They are named as granian
        names them. Raises SSLError or OSError if a file for TLS is not good."""
        for name in _OF_WORKERS:
            if name in options:
                setattr(self, name, options[name])
        self.build_ssl_context(
            options["ssl_cert"],
            options["ssl_key"],
            options.get("ssl_key_password"),
            options["ssl_protocol_min"],
            options.get("ssl_ca"),
            options.get("ssl_crl") or [],
            options.get("ssl_client_verify", False),
        )

    def _replace(self, idx: int, spawn_target: Any, target_loader: Any) -> bool:
        """Put another worker in the place of one; whether it came to accept connections."""
        old, new = self.wrks[idx], self._spawn_worker(idx, spawn_target, target_loader)
        new.interrupt_by_parent = True  # until it is ready, its end is told here
        try:
            new.start()
        except OSError:  # no more processes, or no memory for one
            return False
        if not self._is_ready(new):
            new.kill()
            new.join()
            return False
        new.interrupt_by_parent = False
        self.wrks[idx] = new
        old.interrupt_by_parent = True
        self._leaving.append(old)
        threading.Thread(target=self._see_off, args=(old,), name="see-off", daemon=True).start()
        return True

    def _is_ready(self, worker: Any) -> bool:
        give_up = time.monotonic() + START_SECONDS
        while worker.is_alive() and not self.interrupt_signal and time.monotonic() < give_up:
            if self._roll.is_there(worker.inner.pid):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _see_off(self, old: Any) -> None:
        """Let the clients of `old` go, those that rest as well, and end it.

        The server closes a connection that rests when the time for its next request is up, as
        always. To close it before would be one more moment at which a request can meet a
        connection that is just being closed."""
        resting = min(self.http1_settings.header_read_timeout / 1000, _MOST_RESTING) + 1.0
        ends = time.monotonic() + resting
        while old.is_alive() and not self.interrupt_signal and time.monotonic() < ends:
            with suppress(ProcessLookupError):
                os.kill(old.inner.pid, LEAVE)  # again and again, should one not have come through
            time.sleep(_REMINDER_SECONDS)
        old.terminate()
        old.join(self.workers_kill_timeout)
        if old.is_alive():
            old.kill()
            old.join()
        self._leaving.remove(old)

    def _stop_workers(self) -> None:
        super()._stop_workers()  # type: ignore[no-untyped-call]
        ends = time.monotonic() + self.workers_kill_timeout + 1.0
        while self._leaving and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)
