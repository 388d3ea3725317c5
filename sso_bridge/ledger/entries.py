"""Rows of the ledger: how they are read, and how one is added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select
from sqlalchemy.engine import Row

from ..core.model import Binding, Fingerprint, Person
from ..errors import LedgerUnavailable
from .digests import Digests
from .opening import Opened
from .schema import ENTRY

__all__ = ["BOUND", "Entries", "Newest"]

BOUND = frozenset({"bound", "created", "sealed", "relinked"})
"""The actions after which a subject and an ERID belong together. After any other they do not:
"unlinked" (a subject whose ERID went to another), "replaced" (an ERID whose subject got
another) and "retired" (both, for ever). Nobody gets such an ERID by himself."""

Newest = Row[Any] | None
_BY_SUBJECT: Select[Any] = (
    select(ENTRY)
    .where(ENTRY.c.subject_digest == bindparam("digest"))
    .order_by(ENTRY.c.subject_turn.desc())
    .limit(1)
)
_BY_ERID: Select[Any] = (
    select(ENTRY)
    .where(ENTRY.c.erid_digest == bindparam("digest"))
    .order_by(ENTRY.c.erid_turn.desc())
    .limit(1)
)


class Entries:
    """The rows, through a connection that the caller holds. `clock` gives seconds since 1970."""

    def __init__(self, opened: Opened, clock: Callable[[], float]) -> None:
        self.digests: Digests = opened.digests
        self.created_at = opened.created_at
        self._keys = opened.keys
        self._names = {key: name for name, key in opened.keys.items()}
        self._clock = clock

    def key(self, source: str) -> str:
        """The key of the source with this name; raises LedgerUnavailable if there is none."""
        try:
            return self._keys[source]
        except KeyError:
            raise LedgerUnavailable(f"ledger: it does not know sources.{source}") from None

    def name(self, key: str) -> str:
        """The name of the source with this key."""
        return self._names.get(key, key)

    def subject_digest(self, person: Person) -> str:
        """The keyed hash of a person."""
        return self.digests.subject(self.key(person.source), person.subject)

    def login_digest(self, source: str, login: str) -> str:
        """The keyed hash of a login in its canonical form."""
        return self.digests.login(self.key(source), login)

    def seal(self, person: Person, fingerprint: Fingerprint) -> str:
        """A fingerprint as the ledger keeps it."""
        return self.digests.seal(self.key(person.source), person.subject, fingerprint)

    def person(self, row: Row[Any]) -> Person:
        """The person that a row is about."""
        return Person(self.name(row.source), row.subject, row.company)

    def of_subject(self, connection: Connection, person: Person) -> Newest:
        """The newest row of a subject, None if it has none."""
        digest = self.subject_digest(person)
        return connection.execute(_BY_SUBJECT, {"digest": digest}).first()

    def of_erid(self, connection: Connection, erid: str) -> Newest:
        """The newest row of an ERID or of one that could be mistaken for it, None if none."""
        return connection.execute(_BY_ERID, {"digest": self.digests.erid(erid)}).first()

    def row(
        self,
        action: str,
        person: Person,
        *,
        subject: bool = True,
        subject_turn: int = 0,
        erid: str | None = None,
        erid_turn: int = 0,
        origin: str = "",
        created_here: bool = False,
        seal: str | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """A row to add, about `person` (unless not `subject`) and about `erid` (if given), each
        following the turn given."""
        return {
            "action": action,
            "company": person.company,
            "source": self.key(person.source),
            "subject": person.subject if subject else None,
            "subject_digest": self.subject_digest(person) if subject else None,
            "subject_turn": subject_turn + 1 if subject else None,
            "erid": erid,
            "erid_digest": None if erid is None else self.digests.erid(erid),
            "erid_turn": None if erid is None else erid_turn + 1,
            "origin": origin,
            "created_here": int(created_here),
            "seal": seal,
            "reason": reason,
            "at": self._clock(),
        }

    def again(self, newest: Row[Any], action: str, **changes: Any) -> dict[str, Any]:
        """A row to add that says the same as `newest` but for `changes`."""
        row = {k: v for k, v in newest._mapping.items() if k != "id"}
        row |= {"action": action, "at": self._clock(), "reason": None}
        for turn in ("subject_turn", "erid_turn"):
            if row[turn] is not None:
                row[turn] += 1
        return row | changes

    @staticmethod
    def add(connection: Connection, *rows: dict[str, Any]) -> None:
        """Add rows; raises IntegrityError if another caller was first with any of the turns."""
        connection.execute(insert(ENTRY), rows)

    @staticmethod
    def binding(row: Row[Any], person: Person) -> Binding:
        """What a row of a bound `person` says."""
        return Binding(person, row.erid, row.origin, bool(row.created_here), row.seal)
