"""Which hash most users have: what an unknown user's login has to cost.

If a login of an unknown user were answered sooner (or later) than a wrong password, the
answer's time would say who has an account. So something of the usual cost is computed for
nobody. Which that is, only the source knows: its rows came from its own application, and
an old site has hashes of several ages. A sample of them is grouped by scheme and cost, and
one hash of the largest group stands for all. A user whose hash is of another age still
differs from nobody; only the application that makes the hashes can mend that."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from ..core.deadline import Deadline
from ..errors import BridgeError
from .schemes import Limits, Scheme, StoredHash, UnusableHash, read

__all__ = ["Sample", "UsualHash"]

Sample = Callable[[int, Deadline], Sequence[str]]
"""`UserSource.password_hashes`: up to so many stored hashes."""

SIZE = 200
EVERY = 3600.0
"""Seconds until the sample is taken anew."""
RETRY = 60.0
"""Seconds until it is tried again when the source was down."""
PATIENCE = 2.0
"""Seconds that one call may spend on the sample."""


class UsualHash:
    """Learns from `sample` at the first call and then hourly; thread-safe.

    One call learns while others go on with what is known. It is done for every login, of
    known and unknown users alike, so that the sample's own time says nothing either."""

    def __init__(
        self,
        sample: Sample,
        limits: Limits,
        schemes: Sequence[Scheme],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sample, self._limits, self._schemes, self._clock = sample, limits, schemes, clock
        self._due = clock()
        self._learning = threading.Lock()
        self.hash: StoredHash | None = None
        """One of the usual hashes; None until known, or if no usable one is stored."""

    def learn(self, deadline: Deadline) -> None:
        """Take the sample if it is due. An outage leaves what is known. Raises
        DeadlineExceeded only if `deadline` was over before."""
        left = deadline.left()
        if self._clock() < self._due or not self._learning.acquire(blocking=False):
            return
        try:
            hashes = self._sample(SIZE, deadline.within(min(left / 2, PATIENCE)))
        except BridgeError:
            self._due = self._clock() + RETRY
        else:
            self.hash = self._most_usual(hashes)
            self._due = self._clock() + EVERY
        finally:
            self._learning.release()

    def _most_usual(self, hashes: Sequence[str]) -> StoredHash | None:
        groups: Counter[StoredHash] = Counter()
        for stored in hashes:
            try:
                found = read(stored, self._limits, self._schemes)
            except UnusableHash:
                continue  # no login computes it, so it is nobody's usual time
            if found is not None:
                groups[found] += 1
        return groups.most_common(1)[0][0] if groups else None
