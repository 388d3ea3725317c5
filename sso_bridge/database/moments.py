"""Times as client databases keep them, read into seconds since 1970 (UTC) and written back."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

__all__ = ["TIME_KINDS", "TimeKind", "Unreadable", "read_moment", "write_moment"]

TimeKind = Literal["detect", "naive_utc", "aware", "epoch_seconds", "epoch_milliseconds"]

TIME_KINDS: Final[dict[str, str]] = {
    "detect": "A time with its offset from UTC, or epoch seconds or milliseconds.",
    "naive_utc": "A date and time without a zone, in UTC.",
    "aware": "A date and time with its offset from UTC.",
    "epoch_seconds": "Seconds since 1970-01-01 UTC.",
    "epoch_milliseconds": "Milliseconds since 1970-01-01 UTC.",
}
"""Each kind of time column. `detect` takes only what cannot be read in two ways."""

_SECONDS: Final = range(10**9, 10**10)
"""2001 to 2286 in seconds; as milliseconds these would be days of early 1970."""
_NUMBER: Final = re.compile(r"[0-9]{1,17}(\.[0-9]{1,9})?", re.ASCII)


class Unreadable(ValueError):
    """The value is no time of the declared kind. The message never quotes it."""


def read_moment(value: object, kind: TimeKind) -> float:
    """`value` of a column of `kind`, in seconds since 1970 (UTC).

    Text is read too: an ISO 8601 date and time, or digits. Raises Unreadable for anything
    else, a date without a time, a zone where none is declared, and a missing one."""
    number = _number(value)
    if number is not None:
        return _from_number(number, kind)
    when = _datetime(value)
    if kind not in ("detect", "aware", "naive_utc"):
        raise Unreadable("is not a number")
    if (when.utcoffset() is None) != (kind == "naive_utc"):
        raise Unreadable("has a time zone" if kind == "naive_utc" else "has no time zone")
    try:
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unreadable("is out of range") from None


def write_moment(seconds: int, kind: TimeKind) -> datetime | int:
    """Whole seconds since 1970 as a value for a column of `kind`, which is not `detect`."""
    if kind == "epoch_seconds":
        return seconds
    if kind == "epoch_milliseconds":
        return seconds * 1000
    when = datetime.fromtimestamp(seconds, UTC)
    return when.replace(tzinfo=None) if kind == "naive_utc" else when


def _number(value: object) -> float | None:
    """A number, or text that is one; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    return None


def _from_number(number: float, kind: TimeKind) -> float:
    if not math.isfinite(number) or number < 0:
        raise Unreadable("is out of range")
    if kind == "epoch_seconds":
        return number
    if kind == "epoch_milliseconds":
        return number / 1000
    if kind == "detect":
        for seconds in (number, number / 1000):
            if _SECONDS.start <= seconds < _SECONDS.stop:
                return seconds
        raise Unreadable("may be seconds or milliseconds")
    raise Unreadable("is a number")


def _datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and ":" in value:
            return datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("is no date and time") from None  # the cause would quote the value
    raise Unreadable("is no date and time")
