"""How much time a call has left, and what it was spent on."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..errors import DeadlineExceeded

__all__ = ["Deadline", "Phase", "spent"]

Phase = tuple[str, float, float]
"""What was done, and when it began and ended, on the monotonic clock."""


class Deadline:
    """A moment on the monotonic clock that every step of one call is held to.

    `phases` tells what the call did until now, in the order in which it ended. Of those that took
    place within another, both are in it."""

    __slots__ = ("_at", "phases")

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds
        self.phases: list[Phase] = []

    def within(self, seconds: float) -> Deadline:
        """The same call's, for a step that may take so long and no longer than the call."""
        shorter = Deadline(seconds)
        shorter._at = min(shorter._at, self._at)
        shorter.phases = self.phases
        return shorter

    def left(self) -> float:
        """Seconds left, always more than zero; raises DeadlineExceeded when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("the call's time is up")
        return left

    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._at

    def took(self, phase: str, begun: float) -> float:
        """Note that the call was at `phase` from `begun` until now, which is returned."""
        now = time.monotonic()
        self.phases.append((phase, begun, now))
        return now


def spent(phases: Iterable[Phase]) -> dict[str, float]:
    """Seconds by phase. What one did within another is not the other's."""
    seconds: dict[str, float] = {}
    apart: list[tuple[float, float]] = []
    for phase, begun, ended in phases:
        own = ended - begun
        while apart and apart[-1][0] >= begun:
            own -= apart.pop()[1]
        apart.append((begun, ended - begun))
        seconds[phase] = seconds.get(phase, 0.0) + own
    return seconds
