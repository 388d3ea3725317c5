"""The ledger as operators use it: everybody's bindings, their history, and what may be changed.

Every change adds rows, and moves the counter that running nodes watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, exists, func, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from ..core import erid as erids
from ..core.deadline import Deadline
from ..core.model import Binding, Fingerprint, Person
from ..database import Database
from ..errors import BridgeError
from .entries import BOUND, Entries
from .opening import Declared, open_ledger
from .schema import ENTRY, LEDGER, LOGIN

__all__ = ["Ended", "Event", "NotPossible", "Outcome", "Pair", "Register"]

_BATCH = 2000
_LONGEST_REASON = 255
Change = dict[str, Any]


class NotPossible(BridgeError):
    """The ledger does not allow what the operator asked for; `details` says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An ERID that is to be a person's."""

    person: Person
    erid: str
    origin: str
    fingerprint: Fingerprint | None = None


Outcome = Literal["bound", "there", "other", "shared", "retired"]
"""What became of a pair: it is bound now; it was before; the person has another ERID; another
person has or had the ERID, or one that could be mistaken for it; the person was retired."""


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
    """The people and the ERIDs that an operator parted, by their keyed hashes."""

    def __init__(self, entries: Entries, subjects: frozenset[str], erids: frozenset[str]) -> None:
        self._entries, self._subjects, self._erids = entries, subjects, erids

    def subject(self, source: str, subject: str) -> bool:
        """Whether the person was left without an ERID."""
        return self._entries.subject_digest(Person(source, subject)) in self._subjects

    def erid(self, erid: str) -> bool:
        """Whether the ERID, or one that could be mistaken for it, is nobody's for ever."""
        return self._entries.digests.erid(erid) in self._erids


