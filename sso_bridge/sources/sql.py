"""Users in a SQL database, read and written through a declared mapping.

The statements depend on the mapping alone and are built once. Whatever the database says
matches is compared again here: its collation may ignore case, accents, trailing spaces or
invisible characters, and then names somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Row,
    Select,
    TableClause,
    bindparam,
    column,
    false,
    func,
    insert,
    or_,
    select,
    table,
    types,
)
from sqlalchemy.exc import DataError, IntegrityError

from ..core.alarms import (
    AMBIGUOUS_KEY,
    COLLATION_MISMATCH,
    SOURCE_REJECTED,
    SUBJECT_UNUSABLE,
)
from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import Lookup, NewUser, Record
from ..database import Database, is_unique_violation
from ..errors import IdentityAlarm
from .keys import Cell, comparable, stored_forms
from .mapping import Mapping, Scalar
from .rows import AddressReader, RecordReader, values_of
from .shape import TableShape

__all__ = ["SqlSource"]

_MOST_ROWS = 33
"""Rows fetched for one key; a table with more that look alike to its collation is refused."""


class SqlSource:
    """Implements `core.ports.UserSource` over a `Database`.

    `name` is the source's in alarms. `login_rule` says which logins are the same."""

    def __init__(
        self,
        database: Database,
        mapping: Mapping,
        *,
        name: str,
        login_rule: LoginRule = LoginRule.EXACT,
    ) -> None:
        self._database = database
        self._mapping = mapping
        self._name = name
        self._rule = login_rule
        self._shape = TableShape(mapping.table, mapping.schema, source=name)
        columns = mapping.columns()
        self._users: TableClause = table(
            mapping.table, *(column(c) for c in columns), schema=mapping.schema
        )
        self._reader = RecordReader(mapping, columns)
        self._addresses = AddressReader(mapping.addresses) if mapping.addresses else None
        base = select(*(self._users.c[c] for c in columns)).limit(_MOST_ROWS)
        self._nothing = base.where(false())
        self._by: dict[str, Select[Any]] = {
            "subject": base.where(self._users.c[mapping.subject] == bindparam("key")),
            "login": base.where(self._users.c[mapping.login] == bindparam("key")),
        }
        self._by_folded_login = base.where(
            or_(
                self._users.c[mapping.login] == bindparam("key"),
                func.lower(self._users.c[mapping.login]).in_(
                    [bindparam("ascii"), bindparam("lower")]
                ),
            )
        )
        if mapping.erid is not None:
            self._by["erid"] = base.where(self._users.c[mapping.erid] == bindparam("key"))

    def find(self, key: Lookup, deadline: Deadline, *, addresses: bool = False) -> Record | None:
        """The one user that `key` names, or None; see `core.ports.UserSource`."""
        with self._database.connection(deadline) as connection:
            row = self._one(connection, key)
            if row is None:
                return None
            kinds: Sequence[Row[Any]] = ()
            if addresses and self._addresses is not None:
                subject = self._reader.subject(row)
                kinds = connection.execute(self._addresses.query, {"user": subject}).all()
        return self._record(row, kinds)

    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        """Insert `user` in one transaction and read it back; see `core.ports.UserSource`."""
        try:
            with self._database.connection(deadline, write=True) as connection:
                record = self._insert(connection, user)
                accept(record)
        except IntegrityError as error:
            if is_unique_violation(error):
                return None
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r}: a column without a value, or a constraint"
            ) from None
        return record

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        """Up to `count` stored hashes, in whatever order the database finds them."""
        password = self._users.c[self._mapping.password]
        with self._database.connection(deadline) as connection:
            rows = connection.execute(select(password).where(password.is_not(None)).limit(count))
            return [self._reader.text(cell) for (cell,) in rows]

    def check(self, deadline: Deadline) -> None:
        """Raises SourceUnavailable unless the database answers with the mapped columns."""
        with self._database.connection(deadline) as connection:
            connection.execute(self._nothing).first()

    def _record(self, row: Row[Any], kinds: Sequence[Row[Any]] = ()) -> Record:
        record = self._reader.record(row)
        if self._addresses is None or not kinds:
            return record
        return self._addresses.add(record, kinds)

    def _one(self, connection: Connection, key: Lookup) -> Row[Any] | None:
        """The row that `key` names, if its primary key names the same row and no other.

        A primary key that is NULL, or several rows', would make one person of several. Where
        the database does not rule that out, the row must lead back to itself."""
        row = self._named(connection, key)
        if row is None or key.kind == "subject":
            return row
        subject = self._reader.subject(row)
        if subject is None:
            raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
        if not self._shape.is_key(connection, self._mapping.subject):
            back = self._named(connection, Lookup("subject", self._reader.subject_text(row)))
            if back is None or self._reader.subject(back) != subject:
                raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
        return row

    def _named(self, connection: Connection, key: Lookup) -> Row[Any] | None:
        """The row that `key` names in code, not only in the database's opinion."""
        found = self._rows(connection, key)
        same = [row for row in found if self._is(row, key)]
        if len(same) == 1 and len(found) < _MOST_ROWS:
            return same[0]
        if not found:
            return None
        if not same:
            raise IdentityAlarm(COLLATION_MISMATCH, f"source {self._name!r}, by {key.kind}")
        raise IdentityAlarm(AMBIGUOUS_KEY, f"source {self._name!r}, by {key.kind}")

    def _rows(self, connection: Connection, key: Lookup) -> Sequence[Row[Any]]:
        name = {
            "subject": self._mapping.subject,
            "login": self._mapping.login,
            "erid": self._mapping.erid,
        }[key.kind]
        if name is None:
            return []
        kind = self._shape.type_of(connection, name)
        if key.kind == "subject":
            cell = comparable(kind, key.value)
            forms = [] if cell is None else [cell]
        else:
            forms = stored_forms(kind, key.value)
        found: list[Row[Any]] = []
        for form in forms:
            values: dict[str, Cell] = {"key": form}
            query = self._by[key.kind]
            if key.kind == "login" and self._rule is LoginRule.ASCII_CASE and isinstance(form, str):
                query = self._by_folded_login
                values |= {"ascii": self._rule.canonical(form), "lower": form.lower()}
            found.extend(connection.execute(query, values))
        return found

    def _is(self, row: Row[Any], key: Lookup) -> bool:
        """Whether `row` has `key`, by the site's rule."""
        if key.kind == "subject":
            return self._reader.subject_text(row) == key.value
        if key.kind == "erid":
            return self._reader.erid(row) == key.value
        login = self._reader.login(row)
        return login is not None and self._rule.same(login, key.value)

    def _insert(self, connection: Connection, user: NewUser) -> Record:
        """Write the row and its addresses; read them back and insist on what was written."""
        mapping = self._mapping
        row = values_of(mapping, user)
        target = table(mapping.table, *map(_written, row.items()), schema=mapping.schema)
        try:
            connection.execute(insert(target).values(self._typed(connection, row)))
            written = self._one(connection, Lookup("login", user.login))
            if written is not None and self._addresses is not None:
                for address in self._addresses.rows(self._reader.subject(written), user.profile):
                    connection.execute(insert(self._addresses.target(address)).values(address))
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

    def _typed(self, connection: Connection, row: dict[str, Scalar]) -> dict[str, Any]:
        """`row` with whatever text stands for an integer or boolean made one."""
        typed: dict[str, Any] = {}
        for name, value in row.items():
            kind = self._shape.type_of(connection, name)
            if isinstance(value, str) and isinstance(kind, types.Boolean):
                typed[name] = value in ("true", "1")
            elif isinstance(value, str):
                typed[name] = comparable(kind, value)
            else:
                typed[name] = value
        return typed


def _written(cell: tuple[str, Scalar]) -> ColumnClause[Any]:
    """The column that a value is written to. Drivers leave times to SQLAlchemy."""
    name, value = cell
    return column(name, types.DateTime() if isinstance(value, datetime) else None)
