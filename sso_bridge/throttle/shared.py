"""Counting in Redis, which all nodes share; in memory while there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..core.alarms import THROTTLE_STORAGE_BACK, THROTTLE_STORAGE_DOWN
from ..core.ports import Observer
from ..core.turn import TURN
from .memory import Memory
from .rules import Counted, Tried, Waits
from .scripts import ATTEMPT, SPEND, UNDO

__all__ = ["Shared", "SharedBy"]

T = TypeVar("T")
ASKED_AGAIN_EVERY: Final = 1.0
"""Seconds between two looks at whether a Redis that was lost is back."""


class SharedBy:
    """A Redis and how it is used. Raises redis.RedisError for whatever is wrong with it, and
    ValueError when it is made with a URL that is none.

    Nothing waits for it longer than `patience` seconds, and nothing is tried twice."""

    def __init__(self, url: str, *, prefix: str, patience: float, waits: Waits) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
        )
        self._prefix = prefix
        self._waits = [
            waits.free,
            *(round(1000 * seconds) for seconds in (waits.first, waits.longest, waits.forget)),
        ]
        self._spend = self._redis.register_script(SPEND)
        self._attempt = self._redis.register_script(ATTEMPT)
        self._undo = self._redis.register_script(UNDO)

    def spend(self, rates: Sequence[Counted]) -> int | None:
        """See `Store`."""
        figures = [int(1_000_000 * seconds) for _, *rate in rates for seconds in rate]
        place: int = self._spend([self._prefix + key for key, _, _ in rates], figures)
        return place - 1 if place else None

    def attempt(self, key: str, *, at_least: int) -> tuple[Tried, int]:
        """See `Store`; and how many tries there were. There were `at_least` so many."""
        number, tried, wait = self._attempt([self._prefix + key], [*self._waits, at_least])
        return Tried(number, wait / 1000), tried

    def undo(self, key: str, number: int) -> None:
        """See `Store`."""
        self._undo([self._prefix + key], [number])

    def reset(self, key: str) -> None:
        """See `Store`."""
        self._redis.delete(self._prefix + key)

    def is_first(self, key: str, seconds: float) -> bool:
        """See `Store`."""
        return bool(self._redis.set(self._prefix + key, 1, nx=True, px=round(1000 * seconds)))

    def write(self) -> None:
        """Write something: a Redis that is full, or a replica, can still be read."""
        self._redis.set(f"{self._prefix}asked", 1, px=1000)

    def hang_up(self) -> None:
        """Close the connections that wait for use: who knows where they lead."""
        self._redis.connection_pool.disconnect(inuse_connections=False)


class Shared:
    """Implements `Store` with a Redis, and with `memory` from its first failure on until it is
    back.

    The memory learns what Redis says, so that whoever has to wait still has to when it is gone.
    What is counted in memory alone still holds here when it is back. An alarm tells that it is
    gone, a notice that it is back; a thread looks for it, no call does."""

    def __init__(self, by: SharedBy, memory: Memory, observer: Observer) -> None:
        self._by = by
        self._memory = memory
        self._observer = observer
        self._lock = threading.Lock()
        self._is_up = True

    @property
    def name(self) -> str:
        """Which of the two counts now."""
        return "redis" if self._is_up else "memory"

    def spend(self, rates: Sequence[Counted]) -> int | None:
        """See `Store`."""
        return self._ask(lambda: self._by.spend(rates), lambda: self._memory.spend(rates))

    def attempt(self, key: str) -> Tried:
        """See `Store`."""
        alone = self._memory.counted_alone(key)
        if alone is not None and alone.wait > 0:
            return Tried(0, alone.wait)

        def shared() -> Tried:
            answer, tried = self._by.attempt(key, at_least=alone.number if alone else 0)
            self._memory.learn(key, tried, answer.wait)
            return answer

        return self._ask(shared, lambda: self._memory.attempt(key))

    def undo(self, key: str, number: int) -> None:
        """See `Store`."""
        self._memory.undo(key, number)
        self._ask(lambda: self._by.undo(key, number), lambda: None)

    def reset(self, key: str) -> None:
        """See `Store`."""
        self._memory.reset(key)
        self._ask(lambda: self._by.reset(key), lambda: None)

    def is_first(self, key: str, seconds: float) -> bool:
        """See `Store`. What was used here stays used when Redis has forgotten it."""
        if not self._memory.is_first(key, seconds):
            return False
        return self._ask(lambda: self._by.is_first(key, seconds), lambda: True)

    def trouble(self) -> str | None:
        """See `Store`."""
        try:
            self._by.write()
        except (redis.RedisError, OSError) as error:
            return type(error).__name__
        return None

    def _ask(self, shared: Callable[[], T], alone: Callable[[], T]) -> T:
        """What `shared` returns, or `alone` if there is no Redis."""
        if self._is_up:
            try:
                with TURN.lent():
                    return shared()
            except (redis.RedisError, OSError) as error:
                self._lost(error)
        return alone()

    def _lost(self, error: Exception) -> None:
        with self._lock:
            if not self._is_up:
                return
            self._is_up = False
        self._observer.alarm(THROTTLE_STORAGE_DOWN, type(error).__name__)
        threading.Thread(target=self._look_for_it, name="throttle", daemon=True).start()

    def _look_for_it(self) -> None:
        while True:
            try:
                self._by.hang_up()
                self._by.write()
                break
            except (redis.RedisError, OSError):
                time.sleep(ASKED_AGAIN_EVERY)
        self._is_up = True
        self._observer.notice(THROTTLE_STORAGE_BACK, "")
