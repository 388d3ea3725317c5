"""How much time a call has left."""

from __future__ import annotations

import time

from ..errors import DeadlineExceeded

__all__ = ["Deadline"]


class Deadline:
    """A moment on the monotonic clock that every step of one call is held to."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, always more than zero; raises DeadlineExceeded when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("the call's time is up")
        return left

    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._at
