"""The ledger in a SQL database.

Uniqueness is the database's own constraint, never a look-up followed by an insert: of two
nodes that bind at once, one is told so and reads what the other wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from ..core import erid as erids
from ..core.alarms import ERID_CHANGED, ERID_SHARED
from ..core.deadline import Deadline
from ..core.model import Person
from ..database import Database
from ..errors import ConfigurationError, IdentityAlarm, Unavailable
from .claims import SqlClaim
from .schema import BINDING, METADATA, VERSION, VERSIONS

__all__ = ["SqlLedger"]

_BY_PERSON = select(BINDING.c.erid, BINDING.c.created_here, BINDING.c.source, BINDING.c.subject)
_BY_ERID = select(BINDING.c.erid, BINDING.c.company, BINDING.c.source, BINDING.c.subject)


class SqlLedger:
    """Implements `core.ports.Ledger` over a `Database` of the bridge's own.

    The tables are made on first use where there are none. `clock` gives seconds since 1970."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ready = threading.Event()

    def erid_of(self, person: Person, deadline: Deadline) -> str | None:
        """The ERID that `person` has, or None if none was ever given."""
        row = self._binding(person, deadline)
        return None if row is None else str(row.erid)

    def is_created_here(self, person: Person, deadline: Deadline) -> bool:
        """Whether this bridge made the account of `person`."""
        row = self._binding(person, deadline)
        return row is not None and bool(row.created_here)

    def person_of(self, erid: str, deadline: Deadline) -> Person | None:
        """Who has exactly this ERID; one that only looks alike is nobody's."""
        row = self._by_erid(erid, deadline)
        if row is None or row.erid != erid:
            return None
        return Person(row.source, row.subject, row.company)

    def mint(self, person: Person, deadline: Deadline) -> str:
        """The ERID of `person`, made now if there is none yet."""
        known = self.erid_of(person, deadline)
        if known is not None:
            return known
        minted = erids.mint()
        if self._insert(person, minted, False, deadline):
            return minted
        known = self.erid_of(person, deadline)
        if known is None:
            raise IdentityAlarm(ERID_SHARED, "a new ERID was somebody's already")
        return known

    def bind(self, person: Person, erid: str, deadline: Deadline, *, created: bool = False) -> None:
        """Record that `erid` belongs to `person`, or confirm that it does."""
        row = self._binding(person, deadline)
        if row is None:
            if self._insert(person, erid, created, deadline):
                return
            row = self._binding(person, deadline)
            if row is None:
                raise IdentityAlarm(ERID_SHARED, f"source {person.source!r}")
        if row.erid != erid:
            raise IdentityAlarm(ERID_CHANGED, f"source {person.source!r}")
        if created and not row.created_here:
            self._mark_created(person, deadline)

    def claim(self, source: str, login: str, deadline: Deadline) -> SqlClaim:
        """Become the only one who may create `login` in `source`; waits for whoever is."""
        self._prepare(deadline)
        return SqlClaim.take(self._database, source, login, deadline, clock=self._clock)

    def check(self, deadline: Deadline) -> None:
        """Raises LedgerUnavailable unless the ledger answers."""
        self._prepare(deadline)
        with self._database.connection(deadline) as connection:
            connection.execute(select(VERSIONS.c.version)).first()

    def _binding(self, person: Person, deadline: Deadline) -> Row[Any] | None:
        query = _BY_PERSON.where(
            BINDING.c.source == person.source, BINDING.c.subject == person.subject
        )
        row = self._first(query, deadline)
        if row is not None and (row.source, row.subject) != (person.source, person.subject):
            raise IdentityAlarm(ERID_SHARED, "the ledger's database mixes up two subjects")
        return row

    def _by_erid(self, erid: str, deadline: Deadline) -> Row[Any] | None:
        return self._first(
            _BY_ERID.where(BINDING.c.erid_canonical == erids.canonical(erid)), deadline
        )

    def _first(self, query: Select[Any], deadline: Deadline) -> Row[Any] | None:
        self._prepare(deadline)
        with self._database.connection(deadline) as connection:
            return connection.execute(query).first()

    def _insert(self, person: Person, erid: str, created: bool, deadline: Deadline) -> bool:
        """Bind; False if the person has a binding already, or somebody else the ERID."""
        self._prepare(deadline)
        try:
            with self._database.connection(deadline, write=True) as connection:
                connection.execute(
                    insert(BINDING).values(
                        company=person.company,
                        source=person.source,
                        subject=person.subject,
                        erid=erid,
                        erid_canonical=erids.canonical(erid),
                        created_here=created,
                        bound_at=self._clock(),
                    )
                )
        except IntegrityError:
            return False
        return True

    def _mark_created(self, person: Person, deadline: Deadline) -> None:
        mine = (BINDING.c.source == person.source) & (BINDING.c.subject == person.subject)
        with self._database.connection(deadline, write=True) as connection:
            connection.execute(update(BINDING).where(mine).values(created_here=True))

    def _prepare(self, deadline: Deadline) -> None:
        """Make the tables, once, where there are none; refuse those of another version."""
        if self._ready.is_set():
            return
        try:
            with self._database.connection(deadline, write=True) as connection:
                METADATA.create_all(connection)
                found = connection.execute(select(VERSIONS.c.version)).scalar()
                if found is None:
                    connection.execute(insert(VERSIONS).values(version=VERSION))
        except (IntegrityError, Unavailable):  # another process may have been first
            with self._database.connection(deadline) as connection:
                found = connection.execute(select(VERSIONS.c.version)).scalar()
        if found not in (None, VERSION):
            raise ConfigurationError(
                f"ledger: its schema is version {found}, this program's is {VERSION}; "
                "run the sso-bridge release that matches the ledger"
            )
        self._ready.set()
