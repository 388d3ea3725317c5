"""Between a row of the client's table and the domain's records, both ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as ReadOnly
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

from ..core.model import Address, Attribute, Fingerprint, NewUser, Profile, Record
from .fields import Column, Constant, Field, columns_of, text_of
from .keys import subject_text
from .mapping import Generated, Mapping, Scalar
from .matching import each

__all__ = ["AddressFiller", "Filler", "RecordReader", "Row", "other_rows", "values_of"]

Row = Sequence[Any]


class Filler:
    """Fills in values from rows of `columns`: one for each of `fields`, None for a field that is
    None, and for what is made of other columns too.

    `empty_is_null`: an empty text is no value."""

    def __init__(
        self,
        fields: Sequence[Field | None],
        columns: Sequence[Column],
        *,
        empty_is_null: bool = False,
    ) -> None:
        self._empty_is_null = empty_is_null
        place = {column: index for index, column in enumerate(columns)}
        nowhere = len(columns)
        places = [nowhere] * len(fields)
        self._constants: list[tuple[int, str]] = []
        self._computed: list[tuple[int, Callable[[Sequence[object]], str | None], list[int]]] = []
        for index, value in enumerate(fields):
            needed = columns_of(value)
            if not all(column in place for column in needed):
                continue
            if isinstance(value, Constant):
                self._constants.append((index, value.value))
            elif isinstance(value, Column):
                places[index] = place[value]
            elif value is not None:
                self._computed.append((index, value.compute, [place[c] for c in needed]))
        self._cells = _taker(places)

    def fill(self, row: Row) -> Sequence[str | None]:
        """The values of one row, as text; NULL is None."""
        cells: Sequence[Any] = self._cells((*row, None))
        if not _TEXT.issuperset(map(type, cells)):
            cells = [c if c is None or type(c) is str else text_of(c) for c in cells]
        if self._empty_is_null and "" in cells:
            cells = [c or None for c in cells]
        if not (self._constants or self._computed):
            return cells
        filled = list(cells)
        for index, constant in self._constants:
            filled[index] = constant
        for index, compute, places in self._computed:
            filled[index] = compute([row[place] for place in places])
        return filled


_TEXT: Final = frozenset({str, type(None)})


def _taker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes the cells at these places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[place] for place in places]


class AddressFiller:
    """Fills in addresses from rows of `columns`; `fields` are their fields by name."""

    def __init__(
        self, fields: ReadOnly[str, Field], columns: Sequence[Column], *, empty_is_null: bool
    ) -> None:
        inner = [fields.get(name) for name in Address._fields]
        self._filler = Filler(inner, columns, empty_is_null=empty_is_null)

    def fill(self, row: Row) -> Address | None:
        """The address of one row, None where nothing at all is known of it."""
        return _address(self._filler.fill(row))


def _address(values: Sequence[Any]) -> Address | None:
    address = Address._make(values)
    return None if address == _NOWHERE else address


_NOWHERE: Final = Address()
_PROFILE: Final = Profile._fields[:-2]
"""The fields of a profile that hold texts; the last two hold addresses."""
_SHIPPING: Final = len(_PROFILE)
_BILLING: Final = _SHIPPING + len(Address._fields)
_REST: Final = _BILLING + len(Address._fields)
"""Where the shipping address, the billing address and the attributes begin, in what is shown."""


class RecordReader:
    """Reads rows whose columns are `columns`, among which are those of `mapping.identity()`."""

    def __init__(self, mapping: Mapping, columns: Sequence[Column]) -> None:
        self._mapping = mapping
        place = {column: index for index, column in enumerate(columns)}
        self.place = place
        self._subject = place[Column(mapping.subject)]
        self._logins = [place[Column(login.name)] for login in mapping.logins]
        self._erid = None if mapping.erid is None else place[Column(mapping.erid)]
        self._fingerprint = [place[Column(name)] for name in mapping.fingerprint]
        self._active = [(rule, place[rule.column]) for rule in mapping.active]
        self._filters = [(f, place[Column(f.column)]) for f in mapping.filters]
        hash = mapping.password
        self._hash = place.get(hash) if isinstance(hash, Column) else None
        self._password = Filler([hash], columns)
        shown: list[Field | None] = [mapping.profile.get(name) for name in _PROFILE]
        shown += [mapping.shipping.get(name) for name in Address._fields]
        shown += [mapping.billing.get(name) for name in Address._fields]
        shown += [attribute.field for attribute in mapping.attributes]
        self._shown = Filler(shown, columns, empty_is_null=mapping.empty_is_null)

    def subject(self, row: Row) -> Any:
        """The primary key as the driver gave it."""
        return row[self._subject]

    def subject_text(self, row: Row) -> str:
        """The primary key as the ledger keeps it."""
        return subject_text(row[self._subject])

    def logins(self, row: Row) -> list[str | None]:
        """The stored login of each login column, None for NULL and where it is empty."""
        return [None if (c := row[i]) is None else text_of(c) or None for i in self._logins]

    def erid(self, row: Row) -> str | None:
        """The stored ERID, None for NULL or where there is no such column."""
        cell = None if self._erid is None else row[self._erid]
        return None if cell is None else text_of(cell)

    def fingerprint(self, row: Row) -> Fingerprint | None:
        """What never changes in the row; None if nothing of the kind is mapped."""
        names = self._mapping.fingerprint
        if not names:
            return None
        cells = [row[index] for index in self._fingerprint]
        if all(cell is None for cell in cells):
            return Fingerprint(json.dumps(names), None)
        return Fingerprint(json.dumps(names), json.dumps([_lasting(cell) for cell in cells]))

    def active(self, row: Row) -> bool:
        """Whether the user may come in."""
        return all(rule.holds(row[index]) for rule, index in self._active)

    def counts(self, row: Row) -> bool:
        """Whether the row passes the filters in code, not only in the database's opinion."""
        return not self._filters or all(f.holds(row[index]) for f, index in self._filters)

    def password(self, row: Row) -> str | None:
        """The stored hash, None for NULL."""
        if self._hash is None:
            return self._password.fill(row)[0]
        cell = row[self._hash]
        return None if cell is None else text_of(cell)

    def record(self, row: Row) -> Record:
        """The user in `row`."""
        logins = [login for login in self.logins(row) if login is not None]
        shown = self._shown.fill(row)
        return Record(
            subject=self.subject_text(row),
            login=logins[0] if logins else None,
            other_logins=tuple(logins[1:]),
            erid=self.erid(row),
            fingerprint=self.fingerprint(row),
            password_hash=self.password(row),
            active=self.active(row),
            profile=Profile._make(
                (
                    *shown[:_SHIPPING],
                    _address(shown[_SHIPPING:_BILLING]),
                    _address(shown[_BILLING:_REST]),
                )
            ),
            attributes=tuple(
                Attribute(attribute.name, value, attribute.data_type)
                for attribute, value in zip(self._mapping.attributes, shown[_REST:], strict=True)
            ),
        )


