"""What keeps a parent process and its workers in step: the port, the start, the end.

The HTTP server starts and replaces workers; these are the edges where a signal, a port or a
connection could get lost between them."""

from __future__ import annotations

import gc
import os
import re
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = [
    "LEAVE",
    "PollingEvent",
    "RollCall",
    "begin_worker",
    "hold_port",
    "loading_for_workers",
    "stop_accepting",
    "when_accepting",
]

LEAVE: Final = signal.SIGUSR1
"""What a parent sends to a worker that has a successor: take no new connection, and ask the
clients that keep one to let go of it."""
_POLL_SECONDS: Final = 0.2
_SOON: Final = 0.01
_PID: Final = struct.Struct("=I")
_OPEN_FILES: Final = Path("/proc/self/fdinfo")


class PollingEvent(threading.Event):
    """An Event that is waited for without a lock.

    A signal that arrives just as `Event.wait` takes its lock can deadlock with a handler
    that sets the event; here the handler always gets to run. It also counts as set while
    something is `pending`: who clears it does not lose what came just before."""

    def __init__(self, pending: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self._on = False
        self._pending = pending

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._on or self._pending()

    def set(self) -> None:
        """Set it."""
        self._on = True

    def clear(self) -> None:
        """Unset it."""
        self._on = False

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or `timeout` seconds; whether it is set."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (ends is None or time.monotonic() < ends):
            time.sleep(_POLL_SECONDS)
        return self.is_set()


def hold_port(host: str, port: int, count: int = 1) -> tuple[socket.socket, ...]:
    """As many sockets, bound to the address and not listening yet. They keep a port chosen by 0,
    and a second server off the port. Raises OSError if the address cannot be listened on.

    Workers share a port through SO_REUSEPORT, so binding alone would not notice a server that
    is there already; a bind without that option does."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    holders: list[socket.socket] = []
    for _ in range(count):
        holder = socket.socket(family)
        for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
            if hasattr(socket, option):
                holder.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        holder.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        holder.bind(holders[0].getsockname() if holders else address)
        holders.append(holder)
    return tuple(holders)


@contextmanager
def loading_for_workers() -> Iterator[None]:
    """Around what a parent imports and makes before it forks workers.

    Nearly all of it stays, so looking for garbage meanwhile is a waste: it was a fifth of the
    start. Afterwards it counts as there for ever, and the collector of a worker neither walks
    through it in the middle of a call nor makes a copy of memory that is shared. What an
    earlier load left, and nothing needs any more, goes before."""
    gc.unfreeze()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def begin_worker(others: Sequence[socket.socket] = ()) -> None:
    """First thing in a worker: do not inherit the parent's way with signals, leave a signal
    to the whole group (Ctrl-C at a terminal) to the parent, who stops workers gracefully,
    do not outlive the parent, whose death would leave a server that nobody can stop, keep no
    connection waiting at the sockets of `others`, and open as many files as are allowed."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGHUP, LEAVE):
        signal.signal(number, signal.SIG_IGN)
    for other in others:
        other.close()
    _allow_files()
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _allow_files() -> None:
    """Raise the limit of open files, which every connection counts towards, as far as it may be.
    It is low at first for programs that use `select`, which here nothing does."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def when_accepting(listener: int, then: Callable[[], None]) -> None:
    """Call `then`, in a thread, once this process takes connections from the descriptor
    `listener`; at once where the kernel does not say so."""

    def wait() -> None:
        while _OPEN_FILES.exists() and not _watchers(listener):
            time.sleep(_SOON)
        then()

    threading.Thread(target=wait, name="announcement", daemon=True).start()


def stop_accepting(listener: int) -> None:
    """Take no more connections from the descriptor `listener`, in this process. It stays open, and
    other processes that have it go on. Nothing happens where the kernel is not Linux."""
    for watcher in _watchers(listener):
        with suppress(OSError), closing(select.epoll.fromfd(os.dup(watcher))) as events:
            events.unregister(listener)


def _watchers(listener: int) -> list[int]:
    """The epoll descriptors of this process that wait for `listener`."""
    found = []
    for name in os.listdir(_OPEN_FILES) if _OPEN_FILES.exists() else ():
        with suppress(OSError):
            if re.search(rf"^tfd:\s+{listener}\s", (_OPEN_FILES / name).read_text(), re.M):
                found.append(int(name))
    return found


class RollCall:
    """Workers say that they are there; their parent hears it.

    `everybody` is called once, in a thread, when so many `workers` have said so."""

    def __init__(self, workers: int, everybody: Callable[[], None]) -> None:
        self._heard, self._said = os.pipe()
        self._present: set[int] = set()
        self._workers, self._everybody = workers, everybody

    def say(self) -> None:
        """In a worker: I am there."""
        os.write(self._said, _PID.pack(os.getpid()))

    def listen(self) -> None:
        """In the parent: hear, from now on."""
        threading.Thread(target=self._hear, name="roll-call", daemon=True).start()

    def is_there(self, pid: int) -> bool:
        """In the parent: whether this worker has said so."""
        return pid in self._present

    def _hear(self) -> None:
        called = False
        while told := os.read(self._heard, _PID.size):
            self._present.add(*_PID.unpack(told))
            if not called and len(self._present) >= self._workers:
                called = True
                self._everybody()
