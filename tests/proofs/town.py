"""A town of users for the proofs: three sources, one for each way to come by an ERID, and the
bridge on them. Users and ledger are two databases of the engine under test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    insert,
    select,
)

from sso_bridge.config.model import Settings
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import (
    CreateUser,
    GetUser,
    Login,
    Profile,
    Refusal,
    UserKey,
    ValidateSession,
)
from sso_bridge.errors import NotPossible, Unavailable
from sso_bridge.passwords import MAKERS
from sso_bridge.wiring import Parts, assemble, create_ledger
from tests.people import CHEAP, FAR, HASH, MAPPED, SECRET, TOKEN_TABLE, Watched
from tests.services import SqlService

__all__ = ["DERIVED_WITH", "SOURCES", "Asked", "Hook", "Notes", "Town", "User", "Voice", "token_of"]

SOURCES: Final = ("column", "minted", "derived")
DERIVED_WITH: Final = "the town's own secret, of forty characters"
Hook = Callable[[Parts], None]
"""What prepares the bridge of a process; a function that a module has under its name."""
_TABLES: Final = MetaData()


def _users(source: str) -> Table:
    return Table(
        f"users_{source}",
        _TABLES,
        Column("id", Integer, primary_key=True),
        Column("login", String(100), nullable=False, unique=True),
        Column("password", String(100)),
        Column("status", String(20)),
        Column("first_name", String(50)),
        Column("erid", String(100), index=True),
        sqlite_autoincrement=True,
    )


def _tokens(source: str) -> Table:
    return Table(
        f"tokens_{source}",
        _TABLES,
        Column("token", String(100), primary_key=True),
        Column("user_id", Integer, nullable=False),
        Column("expires", BigInteger, nullable=False),
    )


USERS: Final = {source: _users(source) for source in SOURCES}
TOKENS: Final = {source: _tokens(source) for source in SOURCES}


@dataclass(frozen=True, slots=True)
class User:
    """A user who was there before the bridge. `erid` is what the client's column holds."""

    source: str
    login: str
    erid: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call came to: the ERID of an answer, or the kind of a refusal, or neither for an
    outage. `wrong` says what else is not right about the answer."""

    erid: str | None = None
    refused: str | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """Where the two databases are; goes from one process to another."""

    folder: Path
    users_url: str
    ledger_url: str
    call_seconds: float = 10.0

    @classmethod
    def on(cls, server: SqlService | None, folder: Path, *, call_seconds: float = 10.0) -> Town:
        """An empty town on a server, or in SQLite files in `folder` without one."""
        if server is None:
            users, ledger = (f"sqlite:///{folder / name}.db" for name in ("users", "erids"))
        else:
            users, ledger = server.new_database(), server.new_database()
        town = cls(folder, users, ledger, call_seconds)
        town.build()
        with suppress(NotPossible):
            create_ledger(town.settings(), folder)
        return town

    def build(self) -> None:
        """Make the tables of users and of tokens."""
        with self.users() as engine:
            _TABLES.create_all(engine)

    @contextmanager
    def users(self) -> Iterator[Engine]:
        """The user database, past the bridge."""
        yield create_engine(self.users_url, poolclass=NullPool)

    @contextmanager
    def ledger(self) -> Iterator[Engine]:
        """The ledger, past the bridge."""
        yield create_engine(self.ledger_url, poolclass=NullPool)

    def settings(self) -> Settings:
        """What an operator would have written."""
        return Settings.model_validate(self.tables())

    def tables(self) -> dict[str, Any]:
        """The same as tables of TOML."""
        erids: Mapping[str, Any] = {
            "column": {"strategy": "column", "column": "erid"},
            "minted": {"strategy": "minted"},
            "derived": {"strategy": "derived", "secret": DERIVED_WITH},
        }
        mapped = {**MAPPED, "url": self.users_url, "pool_size": 2}
        return {
            "server": {"call_seconds": self.call_seconds},
            "hashing": {"workers": 1},
            "ledger": {"url": self.ledger_url, "pool_size": 2},
            "sources": {s: {**mapped, "table": f"users_{s}", "erid": erids[s]} for s in erids},
            "sessions": {s: {**TOKEN_TABLE, "source": s, "table": f"tokens_{s}"} for s in SOURCES},
            "sites": {s: {"source": s, "create": True, "sessions": [s]} for s in SOURCES},
        }

    def parts(self) -> Parts:
        """The bridge of one process. New passwords are hashed cheaply."""
        with mock.patch.dict(MAKERS, {"argon2id": lambda: CHEAP}):
            return assemble(self.settings(), self.folder, Watched())

    def settle(self, users: Sequence[User]) -> None:
        """Put users in, each with a session of their own."""
        with self.users() as engine, engine.begin() as connection:
            for source, table in USERS.items():
                rows = [
                    {"login": u.login, "password": HASH, "status": "active", "erid": u.erid}
                    for u in users
                    if u.source == source
                ]
                if not rows:
                    continue
                connection.execute(insert(table), rows)
                ids = connection.execute(select(table.c.login, table.c.id)).all()
                tokens = [
                    {"token": token_of(login), "user_id": number, "expires": FAR}
                    for login, number in ids
                ]
                connection.execute(insert(TOKENS[source]), tokens)

    def rows(self) -> list[tuple[str, str, str, str | None]]:
        """Source, login, primary key and ERID column of every user there is."""
        found: list[tuple[str, str, str, str | None]] = []
        with self.users() as engine, engine.connect() as connection:
            for source, table in USERS.items():
                query = select(table.c.login, table.c.id, table.c.erid)
                found += [(source, r.login, str(r.id), r.erid) for r in connection.execute(query)]
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Every row of the ledger's table, in the order they were added."""
        with self.ledger() as engine, engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM sso_bridge_entry ORDER BY id")
            return [dict(row._mapping) for row in rows]


