"""Users in a SQL database, read and written through a declared mapping.

Whatever the database says matches is compared again here: its collation may ignore case, accents,
trailing spaces or invisible characters, and then names somebody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, false, or_, types
from sqlalchemy.exc import DBAPIError, IntegrityError

from ..core.alarms import (
    AMBIGUOUS_KEY,
    COLLATION_MISMATCH,
    SOURCE_REJECTED,
    SUBJECT_UNUSABLE,
)
from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import Lookup, LookupKind, NewUser, Record
from ..database import Database, Statement, is_foreign_to_charset, is_unique_violation
from ..errors import CreationRefused, DeadlineExceeded, IdentityAlarm, SourceUnavailable
from .details import AddressReader, Details, PairsReader
from .fields import Column
from .keys import Cell, comparable, is_exact, stored_forms
from .mapping import Filter, LoginColumn, Mapping
from .matching import Comparison, by_folded, compare, exact, filled, register
from .rows import RecordReader, Row, values_of
from .sample import sample_of_hashes
from .tables import Tables
from .writing import Writer

__all__ = ["LookUp", "SqlSource"]

_MOST_ROWS: Final = 33
"""Rows fetched for one key; a table with more that look alike to its collation is refused."""
_LOOKS_EVERY: Final = 60.0
"""Seconds for which what the database tells of its tables is taken for true."""
_REPLICA_RESTS: Final = 5.0
"""Seconds for which a replica that failed is not asked."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """A statement that finds a user, and the values of its parameters for a key, of which there
    are none for a key that nobody can have. `subject` is the type of the primary key; `is_key`,
    whether the database keeps that unique."""

    statement: Statement
    values: Callable[[str], dict[str, Cell | None] | None]
    subject: types.TypeEngine[Any]
    is_key: bool


class SqlSource:
    """Implements `core.ports.UserSource` over a `Database`.

    `name` is the source's in alarms. `login_rule` says which logins are the same. Of a
    `replica` everything is asked first; whom it does not know, or while it fails, `database` is.
    `whole` is the source of which this is a part; None for a source of its own."""

    def __init__(
        self,
        database: Database,
        mapping: Mapping,
        *,
        name: str,
        login_rule: LoginRule = LoginRule.EXACT,
        replica: Database | None = None,
        whole: SqlSource | None = None,
    ) -> None:
        self._whole = self if whole is None else whole
        self._database, self._replica = database, replica
        self._replica_rests_until = 0.0
        self._mapping, self._name, self._rule = mapping, name, login_rule
        self._tables = self._users_tables()
        pairs = [c for c in mapping.shown() if c.of in mapping.pairs]
        apart = mapping.addresses is None and len({c.of for c in pairs}) == 1
        self._columns = mapping.identity()
        self._reader = RecordReader(mapping, self._columns)
        shown = [c for c in mapping.shown() if not (apart and c in pairs)]
        self._whole_columns = list(dict.fromkeys([*self._columns, *shown]))
        self._whole_reader = RecordReader(mapping, self._whole_columns)
        self._details: Details | None = None
        if mapping.addresses is not None:
            self._details = self._address_reader()
        elif apart:
            self._details = self._pairs_reader(pairs)
        self._writer = self._new_writer()
        self._look_ups: dict[tuple[LookupKind, bool], LookUp] = {}
        self._looks_again = time.monotonic() + _LOOKS_EVERY

    def within(self, filters: Sequence[Filter]) -> SqlSource:
        """The same users as far as they pass `filters` too."""
        if not filters:
            return self
        return SqlSource(
            self._database,
            replace(self._mapping, filters=(*self._mapping.filters, *filters)),
            name=self._name,
            login_rule=self._rule,
            replica=self._replica,
            whole=self,
        )

    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        """The one user that `key` names, or None; see `core.ports.UserSource`."""
        if self._replica is not None and time.monotonic() >= self._replica_rests_until:
            soon = deadline.within(deadline.left() / 2)
            try:
                record = self._find(self._replica, key, soon, profile)
            except IdentityAlarm:
                pass  # it may be late: the primary says whether there is a reason
            except (SourceUnavailable, DeadlineExceeded):
                self._replica_rests_until = time.monotonic() + _REPLICA_RESTS
            else:
                if record is not None:
                    return record
        return self._find(self._database, key, deadline, profile)

    def _find(
        self, database: Database, key: Lookup, deadline: Deadline, profile: bool
    ) -> Record | None:
        self._look_again()
        with database.connection(deadline) as connection:
            row = self._one(connection, key, profile)
            if row is None:
                return None
            reader = self._whole_reader if profile else self._reader
            if profile and self._details is not None:
                return self._details.complete(connection, row, reader)
        return reader.record(row)

    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        """Insert `user` in one transaction and read it back; see `core.ports.UserSource`."""
        if self._mapping.select is not None:
            raise CreationRefused(f"source {self._name!r} is a query, which takes no rows")
        self._look_again()
        accepted = False
        while True:
            try:
                with self._database.connection(deadline, write=True) as connection:
                    if len(self._mapping.logins) > 1:
                        self._database.queue(connection, self._logins_of(user))
                    record = self._writer.insert(connection, user)
                    if record is None:
                        connection.rollback()
                        return None
                    accepted = True
                    accept(record)
                return record
            except IntegrityError as error:
                if is_unique_violation(error):
                    return None
                raise IdentityAlarm(
                    SOURCE_REJECTED,
                    f"source {self._name!r}: a column without a value, or a constraint",
                ) from None
            except SourceUnavailable as error:
                if accepted or not error.may_be_repeated:
                    raise

    def _logins_of(self, user: NewUser) -> list[str]:
        """All that `user` could come in with, in the form in which they are compared."""
        row = values_of(self._mapping, user)
        cells = [row.get(login.name) for login in self._mapping.logins]
        place = f"{self._mapping.schema}.{self._mapping.table}"
        return [f"{place}:{self._rule.canonical(str(c))}" for c in cells if c is not None]

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> bool:
        """Store `new` as the password hash of a user whose hash is `old`; False if it is not any
        more. Raises SourceUnavailable, DeadlineExceeded, IdentityAlarm."""
        try:
            with self._database.connection(deadline, write=True) as connection:
                return self._writer.replace_hash(connection, subject, old, new)
        except IntegrityError:
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r} refuses a new password hash"
            ) from None

    def _look_again(self) -> None:
        """Forget what the database told of its types, keys and collations when that is a while ago:
        it may be changed while we serve."""
        now = time.monotonic()
        if now < self._looks_again:
            return
        self._looks_again = now + _LOOKS_EVERY
        self._tables = self._users_tables()
        if isinstance(self._details, AddressReader):
            self._details = self._address_reader()
        elif isinstance(self._details, PairsReader):
            self._details = self._pairs_reader(self._details.columns)
        self._writer = self._new_writer()
        self._look_ups = {}

    def _users_tables(self) -> Tables:
        """A key must be one row's in the whole source, since the ledger knows it by that."""
        whole = self._whole._mapping.filters
        return Tables.of_users(self._mapping, source=self._name, filters_of_source=whole)

    def _address_reader(self) -> AddressReader:
        assert self._mapping.addresses is not None
        return AddressReader(
            self._mapping.addresses, source=self._name, empty_is_null=self._mapping.empty_is_null
        )

    def _pairs_reader(self, columns: Sequence[Column]) -> PairsReader:
        complete = RecordReader(self._mapping, [*self._whole_columns, *columns])
        return PairsReader(self._tables.named(columns[0].of), columns, complete)

    def _new_writer(self) -> Writer:
        def find(connection: Connection, login: str) -> Row | None:
            return self._one(connection, Lookup("login", login), False)

        return Writer(self._mapping, self._tables, self._reader, find, name=self._name)

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        """Up to `count` stored hashes; see `sample_of_hashes`."""
        with self._database.connection(deadline) as connection:
            return sample_of_hashes(connection, self._tables, self._mapping, count)

    def check(self, deadline: Deadline) -> None:
        """Raises SourceUnavailable unless the database answers with the mapped columns."""
        with self._database.connection(deadline) as connection:
            query = self._tables.query(connection, self._whole_columns)
            connection.execute(query.where(false())).first()

    def look_ups(self, connection: Connection) -> Iterator[tuple[LookupKind, LookUp]]:
        """Each way in which a user is found, with all that a profile is made of."""
        register(connection, self._rule)
        kinds: list[LookupKind] = ["subject", "login"]
        for kind in kinds if self._mapping.erid is None else [*kinds, "erid"]:
            yield kind, self._look_up(connection, kind, True)

    def details(self, connection: Connection) -> Statement | None:
        """The further statement of a profile, whose parameter `user` is the user's primary key."""
        return None if self._details is None else self._details.statement(connection)

    def _one(self, connection: Connection, key: Lookup, profile: bool) -> Row | None:
        """The row that `key` names, if its primary key names the same row and no other.

        A primary key that is NULL, or several rows', would make one person of several. Where
        the database does not rule that out, the row must lead back to itself."""
        row = self._named(connection, key, profile)
        if row is None:
            return None
        self._shown_login_is_theirs(connection, row, key)
        if key.kind == "subject" and self._whole is self:
            return row
        subject, look_up = self._reader.subject(row), self._look_up(connection, key.kind, profile)
        if not is_exact(look_up.subject, subject):
            raise IdentityAlarm(
                SUBJECT_UNUSABLE,
                f"source {self._name!r}: {self._mapping.subject!r}, a "
                f"{type(look_up.subject).__name__}, is "
                "NULL, or of a type whose values are not told apart for ever",
            )
        width = len(self._whole_columns if profile else self._columns)
        alone = look_up.is_key
        if len(row) > width:  # the database was asked how many rows have its primary key
            alone, row = row[width] == 1, row[:width]
        if not alone:
            text = self._reader.subject_text(row)
            back = self._whole._named(connection, Lookup("subject", text), False)
            if back is None or self._reader.subject(back) != subject:
                raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
        return row

    def _shown_login_is_theirs(self, connection: Connection, row: Row, key: Lookup) -> None:
        """Raises IdentityAlarm if the login that answers show is another user's, who has it in a
        column that comes before."""
        if not self._mapping.first_login_wins:
            return
        first, *others = self._reader.logins(row)
        shown = next((login for login in others if login is not None), None)
        if first is not None or shown is None:
            return
        if key.kind == "login" and self._same(shown, key.value):
            return
        named = self._named(connection, Lookup("login", shown), False)
        if named is None or self._reader.subject(named) != self._reader.subject(row):
            raise IdentityAlarm(AMBIGUOUS_KEY, f"source {self._name!r}, by its own login")

    def _named(self, connection: Connection, key: Lookup, profile: bool) -> Row | None:
        """The row that `key` names in code, not only in the database's opinion."""
        register(connection, self._rule)
        look_up = self._look_up(connection, key.kind, profile)
        try:
            values = look_up.values(key.value)
            found = [] if values is None else look_up.statement.rows(connection, values)
        except UnicodeEncodeError:
            return None
        except DBAPIError as error:
            if is_foreign_to_charset(error):
                return None  # a character that no row can have
            raise
        if not found:
            return None
        same = [row for row in found if self._is(row, key)]
        if key.kind == "login" and len(same) > 1 and self._mapping.first_login_wins:
            same = self._by_first_login(same, key.value)
        if len(same) == 1 and len(found) < _MOST_ROWS:
            return same[0]
        if not same:
            raise IdentityAlarm(COLLATION_MISMATCH, f"source {self._name!r}, by {key.kind}")
        raise IdentityAlarm(AMBIGUOUS_KEY, f"source {self._name!r}, by {key.kind}")

    def _is(self, row: Row, key: Lookup) -> bool:
        """Whether `row` has `key`, by the site's rule."""
        if not self._reader.counts(row):
            return False
        if key.kind == "subject":
            return self._reader.subject_text(row) == key.value
        if key.kind == "erid":
            return self._reader.erid(row) == key.value
        return any(self._same(login, key.value) for login in self._reader.logins(row))

    def _same(self, login: str | None, wanted: str) -> bool:
        return login is not None and self._rule.same(login, wanted)

    def _by_first_login(self, rows: Sequence[Row], login: str) -> list[Row]:
        """Of `rows` those that have the login in the first column in which any has it."""
        logins = [self._reader.logins(row) for row in rows]
        for place in range(len(self._mapping.logins)):
            same = [
                row for row, of in zip(rows, logins, strict=True) if self._same(of[place], login)
            ]
            if same:
                return same
        return []

    def _look_up(self, connection: Connection, kind: LookupKind, profile: bool) -> LookUp:
        """Built once, when the database has told its types."""
        known = self._look_ups.get((kind, profile))
        if known is None:
            known = self._look_ups[kind, profile] = self._build(connection, kind, profile)
        return known

    def _build(self, connection: Connection, kind: LookupKind, profile: bool) -> LookUp:
        tables, mapping = self._tables, self._mapping
        columns = self._whole_columns if profile else self._columns
        base = tables.query(connection, columns).limit(_MOST_ROWS)
        if kind != "subject":
            base = base.add_columns(*tables.alike(connection, mapping.subject))
        subject = tables.type_of(connection, Column(mapping.subject))
        is_key = tables.is_key(connection, mapping.subject)

        def look_up(
            clause: ColumnElement[bool], values: Callable[[str], dict[str, Cell | None] | None]
        ) -> LookUp:
            return LookUp(Statement(base.where(clause), connection), values, subject, is_key)

        if kind == "login":
            parts = [
                self._comparison(connection, login, f"login{place}")
                for place, login in enumerate(mapping.logins)
            ]

            return look_up(or_(*(part.clause for part in parts)), filled(parts))
        name = mapping.subject if kind == "subject" else mapping.erid
        if name is None:
            return look_up(false(), lambda key: None)
        of = tables.type_of(connection, Column(name))
        forms = comparable if kind == "subject" else stored_forms
        one = exact(tables.element(Column(name)), of, "key", forms)
        return look_up(one.clause, filled([one]))

    def _comparison(self, connection: Connection, login: LoginColumn, name: str) -> Comparison:
        tables = self._tables
        if login.folded is not None:
            fold = str.lower if login.letters == "lower" else str.upper
            return by_folded(tables.element(Column(login.folded)), fold, name)
        return compare(
            connection,
            tables.element(Column(login.name)),
            tables.type_of(connection, Column(login.name)),
            tables.collation(connection, login.name),
            self._rule,
            name,
        )
