"""Many quick digests one after another, so that other threads run meanwhile.

hashlib gives up the GIL for long texts only. A loop of digests of short ones keeps it, and each
other thread would wait 5 ms for each of its turns. So the loop sleeps for a moment about every
millisecond: a real sleep, since `sleep(0)` takes the GIL back before another thread has it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

__all__ = ["DIGESTS", "digest", "repeated"]

DIGESTS: Final = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
"""Each digest and its bytes."""

TURN = 0.001
PAUSE = 0.00003
"""Seconds that the loop computes, and sleeps."""
BATCH = 32
"""Rounds between two looks at the clock."""


def digest(algorithm: str) -> Callable[[bytes], bytes]:
    """The function of a digest."""
    new = getattr(hashlib, algorithm)

    def compute(text: bytes) -> bytes:
        computed: bytes = new(text, usedforsecurity=False).digest()
        return computed

    return compute


def repeated(step: Callable[[bytes], bytes], value: bytes, times: int) -> bytes:
    """`step` done `times` times, first with `value` and then with what it gave."""
    due = time.perf_counter() + TURN
    while times > 0:
        for _ in range(min(times, BATCH)):
            value = step(value)
        times -= BATCH
        if time.perf_counter() >= due:
            time.sleep(PAUSE)
            due = time.perf_counter() + TURN
    return value
