"""What is declared about a client's tables: which column holds what."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

__all__ = [
    "ActiveRule",
    "AddressTable",
    "Column",
    "Constant",
    "ExtendedAttribute",
    "Field",
    "Generated",
    "Mapping",
    "Scalar",
]

Scalar = str | int | float | bool | datetime | None
"""What a cell may be declared to hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """The value is in a column."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The value is the same for every user."""

    value: str


Field = Column | Constant


@dataclass(frozen=True, slots=True)
class ExtendedAttribute:
    """An extended attribute of every answer about the user."""

    name: str
    field: Field
    data_type: str = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRule:
    """Which users may come in, by one column.

    `values`: the column, as text, is one of these. Otherwise `null`: the column is NULL (True)
    or is not (False). A NULL is never one of the values."""

    column: str
    values: tuple[str, ...] = ()
    null: bool | None = None

    def holds(self, cell: object) -> bool:
        """Whether a user with `cell` in the column is active."""
        if self.null is not None:
            return (cell is None) is self.null
        return cell is not None and not _spellings(cell).isdisjoint(self.values)

    def initial(self) -> Scalar:
        """What a new, active user has in the column."""
        if self.null is False:
            return datetime.now(UTC).replace(tzinfo=None)
        return self.values[0] if self.values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressTable:
    """Addresses in a table of their own, at most one of each kind used.

    `user` refers to the subject; `kind` holds `shipping` or `billing`. Of several rows of one
    kind the one with the lowest address_id (if that is mapped) counts."""

    table: str
    user: str
    kind: str
    fields: ReadOnly[str, Field]
    schema: str | None = None
    shipping: str = "shipping"
    billing: str = "billing"


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
    """One user table. Keys of `profile`, `shipping` and `billing` are field names of
    `core.model.Profile` and `core.model.Address`; `create` holds what a new row needs
    beside the mapped columns."""

    table: str
    subject: str
    login: str
    password: str
    schema: str | None = None
    erid: str | None = None
    fingerprint: tuple[str, ...] = ()
    active: ActiveRule | None = None
    profile: ReadOnly[str, Field] = field(default_factory=dict)
    shipping: ReadOnly[str, Field] = field(default_factory=dict)
    billing: ReadOnly[str, Field] = field(default_factory=dict)
    addresses: AddressTable | None = None
    attributes: tuple[ExtendedAttribute, ...] = ()
    create: ReadOnly[str, Scalar | Generated] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """Every column of the user table that is read, each once."""
        fields = [
            *self.profile.values(),
            *self.shipping.values(),
            *self.billing.values(),
            *(a.field for a in self.attributes),
        ]
        names = [self.subject, self.login, self.password, self.erid, *self.fingerprint]
        names.append(self.active.column if self.active else None)
        names.extend(f.name for f in fields if isinstance(f, Column))
        return list(dict.fromkeys(name for name in names if name is not None))


def text_of(cell: object) -> str:
    """`cell` as it is sent and compared: bytes as UTF-8 where they are that, else as hex."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, (bytes, bytearray, memoryview)):
        raw = bytes(cell)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.hex()
    return str(cell)


def _spellings(cell: object) -> set[str]:
    """How a configuration may write `cell`: booleans (a BIT is one byte) also as 1 and 0."""
    if isinstance(cell, bytes) and cell in (b"\0", b"\1"):
        cell = bool(cell[0])
    return {text_of(cell), str(int(cell))} if isinstance(cell, bool) else {text_of(cell)}
