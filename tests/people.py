"""A user database, and the bridge on it, in a few lines.

The database is a temporary SQLite file, or an empty one of another engine that a URL names.
Tables are declared as SQLite does, and translated for the others."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from unittest import mock

from sqlalchemy import NullPool, create_engine, make_url

from sso_bridge.config.model import Settings
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    Attribute,
    CreateUser,
    GetUser,
    Login,
    Profile,
    Refusal,
    UserKey,
    ValidateSession,
)
from sso_bridge.errors import NotPossible
from sso_bridge.ledger import administration
from sso_bridge.passwords import MAKERS
from sso_bridge.passwords.schemes.bcrypt import BcryptMaker
from sso_bridge.wiring import (
    Parts,
    assemble,
    create_ledger,
    declared_ledger,
    ledger_database,
)

SECRET: Final = "open sesame"
CHEAP: Final = BcryptMaker(cost=4)
HASH: Final = CHEAP.make(SECRET.encode())
CALL_SECONDS: Final = 5.0

TABLE: Final = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL UNIQUE,
    password TEXT,
    status TEXT DEFAULT 'active',
    first_name TEXT
)"""
ERIDS: Final = TABLE.replace("first_name TEXT", "first_name TEXT, erid TEXT")
MAPPED: Final[dict[str, Any]] = {
    "url": "sqlite:///users.db",
    "table": "users",
    "subject": "id",
    "login": "login",
    "password": "password",
    "active": {"column": "status", "values": ["active"]},
    "profile": {"first_name": "first_name"},
}
COLUMN: Final = {"erid": {"strategy": "column", "column": "erid"}}
TOKENS: Final = """
CREATE TABLE tokens (token TEXT, user_id, expires INTEGER, site TEXT);
"""
TOKEN_TABLE: Final[dict[str, Any]] = {
    "kind": "table",
    "source": "shop",
    "table": "tokens",
    "token_column": "token",
    "hashing": "plain",
    "user_column": "user_id",
    "expiry_column": "expires",
    "expiry_kind": "epoch_seconds",
}
Answer = Any
"""Accepted, ProfileAnswer or Refusal: a test looks at what it expects."""
FAR: Final = 4_000_000_000
"""An expiry that is not reached."""


class Watched:
    """An Observer that remembers."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.notices: list[str] = []
        self.details: list[str] = []
        self.steps: list[str] = []
        self.decisions: list[tuple[str, str, str]] = []

    def alarm(self, kind: str, details: str) -> None:
        self.alarms.append(kind)
        self.details.append(details)

    def notice(self, kind: str, details: str) -> None:
        self.notices.append(kind)

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        self.decisions.append((kind, decision, storage))

    def step(self, what: str, **facts: str) -> None:
        self.steps.append(what)


class Counted:
    """How many password hashes a pool computed."""

    def __init__(self, parts: Parts) -> None:
        self.computed = 0
        self._run = parts.pool.run
        self._lock = threading.Lock()
        parts.pool.run = self._counted  # type: ignore[method-assign]

    def _counted(
        self,
        work: Callable[[bytes], Any],
        password: bytes,
        deadline: Deadline,
        kind: Hashable = None,
    ) -> Any:
        with self._lock:
            self.computed += 1
        return self._run(work, password, deadline, kind)


def execute(path: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


NOCASE: Final = (
    "CREATE COLLATION NOCASE (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
)
"""A collation of PostgreSQL that is like SQLite's of that name."""
_TRANSLATIONS: Final[dict[str, list[tuple[str, str]]]] = {
    "postgresql": [
        (r"\bINTEGER PRIMARY KEY AUTOINCREMENT\b", "SERIAL PRIMARY KEY"),
        (r"\bBLOB\b", "BYTEA"),
    ],
    "mariadb": [
        (r"\bAUTOINCREMENT\b", "AUTO_INCREMENT"),
        (r" COLLATE (NOCASE|RTRIM)\b", ""),
        (r"\bTEXT\b", "VARCHAR(300)"),
        (r"\bBLOB\b", "VARBINARY(300)"),
    ],
}


def translated(url: str, sql: str) -> str:
    """`sql`, written for SQLite, for the engine of `url`: its types, and `?` for a value.

    MariaDB's text has its usual collation, which ignores case and spaces at the end."""
    engine = make_url(url).get_backend_name()
    for pattern, replacement in _TRANSLATIONS[engine]:
        sql = re.sub(pattern, replacement, sql)
    return sql.replace("%", "%%").replace("?", "%s")


