"""Session tokens that the client keeps in a table of its own database."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, DateTime, bindparam, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import NullType

from ..core.alarms import AMBIGUOUS_KEY
from ..core.deadline import Deadline
from ..core.model import Identity, Lookup
from ..database import Database, Statement
from ..database.moments import TimeKind, Unreadable, read_moment, write_moment
from ..errors import ConfigurationError, IdentityAlarm, InvalidSession, SourceUnavailable
from .token_table import TokenTable
from .whom import check_same_kind, lookup_of

__all__ = ["TableFormat", "TableIssuer", "TokenTable"]

Row = dict[str, Any]
"""What a row of the table holds, by what it means."""

MAX_ROWS: Final = 8
"""Rows read for one token; a collation that makes more of them equal is an alarm."""
CLOCK_SKEW_SECONDS: Final = 60
"""How far in the future a row may have been created, by the clock of the database."""

_FLAGS: Final = {
    **dict.fromkeys(("1", "t", "true", "y", "yes", "\x01"), True),
    **dict.fromkeys(("0", "f", "false", "n", "no", "\x00"), False),
}
"""How databases and people write a boolean; a BIT column comes as one byte."""


class TableFormat:
    """Reads tokens from a `TokenTable`. `now` gives seconds since 1970.

    `database` should turn outages into SourceUnavailable."""

    def __init__(
        self, *, database: Database, table: TokenTable, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._table = table
        self._now = now
        self._query = table.query(MAX_ROWS + 1)
        self._statement: Statement | None = None
        self._meanings = table.meanings()

    def verify(self, token: str, site: str, deadline: Deadline) -> Identity | None:
        """Whom `token` names; None if the table has no row for exactly this token.

        Raises InvalidSession for a row that has expired, is revoked, belongs to another
        site or cannot be read, IdentityAlarm if several rows hold the token,
        SourceUnavailable for an outage, DeadlineExceeded."""
        forms = self._table.stored_forms(token)
        if not forms:
            return None
        rows = [row for row in self._rows(forms, deadline) if self._is(row, forms)]
        if not rows:
            return None
        if len(rows) > 1:
            raise IdentityAlarm(AMBIGUOUS_KEY, "several rows hold one session token")
        row = rows[0]
        self._check_revoked(row)
        self._check_times(row)
        bound = self._check_site(row, site)
        return Identity(lookup_of(self._table.names, row["whom"]), bound, "table")

    def check(self, deadline: Deadline) -> None:
        """Raises SourceUnavailable unless the table and its declared columns are there."""
        self._rows(("",), deadline)

    def _rows(self, forms: tuple[str, ...], deadline: Deadline) -> Sequence[Row]:
        try:
            with self._database.connection(deadline) as connection:
                if self._statement is None:
                    self._statement = Statement(self._query, connection)
                parameters = {"form": forms[0], "other_form": forms[-1]}
                rows = self._statement.rows(connection, parameters)
        except (ValueError, OverflowError):
            raise SourceUnavailable("session table: the driver cannot read a value") from None
        if len(rows) > MAX_ROWS:
            raise IdentityAlarm(AMBIGUOUS_KEY, "many rows are equal to one session token")
        return [dict(zip(self._meanings, row, strict=True)) for row in rows]

    def _is(self, row: Row, forms: tuple[str, ...]) -> bool:
        """Whether the row holds this very token: collations may ignore case and spaces."""
        stored = row["token"]
        if isinstance(stored, str):
            stored = stored.encode("utf-8", "surrogatepass")
        if not isinstance(stored, (bytes, bytearray, memoryview)):
            raise SourceUnavailable("session table: the token column does not hold text")
        matches = [hmac.compare_digest(bytes(stored), form.encode()) for form in forms]
        return any(matches)

    def _check_revoked(self, row: Row) -> None:
        if self._table.revoked_column is None:
            return
        if self._table.revoked_kind == "timestamp":
            revoked: bool | None = row["revoked"] is not None
        else:
            revoked = _flag(row["revoked"])
        if revoked is None:
            raise InvalidSession("the row's revocation flag is neither true nor false")
        if revoked:
            raise InvalidSession("the session is revoked")

    def _check_times(self, row: Row) -> None:
        now, declared = self._now(), self._table
        expiry = row["expiry"] if declared.expiry_column else None
        if declared.expiry_column and expiry is None and not declared.no_expiry_is_valid:
            raise InvalidSession("the row has no expiry")
        try:
            if expiry is not None and read_moment(expiry, declared.expiry_kind) <= now:
                raise InvalidSession("the session has expired")
            if declared.max_age_seconds is not None:
                age = now - read_moment(row["created"], declared.created_kind)
                if not -CLOCK_SKEW_SECONDS <= age < declared.max_age_seconds:
                    raise InvalidSession("the session is too old, or of the future")
        except Unreadable as error:
            raise InvalidSession(
                f"a time of the row {error}; declare expiry_kind or created_kind as it is stored"
            ) from None

    def _check_site(self, row: Row, site: str) -> str | None:
        if self._table.site_column is None:
            return None
        stored = row["site"]
        if isinstance(stored, int) and not isinstance(stored, bool):
            stored = str(stored)
        if stored != site:
            raise InvalidSession("the session is of another site")
        return site


class TableIssuer:
    """Makes tokens by inserting rows that the TableFormat of the same table accepts.

    `lifetime_seconds` fills the expiry column; a table with only `created_column` has its
    `max_age_seconds` as lifetime. Time columns must have a declared kind. Raises
    ConfigurationError where the rows made would not be accepted."""

    def __init__(
        self,
        *,
        database: Database,
        table: TokenTable,
        lifetime_seconds: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        if lifetime_seconds <= 0:
            raise ConfigurationError("session table: lifetime_seconds must be more than 0")
        if not (table.expiry_column or table.created_column):
            raise ConfigurationError(
                "session table: to issue tokens name expiry_column, or created_column with "
                "max_age_seconds, so that they expire"
            )
        for name, kind, key in (
            (table.expiry_column, table.expiry_kind, "expiry_kind"),
            (table.created_column, table.created_kind, "created_kind"),
        ):
            if name and kind == "detect":
                raise ConfigurationError(
                    f"session table: to issue tokens say how times are stored in {key}"
                )
        self._database = database
        self._table = table
        self._lifetime = lifetime_seconds
        self._now = now

    def issue(self, person: Lookup, site: str, deadline: Deadline) -> str:
        """A fresh token of 256 random bits (43 URL-safe characters) for `person` on `site`.

        Raises SourceUnavailable if the row cannot be inserted, for whatever reason,
        ConfigurationError if the table does not name users by `person.kind`."""
        check_same_kind(person, self._table.names)
        token = secrets.token_urlsafe(32)
        values = self._values(token, person, site)
        statement = insert(self._table.clause()).values(values)
        try:
            with self._database.connection(deadline, write=True) as connection:
                connection.execute(statement)
        except IntegrityError:
            raise SourceUnavailable(
                "session table: the new row breaks a constraint; is there a column that must "
                "be filled and has no default?"
            ) from None
        except (ValueError, OverflowError):
            raise SourceUnavailable("session table: the driver cannot write a value") from None
        return token

    def _values(self, token: str, person: Lookup, site: str) -> dict[str, BindParameter[Any]]:
        declared = self._table
        now = int(self._now())
        values = {
            declared.token_column: _text(declared.stored_forms(token)[0]),
            declared.user_column: _text(person.value),
        }
        if declared.expiry_column:
            values[declared.expiry_column] = self._moment(
                now + self._lifetime, declared.expiry_kind
            )
        if declared.created_column:
            values[declared.created_column] = self._moment(now, declared.created_kind)
        if declared.revoked_column and declared.revoked_kind == "boolean":
            values[declared.revoked_column] = _text("0")
        if declared.site_column:
            values[declared.site_column] = _text(site)
        return values

    def _moment(self, seconds: int, kind: TimeKind) -> BindParameter[Any]:
        """SQLite has no type for times: there they are ISO 8601 text, with the offset if any."""
        moment = write_moment(seconds, kind)
        if not isinstance(moment, datetime):
            return bindparam(None, moment, NullType())
        if self._database.engine.dialect.name == "sqlite":
            return _text(moment.isoformat(sep=" "))
        return bindparam(None, moment, DateTime(timezone=kind == "aware"))


def _flag(value: object) -> bool | None:
    """A boolean column's value; None for NULL and for anything that is neither."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return _FLAGS.get(str(value).strip(" ").casefold())


def _text(value: str) -> BindParameter[Any]:
    """Text of no declared type, so that it also fills a column of numbers or UUIDs."""
    return bindparam(None, value, NullType())
