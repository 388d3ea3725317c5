"""The bounded pool that all hashes of a process are computed in.

A hash takes a core for 50 to 500 ms on purpose. Here so many threads do that and no more,
so many callers may wait for one, and the next is refused at once. Everything else in the
process keeps its latency: the libraries used release the GIL, and on Linux the threads of
the pool yield the processor to all others."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TypeVar

from ..core.deadline import Deadline
from ..errors import Busy, DeadlineExceeded

__all__ = ["HashPool", "cores"]

Answer = TypeVar("Answer")

WAITING_PER_WORKER = 8
NICENESS = 10


class HashPool:
    """At most `workers` computations at a time and `waiting` more in the queue.

    Defaults: as many workers as this process has cores, 8 waiting for each. Threads start
    with the first computation, so a pool may be made before a server forks, and must not
    be used before. Thread-safe."""

    def __init__(self, workers: int | None = None, waiting: int | None = None) -> None:
        self.workers = workers or cores()
        self.waiting = WAITING_PER_WORKER * self.workers if waiting is None else waiting
        self.pending = 0
        """Computations that run or wait; for a metric."""
        self._counting = threading.Lock()
        self._threads = ThreadPoolExecutor(self.workers, "hash", initializer=_yield_to_others)

    def run(self, work: Callable[[bytes], Answer], password: bytes, deadline: Deadline) -> Answer:
        """What `work(password)` returns or raises.

        Raises Busy at once if the queue is full, the pool is closed, or there is no
        memory for the computation; DeadlineExceeded when the time is up, and then work
        that has not begun never will. Work that has begun goes on to its end, unheard."""
        deadline.left()
        self._enter()
        future = self._submit(work, password, deadline)
        try:
            return future.result(timeout=deadline.left())
        except (TimeoutError, DeadlineExceeded):
            if future.cancel():
                self._leave()
            raise DeadlineExceeded("no time left for the password hash") from None
        except CancelledError:
            self._leave()
            raise Busy("the pool for password hashes was closed") from None
        except MemoryError:
            raise Busy("no memory to compute a password hash") from None

    def _submit(
        self, work: Callable[[bytes], Answer], password: bytes, deadline: Deadline
    ) -> Future[Answer]:
        """Work that has begun leaves by itself; the caller does it for work that never will."""

        def begin() -> Answer:
            try:
                deadline.left()
                return work(password)
            finally:
                self._leave()

        try:
            return self._threads.submit(begin)
        except RuntimeError:
            self._leave()
            raise Busy("the pool for password hashes is closed") from None

    def _enter(self) -> None:
        with self._counting:
            if self.pending >= self.workers + self.waiting:
                raise Busy("the queue for password hashes is full")
            self.pending += 1

    def _leave(self) -> None:
        with self._counting:
            self.pending -= 1

    def close(self) -> None:
        """Take no more work, drop what waits (its callers get Busy), finish what runs."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _yield_to_others() -> None:
    """On Linux a priority belongs to a thread; elsewhere to the process, so it stays."""
    if sys.platform == "linux":
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        except OSError:
            # Some sandboxes forbid it. Then hashes slow the quick calls down, and are as right.
            return
