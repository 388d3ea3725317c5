"""What is written into the client's tables: new users, and better hashes of known ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnClause, Connection, column, insert, select, table, types, update
from sqlalchemy.exc import DataError

from ..core.alarms import SOURCE_REJECTED, SUBJECT_REUSED, SUBJECT_UNUSABLE
from ..core.model import NewUser, Record
from ..errors import IdentityAlarm
from .fields import Column, text_of
from .keys import comparable, stored_forms
from .kinds import base_of
from .mapping import Mapping, Scalar
from .rows import RecordReader, Row, other_rows, values_of
from .shape import TableShape
from .tables import Tables

__all__ = ["Writer"]

KindOf = Callable[[str], types.TypeEngine[Any]]


class Writer:
    """Writes users of one source within transactions of its caller.

    `find` is the look-up of a user by login, and `reader` reads what it finds. `name` is the
    source's in alarms."""

    def __init__(
        self,
        mapping: Mapping,
        tables: Tables,
        reader: RecordReader,
        find: Callable[[Connection, str], Row | None],
        *,
        name: str,
    ) -> None:
        self._mapping, self._tables, self._reader = mapping, tables, reader
        self._find, self._name = find, name

    def insert(self, connection: Connection, user: NewUser) -> Record | None:
        """Write the row and what belongs to it; read it back and insist on what was written. None
        if another of its logins is somebody's: undo it then.

        Raises IdentityAlarm, and IntegrityError for what the database refuses."""
        try:
            written = self._write(connection, user)
        except (DataError, UnicodeEncodeError):
            raise self._rejected("a value does not fit its column") from None
        record = None if written is None else self._reader.record(written)
        if (
            record is None
            or (record.login, record.password_hash) != (user.login, user.password_hash)
            or (self._mapping.erid is not None and record.erid != user.erid)
            or not record.active
        ):
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r} keeps something else than was written"
            )
        return None if self._takes_a_login(connection, record) else record

    def _write(self, connection: Connection, user: NewUser) -> Row | None:
        """The row as it is read back; None if it cannot be found."""
        mapping = self._mapping
        row = self._typed(
            values_of(mapping, user), lambda name: self._tables.type_of(connection, Column(name))
        )
        target = table(mapping.table, *map(_written, row.items()), schema=mapping.schema)
        connection.execute(insert(target).values(row))
        written = self._find(connection, user.login)
        if written is None:
            return None
        subject = self._reader.subject(written)
        self._finds_no_values(connection, subject)
        for name, schema, cells in other_rows(mapping, subject, user.profile):
            shape = TableShape(name, schema, source=self._name)
            typed = self._typed(cells, lambda name, of=shape: of.type_of(connection, name))  # type: ignore[misc]
            other = table(name, *map(column, cells), schema=schema)
            connection.execute(insert(other).values(typed))
        # What was written into a join may say whether the user is active, and hold the hash.
        return self._find(connection, user.login) if mapping.joins else written

    def _finds_no_values(self, connection: Connection, subject: Any) -> None:
        """Raises IdentityAlarm if somebody who had the primary key of a new user left values."""
        columns = [*self._mapping.identity(), *self._mapping.shown()]
        for of in self._mapping.pairs:
            named = self._tables.named(of)
            rows, names = named.rows(), [c.name for c in columns if c.of == of]
            left = select(rows.c[named.declared.name]).where(
                rows.c[named.declared.user].in_(named.users(connection, subject)),
                named.are_named(connection, rows, names),
            )
            if connection.execute(left.limit(1)).first() is not None:
                raise IdentityAlarm(SUBJECT_REUSED, f"source {self._name!r}: values of {of!r}")

    def _takes_a_login(self, connection: Connection, new: Record) -> bool:
        """Whether another column of a new user holds somebody's login: they could not come in. And
        whether somebody has the new login beside a folded column that does not tell."""
        for one in self._mapping.logins[:1]:
            if one.folded is not None:
                element = self._tables.element(Column(one.name))
                query = self._tables.query(connection, [Column(one.name)])
                if len(connection.execute(query.where(element == new.login).limit(2)).all()) > 1:
                    return True
        for login in new.other_logins:
            try:
                row = self._find(connection, login)
            except IdentityAlarm:
                return True
            if row is None or self._reader.subject_text(row) != new.subject:
                return True
        return False

    def _typed(self, row: dict[str, Scalar], kind_of: KindOf) -> dict[str, Any]:
        """`row` with whatever text stands for an integer or boolean made one."""
        typed: dict[str, Any] = {}
        for name, value in row.items():
            kind = base_of(kind_of(name))
            if isinstance(value, (str, int)) and isinstance(kind, types.Boolean):
                typed[name] = value in ("true", "1", 1)
            elif isinstance(value, str):
                cells = stored_forms(kind, value)
                if not cells and not isinstance(kind, (types.Numeric, types.Date, types.DateTime)):
                    raise self._rejected("a value does not fit its column")
                typed[name] = cells[0] if cells else value  # the database has the last say
            else:
                typed[name] = value
        return typed

    def replace_hash(self, connection: Connection, subject: str, old: str, new: str) -> bool:
        """Store `new` as the password hash of a user whose hash is `old`; False if it is not any
        more, or is not in a column of the users' own table. Raises IdentityAlarm, and
        IntegrityError for what the database refuses."""
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
        kind = self._tables.type_of(connection, mapping.password)
        keys = comparable(self._tables.type_of(connection, Column(mapping.subject)), subject)
        theirs = users.c[mapping.subject].in_(keys)
        query = update(users).where(theirs, password.in_(stored_forms(kind, old)))
        now = connection.scalars(select(password).where(theirs).with_for_update()).all()
        if not any(cell is not None and text_of(cell) == old for cell in now):
            return False  # the database may not tell letters apart
        try:
            changed = connection.execute(query.values({password: new})).rowcount
        except DataError:
            raise self._rejected("the column is too short for a hash") from None
        if changed > 1:
            raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {self._name!r}")
        kept = connection.scalars(select(password).where(theirs)).all()
        if changed and not any(cell is not None and text_of(cell) == new for cell in kept):
            raise IdentityAlarm(
                SOURCE_REJECTED, f"source {self._name!r} keeps another hash than was written"
            )
        return changed == 1

    def _rejected(self, why: str) -> IdentityAlarm:
        return IdentityAlarm(SOURCE_REJECTED, f"source {self._name!r}: {why}")


def _written(cell: tuple[str, Scalar]) -> ColumnClause[Any]:
    """The column that a value is written to. Drivers leave times to SQLAlchemy."""
    name, value = cell
    return column(name, types.DateTime() if isinstance(value, datetime) else None)
