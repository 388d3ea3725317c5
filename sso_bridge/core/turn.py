"""Calls that compute take turns, so that they do not take the interpreter from each other.

A thread gives Python's lock away whenever SQLite, the parser or a write works for a few
microseconds. Where several calls are under way, another one takes it at once, and a call that would
have gone on waits to be woken: with sixteen at a time in one process that happens some sixty times
a call, and takes longer than all else. Whoever has the turn is let finish instead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["PATIENCE", "TURN", "Turn"]

PATIENCE: Final = 0.05
"""Seconds after which a call goes on beside the one that has the turn. Then something is slow that
should not be, such as a file of SQLite's on a network, and nobody else is made to wait for it."""


class Turn:
    """Had by one thread at a time, for the length of a `with` block.

    It guards nothing: whoever does not get it in time goes on without. What waits, for a lock, a
    server or a clock, does so in a block of `lent`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    def __enter__(self) -> None:
        if self._lock.acquire(timeout=PATIENCE):
            self._holder = threading.get_ident()

    def __exit__(self, *raised: object) -> None:
        self.give_back()

    def give_back(self) -> bool:
        """To be called before this thread waits for something that takes long. Whether it had the
        turn; then it may `take` it again."""
        if self._holder != threading.get_ident():
            return False
        self._holder = None
        self._lock.release()
        return True

    def take(self) -> None:
        """Have it again after it was given back."""
        self.__enter__()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Without it for the length of the block, if this thread has it."""
        had = self.give_back()
        try:
            yield
        finally:
            if had:
                self.take()


TURN: Final = Turn()
"""The one of this process."""
