"""What operators read in the ledger: everybody's bindings, one's history, who was parted."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, exists, func, or_, select

from ..core.deadline import Deadline
from ..core.model import Binding, Fingerprint, Person
from ..database import Database
from .entries import BOUND, Entries
from .opening import Declared, open_ledger
from .schema import ENTRY

__all__ = ["Ended", "Event", "Reading", "number_of"]

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the history. What was erased, or is not concerned, is None."""

    at: float
    action: str
    source: str
    subject: str | None
    erid: str | None
    origin: str
    reason: str | None


class Ended:
    """The people and the ERIDs that an operator parted.

    Kept as sorted numbers, eight bytes each, of their keyed hashes."""

    def __init__(self, entries: Entries, subjects: array[int], erids: array[int]) -> None:
        self._entries, self._subjects, self._erids = entries, subjects, erids

    def subject(self, source: str, subject: str) -> bool:
        """Whether the person was left without an ERID."""
        return _has(self._subjects, self._entries.subject_digest(Person(source, subject)))

    def erid(self, erid: str) -> bool:
        """Whether the ERID, or one that could be mistaken for it, is nobody's now."""
        return _has(self._erids, self._entries.digests.erid(erid))


class Reading:
    """A ledger to read in. `clock` gives seconds since 1970."""

    def __init__(
        self,
        database: Database,
        declared: Declared,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._declared = declared
        self._clock = clock
        self._opened: Entries | None = None

    def bindings(
        self, deadline: Deadline, *, source: str | None = None
    ) -> Iterator[Sequence[Binding]]:
        """Everybody who has an ERID now, in the order of the entries, in batches.

        As far as the database numbers entries in the order they are committed, what is
        written meanwhile does not count. Whoever is forgotten meanwhile is left out."""
        entries = self._entries(deadline)
        newer = ENTRY.alias()
        with self._database.connection(deadline) as connection:
            newest = connection.execute(select(func.max(ENTRY.c.id))).scalar() or 0
        query = (
            select(ENTRY)
            .where(
                ENTRY.c.action.in_(sorted(BOUND)),
                ENTRY.c.id <= newest,
                ENTRY.c.subject.is_not(None),
                ENTRY.c.erid.is_not(None),
                ~exists().where(
                    newer.c.subject_digest == ENTRY.c.subject_digest,
                    newer.c.subject_turn > ENTRY.c.subject_turn,
                    newer.c.id <= newest,
                ),
            )
            .order_by(ENTRY.c.id)
            .limit(_BATCH)
        )
        if source is not None:
            query = query.where(ENTRY.c.source == entries.key(source))
        last = 0
        while True:
            with self._database.connection(deadline) as connection:
                rows = connection.execute(query.where(ENTRY.c.id > last)).all()
            if not rows:
                return
            yield [entries.binding(row, entries.person(row)) for row in rows]
            last = rows[-1].id

    def count(self, deadline: Deadline) -> int:
        """How many entries there are; for a progress bar."""
        self._entries(deadline)
        with self._database.connection(deadline) as connection:
            return int(connection.execute(select(func.count()).select_from(ENTRY)).scalar() or 0)

    def known(self, people: Sequence[Person], deadline: Deadline) -> dict[Person, Binding]:
        """Those of `people` who have an ERID, with what binds them to it."""
        entries = self._entries(deadline)
        digests = {entries.subject_digest(person): person for person in people}
        query = select(ENTRY).where(
            ENTRY.c.subject_digest.in_(digests),
            ENTRY.c.action.in_(sorted(BOUND)),
            ~_later(ENTRY.c.subject_digest, ENTRY.c.subject_turn),
        )
        with self._database.connection(deadline) as connection:
            rows = connection.execute(query).all()
        named = [(digests[row.subject_digest], row) for row in rows]
        return {person: entries.binding(row, person) for person, row in named}

    def history(self, key: str | Person, deadline: Deadline) -> list[Event]:
        """What happened to an ERID or a person, and to whom it was ever connected, in order.

        Empty if the ledger knows nothing of them."""
        entries = self._entries(deadline)
        if isinstance(key, Person):
            mine = ENTRY.c.subject_digest == entries.subject_digest(key)
        else:
            mine = ENTRY.c.erid_digest == entries.digests.erid(key)
        with self._database.connection(deadline) as connection:
            own = connection.execute(select(ENTRY).where(mine)).all()
            subjects = {row.subject_digest for row in own} - {None}
            ids = {row.erid_digest for row in own} - {None}
            related = or_(ENTRY.c.subject_digest.in_(subjects), ENTRY.c.erid_digest.in_(ids))
            rows = connection.execute(select(ENTRY).where(related).order_by(ENTRY.c.id)).all()
        return [
            Event(
                row.at,
                row.action,
                entries.name(row.source),
                row.subject,
                row.erid,
                row.origin,
                row.reason,
            )
            for row in rows
        ]

    def current(self, key: str | Person, deadline: Deadline) -> Binding | None:
        """The binding of an ERID or a person now, None if there is none."""
        entries = self._entries(deadline)
        with self._database.connection(deadline) as connection:
            if isinstance(key, Person):
                row = entries.of_subject(connection, key)
            else:
                row = entries.of_erid(connection, key)
        if row is None or row.action not in BOUND or (isinstance(key, str) and row.erid != key):
            return None
        return entries.binding(row, entries.person(row))

    def ended(self, deadline: Deadline) -> Ended | None:
        """Whose ERIDs were taken back, None if none ever was."""
        entries = self._entries(deadline)
        subjects = self._parted(ENTRY.c.subject_digest, ENTRY.c.subject_turn, deadline)
        erids = self._parted(ENTRY.c.erid_digest, ENTRY.c.erid_turn, deadline)
        return Ended(entries, subjects, erids) if subjects or erids else None

    def sealed(self, deadline: Deadline) -> Callable[[Person, Fingerprint], str]:
        """What makes of a person's fingerprint the seal of a binding."""
        return self._entries(deadline).seal

    def _parted(self, digest: Column[str], turn: Column[int], deadline: Deadline) -> array[int]:
        """The newest entries that bind nobody, as sorted numbers."""
        query = select(digest).where(
            ENTRY.c.action.not_in(sorted(BOUND)), digest.is_not(None), ~_later(digest, turn)
        )
        found = array("Q")
        with self._database.connection(deadline) as connection:
            for (each,) in connection.execute(query, execution_options={"yield_per": _BATCH}):
                found.append(number_of(each))
        return array("Q", sorted(found))

    def _entries(self, deadline: Deadline) -> Entries:
        if self._opened is None:
            self._opened = Entries(
                open_ledger(self._database, self._declared, deadline), self._clock
            )
        return self._opened


def _later(digest: Column[str], turn: Column[int]) -> Any:
    """Whether there is a newer entry about the same subject or ERID."""
    newer = ENTRY.alias()
    return exists().where(newer.c[digest.name] == digest, newer.c[turn.name] > turn)


def number_of(digest: str) -> int:
    """The first 64 bits of a keyed hash."""
    return int(digest[:16], 16)


def _has(numbers: array[int], digest: str) -> bool:
    number = number_of(digest)
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
