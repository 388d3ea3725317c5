"""From the text of a key to what its column is compared with, and back."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import types
from sqlalchemy.dialects import mysql, postgresql

from .fields import text_of

__all__ = ["Cell", "Dynamic", "comparable", "constants", "is_exact", "stored_forms", "subject_text"]

Cell = str | int | bool | bytes | uuid.UUID
_BIGINT = 2**63
_MOST_DIGITS = 1000
_MOST_DIGITS_OF_FLOATS = 37
"""Before or after the point: what is beyond is in no column, and PostgreSQL fails to read it."""
_FARTHEST_ZONE = timedelta(hours=15)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


class Dynamic(types.NullType):
    """The type of a column that may hold numbers and texts, and nobody can tell."""


def _integer(key: str) -> int | None:
    """The integer that `key` is the usual spelling of, if a column can hold it."""
    try:
        number = int(key)
    except ValueError:
        return None
    return number if str(number) == key and -_BIGINT <= number < 2 * _BIGINT else None


def _uuid(key: str) -> uuid.UUID | None:
    try:
        value = uuid.UUID(key)
    except ValueError:
        return None
    return value if str(value) == key else None


def _bytes(key: str) -> bytes | None:
    try:
        raw = bytes.fromhex(key)
    except ValueError:
        return None
    return raw if raw.hex() == key else None


def _decimal(key: str) -> str | None:
    try:
        number = Decimal(key)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return None
    return key if str(number) == key else None


def _float(key: str) -> str | None:
    try:
        number = Decimal(key)
    except InvalidOperation:
        return None
    return key if number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS_OF_FLOATS else None


def _moment(key: str) -> str | None:
    """`key` if every engine reads it: Python also knows the weeks of ISO 8601, and more."""
    if not _MOMENT.fullmatch(key):
        return None
    try:
        when = datetime.fromisoformat(key)
    except ValueError:
        return None
    offset = when.utcoffset()
    return key if offset is None or abs(offset) <= _FARTHEST_ZONE else None


def _boolean(key: str) -> bool | None:
    return {"true": True, "false": False}.get(key)


def _address(key: str) -> str | None:
    try:
        ipaddress.ip_interface(key)
    except ValueError:
        return None
    return key if "%" not in key else None  # no engine knows the zones of IPv6


def _network(key: str) -> str | None:
    try:
        ipaddress.ip_network(key)
    except ValueError:
        return None
    return key if "%" not in key else None


_KINDS: tuple[tuple[type[types.TypeEngine[Any]], Callable[[str], Cell | None]], ...] = (
    (types.Integer, _integer),
    (mysql.BIT, _integer),
    (types.Float, _float),
    (types.Numeric, _decimal),
    (types.DateTime, _moment),
    (types.Date, _moment),
    (types.Uuid, _uuid),
    (types._Binary, _bytes),
    (types.Boolean, _boolean),
    (postgresql.INET, _address),
    (postgresql.CIDR, _network),
)


def comparable(column: types.TypeEngine[Any], key: str) -> list[Cell]:
    """`key` as values of a column of this type; none if no such column could hold it.

    Asking an engine to compare an integer column with "abc" is an error on some and
    matches zero on others."""
    if isinstance(column, Dynamic):
        number = _integer(key)
        return [key] if number is None or number >= _BIGINT else [key, number]
    for kind, convert in _KINDS:
        if isinstance(column, kind):
            cell = convert(key)
            fits = cell is not None and (kind is not types.Integer or _fits(column, cell))
            return [cell] if cell is not None and fits else []
    return [key]


def _fits(column: types.TypeEngine[Any], number: Any) -> bool:
    """Whether an integer is none too large for its column; MariaDB has columns without a sign."""
    return bool(number < _BIGINT or getattr(column, "unsigned", False))


def stored_forms(column: types.TypeEngine[Any], key: str) -> list[Cell]:
    """What a column of this type may hold for a login or ERID that `text_of` reads as `key`."""
    if isinstance(column, types._Binary):
        forms = (key.encode(), _bytes(key))
        return [raw for raw in forms if raw is not None and text_of(raw) == key]
    return comparable(column, key)


def constants(column: types.TypeEngine[Any], value: str | int | bool) -> list[Any]:
    """A value of the configuration as values of a column of this type."""
    text = text_of(int(value) if isinstance(value, bool) else value)
    if isinstance(column, types.Boolean):
        return {"1": [True], "true": [True], "0": [False], "false": [False]}.get(text, [])
    if isinstance(column, types.Numeric):
        try:
            return [Decimal(text)]
        except InvalidOperation:
            return []
    if isinstance(column, types.NullType):  # it may hold either
        number = _integer(text)
        return [text] if number is None else [text, number]
    if isinstance(column, types.String) and isinstance(value, bool):
        return [text, str(value).lower()]
    return list(stored_forms(column, text))


def is_exact(column: types.TypeEngine[Any], cell: object) -> bool:
    """Whether the text of a primary key is no other key's, and will always be the same: not of
    NULL, of a number that was rounded or has spellings, of a time that is told in the zone of the
    session, of money, of a value with parts, or of a cell that is of another type than its
    column."""
    if isinstance(column, (types.Float, postgresql.MONEY, postgresql.INTERVAL)):
        return False
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return isinstance(column, (types._Binary, Dynamic))
    if isinstance(column, types._Binary) or isinstance(cell, bool):
        return False
    if isinstance(cell, Decimal) and getattr(column, "scale", None) is None:
        return cell.as_tuple().exponent == 0  # otherwise 1.0 and 1.00 are one key
    if isinstance(cell, datetime):
        return cell.tzinfo is None
    return isinstance(cell, _KEYS)


_KEYS = (
    str,
    int,
    Decimal,
    uuid.UUID,
    date,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


def subject_text(cell: object) -> str:
    """A primary key as the ledger keeps it: text as it is, UUIDs in lower case, bytes as hex."""
    return bytes(cell).hex() if isinstance(cell, (bytes, bytearray, memoryview)) else str(cell)