def _lasting(cell: object) -> str | None:
    """`cell` as text that does not depend on the time zone of the connection."""
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        cell = cell.astimezone(UTC)
    return None if cell is None else text_of(cell)


def _written(
    fields: ReadOnly[str, Field], value: Profile | Address | None, *, of: str = "", skip: str = ""
) -> dict[str, Scalar]:
    """The columns of `of` that `value` fills; absent values are left to the database's default, and
    what is computed cannot be written."""
    filled: dict[str, Scalar] = {}
    for name, field in fields.items():
        cell = None if value is None or name == skip else getattr(value, name)
        if isinstance(field, Column) and field.of == of and cell is not None:
            filled[field.name] = cell
    return filled


def values_of(mapping: Mapping, user: NewUser) -> dict[str, Scalar]:
    """The row of the user table that `user` becomes. What identifies comes last and wins."""
    row: dict[str, Scalar] = {
        name: value.make() if isinstance(value, Generated) else value
        for name, value in mapping.create.items()
    }
    row |= _profile_cells(mapping, user.profile, "")
    for f in mapping.filters:
        if len(f.values) == 1:
            row[f.column] = f.values[0]
    for rule in mapping.active:
        if not rule.column.of and rule.column.name not in row:
            row[rule.column.name] = rule.initial()
    row[mapping.login] = user.login
    if isinstance(mapping.password, Column):
        row[mapping.password.name] = user.password_hash
    if mapping.erid is not None:
        row[mapping.erid] = user.erid
    for login in mapping.logins:
        if login.folded is not None and row.get(login.name) is not None:
            text = str(row[login.name])
            row[login.folded] = each(text, str.lower if login.letters == "lower" else str.upper)
    return row


def _profile_cells(mapping: Mapping, profile: Profile, of: str) -> dict[str, Scalar]:
    """The columns of the table itself, or of the join or pairs `of`, that a profile fills."""
    cells = _written(mapping.shipping, profile.shipping_address, of=of)
    cells |= _written(mapping.billing, profile.billing_address, of=of)
    return cells | _written(mapping.profile, profile, of=of)


def other_rows(
    mapping: Mapping, subject: Any, profile: Profile
) -> Iterable[tuple[str, str | None, dict[str, Any]]]:
    """Table, schema and row of everything else that a new user's profile becomes."""
    for of, join in mapping.joins.items():
        cells: dict[str, Any] = _profile_cells(mapping, profile, of)
        if cells and all(ours == mapping.subject for _, ours in join.on):
            cells |= {f.column: f.values[0] for f in join.filters if len(f.values) == 1}
            yield join.table, join.schema, {**cells, **{theirs: subject for theirs, _ in join.on}}
    for of, pairs in mapping.pairs.items():
        for name, value in _profile_cells(mapping, profile, of).items():
            row = {pairs.user: subject, pairs.name: name, pairs.value: value}
            yield pairs.table, pairs.schema, row
    chosen = mapping.addresses
    if chosen is not None and chosen.choice == "kind":
        kinds = {chosen.shipping: profile.shipping_address, chosen.billing: profile.billing_address}
        for kind, address in kinds.items():
            if address is not None:
                cells = _written(chosen.fields, address, skip="address_id")
                cells |= {f.column: f.values[0] for f in chosen.filters if len(f.values) == 1}
                yield (
                    chosen.table,
                    chosen.schema,
                    {**cells, chosen.user: subject, chosen.column: kind},
                )
