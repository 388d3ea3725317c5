"""Between a row of the client's table and the domain's records, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, TableClause, bindparam, column, select, table

from ..core.model import Address, Attribute, Fingerprint, NewUser, Profile, Record
from .keys import subject_text
from .mapping import (
    AddressTable,
    Column,
    Constant,
    Field,
    Generated,
    Mapping,
    Scalar,
    text_of,
)

__all__ = ["AddressReader", "RecordReader", "values_of"]

_MOST_ADDRESSES = 50


def _fill(
    fields: ReadOnly[str, Field], row: Row[Any], place: ReadOnly[str, int]
) -> dict[str, str | None]:
    """The mapped values of one row, as text; NULL is None."""
    values: dict[str, str | None] = {}
    for name, field in fields.items():
        if isinstance(field, Constant):
            values[name] = field.value
        else:
            cell = row[place[field.name]]
            values[name] = None if cell is None else text_of(cell)
    return values


def _lasting(cell: object) -> str | None:
    """`cell` as text that does not depend on the time zone of the connection."""
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        cell = cell.astimezone(UTC)
    return None if cell is None else text_of(cell)


def _address(values: dict[str, str | None]) -> Address | None:
    """An address, or None where nothing at all is known of it."""
    return Address(**values) if any(v is not None for v in values.values()) else None  # type: ignore[arg-type]


class RecordReader:
    """Reads rows whose columns are those of `mapping`, in the order of `columns`."""

    def __init__(self, mapping: Mapping, columns: Sequence[str]) -> None:
        self._mapping = mapping
        self._place = {name: index for index, name in enumerate(columns)}

    def subject(self, row: Row[Any]) -> Any:
        """The primary key as the driver gave it."""
        return row[self._place[self._mapping.subject]]

    def subject_text(self, row: Row[Any]) -> str:
        """The primary key as the ledger keeps it."""
        return subject_text(self.subject(row))

    def login(self, row: Row[Any]) -> str | None:
        """The stored login, None for NULL."""
        cell = row[self._place[self._mapping.login]]
        return None if cell is None else text_of(cell)

    def erid(self, row: Row[Any]) -> str | None:
        """The stored ERID, None for NULL or where there is no such column."""
        if self._mapping.erid is None:
            return None
        cell = row[self._place[self._mapping.erid]]
        return None if cell is None else text_of(cell)

    def fingerprint(self, row: Row[Any]) -> Fingerprint | None:
        """What never changes in the row; None if nothing of the kind is mapped."""
        names = self._mapping.fingerprint
        if not names:
            return None
        cells = [row[self._place[name]] for name in names]
        if all(cell is None for cell in cells):
            return Fingerprint(json.dumps(names), None)
        return Fingerprint(json.dumps(names), json.dumps([_lasting(cell) for cell in cells]))

    @staticmethod
    def text(cell: object) -> str:
        """A cell as text."""
        return text_of(cell)

    def record(self, row: Row[Any]) -> Record:
        """The user in `row`."""
        mapping, place = self._mapping, self._place
        password = row[place[mapping.password]]
        return Record(
            subject=self.subject_text(row),
            login=self.login(row),
            erid=self.erid(row),
            fingerprint=self.fingerprint(row),
            password_hash=None if password is None else text_of(password),
            active=mapping.active is None
            or mapping.active.holds(row[place[mapping.active.column]]),
            profile=Profile(
                **_fill(mapping.profile, row, place),
                shipping_address=_address(_fill(mapping.shipping, row, place)),
                billing_address=_address(_fill(mapping.billing, row, place)),
            ),
            attributes=tuple(
                Attribute(a.name, _fill({"value": a.field}, row, place)["value"], a.data_type)
                for a in mapping.attributes
            ),
        )


class AddressReader:
    """Reads and writes the addresses that are kept in a table of their own."""

    def __init__(self, declared: AddressTable) -> None:
        self._declared = declared
        named = [f.name for f in declared.fields.values() if isinstance(f, Column)]
        columns = list(dict.fromkeys([declared.user, declared.kind, *named]))
        self._place = {name: index for index, name in enumerate(columns)}
        source = self.target(columns)
        query = select(*(source.c[c] for c in columns))
        query = query.where(
            source.c[declared.user] == bindparam("user"),
            source.c[declared.kind].in_([declared.shipping, declared.billing]),
        )
        order = declared.fields.get("address_id")
        if isinstance(order, Column):
            query = query.order_by(source.c[order.name])
        self.query = query.limit(_MOST_ADDRESSES)

    def target(self, columns: Iterable[str]) -> TableClause:
        """The address table with just these columns."""
        names = dict.fromkeys(columns)
        return table(
            self._declared.table, *(column(c) for c in names), schema=self._declared.schema
        )

    def add(self, record: Record, rows: Sequence[Row[Any]]) -> Record:
        """`record` with the first address of each kind in `rows`.

        A row that only the database takes for the user's is passed over."""
        declared = self._declared
        first: dict[str, Address | None] = {}
        for row in rows:
            if subject_text(row[self._place[declared.user]]) != record.subject:
                continue
            kind = text_of(row[self._place[declared.kind]])
            if kind not in first:
                first[kind] = _address(_fill(declared.fields, row, self._place))
        profile = replace(
            record.profile,
            shipping_address=first.get(declared.shipping) or record.profile.shipping_address,
            billing_address=first.get(declared.billing) or record.profile.billing_address,
        )
        return replace(record, profile=profile)

    def rows(self, subject: Any, profile: Profile) -> list[dict[str, Any]]:
        """The rows to insert for a new user."""
        declared = self._declared
        made = []
        for kind, address in (
            (declared.shipping, profile.shipping_address),
            (declared.billing, profile.billing_address),
        ):
            if address is not None:
                values = _written(declared.fields, address, skip="address_id")
                made.append({**values, declared.user: subject, declared.kind: kind})
        return made


def _written(
    fields: ReadOnly[str, Field], value: Profile | Address | None, *, skip: str = ""
) -> dict[str, Scalar]:
    """The columns that `value` fills; absent values are left to the database's default."""
    filled: dict[str, Scalar] = {}
    for name, field in fields.items():
        cell = None if value is None or name == skip else getattr(value, name)
        if isinstance(field, Column) and cell is not None:
            filled[field.name] = cell
    return filled


def values_of(mapping: Mapping, user: NewUser) -> dict[str, Scalar]:
    """The row of the user table that `user` becomes. What identifies comes last and wins."""
    row: dict[str, Scalar] = {
        name: value.make() if isinstance(value, Generated) else value
        for name, value in mapping.create.items()
    }
    row |= _written(mapping.shipping, user.profile.shipping_address)
    row |= _written(mapping.billing, user.profile.billing_address)
    row |= _written(mapping.profile, user.profile)
    if mapping.active is not None and mapping.active.column not in row:
        row[mapping.active.column] = mapping.active.initial()
    row |= {mapping.login: user.login, mapping.password: user.password_hash}
    if mapping.erid is not None:
        row[mapping.erid] = user.erid
    return row