def execute_at(url: str, statement: str, *values: object) -> list[Any]:
    """What `statement`, written for SQLite, gives in the database that `url` names."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(translated(url, statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


class People:
    """One user database, served as the site `de` unless told otherwise. A setting in `source` that
    is None is left out of those of every test.

    It is `users.db` in `folder`, or the one that `url` names, where `table` is made if the
    database is empty: pass "" for one that is not."""

    def __init__(
        self,
        folder: Path,
        table: str = TABLE,
        *,
        url: str | None = None,
        source: Mapping[str, Any] | None = None,
        site: Mapping[str, Any] | None = None,
        sources: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.folder, self.file, self.ledger_file = (
            folder,
            folder / "users.db",
            folder / "erids.db",
        )
        self.url = url
        if url is not None:
            if "NOCASE" in table and url.startswith("postgresql"):
                execute_at(url, NOCASE)
            for statement in filter(str.strip, table.split(";")):
                execute_at(url, statement)
        elif table and not self.file.exists():
            with closing(sqlite3.connect(self.file)) as connection:
                connection.executescript(table)
        shop = {**MAPPED, **({"url": url} if url else {}), **(source or {})}
        tables = {
            "server": {"call_seconds": CALL_SECONDS},
            "hashing": {"workers": 2},
            "sources": {
                "shop": {key: value for key, value in shop.items() if value is not None},
                **(sources or {}),
            },
            "sites": {"de": {"source": "shop", "create": True, **(site or {})}},
            **settings,
        }
        self.watched = Watched()
        with mock.patch.dict(MAKERS, {"argon2id": lambda: CHEAP}):
            self.settings = Settings.model_validate(tables)
            self.parts = assemble(self.settings, folder, self.watched)
        with suppress(NotPossible):
            create_ledger(self.settings, folder)
        self.counted = Counted(self.parts)
        self.bridge = self.parts.bridge

    @property
    def engine(self) -> str:
        """What the user database is on: sqlite, postgresql or mariadb."""
        return make_url(self.url or "sqlite://").get_backend_name()

    @property
    def alarms(self) -> list[str]:
        return self.watched.alarms

    @property
    def notices(self) -> list[str]:
        return self.watched.notices

    def adopt(self) -> None:
        """Let the ledger take the source as it is configured now."""
        database = ledger_database(self.settings, self.folder)
        administration.adopt(database, declared_ledger(self.settings), "shop", Deadline(10))
        database.close()

    def run(self, statement: str, *values: object) -> list[Any]:
        """What `statement`, written for SQLite, gives in the user database."""
        if self.url is not None:
            return execute_at(self.url, statement, *values)
        return execute(self.file, statement, *values)

    def add(self, login: object = "bob", *, table: str = "users", **cells: object) -> None:
        row = {"login": login, "password": HASH, **cells}
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def count(self) -> int:
        return int(self.run("SELECT count(*) FROM users")[0][0])

    def bindings(self) -> list[Any]:
        """Source, subject and ERID of everybody in the ledger."""
        if not self.ledger_file.exists():
            return []
        return execute(
            self.ledger_file,
            "SELECT source, subject, erid FROM sso_bridge_entry e WHERE subject_turn ="
            " (SELECT max(subject_turn) FROM sso_bridge_entry"
            " WHERE subject_digest = e.subject_digest) ORDER BY id",
        )

    def claims(self) -> list[Any]:
        return execute(self.ledger_file, "SELECT owner, lease_ends FROM sso_bridge_claim")

    def login(
        self,
        login: str | None = "bob",
        password: str | None = SECRET,
        *,
        seconds: float = CALL_SECONDS,
        **key: str | None,
    ) -> Answer:
        return self.bridge.login(Login(UserKey(login_id=login, **key), password), Deadline(seconds))

    def get(
        self, *, token: str | None = None, seconds: float = CALL_SECONDS, **key: str | None
    ) -> Answer:
        return self.bridge.get_user(GetUser(UserKey(**key), token), Deadline(seconds))

    def validate(
        self,
        token: str | None,
        *more: Attribute,
        seconds: float = CALL_SECONDS,
        **key: str | None,
    ) -> Answer:
        return self.bridge.validate_session(
            ValidateSession(UserKey(**key), token, more), Deadline(seconds)
        )

    def create(
        self,
        login: str | None = "new",
        password: str | None = SECRET,
        profile: Profile | None = None,
        *,
        seconds: float = CALL_SECONDS,
        **key: str | None,
    ) -> Answer:
        request = CreateUser(UserKey(login_id=login, **key), profile or Profile(), password)
        return self.bridge.create_user(request, Deadline(seconds))

    def erid(self, login: str = "bob", **key: Any) -> str:
        """The ERID that a login of this user is answered with."""
        return erid_in(self.login(login, **key))


def erid_in(answer: Answer) -> str:
    assert not isinstance(answer, Refusal), answer
    key = answer.key
    assert key.external_reference_id is not None
    assert key.user_id == key.external_reference_id
    return str(key.external_reference_id)


def refused(answer: Answer) -> str:
    """The kind of a refusal."""
    assert isinstance(answer, Refusal), answer
    return answer.kind


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process has the whole file to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)` … `work(count - 1)` return or raise, begun together in threads."""
    answers: list[Any] = [None] * count
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        gate.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
