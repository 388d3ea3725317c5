"""What keeps a parent process and its workers in step: the port, the start, the end.

The HTTP server starts and replaces workers; these are the edges where a signal or a port could
get lost between them."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["PollingEvent", "begin_worker", "hold_port", "loading_for_workers", "when_ready"]

_POLL_SECONDS = 0.2


class PollingEvent(threading.Event):
    """An Event that is waited for without a lock.

    A signal that arrives just as `Event.wait` takes its lock can deadlock with a handler
    that sets the event; here the handler always gets to run."""

    def __init__(self) -> None:
        super().__init__()
        self._on = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._on

    def set(self) -> None:
        """Set it."""
        self._on = True

    def clear(self) -> None:
        """Unset it."""
        self._on = False

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or `timeout` seconds; whether it is set."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self._on and (ends is None or time.monotonic() < ends):
            time.sleep(_POLL_SECONDS)
        return self._on


def hold_port(host: str, port: int) -> socket.socket:
    """A socket bound to the address that never listens: it keeps a port chosen by 0, and a
    second server off the port. Raises OSError if the address cannot be listened on.

    Workers share a port through SO_REUSEPORT, so binding alone would not notice a server that
    is there already; a bind without that option does."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    holder = socket.socket(family)
    for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
        if hasattr(socket, option):
            holder.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
    holder.bind(address)
    return holder


@contextmanager
def loading_for_workers() -> Iterator[None]:
    """Around what a parent imports and makes before it forks workers.

    Nearly all of it stays, so looking for garbage meanwhile is a waste: it was a fifth of the
    start. Afterwards it counts as there for ever, and the collector of a worker neither walks
    through it in the middle of a call nor makes a copy of memory that is shared."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def begin_worker() -> None:
    """First thing in a worker: do not inherit the parent's way with signals, leave a signal
    to the whole group (Ctrl-C at a terminal) to the parent, who stops workers gracefully,
    and do not outlive the parent, whose death would leave a server that nobody can stop."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def when_ready(pipe: int, workers: int, address: tuple[str, int], then: Callable[[], None]) -> None:
    """Call `then`, in a thread, once each of `workers` wrote its byte into `pipe` and the
    address accepts a connection."""

    def wait() -> None:
        ready = 0
        while ready < workers:
            ready += len(os.read(pipe, workers - ready))
        while True:
            try:
                socket.create_connection(address, 1.0).close()
                break
            except OSError:
                time.sleep(0.01)
        then()

    threading.Thread(target=wait, name="announcement", daemon=True).start()
