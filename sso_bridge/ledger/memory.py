"""What a process remembers of the ledger: bindings, which only an operator's command changes.

A counter in the ledger grows with every such command. Whoever asks here looks at it first
if the last look is too long ago, and forgets everything when it has grown."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from ..core.deadline import Deadline
from ..core.model import Binding, Person
from ..core.turn import TURN
from ..errors import DeadlineExceeded

__all__ = ["Memory"]

K = TypeVar("K")
V = TypeVar("V")


class Memory:
    """Bindings by person, people by ERID and by login; at most `most` of each.

    `watch_seconds` is how old a look at the counter may be. `clock` is monotonic."""

    def __init__(
        self, most: int, watch_seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._watch_seconds, self._clock = most, watch_seconds, clock
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._generation: int | None = None
        self._looked_at = float("-inf")
        self._bindings: OrderedDict[Person, Binding] = OrderedDict()
        self._holders: OrderedDict[str, Person] = OrderedDict()
        self._logins: OrderedDict[tuple[str, str], Person] = OrderedDict()
        self.era = 0
        """Grows when everything is forgotten. What was read in one era must not be put into
        the next: it may be what the operator's command has changed."""

    def refresh(self, look: Callable[[Deadline], int], deadline: Deadline) -> None:
        """Forget everything if `look`, the counter's value, differs from the last one."""
        if self._clock() - self._looked_at < self._watch_seconds:
            return
        with TURN.lent():
            self._look(look, deadline)

    def _look(self, look: Callable[[Deadline], int], deadline: Deadline) -> None:
        if not self._looking.acquire(timeout=deadline.left()):
            raise DeadlineExceeded("ledger: it did not answer in time")
        try:
            now = self._clock()
            if now - self._looked_at < self._watch_seconds:
                return
            generation = look(deadline)
            with self._lock:
                if generation != self._generation:
                    self._forget()
                self._generation, self._looked_at = generation, now
        finally:
            self._looking.release()

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self.era += 1
        self._bindings, self._holders, self._logins = OrderedDict(), OrderedDict(), OrderedDict()

    def binding(self, person: Person) -> Binding | None:
        """The binding of `person`, None if it is not remembered."""
        return self._bindings.get(person)

    def holder(self, erid: str) -> Person | None:
        """Who has exactly this ERID, None if it is not remembered."""
        return self._holders.get(erid)

    def login(self, source: str, login: str) -> Person | None:
        """Who last had this login, None if it is not remembered."""
        return self._logins.get((source, login))

    def keep(self, binding: Binding, era: int) -> None:
        """Remember a binding that was read or made in `era`."""
        with self._lock:
            if era == self.era:
                self._put(self._bindings, binding.person, binding)
                self._put(self._holders, binding.erid, binding.person)

    def keep_login(self, login: str, person: Person, era: int) -> None:
        """Remember whose a login is, read or written in `era`."""
        with self._lock:
            if era == self.era:
                self._put(self._logins, (person.source, login), person)

    def _put(self, kept: OrderedDict[K, V], key: K, value: V) -> None:
        if not self._most:
            return
        if len(kept) >= self._most and key not in kept:
            kept.popitem(last=False)
        kept[key] = value
