"""Whether each part that a call needs is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from ..core.deadline import Deadline
from ..errors import BridgeError

__all__ = ["Health"]

Check = Callable[[Deadline], None]
_FRESH_SECONDS = 2.0


class Health:
    """Asks every part, at most once in two seconds however often it is asked itself. While it
    is asking, everybody else is told what was last known; each part has its share of the time.

    No call is served without what `checks` ask for; calls go on without what is asked for
    `beside`."""

    def __init__(
        self, checks: Mapping[str, Check], beside: Mapping[str, Check] | None = None
    ) -> None:
        self._checks = {**checks, **(beside or {})}
        self._beside = frozenset(beside or ())
        self._lock = threading.Lock()
        self._asked = -_FRESH_SECONDS
        self._report: dict[str, str] = {}

    def needed(self, report: Mapping[str, str]) -> dict[str, str]:
        """Of a report, the parts without which no call is served."""
        return {name: state for name, state in report.items() if name not in self._beside}

    def report(self, deadline: Deadline) -> dict[str, str]:
        """For each part "ok" or the name of what is wrong."""
        if not self._lock.acquire(blocking=bool(not self._report)):
            return self._report
        try:
            if time.monotonic() - self._asked >= _FRESH_SECONDS:
                left = deadline.left() / len(self._checks)
                self._report = {name: _ask(c, Deadline(left)) for name, c in self._checks.items()}
                self._asked = time.monotonic()
            return self._report
        finally:
            self._lock.release()


def _ask(check: Check, deadline: Deadline) -> str:
    try:
        check(deadline)
    except BridgeError as error:
        return type(error).__name__
    return "ok"
