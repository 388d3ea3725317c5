"""What readiness says of each part."""

from __future__ import annotations

import threading
import time

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import Busy
from sso_bridge.passwords import HashPool
from sso_bridge.passwords.pool import STUCK_SECONDS
from sso_bridge.web.health import Health


def test_a_slow_part_leaves_the_others_their_time() -> None:
    def slow(deadline: Deadline) -> None:
        time.sleep(deadline.left() + 0.01)
        deadline.left()

    health = Health({"slow": slow, "quick": lambda deadline: None})
    assert health.report(Deadline(0.4)) == {"slow": "DeadlineExceeded", "quick": "ok"}


def test_what_calls_go_on_without_is_told_apart() -> None:
    def broken(deadline: Deadline) -> None:
        raise Busy

    health = Health({"needed": lambda deadline: None}, {"trail": broken})
    report = health.report(Deadline(5))
    assert report == {"needed": "ok", "trail": "Busy"}
    assert health.needed(report) == {"needed": "ok"}


def test_a_pool_whose_every_thread_hangs_is_not_ready() -> None:
    now, gate, begun = [0.0], threading.Event(), threading.Event()
    pool = HashPool(1, 1, clock=lambda: now[0])

    def work(password: bytes) -> None:
        begun.set()
        gate.wait(60.0)

    caller = threading.Thread(target=pool.run, args=(work, b"", Deadline(60.0)))
    caller.start()
    assert begun.wait(60.0)
    pool.check(Deadline(1.0))
    now[0] = STUCK_SECONDS + 1
    with pytest.raises(Busy):
        pool.check(Deadline(1.0))
    gate.set()
    caller.join()
    pool.check(Deadline(1.0))
    pool.close()


def test_who_asks_meanwhile_is_told_what_was_last_known() -> None:
    asked, go_on = threading.Event(), threading.Event()
    calls = iter([False, True])

    def part(deadline: Deadline) -> None:
        if next(calls):
            asked.set()
            go_on.wait(5)

    health = Health({"part": part})
    assert health.report(Deadline(5)) == {"part": "ok"}
    health._asked -= 10
    other = threading.Thread(target=health.report, args=(Deadline(5),))
    other.start()
    assert asked.wait(5)
    begun = time.monotonic()
    assert health.report(Deadline(5)) == {"part": "ok"}
    assert time.monotonic() - begun < 1
    go_on.set()
    other.join()
