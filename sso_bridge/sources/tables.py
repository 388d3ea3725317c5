"""A table, or a query in its place, with what is joined to it, as a thing to select from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    and_,
    cast,
    func,
    literal,
    select,
    text,
    types,
)
from sqlalchemy import Select as Query
from sqlalchemy import column as named_column
from sqlalchemy import table as named_table
from sqlalchemy.dialects import mysql

from .exactly import Exactly
from .fields import Column
from .keys import Dynamic
from .kinds import base_of, condition, equal, tells_apart
from .mapping import AddressTable, Filter, Join, Pairs, Select
from .mapping import Mapping as Declared
from .named import NamedValues
from .shape import QueryShape, Shape, TableShape

__all__ = ["Tables", "condition"]


class Tables:
    """What `columns` are selected from. `source` names the source in errors."""

    def __init__(
        self,
        table: str,
        columns: Iterable[Column],
        *,
        source: str,
        schema: str | None = None,
        query: Select | None = None,
        subject: str = "",
        filters: Sequence[Filter] = (),
        filters_of_source: Sequence[Filter] | None = None,
        joins: Mapping[str, Join] | None = None,
        pairs: Mapping[str, Pairs] | None = None,
    ) -> None:
        self._subject, self._filters = subject, filters
        self._filters_of_source = filters if filters_of_source is None else filters_of_source
        self._joins = joins or {}
        self._named = {of: NamedValues(one, source=source) for of, one in (pairs or {}).items()}
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for one in [*columns, *(Column(f.column) for f in filters)]:
            names[one.of][one.name] = None
        for of, join in self._joins.items():
            names[of] |= dict.fromkeys([theirs for theirs, _ in join.on])
            names[of] |= dict.fromkeys([f.column for f in join.filters])
            names[""] |= dict.fromkeys([ours for _, ours in join.on])
        if subject:
            names[""][subject] = None
        self._shapes: dict[str, Shape] = {}
        if query is None:
            self.own: FromClause = _table(table, schema, names[""])
            self._shapes[""] = TableShape(table, schema, source=source)
        else:
            rows = text(f"{query.sql}\n").bindparams(**query.values)
            self.own = rows.columns(*map(named_column, names[""])).subquery(table)
            self._shapes[""] = QueryShape(self.own, source=source)
        self._joined: dict[str, FromClause] = {}
        for of, join in self._joins.items():
            self._joined[of] = _table(join.table, join.schema, names[of]).alias(f"j_{of}")
            self._shapes[of] = TableShape(join.table, join.schema, source=source)

    @classmethod
    def of_users(
        cls,
        mapping: Declared,
        *,
        source: str,
        filters_of_source: Sequence[Filter] | None = None,
    ) -> Tables:
        """Those of a source's users. `filters_of_source` are those of the whole source, where
        `mapping` has more."""
        columns = [*mapping.identity(), *mapping.shown()]
        return cls(
            mapping.table,
            [*columns, *(Column(n) for n in mapping.own_columns())],
            source=source,
            schema=mapping.schema,
            query=mapping.select,
            subject=mapping.subject,
            filters=mapping.filters,
            filters_of_source=filters_of_source,
            joins=mapping.joins,
            pairs=mapping.pairs,
        )

    @classmethod
    def of_addresses(
        cls, declared: AddressTable, columns: Sequence[Column], *, source: str
    ) -> Tables:
        """Those of its addresses."""
        return cls(
            declared.table,
            columns,
            source=source,
            schema=declared.schema,
            filters=declared.filters,
            joins=declared.joins,
        )

    def type_of(self, connection: Connection, column: Column) -> types.TypeEngine[Any]:
        """The type of a column; raises SourceUnavailable if there is none of that name."""
        return base_of(self._shapes[column.of].type_of(connection, column.name))

    def is_key(self, connection: Connection, name: str) -> bool:
        """Whether the database keeps a column of the table itself unique."""
        return self._shapes[""].is_key(connection, name)

    def collation(self, connection: Connection, name: str) -> str:
        """How the database compares a column of the table itself; see `Shape`."""
        return self._shapes[""].collation(connection, name)

    def named(self, of: str) -> NamedValues:
        """The named values of that name."""
        return self._named[of]

    def element(self, column: Column) -> ColumnElement[Any]:
        """A column of the table itself or of a join, as part of a statement."""
        return (self._joined[column.of] if column.of else self.own).c[column.name]

    def cell(self, connection: Connection, column: Column) -> ColumnElement[Any]:
        """What is selected for a column. A BIT of MariaDB is told as bytes, as many as it is long;
        as a number it is the same however long."""
        if column.of in self._named:
            return self._pair(connection, column)
        element = self.element(column)
        if isinstance(self.type_of(connection, column), mysql.BIT):
            return cast(element, mysql.INTEGER(unsigned=True)).label(column.name)
        return element

    def query(self, connection: Connection, columns: Sequence[Column]) -> Query[Any]:
        """A SELECT of `columns` of the rows that count."""
        source: FromClause = self.own
        for of in dict.fromkeys(c.of for c in columns if c.of in self._joins):
            join, joined = self._joins[of], self._joined[of]
            on: list[ColumnElement[bool]] = []
            for theirs, ours in join.on:
                kind = self.type_of(connection, Column(theirs, of))
                our_kind = self.type_of(connection, Column(ours))
                on.append(equal(joined.c[theirs], kind, self.own.c[ours], our_kind))
                if self._subject and not tells_apart(kind, our_kind):
                    on.append(Exactly(joined.c[theirs], self.own.c[ours]))
            on += [
                condition(joined.c[f.column], f, self.type_of(connection, Column(f.column, of)))
                for f in join.filters
            ]
            source = source.outerjoin(joined, and_(*on))
        query = select(*(self.cell(connection, c) for c in columns)).select_from(source)
        for one in self._filters:
            kind = self.type_of(connection, Column(one.column))
            query = query.where(condition(self.own.c[one.column], one, kind))
        return query

    def alike(self, connection: Connection, name: str) -> list[ColumnElement[Any]]:
        """How many rows that count have what a row has in the column `name` of the table itself, as
        part of a statement; nothing where the database keeps that unique, or cannot tell."""
        kind = self.type_of(connection, Column(name))
        others = self.own.alias("others")
        cell, other = self.own.c[name], others.c[name]
        query = select(func.count()).select_from(others)
        if isinstance(kind, Dynamic):  # 1 and '1' are one text; of bytes it cannot tell
            spelled = [cell, cast(cell, types.Text()), cast(cell, types.Integer())]
            query = query.where(other.in_(spelled), func.typeof(cell) != "blob")
        elif isinstance(kind, types.NullType) or self.is_key(connection, name):
            return []
        else:
            query = query.where(other == cell)
        for one in self._filters_of_source:
            of = self.type_of(connection, Column(one.column))
            query = query.where(condition(others.c[one.column], one, of))
        return [query.correlate(self.own).scalar_subquery()]

    def _pair(self, connection: Connection, column: Column) -> ScalarSelect[Any]:
        named = self._named[column.of]
        declared = named.declared
        rows = named.rows().alias(f"p_{column.of}")
        subject = self.own.c[self._subject]
        kind = self.type_of(connection, Column(self._subject))
        query = select(rows.c[declared.value]).where(
            named.are_of(connection, rows, subject, kind),
            named.are_named(connection, rows, [column.name]),
            Exactly(rows.c[declared.name], literal(column.name)),
        )
        if declared.order is not None:
            query = query.order_by(rows.c[declared.order])
        return query.limit(1).correlate(self.own).scalar_subquery()


def _table(name: str, schema: str | None, columns: Iterable[str]) -> Any:
    return named_table(name, *(named_column(c) for c in columns), schema=schema)
