"""One thread that shuts down the sockets of calls whose time is up.

A driver that waits for a server which says nothing (it hangs, or the network swallows
everything) waits as long as its own limits allow; libpq has none. Shutting the socket down
wakes it at once, with the error of a connection that was lost."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from contextlib import suppress
from typing import Final

__all__ = ["WATCHDOG", "Watch", "Watchdog"]

_LONGEST: Final = 3600.0
"""Seconds that the thread sleeps at most; a condition cannot wait for any length."""


class Watch:
    """A socket that is shut down at `at` (monotonic clock), unless it was let go before."""

    __slots__ = ("_socket", "at", "was_cut")

    def __init__(self, number: int, at: float) -> None:
        # A duplicate, since the driver may close its own at any time, and the number be another's
        # then. The family has no bearing on a shutdown.
        self._socket = socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)
        self.at = at
        self.was_cut = False

    def cut(self) -> None:
        """End what anybody reads from or writes to the socket."""
        self.was_cut = True
        with suppress(OSError):  # it is gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Give back the duplicate."""
        self._socket.close()


class Watchdog:
    """Watches sockets. Its thread is started with the first and ends with the process."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._wakes = math.inf
        self._runs = False

    def forked(self) -> None:
        """Begin anew in the child of a fork, where the thread is not."""
        self._begin()

    def watch(self, number: int, at: float) -> Watch:
        """Shut the socket with this file number down at `at`, on the monotonic clock."""
        watch = Watch(number, at)
        with self._changed:
            self._watches.add(watch)
            try:
                self._look_by(at)
            except BaseException:
                self._watches.discard(watch)
                watch.close()
                raise
        return watch

    def move(self, watch: Watch, at: float) -> bool:
        """Cut at `at` instead; False if it was cut already."""
        with self._changed:
            watch.at = at
            self._look_by(at)
            return not watch.was_cut

    def let_go(self, watch: Watch) -> None:
        """Never cut it from now on; a second time is no error."""
        with self._changed:
            self._watches.discard(watch)
            watch.close()

    def _look_by(self, at: float) -> None:
        """Wake the thread if it would sleep past `at`. It is not told of what ends later, or of
        what was let go: a busy server would wake it with every call."""
        if not self._runs:
            threading.Thread(target=self._run, name="database-watchdog", daemon=True).start()
            self._runs = True  # not before: a thread that could not be started is tried again
        if at < self._wakes:
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for watch in [watch for watch in self._watches if watch.at <= now]:
                    watch.cut()
                    self._watches.discard(watch)
                self._wakes = min((watch.at for watch in self._watches), default=math.inf)
                self._changed.wait(min(self._wakes - now, _LONGEST))


WATCHDOG: Final = Watchdog()
"""The one of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WATCHDOG.forked)
