"""Work for a pool that takes as long as a test wants, and a clock to go with it."""

from __future__ import annotations

import threading

LONG = 20.0


class Gate:
    """Work that begins, and ends when it is let through."""

    def __init__(self) -> None:
        self.began: list[bytes] = []
        self._begun = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self, password: bytes) -> bool:
        self.began.append(password)
        self._begun.release()
        assert self._open.wait(LONG)
        return True

    def wait_until_begun(self) -> None:
        assert self._begun.acquire(timeout=LONG)

    def open(self) -> None:
        self._open.set()


class Clock:
    """One that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
