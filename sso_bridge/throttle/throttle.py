"""What the gate asks: may this call go on, may this password be tried?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.ports import Observer
from ..errors import LoginThrottled, Throttled
from .rules import Counted, Rate, Store

__all__ = ["Rates", "Throttle"]

_LONGEST_KEY: Final = 64
"""Bytes of a key of BLAKE2b."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one kind, "caller", "site" or "all": by operation, "" for all operations
    together."""

    kind: str
    rates: Mapping[str, Rate]


class Throttle:
    """Implements `core.ports.Throttle` and `Replays`, counting in `store`.

    `key` keys the hashes that stand for logins and marks. Without `logins` no password has to
    wait."""

    def __init__(
        self,
        store: Store,
        *,
        key: bytes,
        logins: bool,
        rates: Sequence[Rates],
        observer: Observer,
        operations: Sequence[str],
    ) -> None:
        self._store = store
        self._key = key if len(key) <= _LONGEST_KEY else hashlib.blake2b(key).digest()
        self._logins = logins
        self._observer = observer
        self._rates = {
            operation: found for operation in operations if (found := _of(operation, rates))
        }
        self._counted: dict[tuple[str, str, str], tuple[Counted, ...]] = {}
        """What was asked for before: callers, sites and operations are few."""

    def admit(self, operation: str, caller: str, site: str) -> bool:
        """See `core.ports.Throttle`."""
        rates = self._rates.get(operation)
        if rates is None:
            return False
        counted = self._counted.get((operation, caller, site))
        if counted is None:
            names = {"caller": f"caller:{caller}", "site": f"site:{site}", "all": "all"}
            counted = tuple(rate.of(f"{names[kind]}:{what}") for kind, what, rate in rates)
            self._counted[operation, caller, site] = counted
        used_up = self._store.spend(counted)
        if used_up is not None:
            kind, what, _ = rates[used_up]
            self._observer.throttled(kind, "refused", self._store.name)
            raise Throttled(f"{kind}: too many {what or 'calls'}")
        return True

    def attempt(self, source: str, login: str) -> _Attempt | None:
        """See `core.ports.Throttle`."""
        if not self._logins:
            return None
        key = self._name("login", f"{len(source)}:{source}{login}".encode("utf-8", "surrogatepass"))
        tried = self._store.attempt(key)
        decision = "allowed" if tried.number else "refused"
        self._observer.throttled("login", decision, self._store.name)
        if not tried.number:
            raise LoginThrottled(f"the next try is allowed in {tried.wait:.1f} s")
        return _Attempt(self._store, key, tried.number)

    def trouble(self) -> str | None:
        """See `Store`."""
        return self._store.trouble()

    def is_first(self, mark: bytes, seconds: float) -> bool:
        """See `core.ports.Replays`."""
        return self._store.is_first(self._name("used", mark), seconds)

    def _name(self, kind: str, mark: bytes) -> str:
        return f"{kind}:{hashlib.blake2b(mark, key=self._key, digest_size=16).hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Implements `core.ports.Attempt`."""

    _store: Store
    _key: str
    _number: int

    def succeeded(self) -> None:
        """See `core.ports.Attempt`."""
        self._store.reset(self._key)

    def undo(self) -> None:
        """See `core.ports.Attempt`."""
        self._store.undo(self._key, self._number)


def _of(operation: str, rates: Sequence[Rates]) -> list[tuple[str, str, Rate]]:
    """Kind, what is counted and rate of all that hold for `operation`."""
    return [
        (one.kind, what, one.rates[what])
        for one in rates
        for what in dict.fromkeys((operation, ""))
        if what in one.rates
    ]