class Register:
    """The operators' side of a ledger. `clock` gives seconds since 1970."""

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
        self._would: dict[str, _State] = {}

    def bindings(
        self, deadline: Deadline, *, source: str | None = None
    ) -> Iterator[Sequence[Binding]]:
        """Everybody who has an ERID now, in the order of the entries, in batches.

        What is written meanwhile does not count, so nobody is there twice; whoever is
        forgotten meanwhile is left out."""
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
        found = []
        for digest, turn in (
            (ENTRY.c.subject_digest, ENTRY.c.subject_turn),
            (ENTRY.c.erid_digest, ENTRY.c.erid_turn),
        ):
            newer = ENTRY.alias()
            after = exists().where(newer.c[digest.name] == digest, newer.c[turn.name] > turn)
            query = select(digest).where(
                ENTRY.c.action.not_in(sorted(BOUND)), digest.is_not(None), ~after
            )
            with self._database.connection(deadline) as connection:
                found.append(frozenset(d for (d,) in connection.execute(query)))
        return Ended(entries, *found) if any(found) else None

    def assign(
        self, pairs: Sequence[Pair], deadline: Deadline, *, dry_run: bool = False
    ) -> list[Outcome]:
        """Bind whoever of `pairs` has no ERID yet, all in one transaction; what became of each.

        Nothing is ever overwritten, so it may be repeated. A dry run writes nothing, and
        remembers what it would have written, so that later pairs are held against it."""
        entries = self._entries(deadline)
        try:
            return self._assign(entries, pairs, deadline, dry_run)
        except IntegrityError:  # a node was first with one of them
            found: list[Outcome] = []
            for pair in pairs:
                try:
                    found += self._assign(entries, [pair], deadline, dry_run)
                except IntegrityError:
                    found += self._assign(entries, [pair], deadline, dry_run)
            return found

    def known(self, people: Sequence[Person], deadline: Deadline) -> set[Person]:
        """Those of `people` whom the ledger has any entry of."""
        entries = self._entries(deadline)
        digests = {entries.subject_digest(person): person for person in people}
        query = select(ENTRY.c.subject_digest).where(ENTRY.c.subject_digest.in_(digests))
        with self._database.connection(deadline) as connection:
            return {digests[row.subject_digest] for row in connection.execute(query)}

    def relink(
        self,
        erid: str | None,
        person: Person,
        reason: str,
        deadline: Deadline,
        *,
        origin: str,
        fingerprint: Fingerprint | None = None,
    ) -> Binding:
        """Make `erid` (None: a new random one) `person`'s, and nobody else's any more.

        An ERID that `person` had is set aside: nobody gets it but by another relink. A person
        who had `erid` is left with none, and is refused until given another. Raises
        NotPossible for an ERID or a person that was retired, unless both are given back to
        each other. `fingerprint` is that of the row now; without one the next answer takes it."""
        _check(reason)
        given = erids.mint() if erid is None else erid

        def change(connection: Connection, entries: Entries) -> list[Change]:
            mine = entries.of_subject(connection, person)
            held = entries.of_erid(connection, given)
            if held is not None and held.erid != given:
                raise NotPossible(
                    "the ledger has an ERID that could be mistaken for it"
                    if held.erid is not None
                    else "the ERID was forgotten on request; it may be nobody's again"
                )
            same = mine is not None and held is not None and mine.id == held.id
            if same and mine is not None and mine.action in BOUND:
                raise NotPossible("the person has this ERID already")
            for what, row in (("ERID", held), ("person", mine)):
                if row is not None and row.action == "retired" and not same:
                    raise NotPossible(f"the {what} was retired; it may be nobody else's again")
            rows = []
            if held is not None and held.action in BOUND:
                rows.append(
                    entries.again(
                        held, "unlinked", erid=None, erid_digest=None, erid_turn=None, reason=reason
                    )
                )
            if mine is not None and mine.action in BOUND:
                rows.append(
                    entries.again(
                        mine,
                        "replaced",
                        subject=None,
                        subject_digest=None,
                        subject_turn=None,
                        reason=reason,
                    )
                )
            rows.append(
                entries.row(
                    "relinked",
                    person,
                    subject_turn=0 if mine is None else mine.subject_turn,
                    erid=given,
                    erid_turn=0 if held is None else held.erid_turn,
                    origin=origin,
                    created_here=mine is not None and bool(mine.created_here),
                    seal=_seal(entries, person, fingerprint),
                    reason=reason,
                )
            )
            return rows

        self._change(change, deadline)
        return Binding(person, given, origin)

    def retire(self, person: Person, reason: str, deadline: Deadline, *, forget: bool) -> None:
        """Take the ERID of `person` back for ever: neither is anybody's again.

        `forget` also erases the primary key and the ERID; keyed hashes stay. Raises
        NotPossible if the ledger does not know the person."""
        _check(reason)

        def change(connection: Connection, entries: Entries) -> list[Change]:
            newest = entries.of_subject(connection, person)
            if newest is None:
                raise NotPossible("the ledger does not know the person")
            if newest.action == "retired":
                if not forget or newest.subject is None:
                    raise NotPossible("the person was retired before")
                rows = []
            else:
                rows = [entries.again(newest, "retired", reason=None if forget else reason)]
                entries.add(connection, *rows)
            if forget:
                self._forget(connection, entries.subject_digest(person))
            return []

        self._change(change, deadline)

    @staticmethod
    def _forget(connection: Connection, subject_digest: str) -> None:
        """Erase a retired subject, those of its ERIDs that are nobody's now, and the reasons of
        whatever was done to any of them: an operator may have written a name."""
        own = select(ENTRY.c.erid_digest).where(ENTRY.c.subject_digest == subject_digest)
        for digest in {d for (d,) in connection.execute(own) if d is not None}:
            concerned = ENTRY.c.erid_digest == digest
            newest = (
                select(ENTRY.c.action)
                .where(ENTRY.c.erid_digest == digest)
                .order_by(ENTRY.c.erid_turn.desc())
                .limit(1)
            )
            if connection.execute(newest).scalar() not in BOUND:
                connection.execute(update(ENTRY).where(concerned).values(erid=None))
            connection.execute(update(ENTRY).where(concerned).values(reason=None))
        mine = ENTRY.c.subject_digest == subject_digest
        connection.execute(update(ENTRY).where(mine).values(subject=None, reason=None, seal=None))
        connection.execute(delete(LOGIN).where(LOGIN.c.subject_digest == subject_digest))

    def _change(
        self, change: Callable[[Connection, Entries], list[Change]], deadline: Deadline
    ) -> None:
        """Move the counter and add the rows that `change` returns, in one transaction.

        The counter is first: its row is a lock, so that operators change one after another."""
        entries = self._entries(deadline)

        def work(connection: Connection) -> None:
            connection.execute(update(LEDGER).values(generation=LEDGER.c.generation + 1))
            rows = change(connection, entries)
            if rows:
                entries.add(connection, *rows)

        try:
            self._database.write(deadline, work)
        except IntegrityError:
            raise NotPossible("a node or another operator was first; look, and repeat") from None

    def _assign(
        self, entries: Entries, pairs: Sequence[Pair], deadline: Deadline, dry_run: bool
    ) -> list[Outcome]:
        def work(connection: Connection) -> list[Outcome]:
            of_subject, of_erid = self._newest(connection, entries, pairs)
            outcomes: list[Outcome] = []
            rows: list[Change] = []
            for pair in pairs:
                subject = entries.subject_digest(pair.person)
                erid = entries.digests.erid(pair.erid)
                mine = of_subject.get(subject) or self._would.get(subject)
                held = of_erid.get(erid) or self._would.get(erid)
                if mine is not None:
                    outcomes.append(_why(mine, pair))
                elif held is not None:
                    outcomes.append("shared")
                else:
                    rows.append(_first(entries, pair))
                    of_subject[subject] = of_erid[erid] = ("bound", pair.erid)
                    if dry_run:
                        self._would[subject] = self._would[erid] = ("bound", pair.erid)
                    outcomes.append("bound")
            if rows and not dry_run:
                entries.add(connection, *rows)
            return outcomes

        if not dry_run:
            return self._database.write(deadline, work)
        with self._database.connection(deadline) as connection:
            return work(connection)

    @staticmethod
    def _newest(
        connection: Connection, entries: Entries, pairs: Sequence[Pair]
    ) -> tuple[dict[str, _State], dict[str, _State]]:
        """What the newest entries say of the subjects and the ERIDs of `pairs`."""
        subjects = [entries.subject_digest(pair.person) for pair in pairs]
        ids = [entries.digests.erid(pair.erid) for pair in pairs]
        found: list[Row[Any]] = []
        for digest, wanted in ((ENTRY.c.subject_digest, subjects), (ENTRY.c.erid_digest, ids)):
            for start in range(0, len(wanted), 400):
                query = select(ENTRY).where(digest.in_(wanted[start : start + 400]))
                found.extend(connection.execute(query))
        of_subject: dict[str, _State] = {}
        of_erid: dict[str, _State] = {}
        for row in sorted(found, key=lambda r: r.subject_turn or 0):
            if row.subject_digest is not None:
                of_subject[row.subject_digest] = (row.action, row.erid)
        for row in sorted(found, key=lambda r: r.erid_turn or 0):
            if row.erid_digest is not None:
                of_erid[row.erid_digest] = (row.action, row.erid)
        return of_subject, of_erid

    def _entries(self, deadline: Deadline) -> Entries:
        if self._opened is None:
            self._opened = Entries(
                open_ledger(self._database, self._declared, deadline), self._clock
            )
        return self._opened


_State = tuple[str, str | None]
"""The action of an entry, and its ERID."""


def _first(entries: Entries, pair: Pair) -> Change:
    """The entry that binds `pair`."""
    seal = _seal(entries, pair.person, pair.fingerprint)
    return entries.row("bound", pair.person, erid=pair.erid, origin=pair.origin, seal=seal)


def _seal(entries: Entries, person: Person, fingerprint: Fingerprint | None) -> str | None:
    """The sealed fingerprint, None if there is nothing in it."""
    if fingerprint is None or fingerprint.values is None:
        return None
    return entries.seal(person, fingerprint)


def _check(reason: str) -> None:
    """Raises NotPossible for a reason that the history has no room for."""
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise NotPossible(f"the reason must have 1 to {_LONGEST_REASON} characters")


def _why(state: _State, pair: Pair) -> Outcome:
    """Why a pair of somebody whom the ledger knows is not bound anew."""
    action, erid = state
    if action not in BOUND:
        return "retired"
    return "there" if erid == pair.erid else "other"
