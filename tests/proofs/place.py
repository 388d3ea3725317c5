"""Where the towns of the state machine are: their databases and their configuration."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

from sqlalchemy import URL, Engine, create_engine

from sso_bridge.config.model import Settings
from sso_bridge.ledger import Register
from sso_bridge.ledger.digests import Digests
from sso_bridge.passwords.schemes.pbkdf2 import Pbkdf2Maker
from sso_bridge.wiring import create_ledger
from sso_bridge.wiring.ledger import declared_ledger, ledger_database
from tests.people import SECRET

__all__ = [
    "BOUND",
    "CHEAP",
    "DERIVING",
    "ERIDS",
    "FRESH",
    "HASH",
    "KEYS",
    "LOGINS",
    "SECONDS",
    "STRATEGIES",
    "UNUSABLE",
    "USERS",
    "WATCH",
    "Place",
    "configuration",
    "memory_folder",
]

WATCH: Final = 2.0
"""Seconds, of a clock that the machine moves."""
SECONDS: Final = 30.0
LOGINS: Final = ("ann", "bob", "Bob", "cy")
ERIDS: Final = ("e1", "e2", "E1", "e 2", "Ｅ2", "e3")
"""Four of them look alike to somebody."""
UNUSABLE: Final = (None, "", " e1")
DERIVING: Final = "a secret of the town that nobody could ever guess"
KEYS: Final = 60
STRATEGIES: Final[dict[str, dict[str, Any]]] = {
    "column": {"strategy": "column", "column": "erid"},
    "minted": {"strategy": "minted"},
    "derived": {"strategy": "derived", "secret": DERIVING},
    "imported": {"strategy": "imported"},
    "newcomers": {"strategy": "imported", "newcomers": "minted"},
}
USERS: Final = """
CREATE TABLE users (id INTEGER PRIMARY KEY {auto}, login TEXT NOT NULL UNIQUE, password TEXT,
    status TEXT DEFAULT 'active', first_name TEXT, erid TEXT, born TEXT);
CREATE TABLE tokens (token TEXT, user_id INTEGER, expires INTEGER);
"""
BOUND: Final = ("bound", "created", "sealed", "relinked")
FRESH: Final = "(a new one)"
CHEAP: Final = Pbkdf2Maker(iterations=1)
HASH: Final = CHEAP.make(SECRET.encode())


class Place:
    """The two databases that all towns of a kind are in, one after the other.

    The users are in SQLite; the ledger is at `ledger_url`, by default in SQLite too. Engines are
    kept over restarts of nodes: they are most of what a start costs, and hold nothing that a
    node knows."""

    def __init__(self, fingerprinted: bool, ledger_url: str | None = None) -> None:
        self._fingerprinted = fingerprinted
        folder = tempfile.mkdtemp(prefix="town-", dir=memory_folder())
        self.folder = Path(folder)
        self._engines: dict[tuple[object, ...], Engine] = {}
        self._open = ExitStack()
        self._open.callback(shutil.rmtree, folder, ignore_errors=True)
        auto = "" if fingerprinted else "AUTOINCREMENT"  # without it SQLite reuses the last key
        self.users = self._connect("users.db")
        self.users.executescript(USERS.format(auto=auto))
        tokens = [(f"token-{key}", key, 4_000_000_000) for key in range(1, KEYS)]
        self.users.executemany("INSERT INTO tokens VALUES (?, ?, ?)", tokens)
        self._ledger_url = ledger_url or f"sqlite:///{self.folder / 'erids.db'}"
        settings = self.settings("derived")
        create_ledger(settings, self.folder)
        engine = create_engine(self._ledger_url, isolation_level="AUTOCOMMIT")
        self._ledger = self._open.enter_context(engine.connect())
        if ledger_url is None:
            self._ledger.exec_driver_sql("PRAGMA synchronous=OFF")
        (stored,) = self.ask("SELECT digest_key FROM sso_bridge_ledger")
        self.digests = Digests(bytes.fromhex(stored["digest_key"]), "canonical")
        with self.engines("operator"):
            database = ledger_database(settings, self.folder, call_seconds=SECONDS)
        self.register = Register(database, declared_ledger(settings))
        self._reset = [f"DELETE FROM sso_bridge_{name}" for name in ("entry", "login", "claim")]
        self._sequences = "" if fingerprinted else "; DELETE FROM sqlite_sequence"

    def settings(self, strategy: str) -> Settings:
        """The configuration with one of `STRATEGIES`."""
        return configuration(strategy, self._fingerprinted, self._ledger_url)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """What is in the ledger's tables."""
        return [dict(row) for row in self._ledger.exec_driver_sql(query).mappings()]

    def _connect(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.folder / name, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        self._open.callback(connection.close)
        return connection

    def engines(self, owner: object) -> Any:
        """While this is entered, engines of `owner` are those that it had before."""

        def engine(url: URL, **options: Any) -> Engine:
            key = (owner, str(url))
            if key not in self._engines:
                self._engines[key] = create_engine(url, **options)
                self._open.callback(self._engines[key].dispose)
            return self._engines[key]

        return mock.patch("sso_bridge.database.connection.create_engine", engine)

    def clear(self) -> None:
        """Nobody lives here, and nobody ever did."""
        self.users.executescript("DELETE FROM users" + self._sequences)
        for statement in self._reset:
            self._ledger.exec_driver_sql(statement)

    def close(self) -> None:
        """Remove everything."""
        self._open.close()


def memory_folder() -> str | None:
    """A folder in memory, None where there is none."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def configuration(strategy: str, fingerprinted: bool, ledger_url: str) -> Settings:
    born = {"fingerprint": ["born"]} if fingerprinted else {}
    source = {
        "url": "sqlite:///users.db",
        "table": "users",
        "subject": "id",
        "login": "login",
        "password": "password",
        "active": {"column": "status", "values": ["active"]},
        "profile": {"first_name": "first_name"},
        "erid": {**STRATEGIES[strategy], **born},
        "create_values": {"born": {"make": "uuid"}},
    }
    tokens = {
        "kind": "table",
        "source": "shop",
        "table": "tokens",
        "token_column": "token",
        "hashing": "plain",
        "user_column": "user_id",
        "expiry_column": "expires",
        "expiry_kind": "epoch_seconds",
    }
    return Settings.model_validate(
        {
            "hashing": {"workers": 1},
            "ledger": {"url": ledger_url, "watch_seconds": WATCH},
            "sources": {"shop": source},
            "sessions": {"web": tokens},
            "sites": {"de": {"source": "shop", "create": True, "sessions": ["web"]}},
        }
    )
