"""The rule: one person has one ERID, and no two people share one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Broken", "Identities"]


@dataclass(frozen=True, slots=True)
class Broken:
    """One way in which the rule is broken, and the exchanges that show it."""

    text: str
    exchanges: tuple[int, ...]


class Identities:
    """Every ERID that was given to every person, by whom the question was about."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many people have been answered about."""
        return len(self._seen)

    def saw(self, person: str, erid: str, exchange: int) -> None:
        """An answer about `person`, by their login, held `erid`."""
        with self._lock:
            self._seen.setdefault(person, {}).setdefault(erid, exchange)

    def of(self, person: str) -> str | None:
        """The first ERID that was seen for `person`."""
        with self._lock:
            return next(iter(self._seen.get(person, {})), None)

    def broken(self) -> Iterator[Broken]:
        """Each person with several ERIDs, and each ERID of several people."""
        people: dict[str, dict[str, int]] = {}
        for person, erids in self._seen.items():
            if len(erids) > 1:
                yield Broken(
                    f"{person} has {len(erids)} ERIDs: " + ", ".join(sorted(erids)),
                    tuple(erids.values()),
                )
            for erid, exchange in erids.items():
                people.setdefault(erid, {})[person] = exchange
        for erid, holders in people.items():
            if len(holders) > 1:
                yield Broken(
                    f"{' and '.join(sorted(holders))} share the ERID {erid}",
                    tuple(holders.values()),
                )
        by_fold: dict[str, set[str]] = {}
        for erid in people:
            by_fold.setdefault(erid.casefold().strip(), set()).add(erid)
        for alike in by_fold.values():
            if len(alike) > 1:
                yield Broken(
                    f"ERIDs that differ in letter case or blanks only: {', '.join(sorted(alike))}",
                    tuple(min(people[erid].values()) for erid in sorted(alike)),
                )
