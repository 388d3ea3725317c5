"""What readiness says of each part."""

from __future__ import annotations

import threading
import time

from sso_bridge.core.deadline import Deadline
from sso_bridge.web.health import Health


def test_a_slow_part_leaves_the_others_their_time() -> None:
    def slow(deadline: Deadline) -> None:
        time.sleep(deadline.left() + 0.01)
        deadline.left()

    health = Health({"slow": slow, "quick": lambda deadline: None})
    assert health.report(Deadline(0.4)) == {"slow": "DeadlineExceeded", "quick": "ok"}


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
