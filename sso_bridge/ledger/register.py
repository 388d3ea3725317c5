"""What operators change in the ledger. Every change adds rows.

What takes anything from anybody also moves the counter that running nodes watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from ..core import erid as erids
from ..core.deadline import Deadline
from ..core.model import Binding, Fingerprint, Person
from ..errors import NotPossible
from .entries import BOUND, Entries, Newest
from .reading import Reading, number_of
from .schema import ENTRY, LEDGER, LOGIN

__all__ = ["Outcome", "Pair", "Register"]

_LONGEST_REASON = 255
Change = dict[str, Any]


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


class Register(Reading):
    """The operators' side of a ledger."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._would: dict[int, int] = {}
        self._taken: set[int] = set()

    def assign(
        self, pairs: Sequence[Pair], deadline: Deadline, *, dry_run: bool = False
    ) -> list[Outcome]:
        """Bind whoever of `pairs` has no ERID yet, all in one transaction; what became of each.

        Nothing is ever overwritten, so it may be repeated. A dry run writes nothing, and
        remembers what it would have written (about 200 bytes a pair), so that later pairs
        are held against it."""
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
            _check_relink(mine, held, given)
            rows = []
            if held is not None and held.action in BOUND:
                rows.append(
                    entries.again(held, "unlinked", erid=None, erid_digest=None, erid_turn=None)
                )
            if mine is not None and mine.action in BOUND:
                rows.append(
                    entries.again(
                        mine,
                        "replaced",
                        subject=None,
                        subject_digest=None,
                        subject_turn=None,
                        seal=None,
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

    def retire(self, whom: Person | str, reason: str, deadline: Deadline, *, forget: bool) -> None:
        """Take the ERID of a person back for ever: neither is anybody's again. A string is an ERID
        that is nobody's now: set aside, or retired before and to be forgotten with its person.

        `forget` also erases what is retired; keyed hashes stay. Raises NotPossible if the
        ledger does not know it, or it was retired before."""
        _check(reason)

        def change(connection: Connection, entries: Entries) -> list[Change]:
            if isinstance(whom, Person):
                newest = entries.of_subject(connection, whom)
                gone = newest is not None and newest.subject is None
            else:
                newest = entries.of_erid(connection, whom)
                gone = newest is not None and newest.erid is None
                if newest is not None and (
                    newest.action in BOUND or newest.erid not in (whom, None)
                ):
                    raise NotPossible("the ERID is somebody's, or is not exactly this one")
            if newest is None:
                raise NotPossible("the ledger does not know that")
            if newest.action != "retired":
                row = entries.again(newest, "retired", reason=None if forget else reason)
                entries.add(connection, row)
            elif gone or not forget:
                raise NotPossible("it was retired before")
            if forget and newest.subject_digest is not None:
                _forget_person(connection, newest.subject_digest)
            elif forget:
                _forget_erid(connection, ENTRY.c.erid_digest == newest.erid_digest)
            return []

        self._change(change, deadline)

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
                mine = of_subject.get(subject)
                would = self._would.get(number_of(subject))
                if mine is not None:
                    outcomes.append(_why(mine, pair))
                elif would is not None:
                    outcomes.append("there" if would == hash(pair.erid) else "other")
                elif erid in of_erid or number_of(erid) in self._taken:
                    outcomes.append("shared")
                else:
                    rows.append(_first(entries, pair))
                    of_subject[subject] = of_erid[erid] = ("bound", pair.erid)
                    if dry_run:
                        self._would[number_of(subject)] = hash(pair.erid)
                        self._taken.add(number_of(erid))
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


def _forget_person(connection: Connection, subject_digest: str) -> None:
    """Erase a retired subject, those of its ERIDs that are nobody's now, and the reasons of
    whatever was done to any of them: an operator may have written a name."""
    mine = ENTRY.c.subject_digest == subject_digest
    own = select(ENTRY.c.erid_digest).where(mine)
    for digest in {d for (d,) in connection.execute(own) if d is not None}:
        concerned = ENTRY.c.erid_digest == digest
        newest = select(ENTRY.c.action).where(concerned).order_by(ENTRY.c.erid_turn.desc()).limit(1)
        if connection.execute(newest).scalar() in BOUND:
            connection.execute(update(ENTRY).where(concerned).values(reason=None))
        else:
            _forget_erid(connection, concerned)
    connection.execute(update(ENTRY).where(mine).values(subject=None, reason=None, seal=None))
    connection.execute(delete(LOGIN).where(LOGIN.c.subject_digest == subject_digest))


def _forget_erid(connection: Connection, concerned: ColumnElement[bool]) -> None:
    """Erase an ERID that is nobody's."""
    connection.execute(update(ENTRY).where(concerned).values(erid=None, reason=None))


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


def _check_relink(mine: Newest, held: Newest, given: str) -> None:
    """Raises NotPossible unless the ERID `given`, of which `held` is the newest row, may become
    that of the person of whom `mine` is."""
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


def _check(reason: str) -> None:
    """Raises NotPossible for a reason that the history has no room for."""
    if not reason.strip() or not reason.isprintable() or len(reason) > _LONGEST_REASON:
        raise NotPossible(f"the reason must have 1 to {_LONGEST_REASON} printable characters")


def _why(state: _State, pair: Pair) -> Outcome:
    """Why a pair of somebody whom the ledger knows is not bound anew."""
    action, erid = state
    if action not in BOUND:
        return "retired"
    return "there" if erid == pair.erid else "other"
