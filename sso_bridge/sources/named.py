"""A table of named values: whose they are, and which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, types
from sqlalchemy import column as named_column
from sqlalchemy import table as named_table

from .exactly import Exactly
from .kinds import base_of, condition, equal, references, tells_apart
from .mapping import Filter, Pairs
from .shape import TableShape

__all__ = ["NamedValues"]


class NamedValues:
    """The rows of `declared`, compared as their types have it. `source` names it in errors."""

    def __init__(self, declared: Pairs, *, source: str) -> None:
        self.declared = declared
        self._shape = TableShape(declared.table, declared.schema, source=source)

    def rows(self) -> FromClause:
        """The table."""
        one = self.declared
        names = [one.user, one.name, one.value, *([one.order] if one.order is not None else [])]
        columns: list[Any] = [named_column(name) for name in dict.fromkeys(names)]
        return named_table(one.table, *columns, schema=one.schema)

    def users(self, connection: Connection, subject: object) -> list[Any]:
        """What the rows of `subject`, a primary key as the driver gave it, refer to them with;
        none if there can be no such row."""
        return references(self._kind(connection, self.declared.user), subject)

    def are_of(
        self,
        connection: Connection,
        rows: FromClause,
        subject: ColumnElement[Any],
        kind: types.TypeEngine[Any],
    ) -> ColumnElement[bool]:
        """Whether `rows` refer to the column `subject`, of type `kind`."""
        user, own = rows.c[self.declared.user], self._kind(connection, self.declared.user)
        same = equal(user, own, subject, kind)
        return same if tells_apart(own, kind) else and_(same, Exactly(user, subject))

    def are_named(
        self, connection: Connection, rows: FromClause, names: Iterable[str]
    ) -> ColumnElement[bool]:
        """Whether `rows` have one of `names`."""
        one = self.declared.name
        wanted = Filter(column=one, values=tuple(names))
        return condition(rows.c[one], wanted, self._kind(connection, one))

    def _kind(self, connection: Connection, name: str) -> types.TypeEngine[Any]:
        return base_of(self._shape.type_of(connection, name))
