"""How many calls there were and how long they took, counted cheaply and poured into metrics.

prometheus_client takes its lock, asks for the process's number and writes to a file for each of
each value that a call changes, which for three of them takes a twentieth of the call. Here a call
leaves a note, and the notes are added up first."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from prometheus_client import Counter, Histogram

__all__ = ["POURED_EVERY", "Tally"]

POURED_EVERY: Final = 0.5
"""Seconds after which the counts of one worker are seen by those who ask another."""
_MOST_NOTES: Final = 1000


class Tally:
    """Calls by operation and outcome in `calls`, seconds by operation in `seconds`, and seconds by
    operation and phase in `phases`. The buckets of both end at `bounds`. What a process noted last
    is lost when it ends."""

    def __init__(
        self, calls: Counter, seconds: Histogram, phases: Histogram, bounds: tuple[float, ...]
    ) -> None:
        self._calls, self._seconds, self._phases, self._bounds = calls, seconds, phases, bounds
        self._notes: deque[tuple[str, str, float, Mapping[str, float]]] = deque()
        self._pouring = threading.Lock()

    def note(
        self, operation: str, outcome: str, seconds: float, phases: Mapping[str, float]
    ) -> None:
        """One call more."""
        self._notes.append((operation, outcome, seconds, phases))
        if len(self._notes) >= _MOST_NOTES:
            self._try_to_pour()

    def pour_regularly(self, then: Callable[[], None]) -> None:
        """From now on, and call `then` each time; to be called where the calls are, after a
        fork."""
        threading.Thread(target=self._run, args=(then,), name="tally", daemon=True).start()

    def _run(self, then: Callable[[], None]) -> None:
        while True:
            time.sleep(POURED_EVERY)
            self._try_to_pour()
            with suppress(Exception):
                then()

    def _try_to_pour(self) -> None:
        """No call fails, and no later one goes uncounted, because the metrics' files do not take
        these."""
        with suppress(Exception):
            self.pour()

    def pour(self) -> None:
        """Make the metrics say all that was noted."""
        with self._pouring:
            counts: dict[tuple[str, str], int] = {}
            times: dict[tuple[str, ...], list[float]] = {}
            for _ in range(len(self._notes)):
                operation, outcome, seconds, phases = self._notes.popleft()
                counts[operation, outcome] = counts.get((operation, outcome), 0) + 1
                times.setdefault((operation,), []).append(seconds)
                for phase, lasted in phases.items():
                    times.setdefault((operation, phase), []).append(lasted)
            for labels, count in counts.items():
                self._calls.labels(*labels).inc(count)
            for place, seconds_each in times.items():
                histogram = self._seconds if len(place) == 1 else self._phases
                self._observe(histogram.labels(*place), seconds_each)

    def _observe(self, histogram: Histogram, each: Sequence[float]) -> None:
        """As `histogram.observe` of each would."""
        buckets = [0] * (len(self._bounds) + 1)
        for seconds in each:
            buckets[bisect_left(self._bounds, seconds)] += 1
        histogram._sum.inc(sum(each))
        for bucket, count in zip(histogram._buckets, buckets, strict=True):
            if count:
                bucket.inc(count)
