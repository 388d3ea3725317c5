"""The ledger in a SQL database, as calls use it.

Uniqueness is the database's own constraint, never a look-up followed by an insert: of two
nodes that bind at once, one is told so and reads what the other wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..core.alarms import ERID_SHARED, SUBJECT_RETIRED
from ..core.deadline import Deadline
from ..core.model import Binding, Fingerprint, Person
from ..database import Database
from ..errors import Busy, ConfigurationError, IdentityAlarm, LedgerUnavailable
from .claims import SqlClaim
from .entries import BOUND, Entries
from .memory import Memory
from .opening import Declared, note_secrets, open_ledger
from .schema import LEDGER, LOGIN

__all__ = ["SqlLedger"]

_GENERATION = select(LEDGER.c.generation, LEDGER.c.created_at)


class SqlLedger:
    """Implements `core.ports.Ledger` over a `Database` of the bridge's own.

    `declared` is what the configuration says of it. `clock` gives seconds since 1970."""

    def __init__(
        self,
        database: Database,
        declared: Declared,
        *,
        memory: Memory,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._declared = declared
        self._memory = memory
        self._clock = clock
        self._opened: Entries | None = None
        self._file: object = None

    @property
    def database(self) -> Database:
        """Where it is."""
        return self._database

    def open(self, deadline: Deadline) -> None:
        """Raises ConfigurationError, with the remedy, unless this is the right ledger."""
        file = self._database.file_identity()
        opened = open_ledger(self._database, self._declared, deadline)
        note_secrets(self._database, self._declared, opened, deadline)
        self._opened, self._file = Entries(opened, self._clock), file

    def derived_key(self, purpose: str) -> bytes | None:
        """A key that every node with this ledger has; None until it was opened."""
        return None if self._opened is None else self._opened.digests.derived(purpose)

    def binding(self, person: Person, deadline: Deadline) -> Binding | None:
        """The ERID that `person` has; see `core.ports.Ledger`."""
        entries = self._ready(deadline)
        known = self._memory.binding(person)
        if known is not None:
            return known
        return self._read(entries, person, deadline)

    def made_here(self, person: Person, deadline: Deadline) -> bool:
        """Whether this bridge made the account of `person`; see `core.ports.Ledger`."""
        entries = self._ready(deadline)
        known = self._memory.binding(person)
        if known is None or not known.created_here:
            known = self._read(entries, person, deadline)
        return known is not None and known.created_here

    def _read(self, entries: Entries, person: Person, deadline: Deadline) -> Binding | None:
        """What the database says that `person` has, which is remembered."""
        era = self._memory.era
        with self._reached().connection(deadline) as connection:
            row = entries.of_subject(connection, person)
        if row is None:
            return None
        if row.action not in BOUND:
            raise IdentityAlarm(SUBJECT_RETIRED, f"source {person.source!r}: {row.action}")
        binding = entries.binding(row, person)
        self._memory.keep(binding, era)
        return binding

    def holder(self, erid: str, deadline: Deadline) -> Person | None:
        """Who has exactly this ERID; one that only looks alike is nobody's."""
        entries = self._ready(deadline)
        known = self._memory.holder(erid)
        if known is not None:
            return known
        era = self._memory.era
        with self._reached().connection(deadline) as connection:
            row = entries.of_erid(connection, erid)
        if row is None or row.erid != erid or row.action not in BOUND:
            return None
        person = entries.person(row)
        self._memory.keep(entries.binding(row, person), era)
        return person

    def bind(
        self,
        person: Person,
        erid: str,
        deadline: Deadline,
        *,
        origin: str,
        seal: str | None = None,
        created: bool = False,
    ) -> Binding:
        """Give `erid` to `person` unless they have one; see `core.ports.Ledger`."""
        entries = self._ready(deadline)
        known = self.binding(person, deadline)
        if known is None:
            row = entries.row(
                "created" if created else "bound",
                person,
                erid=erid,
                origin=origin,
                created_here=created,
                seal=seal,
            )
            era = self._memory.era
            try:
                self._reached().write(deadline, lambda connection: entries.add(connection, row))
            except IntegrityError:
                known = self.binding(person, deadline)
                if known is None:
                    raise IdentityAlarm(ERID_SHARED, f"source {person.source!r}") from None
            else:
                made = Binding(person, erid, origin, created, seal)
                self._memory.keep(made, era)
                return made
        if created and not known.created_here:
            return self._follow(known, "created", deadline, created_here=1)
        return known

    def reseal(self, binding: Binding, seal: str, deadline: Deadline) -> Binding:
        """`binding` with a seal; see `core.ports.Ledger`."""
        return self._follow(binding, "sealed", deadline, seal=seal)

    def seal(self, person: Person, fingerprint: Fingerprint) -> str:
        """`fingerprint` as a keyed hash. The ledger must have been asked for the person before."""
        if self._opened is None:
            raise LedgerUnavailable("ledger: it was not opened yet")
        return self._opened.seal(person, fingerprint)

    def saw_login(self, person: Person, login: str, deadline: Deadline) -> bool:
        """Note that `login` is `person`'s; whether it was another's. Of two nodes that note a
        move at once, one tells of it."""
        entries = self._ready(deadline)
        if self._memory.login(person.source, login) == person:
            return False
        era = self._memory.era
        moved = self._note_login(entries, person, login, deadline)
        self._memory.keep_login(login, person, era)
        return moved

    def claim(self, source: str, login: str, deadline: Deadline) -> SqlClaim:
        """Become the only one who may create `login` in `source`; waits for whoever is."""
        digest = self._ready(deadline).login_digest(source, login)
        return SqlClaim.take(self._reached(), digest, deadline, clock=self._clock)

    def check(self, deadline: Deadline) -> None:
        """Raises LedgerUnavailable unless the ledger answers and is the right one."""
        self._ready(deadline)
        self._generation(deadline)

    def _ready(self, deadline: Deadline) -> Entries:
        """The rows, of a ledger that is the right one, with no old memory of it."""
        if self._opened is None:
            try:
                self.open(deadline)
            except ConfigurationError as error:
                raise LedgerUnavailable(error.details) from None
            assert self._opened is not None
        self._memory.refresh(self._generation, deadline)
        return self._opened

    def _reached(self) -> Database:
        """The database, which is looked for anew whenever it is asked: its file may be gone."""
        if self._database.file_identity() != self._file:
            raise LedgerUnavailable(
                "ledger: its file is gone, or another one; put it back, restart"
            )
        return self._database

    def _generation(self, deadline: Deadline) -> int:
        with self._reached().connection(deadline) as connection:
            row = connection.execute(_GENERATION).first()
        if row is None:
            raise LedgerUnavailable("ledger: it has been emptied")
        if self._opened is not None and row.created_at != self._opened.created_at:
            raise LedgerUnavailable("ledger: another one is in its place; restart to look at it")
        return int(row.generation)

    def _follow(
        self, binding: Binding, action: str, deadline: Deadline, **changes: object
    ) -> Binding:
        """The binding after a row that says the same but for `changes`. If another caller was
        first with a row, it follows that one, so that neither change is lost; but a seal that
        another caller wrote is never written over, since it may be another person's."""
        entries = self._ready(deadline)
        person, era = binding.person, self._memory.era

        def follow(connection: Connection) -> Binding:
            newest = entries.of_subject(connection, person)
            if newest is None or newest.action not in BOUND or newest.erid != binding.erid:
                raise Busy("ledger: an operator changed the binding meanwhile")
            if "seal" in changes and newest.seal != binding.seal:
                return entries.binding(newest, person)
            row = entries.again(newest, action, **changes)
            entries.add(connection, row)
            return Binding(
                person, row["erid"], row["origin"], bool(row["created_here"]), row["seal"]
            )

        while True:
            with suppress(IntegrityError):
                after = self._reached().write(deadline, follow)
                break
        self._memory.keep(after, era)
        return after

    def _note_login(self, entries: Entries, person: Person, login: str, deadline: Deadline) -> bool:
        digest = entries.login_digest(person.source, login)
        mine = entries.subject_digest(person)
        last = select(LOGIN.c.subject_digest).where(LOGIN.c.login_digest == digest)
        with self._reached().connection(deadline) as connection:
            known = connection.execute(last).scalar()
        if known == mine:
            return False

        def note(connection: Connection) -> bool:
            if known is None:
                row = {"login_digest": digest, "subject_digest": mine}
                connection.execute(insert(LOGIN).values(row))
                return False
            changed = connection.execute(
                update(LOGIN)
                .where(LOGIN.c.login_digest == digest, LOGIN.c.subject_digest == known)
                .values(subject_digest=mine)
            )
            return bool(changed.rowcount)

        try:
            return self._reached().write(deadline, note)
        except IntegrityError:  # another node noted it at the same moment
            return False
