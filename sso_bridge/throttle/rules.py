"""What is counted, in numbers, and what a place that counts can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["Counted", "Rate", "Store", "Tried", "Waits"]

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Rate:
    """`calls` in any `seconds`: so many at once, and as many again in the course of that time."""

    calls: int
    seconds: float

    def of(self, key: str) -> Counted:
        """This rate for what `key` names."""
        return Counted(key, self.seconds / self.calls, self.seconds)


class Counted(NamedTuple):
    """What is counted under a `key`: one call for each `interval` is allowed, and as many at once
    as make `seconds`."""

    key: str
    interval: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the next password of one login has to wait.

    The first `free` cost nothing. The one after them may be tried `first` seconds later, and with
    each the wait doubles, up to `longest`. All is forgotten `forget` seconds after the last try
    and its wait."""

    free: int
    first: float
    longest: float
    forget: float

    def after(self, tried: int) -> float:
        """Seconds to wait after so many tries."""
        if tried < self.free:
            return 0.0
        return float(min(self.longest, self.first * 2 ** min(tried - self.free, _MOST_DOUBLINGS)))


class Tried(NamedTuple):
    """What came of asking for one try: its `number`, 0 if it has to wait, and `wait`, how many
    seconds it or the next one has to."""

    number: int
    wait: float


class Store(Protocol):
    """Where it is counted. Each method is one step that nothing can come between."""

    @property
    def name(self) -> str:
        """What counts now, as a label: "memory" or "redis"."""

    def spend(self, rates: Sequence[Counted]) -> int | None:
        """Count one call for each; or count nothing, and the place of the first that is used
        up."""

    def attempt(self, key: str) -> Tried:
        """Count one try, as one that failed, if the waits allow it now."""

    def undo(self, key: str, number: int) -> None:
        """Try `number` was none."""

    def reset(self, key: str) -> None:
        """Forget all tries."""

    def trouble(self) -> str | None:
        """The name of what keeps it from counting where it should; None if nothing does."""

    def is_first(self, key: str, seconds: float) -> bool:
        """Whether `key` was not kept, and keep it for so many seconds; raises Busy if there is no
        room."""
