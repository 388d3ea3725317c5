"""Who would have to wait too long for a hash is refused at once; nobody else is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import Busy
from sso_bridge.passwords import HashPool

from .gate import LONG, Clock, Gate
from .rooms import Room


class Line:
    """A pool that has computed some, and those who stand in line before it.

    Its clock stands still, so whatever is said about seconds is exact."""

    def __init__(self, *, workers: int = 1, longest_wait: float = 1.0) -> None:
        self.clock, self.gate = Clock(), Gate()
        self.pool = HashPool(workers, 50, longest_wait=longest_wait, clock=self.clock)
        self._callers = ThreadPoolExecutor(50)
        self._pending: list[Future[bool]] = []

    def took(self, seconds: float, kind: Hashable = None, times: int = 1) -> None:
        """Compute so many of this kind, one after another."""

        def work(password: bytes) -> None:
            self.clock.now += seconds

        for _ in range(times):
            self.pool.run(work, b"", Deadline(LONG), kind)

    def join(self, kind: Hashable = None, seconds: float = LONG) -> None:
        """Run or wait until the end of the test. Raises Busy as the pool does."""
        before = self.pool.pending
        deadline = Deadline(seconds)
        one = self._callers.submit(self.pool.run, self.gate, b"", deadline, kind)
        self._pending.append(one)
        while self.pool.pending == before:
            if one.done():
                self._pending.remove(one)
                one.result()
        if before < self.pool.workers:
            self.gate.wait_until_begun()

    def end(self) -> None:
        """Let all through. Whoever was not refused at once must get an answer."""
        self.gate.open()
        assert all(one.result(LONG) for one in self._pending)
        self._callers.shutdown()
        self.pool.close()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.end()


def test_who_would_wait_too_long_is_refused_at_once(line: Line) -> None:
    line.took(0.4)
    line.join()  # runs
    line.join()  # begins in 0.4 s
    line.join()  # 0.8
    with pytest.raises(Busy):
        line.join()  # 1.2


def test_there_is_room_again_when_time_has_passed(line: Line) -> None:
    line.took(0.4)
    for _ in range(3):
        line.join()
    line.clock.now += 0.3
    line.join()  # begins in 0.9 s
    with pytest.raises(Busy):
        line.join()


def test_several_workers_share_what_waits() -> None:
    line = Line(workers=2)
    line.took(0.4)
    for _ in range(6):
        line.join()  # two each run, begin in 0.4 s and in 0.8
    with pytest.raises(Busy):
        line.join()
    line.end()


def test_an_idle_worker_takes_whoever_comes_however_long_it_takes(line: Line) -> None:
    line.took(1000.0, times=5)
    line.join()
    with pytest.raises(Busy):
        line.join()


def test_of_what_is_not_known_yet_many_may_wait(line: Line) -> None:
    for _ in range(16):
        line.join()


def test_how_long_one_lasts_already_counts_for_others_of_its_kind(line: Line) -> None:
    line.join()
    line.join()
    line.clock.now += 0.4
    line.join()
    with pytest.raises(Busy):
        line.join()


def test_who_has_less_time_is_refused_sooner() -> None:
    line = Line(longest_wait=10_000.0)
    line.took(400.0)
    line.join()
    with pytest.raises(Busy):
        line.join(seconds=600.0)
    line.join(seconds=1000.0)
    line.end()


def test_one_that_took_far_too_long_is_not_believed(line: Line) -> None:
    line.took(0.1, times=2)
    line.took(600.0)
    line.join()
    line.join()


def test_a_machine_that_has_become_slower_is_noticed(line: Line) -> None:
    line.took(0.1, times=50)
    line.took(5.0, times=3)
    line.join()
    with pytest.raises(Busy):
        line.join()


def test_one_that_does_not_end_keeps_others_from_waiting_for_it(line: Line) -> None:
    line.took(0.1)
    line.join()
    line.clock.now += 5.0
    with pytest.raises(Busy):
        line.join()


@pytest.mark.parametrize("own", ["cheap", "dear"])
def test_what_counts_is_what_comes_first_and_not_who_asks(line: Line, own: str) -> None:
    line.took(0.01, "cheap")
    line.took(0.9, "dear")
    for _ in range(11):
        line.join("cheap")
    line.join("dear")  # begins in 0.11 s
    with pytest.raises(Busy):
        line.join(own)  # 1.01


def test_what_failed_says_nothing_about_how_long_it_takes(line: Line) -> None:
    def fail(password: bytes) -> None:
        raise ZeroDivisionError

    line.took(5.0)
    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            line.pool.run(fail, b"", Deadline(LONG))
    line.join()
    with pytest.raises(Busy):
        line.join()


def test_kinds_are_forgotten_before_there_are_too_many(line: Line) -> None:
    line.took(5.0, "first")
    for number in range(1000):
        line.took(0.0, number)
    line.join("first")
    line.join()


def test_users_and_nobody_are_refused_alike(line: Line) -> None:
    room = Room(line.pool)
    stored = room.hash("hunter2")
    line.took(5.0)
    line.join()
    for anybody in (stored, None, "unknown"):
        with pytest.raises(Busy):
            room.verify("hunter2", anybody)


def test_room_can_be_asked_for_before_there_is_any_work(line: Line) -> None:
    line.pool.check_room(Deadline(LONG))
    line.took(5.0)
    line.join()
    with pytest.raises(Busy):
        line.pool.check_room(Deadline(LONG))


def in_a_process(*lines: str) -> None:
    """Run a program that has a pool of one."""
    begin = """
import os, time
from sso_bridge.core.deadline import Deadline
from sso_bridge.passwords import HashPool
pool = HashPool(1)
"""
    command = [sys.executable, "-c", begin + "\n".join(lines)]
    subprocess.run(command, check=True, timeout=LONG)


def test_a_pool_does_not_keep_its_process() -> None:
    in_a_process("pool.run(bool, b'', Deadline(9))")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_pool_may_be_made_before_a_fork() -> None:
    in_a_process(
        "child = os.fork()",
        "if not child: os._exit(0 if pool.run(lambda password: True, b'', Deadline(9)) else 1)",
        "assert os.waitpid(child, 0)[1] == 0",
    )