def token_of(login: str) -> str:
    """The session token of a user who was there before."""
    return f"session-of-{login}"


class Voice:
    """Asks one process's bridge, as Digital River would, about one user at a time."""

    def __init__(self, parts: Parts, seconds: float) -> None:
        self._bridge = parts.bridge
        self._seconds = seconds
        self.outages = 0

    def ask(self, operation: str, source: str, login: str, erid: str | None = None) -> Asked:
        """One call; `operation` is login, get, erid, session or create."""
        deadline = Deadline(self._seconds)
        key = UserKey(login_id=login, site_id=source)
        answer: Any
        try:
            match operation:
                case "login":
                    answer = self._bridge.login(Login(key, SECRET), deadline)
                case "get":
                    answer = self._bridge.get_user(GetUser(key), deadline)
                case "erid":
                    named = UserKey(external_reference_id=erid, site_id=source)
                    answer = self._bridge.get_user(GetUser(named), deadline)
                case "session":
                    request = ValidateSession(UserKey(site_id=source), token_of(login))
                    answer = self._bridge.validate_session(request, deadline)
                case "create":
                    new = CreateUser(key, Profile(), SECRET)
                    answer = self._bridge.create_user(new, deadline)
                case _:
                    raise AssertionError(operation)
        except Unavailable:
            self.outages += 1
            return Asked()
        if isinstance(answer, Refusal):
            return Asked(refused=answer.kind)
        return Asked(answer.key.external_reference_id, wrong=_wrong(answer.key, source, login))


def _wrong(key: UserKey, source: str, login: str) -> str | None:
    """What in an answer's key is not that of the user who was asked about."""
    if key.external_reference_id is None or key.user_id != key.external_reference_id:
        return "userID is not the ERID"
    if (key.login_id, key.site_id) != (login, source):
        return f"named {key.site_id}/{key.login_id}"
    return None


class Notes:
    """Lines that one process leaves behind, however it ends: each is written whole."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, *note: object) -> None:
        """Add a line."""
        os.write(self._file, json.dumps(note).encode() + b"\n")

    @staticmethod
    def read(path: Path) -> list[Any]:
        """What was written so far."""
        if not path.exists():
            return []
        return [
            json.loads(line) for line in path.read_bytes().splitlines(True) if line[-1:] == b"\n"
        ]
