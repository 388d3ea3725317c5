"""What a profile needs beside the user's row: addresses of a table, or named values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection, Select, bindparam, select

from ..core.model import Address, Record
from ..database import Statement
from .fields import Column, columns_of, spellings, text_of
from .keys import subject_text
from .kinds import condition, references
from .mapping import AddressTable, Filter
from .named import NamedValues
from .rows import AddressFiller, RecordReader, Row
from .tables import Tables

__all__ = ["AddressReader", "Details", "PairsReader"]

_MOST_ADDRESSES = 200
_MOST_PAIRS = 2000


class Details(Protocol):
    """One further query for a profile."""

    def statement(self, connection: Connection) -> Statement:
        """The query."""

    def complete(self, connection: Connection, row: Row, reader: RecordReader) -> Record:
        """The record of `row`, which `reader` reads, with what else is known."""


class AddressReader:
    """Reads the addresses that are kept in a table of their own.

    A row that only the database takes for the user's is passed over."""

    def __init__(self, declared: AddressTable, *, source: str, empty_is_null: bool = False) -> None:
        self._declared = declared
        own = [declared.user, declared.column]
        own += [declared.shipping, declared.billing] if declared.choice == "flag" else []
        self._columns = [Column(name) for name in own if name]
        fields = [c for value in declared.fields.values() for c in columns_of(value)]
        self._columns = list(dict.fromkeys([*self._columns, *fields]))
        self._tables = Tables.of_addresses(declared, self._columns, source=source)
        self._filler = AddressFiller(declared.fields, self._columns, empty_is_null=empty_is_null)
        self._place = {c: i for i, c in enumerate(self._columns)}
        self._statement: Statement | None = None

    def complete(self, connection: Connection, row: Row, reader: RecordReader) -> Record:
        """See `Details`."""
        declared, record = self._declared, reader.record(row)
        users = self._references(connection, declared.user, reader.subject(row))
        if not users:
            return record
        values = {"user": users[0]}
        if declared.choice == "id":
            ids = {
                which: row[reader.place[Column(name)]] if name else None
                for which, name in (("shipping", declared.shipping), ("billing", declared.billing))
            }
            if all(cell is None for cell in ids.values()):
                return record
            for which, cell in ids.items():
                forms = self._references(connection, declared.column, cell)
                values[which] = forms[0] if forms else None
            wanted = {which: cell for which, cell in ids.items() if cell is not None}
        else:
            wanted = {"shipping": declared.shipping, "billing": declared.billing}
            if declared.choice == "flag":
                wanted = {which: flag for which, flag in wanted.items() if flag}
        first: dict[str, Address | None] = {}
        for found in self.statement(connection).rows(connection, values):
            if subject_text(found[self._place[Column(declared.user)]]) != record.subject:
                continue
            for which, mark in wanted.items():
                if which not in first and self._is(found, mark):
                    first[which] = self._filler.fill(found)
        profile = record.profile._replace(
            shipping_address=first.get("shipping") or record.profile.shipping_address,
            billing_address=first.get("billing") or record.profile.billing_address,
        )
        return replace(record, profile=profile)

    def _references(self, connection: Connection, name: str, cell: Any) -> list[Any]:
        """What the column `name` holds in rows that refer to `cell`."""
        if cell is None:
            return []
        return references(self._tables.type_of(connection, Column(name)), cell)

    def _is(self, row: Row, mark: Any) -> bool:
        """Whether an address is the one that `mark` tells."""
        choice = self._declared.choice
        if choice == "first":
            return True
        if choice == "flag":
            return "1" in spellings(row[self._place[Column(mark)]])
        cell = row[self._place[Column(self._declared.column)]]
        return text_of(cell) == text_of(mark)

    def statement(self, connection: Connection) -> Statement:
        """The query for the rows of one user, whose parameters are `user` and, where the user's
        row names its addresses, `shipping` and `billing`."""
        if self._statement is not None:
            return self._statement
        declared, tables = self._declared, self._tables
        query = tables.query(connection, self._columns)
        query = query.where(tables.element(Column(declared.user)) == bindparam("user"))
        if declared.choice == "kind":
            kind = tables.element(Column(declared.column))
            kinds = Filter(column=declared.column, values=(declared.shipping, declared.billing))
            of = tables.type_of(connection, Column(declared.column))
            query = query.where(condition(kind, kinds, of))
        elif declared.choice == "id":
            marks: list[Any] = [bindparam("shipping"), bindparam("billing")]
            query = query.where(tables.element(Column(declared.column)).in_(marks))
        order = declared.fields.get("address_id")
        if isinstance(order, Column):
            query = query.order_by(tables.element(order))
        self._statement = Statement(query.limit(_MOST_ADDRESSES), connection)
        return self._statement


class PairsReader:
    """Reads the named values that a profile is made of, `columns`, which are all of `named`.

    `reader` reads rows that have them behind the others."""

    def __init__(self, named: NamedValues, columns: Sequence[Column], reader: RecordReader) -> None:
        self.columns = columns
        self._named, self._reader = named, reader
        self._statement: Statement | None = None

    def statement(self, connection: Connection) -> Statement:
        """The query for the values of one user, whose parameter is `user`."""
        if self._statement is None:
            declared, rows = self._named.declared, self._named.rows()
            user, name, value = (rows.c[n] for n in (declared.user, declared.name, declared.value))
            query: Select[Any] = select(user, name, value).where(
                user == bindparam("user"),
                self._named.are_named(connection, rows, [c.name for c in self.columns]),
            )
            if declared.order is not None:
                query = query.order_by(rows.c[declared.order])
            self._statement = Statement(query.limit(_MOST_PAIRS), connection)
        return self._statement

    def complete(self, connection: Connection, row: Row, reader: RecordReader) -> Record:
        """See `Details`."""
        found: dict[str, object] = {}
        statement = self.statement(connection)
        for theirs in self._named.users(connection, reader.subject(row))[:1]:
            for user, name, value in statement.rows(connection, {"user": theirs}):
                if subject_text(user) == reader.subject_text(row):
                    found.setdefault(text_of(name), value)
        return self._reader.record((*row, *(found.get(c.name) for c in self.columns)))
