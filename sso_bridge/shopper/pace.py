"""How often an API key may be used: one limit for all threads and tasks of a process."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

__all__ = ["Pace"]


class Pace:
    """At most `rate` calls in any one second, as the other side counts them.

    When a call arrives there is not known here, only that it is between sending and the answer. So
    a call keeps its place from when it is sent until one second after its answer; then no second
    can hold more than `rate` arrivals, however long calls are under way. That costs speed: with
    answers after 0.1 s, nine tenths of the rate are reached. A rate below one is one call in
    1 / `rate` seconds. One instance serves threads and event loops at once."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = max(1, math.floor(rate))
        self._period = max(1.0, 1.0 / rate)
        self._clock = clock
        self._mutex = threading.Lock()
        self._under_way = 0
        self._free_again: deque[float] = deque()
        self._paused_until = -math.inf
        self._line = threading.Lock()

    def ask(self) -> float:
        """0.0 if a call may be sent now, which then has a place until `done`; otherwise how many
        seconds it takes at least until one may."""
        with self._mutex:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            while self._free_again and self._free_again[0] <= now:
                self._free_again.popleft()
            if self._under_way + len(self._free_again) < self._places:
                self._under_way += 1
                return 0.0
            return self._free_again[0] - now if self._free_again else self._period

    def done(self) -> None:
        """The answer of a call is there, or there will be none."""
        with self._mutex:
            self._under_way -= 1
            self._free_again.append(self._clock() + self._period)

    def pause(self, seconds: float) -> None:
        """Nobody sends anything for so long: the other side asked for it."""
        with self._mutex:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until a call may be sent; the block sends it and reads the answer."""
        with self._line:  # one waits for the time, the others for the one
            while seconds := self.ask():
                time.sleep(seconds)
        try:
            yield
        finally:
            self.done()

    @asynccontextmanager
    async def async_turn(self, line: asyncio.Lock) -> AsyncIterator[None]:
        """The same in an event loop, whose tasks stand in `line`."""
        async with line:
            while seconds := self.ask():
                await asyncio.sleep(seconds)
        try:
            yield
        finally:
            self.done()
