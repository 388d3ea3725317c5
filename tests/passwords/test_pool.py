"""The pool is bounded, refuses at once, and computes nothing for callers that gave up."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import PRIO_PROCESS, getpriority

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import Busy, DeadlineExceeded
from sso_bridge.passwords import HashPool

from .gate import LONG, Clock, Gate
from .rooms import Room


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def callers(gate: Gate) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as callers:
        yield callers
        gate.open()


def wait_until_queued(pool: HashPool, number: int) -> None:
    until = time.monotonic() + LONG
    while pool.pending < number:
        assert time.monotonic() < until
        time.sleep(0.001)


def run(pool: HashPool, gate: Gate, name: bytes, seconds: float = LONG) -> bool:
    return pool.run(gate, name, Deadline(seconds))


def test_a_full_queue_refuses_at_once_and_begins_nothing(
    gate: Gate, callers: ThreadPoolExecutor
) -> None:
    pool = HashPool(workers=1, waiting=1)
    running = callers.submit(run, pool, gate, b"running")
    gate.wait_until_begun()
    waiting = callers.submit(run, pool, gate, b"waiting")
    wait_until_queued(pool, 2)
    with pytest.raises(Busy):
        run(pool, gate, b"refused")
    gate.open()
    assert running.result(LONG)
    assert waiting.result(LONG)
    assert gate.began == [b"running", b"waiting"]


def test_a_full_queue_refuses_users_and_nobody_alike(
    gate: Gate, callers: ThreadPoolExecutor
) -> None:
    pool = HashPool(workers=1, waiting=0)
    room = Room(pool)
    stored = room.hash("hunter2")
    callers.submit(run, pool, gate, b"running")
    gate.wait_until_begun()
    for anybody in (stored, None, "unknown"):
        with pytest.raises(Busy):
            room.verify("hunter2", anybody)
    with pytest.raises(Busy):
        room.hash("hunter2")


def test_a_place_is_free_again_after_work_that_ended_failed_or_was_given_up(gate: Gate) -> None:
    pool = HashPool(workers=1, waiting=0)

    def fail(password: bytes) -> bool:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            pool.run(fail, b"", Deadline(LONG))
    with pytest.raises(DeadlineExceeded):
        run(pool, gate, b"given up", 0.02)
    gate.open()
    wait_until_idle(pool)
    assert run(pool, gate, b"next")
    assert pool.pending == 0


def wait_until_idle(pool: HashPool) -> None:
    until = time.monotonic() + LONG
    while pool.pending:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_waiting_ends_with_the_deadline_and_the_work_is_never_begun(
    gate: Gate, callers: ThreadPoolExecutor
) -> None:
    pool = HashPool(workers=1, waiting=5, clock=Clock())  # it stands: nobody is expected to wait
    pool.run(bool, b"", Deadline(LONG))
    running = callers.submit(run, pool, gate, b"running")
    gate.wait_until_begun()
    with pytest.raises(DeadlineExceeded):
        run(pool, gate, b"given up", 0.02)
    assert pool.pending == 1
    gate.open()
    assert running.result(LONG)
    assert run(pool, gate, b"next")
    assert gate.began == [b"running", b"next"]


def test_work_whose_time_ran_out_in_the_queue_is_not_begun(gate: Gate) -> None:
    class LateInTheQueue(Deadline):
        """Has time left for the caller, twice, and none in the thread."""

        asked = 0

        def left(self) -> float:
            self.asked += 1
            if self.asked > 1 and threading.current_thread() is not threading.main_thread():
                raise DeadlineExceeded
            return LONG

    with pytest.raises(DeadlineExceeded):
        HashPool(workers=1).run(gate, b"late", LateInTheQueue(LONG))
    assert not gate.began


def test_no_time_left_begins_nothing(gate: Gate) -> None:
    with pytest.raises(DeadlineExceeded):
        run(HashPool(workers=1), gate, b"late", -1)
    assert not gate.began


def test_no_more_than_the_workers_compute_at_a_time(
    gate: Gate, callers: ThreadPoolExecutor
) -> None:
    pool = HashPool(workers=2, waiting=5)
    all_of_them = [callers.submit(run, pool, gate, b"%d" % i) for i in range(5)]
    wait_until_queued(pool, 5)
    gate.wait_until_begun()
    gate.wait_until_begun()
    time.sleep(0.02)
    assert len(gate.began) == 2
    gate.open()
    assert all(one.result(LONG) for one in all_of_them)


def test_closing_ends_what_waits_and_lets_what_runs_finish(
    gate: Gate, callers: ThreadPoolExecutor
) -> None:
    pool = HashPool(workers=1, waiting=5)
    running = callers.submit(run, pool, gate, b"running")
    gate.wait_until_begun()
    waiting = callers.submit(run, pool, gate, b"waiting")
    wait_until_queued(pool, 2)
    closing: Future[None] = callers.submit(pool.close)
    with pytest.raises(Busy):
        waiting.result(LONG)
    with pytest.raises(Busy):
        run(pool, gate, b"afterwards")
    gate.open()
    assert running.result(LONG)
    closing.result(LONG)
    assert gate.began == [b"running"]


def test_a_lack_of_memory_is_busy() -> None:
    def no_memory(password: bytes) -> bool:
        raise MemoryError

    with pytest.raises(Busy):
        HashPool(workers=1).run(no_memory, b"", Deadline(LONG))


@pytest.mark.skipif(sys.platform != "linux", reason="a priority belongs to a thread on Linux")
def test_its_threads_yield_to_all_others() -> None:
    def niceness(password: bytes) -> int:
        return getpriority(PRIO_PROCESS, threading.get_native_id())

    before = niceness(b"")
    assert HashPool(workers=1).run(niceness, b"", Deadline(LONG)) > before
    assert niceness(b"") == before


def test_its_size_is_the_cores_by_default() -> None:
    pool = HashPool()
    assert pool.workers >= 1
    assert pool.waiting == 8 * pool.workers
