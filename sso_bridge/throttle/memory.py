"""Counting in the memory of one process, by a clock that nobody sets."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import Busy
from .rules import Counted, Tried, Waits

__all__ = ["Memory"]

_ROUNDING: Final = 1e-6
"""Seconds that sums of intervals may be off."""


@dataclass(slots=True)
class _Login:
    """Tries of one login. `next` is when one more is allowed, `forget` when all are forgotten.
    `alone` says that a try was counted here and not in the store that is shared."""

    tried: int
    next: float
    forget: float
    alone: bool


class Memory:
    """Implements `Store` for one process; with `most` logins at a time, of which those go first
    whose last try is longest ago, and `most_used` keys that may not be used again."""

    name = "memory"

    def __init__(
        self,
        waits: Waits,
        *,
        most: int,
        most_used: int = 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waits = waits
        self._most = most
        self._most_used = most_used
        self._clock = clock
        self._lock = threading.Lock()
        self._logins: OrderedDict[str, _Login] = OrderedDict()
        self._used: OrderedDict[str, float] = OrderedDict()
        """Until when each may not be used again, in the order of that."""
        self._lasts: dict[str, float] = {}
        """For each key of a rate, until when the calls so far last at that rate."""

    def spend(self, rates: Sequence[Counted]) -> int | None:
        """See `Store`."""
        lasts, now = self._lasts, self._clock()
        with self._lock:
            ends: dict[str, float] = {}
            for key, interval, seconds in rates:
                last = lasts.get(key, now)
                end = (last if last > now else now) + interval
                if end - now > seconds + _ROUNDING:
                    return len(ends)
                ends[key] = end
            lasts.update(ends)
        return None

    def attempt(self, key: str) -> Tried:
        """See `Store`."""
        now = self._clock()
        with self._lock:
            known = self._known(key, now)
            if known is not None and known.next > now:
                return Tried(0, known.next - now)
            number = (known.tried if known else 0) + 1
            wait = self._keep(key, number, self._waits.after(number), now, alone=True)
            return Tried(number, wait)

    def undo(self, key: str, number: int) -> None:
        """See `Store`."""
        with self._lock:
            known = self._known(key, self._clock())
            if known is None or known.tried < number:
                return
            if known.tried == number:
                known.next = 0.0
            known.tried -= 1

    def reset(self, key: str) -> None:
        """See `Store`."""
        with self._lock:
            self._logins.pop(key, None)

    def is_first(self, key: str, seconds: float) -> bool:
        """See `Store`. All are kept for as many seconds."""
        now = self._clock()
        with self._lock:
            while self._used and next(iter(self._used.values())) <= now:
                self._used.popitem(last=False)
            if key in self._used:
                return False
            if len(self._used) >= self._most_used:
                raise Busy("no more tokens can be remembered")
            self._used[key] = now + seconds
            return True

    def trouble(self) -> str | None:
        """See `Store`."""
        return None

    def counted_alone(self, key: str) -> Tried | None:
        """What was counted here while the shared store was away, and how long that has to wait;
        None if nothing was."""
        if key not in self._logins:
            return None
        now = self._clock()
        with self._lock:
            known = self._known(key, now)
            if known is None or not known.alone:
                return None
            return Tried(known.tried, max(0.0, known.next - now))

    def learn(self, key: str, tried: int, wait: float) -> None:
        """What the shared store says, to go on from when it is away."""
        with self._lock:
            self._keep(key, tried, wait, self._clock(), alone=False)

    def _known(self, key: str, now: float) -> _Login | None:
        known = self._logins.get(key)
        if known is not None and known.forget <= now:
            del self._logins[key]
            return None
        return known

    def _keep(self, key: str, tried: int, wait: float, now: float, *, alone: bool) -> float:
        """The newest stand last, so that the oldest are found at the front."""
        self._logins.pop(key, None)
        while self._logins:
            oldest = next(iter(self._logins))
            if len(self._logins) < self._most and self._logins[oldest].forget > now:
                break
            self._logins.popitem(last=False)
        self._logins[key] = _Login(tried, now + wait, now + wait + self._waits.forget, alone)
        return wait
