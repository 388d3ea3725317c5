"""The bounded pool that all hashes of a process are computed in.

A hash takes a core for 50 to 500 ms on purpose. Here so many threads do that and no more. Who
would wait too long for one of them is refused at once, not when the time is up: from what others
took, the pool knows how long those will take who come first. Everything else in the process keeps
its latency: the libraries used release the GIL, and on Linux the threads of the pool yield the
processor to all others."""

from __future__ import annotations

import atexit
import heapq
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from queue import SimpleQueue
from typing import TypeVar, cast

from ..core.deadline import Deadline
from ..core.turn import TURN
from ..errors import Busy, DeadlineExceeded
from .durations import Durations

__all__ = ["LONGEST_WAIT", "HashPool", "cores"]

Answer = TypeVar("Answer")

WAITING_PER_WORKER = 8
LONGEST_WAIT = 0.75
"""Seconds. With the computation itself, what waits is done within about a second."""
STUCK_SECONDS = 30.0
"""No hash within the limits takes so long, even on a machine that is busy with something else."""
NICENESS = 10
"""A tenth of the share of others. SCHED_IDLE does quick calls no more good, and few logins come
through where something else keeps the processors busy."""


class HashPool:
    """At most `workers` computations at a time and `waiting` more in the queue, each of which is
    expected to begin within `longest_wait` seconds.

    Defaults: as many workers as this process has cores, 8 waiting for each, LONGEST_WAIT. Threads
    start with the first computations, so a pool may be made before a server forks, and must not
    be used before. Thread-safe. `clock` counts seconds."""

    def __init__(
        self,
        workers: int | None = None,
        waiting: int | None = None,
        *,
        longest_wait: float = LONGEST_WAIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workers = workers or cores()
        self.waiting = WAITING_PER_WORKER * self.workers if waiting is None else waiting
        self._longest_wait, self._clock = longest_wait, clock
        self._state = threading.Lock()
        """Held for a moment by whoever reads or changes what follows."""
        self._refused = 0
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._durations = Durations()
        self._queue: deque[_Job] = deque()
        self._running: dict[_Job, float] = {}
        """When each began, by the clock."""
        self._calls: SimpleQueue[bool] = SimpleQueue()
        """Wakes one thread, which looks into the queue, or, with False, ends."""

    @property
    def pending(self) -> int:
        """Computations that run or wait; for a metric."""
        with self._state:
            return len(self._queue) + len(self._running)

    def state(self) -> tuple[int, int, int]:
        """How many computations run and how many wait now, and how many were refused so far."""
        with self._state:
            return len(self._running), len(self._queue), self._refused

    def check(self, deadline: Deadline) -> None:
        """Raises Busy if no worker has come to an end with its computation for a long time."""
        begun_before = self._clock() - STUCK_SECONDS
        with self._state:
            stuck = sum(began < begun_before for began in self._running.values())
        if stuck >= self.workers:
            raise Busy("each thread for password hashes has been at one for very long")

    def run(
        self,
        work: Callable[[bytes], Answer],
        password: bytes,
        deadline: Deadline,
        kind: Hashable = None,
    ) -> Answer:
        """What `work(password)` returns or raises.

        Work of one `kind`, which is remembered, takes about equally long. Raises Busy at once if
        there is no room, the pool is closed, or there is no memory for the computation;
        DeadlineExceeded when the time is up, and then work that has not begun never will.
        Work that has begun goes on to its end, unheard."""
        job = _Job(work, password, deadline, kind)
        begun, left = time.monotonic(), deadline.left()
        with self._state:
            self._check(left)
            if len(self._threads) < self.workers:
                self._start_thread()
            self._queue.append(job)
        TURN.give_back()  # not lent: what a login still does is little, beside its hash
        self._calls.put(True)
        in_time = job.done.acquire(timeout=left)
        deadline.phases.append(("hash_wait", begun, job.begun or time.monotonic()))
        if job.begun is not None:
            deadline.took("hash", job.begun)
        if not in_time:
            self._give_up(job)
            raise DeadlineExceeded("no time left for the password hash")
        if job.error is None:
            return cast(Answer, job.answer)
        try:
            raise job.error
        except MemoryError:
            raise Busy("no memory to compute a password hash") from None
        finally:
            job.error = None  # it holds this frame, which holds the job

    def check_room(self, deadline: Deadline) -> None:
        """Raises Busy if `run` would refuse any work now, so that nothing need be done for it;
        DeadlineExceeded if the time is up."""
        left = deadline.left()
        with self._state:
            self._check(left)

    def close(self) -> None:
        """Take no more work, drop what waits (its callers get Busy), finish what runs."""
        with self._state:
            self._closed = True
            dropped = list(self._queue)
            self._queue.clear()
            for _ in self._threads:
                self._calls.put(False)
        for job in dropped:
            job.end(error=Busy("the pool for password hashes was closed"))
        for thread in self._threads:
            thread.join()
        atexit.unregister(self.close)

    def _check(self, left: float) -> None:
        """Raises Busy unless work would begin in time, which is up in `left` seconds.

        What it is about has no say in it: else a busy pool would tell users from nobody. So half
        of the time is left for the computation itself, whatever that takes."""
        if self._closed:
            raise Busy("the pool for password hashes is closed")
        if len(self._queue) + len(self._running) >= self.workers + self.waiting:
            self._refused += 1
            raise Busy("the queue for password hashes is full")
        if self._wait() > min(self._longest_wait, left / 2):
            self._refused += 1
            raise Busy("a password hash would have to wait too long for its turn")

    def _wait(self) -> float:
        """Seconds until a worker is free for whoever comes next; 0 if one is now."""
        now, expected = self._clock(), self._durations.of
        free = [0.0] * (self.workers - len(self._running))
        lasting: dict[Hashable, float] = {}
        for job, began in self._running.items():
            lasts = now - began
            # Who takes longer than expected may well take as long again, and so may its kind.
            free.append(abs(expected(job.kind) - lasts))
            lasting[job.kind] = max(lasts, lasting.get(job.kind, 0.0))
        heapq.heapify(free)
        for job in self._queue:
            seconds = max(expected(job.kind), lasting.get(job.kind, 0.0))
            heapq.heapreplace(free, free[0] + seconds)
        return free[0]

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="hash", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise Busy("no thread can be started to compute password hashes") from None
            return
        if not self._threads:
            atexit.register(self.close)  # before the interpreter is taken from under a library
        self._threads.append(thread)

    def _work(self) -> None:
        """Be one of the threads."""
        _yield_to_others()
        while self._calls.get():
            with self._state:
                if not self._queue:
                    continue  # it was given up
                job = self._queue.popleft()
                began = self._running[job] = self._clock()
            job.begun = time.monotonic()
            try:
                job.deadline.left()
                answer, error = job.work(job.password), None
            except BaseException as raised:
                answer, error = None, raised
            try:
                with self._state:
                    del self._running[job]
                    if error is None:
                        self._durations.learn(job.kind, self._clock() - began)
            finally:
                job.end(answer, error)
            del job, answer, error  # not to be kept until the next one comes

    def _give_up(self, job: _Job) -> None:
        with self._state:
            if job in self._queue:
                self._queue.remove(job)


class _Job:
    """One computation, and what came of it."""

    __slots__ = ("answer", "begun", "deadline", "done", "error", "kind", "password", "work")

    def __init__(
        self,
        work: Callable[[bytes], object],
        password: bytes,
        deadline: Deadline,
        kind: Hashable,
    ) -> None:
        self.work, self.password, self.deadline, self.kind = work, password, deadline, kind
        self.begun: float | None = None
        """When, on the monotonic clock; None if it did not yet."""
        self.answer: object = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        """Held until it is done. An Event would take several times as long to make."""
        self.done.acquire()

    def end(self, answer: object = None, error: BaseException | None = None) -> None:
        """Tell the caller."""
        self.answer, self.error = answer, error
        self.done.release()


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
