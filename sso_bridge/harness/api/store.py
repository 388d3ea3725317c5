"""Shoppers and tokens, in a SQLite file: what was answered is there after a SIGKILL."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigurationError

__all__ = ["COLUMNS", "Conflict", "Grant", "Store"]

YEAR: Final = 365 * 24 * 3600.0

COLUMNS: Final = {
    "username": "username",
    "firstName": "first_name",
    "lastName": "last_name",
    "emailAddress": "email",
    "locale": "locale",
    "currency": "currency",
    "externalReferenceId": "erid",
}
"""The fields of a shopper on the wire, and the columns that hold them."""

_TABLES = """
CREATE TABLE IF NOT EXISTS shopper (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    erid TEXT UNIQUE,
    username TEXT UNIQUE COLLATE NOCASE,
    password TEXT,
    first_name TEXT, last_name TEXT, email TEXT, locale TEXT, currency TEXT
);
CREATE TABLE IF NOT EXISTS token (
    access TEXT PRIMARY KEY,
    refresh TEXT UNIQUE NOT NULL,
    api_key TEXT NOT NULL,
    session TEXT NOT NULL,
    shopper INTEGER REFERENCES shopper (id),
    ends REAL NOT NULL,
    refresh_ends REAL NOT NULL
);
"""


class Conflict(Exception):
    """A value that has to be unique is another shopper's; `field` is its name on the wire."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was given out. `shopper` is None for an anonymous one."""

    access: str
    refresh: str
    api_key: str
    session: str
    shopper: int | None
    ends: float


class Store:
    """The file at `path`, made if it is missing. For one thread at a time; `clock` gives seconds
    since 1970, and `lifetime` is how long an access token is good, in seconds. Raises
    ConfigurationError if the file cannot be used."""

    def __init__(
        self, path: Path, *, lifetime: float = 3600.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._lifetime, self._clock = lifetime, clock
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"{path}: cannot be used for shoppers ({error})") from None
        self._db.row_factory = sqlite3.Row

    def create(self, values: Mapping[str, Any], password: str | None) -> int:
        """Insert a shopper with `values`, by their names on the wire; raises Conflict."""
        columns = {COLUMNS[name]: value for name, value in values.items()}
        if password is not None:
            columns["password"] = _hashed(password)
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO shopper ({names}) VALUES ({marks})"
        made = self._change(statement, list(columns.values())).lastrowid
        assert made is not None
        return made

    def update(self, shopper: int, values: Mapping[str, Any]) -> None:
        """Change `values` of a shopper; raises Conflict."""
        if values:
            changes = ", ".join(f"{COLUMNS[name]} = ?" for name in values)
            self._change(f"UPDATE shopper SET {changes} WHERE id = ?", [*values.values(), shopper])

    def shopper(self, shopper: int) -> dict[str, Any]:
        """All fields of a shopper by their names on the wire."""
        row = self._db.execute("SELECT * FROM shopper WHERE id = ?", [shopper]).fetchone()
        return {"id": row["id"], **{name: row[column] for name, column in COLUMNS.items()}}

    def by_erid(self, erid: str) -> int | None:
        """The shopper with exactly this external reference ID."""
        row = self._db.execute("SELECT id FROM shopper WHERE erid = ?", [erid]).fetchone()
        return None if row is None else row["id"]

    def by_password(self, username: str, password: str) -> int | None:
        """The shopper with these credentials."""
        query = "SELECT id, password FROM shopper WHERE username = ?"
        row = self._db.execute(query, [username]).fetchone()
        if row is None or row["password"] is None or not _fits(password, row["password"]):
            return None
        return int(row["id"])

    def count(self) -> int:
        """How many shoppers there are."""
        return int(self._db.execute("SELECT count(*) FROM shopper").fetchone()[0])

    def grant(self, api_key: str, shopper: int | None, session: str | None) -> Grant:
        """A new token for a shopper, or for nobody in particular."""
        now = self._clock()
        made = Grant(
            access=secrets.token_hex(32),
            refresh=secrets.token_hex(32),
            api_key=api_key,
            session=session or secrets.token_hex(8),
            shopper=shopper,
            ends=now + self._lifetime,
        )
        self._db.execute(
            "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)",
            [made.access, made.refresh, api_key, made.session, shopper, made.ends, now + YEAR],
        )
        return made

    def refreshed(self, api_key: str, refresh: str) -> Grant | None:
        """A new token in place of the one with this refresh token, None if that is no good."""
        query = "SELECT * FROM token WHERE refresh = ? AND api_key = ? AND refresh_ends > ?"
        row = self._db.execute(query, [refresh, api_key, self._clock()]).fetchone()
        if row is None:
            return None
        return self.grant(api_key, row["shopper"], row["session"])

    def granted(self, access: str) -> Grant | None:
        """The token with this text, None if there is none or it has expired."""
        query = "SELECT * FROM token WHERE access = ? AND ends > ?"
        row = self._db.execute(query, [access, self._clock()]).fetchone()
        if row is None:
            return None
        return Grant(
            access, row["refresh"], row["api_key"], row["session"], row["shopper"], row["ends"]
        )

    def left(self, grant: Grant) -> int:
        """How many whole seconds a token is still good for."""
        return max(0, int(grant.ends - self._clock()))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _change(self, statement: str, values: list[Any]) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.IntegrityError as error:
            column = str(error).rpartition(".")[2]
            field = next((name for name, c in COLUMNS.items() if c == column), None)
            if field is None:
                raise
            raise Conflict(field) from None


def _hashed(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}:{_digest(salt, password)}"


def _fits(password: str, stored: str) -> bool:
    salt, _, digest = stored.partition(":")
    return hmac.compare_digest(digest, _digest(salt, password))


def _digest(salt: str, password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=1024, r=8, p=1).hex()
