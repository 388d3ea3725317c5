"""What is declared about a client's tables: which column holds what."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Literal

from ..database.moments import TimeKind, Unreadable, read_moment
from .fields import Column, Computed, Constant, Field, Letters, columns_of, spellings

__all__ = [
    "ActiveRule",
    "AddressTable",
    "Choice",
    "Column",
    "Computed",
    "Constant",
    "ExtendedAttribute",
    "Field",
    "Filter",
    "Generated",
    "Join",
    "LoginColumn",
    "Mapping",
    "Pairs",
    "Scalar",
    "Select",
]

Scalar = str | int | float | bool | datetime | None
"""What a cell may be declared to hold."""


@dataclass(frozen=True, slots=True)
class ExtendedAttribute:
    """An extended attribute of every answer about the user."""

    name: str
    field: Field
    data_type: str = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows that count, by one column of their table: it is one of `values`; or, not NULL, none of
    `other_than`; or NULL (`null` True); or not NULL (False)."""

    column: str
    values: tuple[str | int | bool, ...] = ()
    other_than: tuple[str | int | bool, ...] = ()
    null: bool | None = None

    def holds(self, cell: object) -> bool:
        """Whether a row with `cell` in the column counts."""
        if self.null is not None:
            return (cell is None) is self.null
        if cell is None:
            return False
        spelled = {text for v in self.values or self.other_than for text in spellings(v)}
        return (not spellings(cell).isdisjoint(spelled)) is bool(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A table with at most one row for each of ours: `on` says which of its columns equal which of
    ours."""

    table: str
    on: tuple[tuple[str, str], ...]
    schema: str | None = None
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Rows that hold one named value each. Of several with one name the one with the lowest
    `order` counts."""

    table: str
    user: str
    name: str
    value: str
    order: str | None = None
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """Users as the rows of a query, whose named parameters are `values`."""

    sql: str
    values: ReadOnly[str, str | int | bool] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class LoginColumn:
    """A column that may hold the login. `folded` holds it too, in `letters`, and has an index."""

    name: str
    folded: str | None = None
    letters: Letters = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRule:
    """Which users may come in, by one column; exactly one of the others is given.

    `values`: the column is one of these. `other_than`: it is none of these. A NULL is neither.
    `null`: it is NULL (True) or is not (False). `expires`: a time of that kind in the future, or
    NULL. `locked_until`: a time of that kind in the past, or NULL."""

    column: Column
    values: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()
    null: bool | None = None
    expires: TimeKind | None = None
    locked_until: TimeKind | None = None

    def holds(self, cell: object) -> bool:
        """Whether a user with `cell` in the column is active. An unreadable time is not."""
        if self.null is not None:
            return (cell is None) is self.null
        kind = self.expires or self.locked_until
        if kind is not None:
            if cell is None:
                return True
            try:
                return (read_moment(cell, kind) > time.time()) is (self.expires is not None)
            except Unreadable:
                return False
        if cell is None:
            return False
        among = not spellings(cell).isdisjoint(self.values or self.other_than)
        return among is bool(self.values)

    @property
    def lasts(self) -> bool:
        """Whether what holds of a cell now always does."""
        return self.expires is None and self.locked_until is None

    def initial(self) -> Scalar:
        """What a new, active user has in the column."""
        if self.null is False:
            return datetime.now(UTC).replace(tzinfo=None)
        return self.values[0] if self.values else None


Choice = Literal["kind", "id", "flag", "first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressTable:
    """Addresses in a table of their own; `user` refers to the subject.

    `choice` says which row is the shipping and which the billing address. `kind`: `column` holds
    `shipping` or `billing`. `id`: `column` holds what the user's columns `shipping` or `billing`
    do. `flag`: the columns `shipping` and `billing` are true. `first`: the first is both. Of
    several that are possible the one with the lowest address_id (if that is mapped) counts."""

    table: str
    user: str
    fields: ReadOnly[str, Field] = field(hash=False)
    choice: Choice = "first"
    column: str = ""
    shipping: str = ""
    billing: str = ""
    schema: str | None = None
    filters: tuple[Filter, ...] = ()
    joins: ReadOnly[str, Join] = field(default_factory=dict, hash=False)


class Generated(Enum):
    """A value made anew for each new user."""

    NOW = "now"
    EPOCH = "epoch"
    UUID = "uuid"

    def make(self) -> Scalar:
        """The value: UTC without a zone, whole seconds since 1970, or a random UUID."""
        if self is Generated.NOW:
            return datetime.now(UTC).replace(tzinfo=None)
        return int(time.time()) if self is Generated.EPOCH else str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One user table, or a query in its place. Keys of `profile`, `shipping` and `billing` are
    field names of `core.model.Profile` and `core.model.Address`; `create` holds what a new row
    needs beside the mapped columns.

    `first_login_wins`: of users who have a login in different columns the one who has it in the
    first counts; otherwise nobody does. `empty_is_null`: an empty text is no value, where it is
    shown."""

    table: str
    subject: str
    logins: tuple[LoginColumn, ...]
    password: Field
    select: Select | None = None
    first_login_wins: bool = False
    empty_is_null: bool = False
    schema: str | None = None
    filters: tuple[Filter, ...] = ()
    joins: ReadOnly[str, Join] = field(default_factory=dict)
    pairs: ReadOnly[str, Pairs] = field(default_factory=dict)
    erid: str | None = None
    fingerprint: tuple[str, ...] = ()
    active: tuple[ActiveRule, ...] = ()
    profile: ReadOnly[str, Field] = field(default_factory=dict)
    shipping: ReadOnly[str, Field] = field(default_factory=dict)
    billing: ReadOnly[str, Field] = field(default_factory=dict)
    addresses: AddressTable | None = None
    attributes: tuple[ExtendedAttribute, ...] = ()
    create: ReadOnly[str, Scalar | Generated] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """The column that a new user's login is written to."""
        return self.logins[0].name

    def identity(self) -> list[Column]:
        """What every look-up reads, each once: who it is and whether they may come in."""
        own = [self.subject, *(login.name for login in self.logins), self.erid]
        own += [*self.fingerprint, *(f.column for f in self.filters)]
        names = [Column(name) for name in own if name is not None]
        names += columns_of(self.password)
        names += [rule.column for rule in self.active]
        return _once([*names, *_of(a.field for a in self.attributes)])

    def shown(self) -> list[Column]:
        """What the profile and the addresses in the row are made of, each once."""
        chosen = self.addresses
        ids = [chosen.shipping, chosen.billing] if chosen and chosen.choice == "id" else []
        fields = [*self.profile.values(), *self.shipping.values(), *self.billing.values()]
        return _once([*(Column(name) for name in ids if name), *_of(fields)])

    def own_columns(self) -> list[str]:
        """Every column of the user table itself that is read, each once."""
        names = [c.name for c in [*self.identity(), *self.shown()] if not c.of]
        names += [ours for join in self.joins.values() for _, ours in join.on]
        names += [login.folded for login in self.logins if login.folded is not None]
        return list(dict.fromkeys(names))


def _of(fields: Iterable[Field]) -> Iterator[Column]:
    for one in fields:
        yield from columns_of(one)


def _once(columns: Iterable[Column]) -> list[Column]:
    return list(dict.fromkeys(columns))
