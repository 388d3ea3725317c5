"""How long computations take here, learnt from those before."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

__all__ = ["Durations"]

UNKNOWN = 0.05
"""Seconds of a kind that was never seen: the least that a hash is made to take. It counts until the
first one is done, and meanwhile a crowd should not be refused for nothing."""
REMEMBERED = 5
"""Of each kind. Their median forgets two that were out of the ordinary, and follows a machine
that has become slower after three."""
KINDS = 100
"""More are forgotten, the first one first: a table may have as many kinds as rows."""


class Durations:
    """The median of the last few of each kind. Not thread-safe."""

    def __init__(self) -> None:
        self._last: dict[Hashable, deque[float]] = {}
        self._median: dict[Hashable, float] = {}

    def of(self, kind: Hashable) -> float:
        """Seconds that a computation of this kind is expected to take."""
        return self._median.get(kind, UNKNOWN)

    def learn(self, kind: Hashable, seconds: float) -> None:
        """One of this kind took so long."""
        last = self._last.get(kind)
        if last is None:
            if len(self._last) >= KINDS:
                oldest = next(iter(self._last))
                del self._last[oldest], self._median[oldest]
            last = self._last[kind] = deque(maxlen=REMEMBERED)
        last.append(seconds)
        self._median[kind] = sorted(last)[len(last) // 2]
