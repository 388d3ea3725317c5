"""Users in a SQL database, read and written through a declared mapping.

Whatever the database says matches is compared again here: its collation may ignore case, accents,
trailing spaces or invisible characters, and then names somebody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnClause,
    Connection,
    Select,
    column,
    false,
    insert,
    or_,
    select,
    table,
    types,
    update,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ..core.alarms import (
    AMBIGUOUS_KEY,
    COLLATION_MISMATCH,
    SOURCE_REJECTED,
    SUBJECT_REUSED,
    SUBJECT_UNUSABLE,
)
from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import Lookup, LookupKind, NewUser, Record
from ..database import Database, is_foreign_to_charset, is_unique_violation
from ..errors import CreationRefused, DeadlineExceeded, IdentityAlarm, SourceUnavailable
from .details import AddressReader, Details, PairsReader
from .fields import Column, columns_of, text_of
from .keys import Cell, comparable, is_exact, stored_forms
from .mapping import Filter, LoginColumn, Mapping, Scalar
from .matching import Comparison, by_folded, compare, exact, register
from .rows import Filler, RecordReader, Row, other_rows, values_of
from .tables import Tables

__all__ = ["LookUp", "SqlSource"]

_MOST_ROWS: Final = 33
"""Rows fetched for one key; a table with more that look alike to its collation is refused."""
_LOOKS_EVERY: Final = 60.0
"""Seconds for which what the database tells of its tables is taken for true."""
_REPLICA_RESTS: Final = 5.0
"""Seconds for which a replica that failed is not asked."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """A statement that finds a user, and the values of its parameters for a key."""

    statement: Select[Any]
    values: Callable[[str], Sequence[dict[str, Cell | None]]]


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
        self._columns = list(
            dict.fromkeys(
                [*mapping.identity(), *(c for c in mapping.shown() if c not in set(pairs))]
            )
        )
        self._reader = self._whole_reader = RecordReader(mapping, self._columns)
        self._whole_columns = self._columns
        self._details: Details | None = None
        if mapping.addresses is not None:
            self._details = self._address_reader()
            self._whole_columns = list(dict.fromkeys([*self._columns, *pairs]))
            self._whole_reader = RecordReader(mapping, self._whole_columns)
        elif len({c.of for c in pairs}) == 1:
            complete = RecordReader(mapping, [*self._columns, *pairs])
            self._details = PairsReader(mapping.pairs[pairs[0].of], pairs, complete)
        elif pairs:
            self._whole_columns = [*self._columns, *pairs]
            self._whole_reader = RecordReader(mapping, self._whole_columns)
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
            soon = Deadline(deadline.left() / 2)
            try:
                record = self._find(self._replica, key, soon, profile)
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
        try:
            with self._database.connection(deadline, write=True) as connection:
                record = self._insert(connection, user)
                if self._takes_a_login(connection, record):
                    connection.rollback()
                    return None
                accept(record)
        except IntegrityError as error:
            if is_unique_violation(error):
                return None
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r}: a column without a value, or a constraint"
            ) from None
        return record

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> bool:
        """Store `new` as the password hash of a user whose hash is `old`; False if it is not any
        more. Raises SourceUnavailable, DeadlineExceeded, IdentityAlarm."""
        mapping = self._mapping
        if not isinstance(mapping.password, Column) or mapping.password.of or mapping.select:
            return False
        users = table(
            mapping.table,
            column(mapping.subject),
            column(mapping.password.name),
            schema=mapping.schema,
        )
        password = users.c[mapping.password.name]
        try:
            with self._database.connection(deadline, write=True) as connection:
                kind = self._tables.type_of(connection, mapping.password)
                keys = comparable(
                    self._tables.type_of(connection, Column(mapping.subject)), subject
                )
                theirs = users.c[mapping.subject].in_(keys)
                query = update(users).where(theirs, password.in_(stored_forms(kind, old)))
                now = connection.scalars(select(password).where(theirs).with_for_update()).all()
                if not any(cell is not None and text_of(cell) == old for cell in now):
                    return False  # the database may not tell letters apart
                try:
                    changed = connection.execute(query.values({password: new})).rowcount
                except DataError:
                    raise IdentityAlarm(
                        SOURCE_REJECTED,
                        f"source {self._name!r}: the column is too short for a hash",
                    ) from None
                if changed > 1:
                    raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
                kept = connection.scalars(select(password).where(theirs)).all()
                if changed and not any(cell is not None and text_of(cell) == new for cell in kept):
                    raise IdentityAlarm(
                        SOURCE_REJECTED,
                        f"source {self._name!r} keeps another hash than was written",
                    )
        except IntegrityError:
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r} refuses a new password hash"
            ) from None
        return changed == 1

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

    def _takes_a_login(self, connection: Connection, new: Record) -> bool:
        """Whether another column of a new user holds somebody's login: they could not come in. And
        whether somebody has the new login beside a folded column that does not tell."""
        for one in self._mapping.logins[:1]:
            if one.folded is not None:
                column = self._tables.element(Column(one.name))
                query = self._tables.query(connection, [Column(one.name)])
                if len(connection.execute(query.where(column == new.login).limit(2)).all()) > 1:
                    return True
        for login in new.other_logins:
            try:
                row = self._one(connection, Lookup("login", login), False)
            except IdentityAlarm:
                return True
            if row is None or self._reader.subject_text(row) != new.subject:
                return True
        return False

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        """Up to `count` stored hashes, in whatever order the database finds them."""
        columns = list(columns_of(self._mapping.password))
        filler = Filler({"": self._mapping.password}, columns)
        with self._database.connection(deadline) as connection:
            query = self._tables.query(connection, columns)
            rows = connection.execute(
                query.where(self._tables.element(columns[0]).is_not(None)).limit(count)
            )
            return [hash for row in rows if (hash := filler.fill(row)[""]) is not None]

    def check(self, deadline: Deadline) -> None:
        """Raises SourceUnavailable unless the database answers with the mapped columns."""
        with self._database.connection(deadline) as connection:
            query = self._tables.query(connection, self._whole_columns)
            connection.execute(query.where(false())).first()

    def look_ups(self, connection: Connection) -> Iterator[tuple[LookupKind, LookUp]]:
        """Each way in which a user is found."""
        register(connection, self._rule)
        kinds: list[LookupKind] = ["subject", "login"]
        for kind in kinds if self._mapping.erid is None else [*kinds, "erid"]:
            yield kind, self._look_up(connection, kind, False)

    def details(self, connection: Connection) -> Select[Any] | None:
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
        subject = self._reader.subject(row)
        kind = self._tables.type_of(connection, Column(self._mapping.subject))
        if not is_exact(kind, subject):
            raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
        width = len(self._whole_columns if profile else self._columns)
        alone = self._tables.is_key(connection, self._mapping.subject)
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
        first, *others = self._reader.logins(row)
        shown = next((login for login in others if login is not None), None)
        if not self._mapping.first_login_wins or first is not None or shown is None:
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
            found: list[Row] = [
                row
                for values in look_up.values(key.value)
                for row in connection.execute(look_up.statement, values)
            ]
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
        if kind == "login":
            parts = [
                self._comparison(connection, login, f"login{place}")
                for place, login in enumerate(mapping.logins)
            ]

            def values(key: str) -> Sequence[dict[str, Cell | None]]:
                filled = {name: cell for p in parts for name, cell in p.values(key).items()}
                return [filled] if any(cell is not None for cell in filled.values()) else []

            return LookUp(base.where(or_(*(part.clause for part in parts))), values)
        name = mapping.subject if kind == "subject" else mapping.erid
        if name is None:
            return LookUp(base.where(false()), lambda key: [])
        of = tables.type_of(connection, Column(name))
        forms = comparable if kind == "subject" else stored_forms
        one = exact(tables.element(Column(name)), of, "key", forms)
        return LookUp(
            base.where(one.clause),
            lambda key: [one.values(key)] if forms(of, key) else [],
        )

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

    def _insert(self, connection: Connection, user: NewUser) -> Record:
        """Write the row and what belongs to it; read it back and insist on what was written."""
        mapping = self._mapping
        row = values_of(mapping, user)
        target = table(mapping.table, *map(_written, row.items()), schema=mapping.schema)
        try:
            connection.execute(insert(target).values(self._typed(connection, row)))
            written = self._one(connection, Lookup("login", user.login), False)
            if written is not None:
                subject = self._reader.subject(written)
                self._finds_no_pairs(connection, subject)
                for name, schema, cells in other_rows(mapping, subject, user.profile):
                    other = table(name, *map(column, cells), schema=schema)
                    connection.execute(insert(other).values(cells))
                if self._mapping.joins:
                    written = self._one(connection, Lookup("login", user.login), False)
        except DataError:
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r}: a value does not fit its column"
            ) from None
        record = None if written is None else self._reader.record(written)
        if (
            record is None
            or (record.login, record.password_hash) != (user.login, user.password_hash)
            or (mapping.erid is not None and record.erid != user.erid)
            or not record.active
        ):
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r} keeps something else than was written"
            )
        return record

    def _finds_no_pairs(self, connection: Connection, subject: Any) -> None:
        """Raises IdentityAlarm if somebody who had the primary key of a new user left values."""
        columns = [*self._mapping.identity(), *self._mapping.shown()]
        for of, pairs in self._mapping.pairs.items():
            names = [c.name for c in columns if c.of == of]
            rows = table(pairs.table, column(pairs.user), column(pairs.name), schema=pairs.schema)
            left = select(rows.c[pairs.name]).where(
                rows.c[pairs.user] == subject, rows.c[pairs.name].in_(names)
            )
            if connection.execute(left.limit(1)).first() is not None:
                raise IdentityAlarm(SUBJECT_REUSED, f"source {self._name!r}: values of {of!r}")

    def _typed(self, connection: Connection, row: dict[str, Scalar]) -> dict[str, Any]:
        """`row` with whatever text stands for an integer or boolean made one."""
        typed: dict[str, Any] = {}
        for name, value in row.items():
            kind = self._tables.type_of(connection, Column(name))
            if isinstance(value, str) and isinstance(kind, types.Boolean):
                typed[name] = value in ("true", "1")
            elif isinstance(value, str):
                cells = comparable(kind, value)
                if not cells and not isinstance(kind, (types.Numeric, types.Date, types.DateTime)):
                    raise IdentityAlarm(
                        SOURCE_REJECTED, f"source {self._name!r}: a value does not fit its column"
                    )
                typed[name] = cells[0] if cells else value  # the database has the last say
            else:
                typed[name] = value
        return typed


def _written(cell: tuple[str, Scalar]) -> ColumnClause[Any]:
    """The column that a value is written to. Drivers leave times to SQLAlchemy."""
    name, value = cell
    return column(name, types.DateTime() if isinstance(value, datetime) else None)
