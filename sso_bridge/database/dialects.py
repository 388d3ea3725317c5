"""What differs between database engines: how a time limit is set, and how a write begins."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["Dialect", "dialect_of"]


class Dialect(Protocol):
    """One engine's ways. `remedy` says how to get its driver."""

    remedy: str
    pre_ping: bool

    def connect_args(self, call_seconds: float) -> dict[str, Any]:
        """Arguments for the driver's connect()."""

    def existing(self, url: URL) -> URL:
        """`url` such that connecting never makes a database that is missing."""

    def is_missing(self, url: URL) -> bool:
        """Whether it is known without connecting that there is no such database."""

    def file_identity(self, url: URL) -> object:
        """What tells the file from another that takes its place; None for none."""

    def on_connect(self, connection: Any, record: ConnectionPoolEntry, durable: bool) -> None:
        """Prepare a fresh driver connection."""

    def is_deadlock(self, error: DBAPIError) -> bool:
        """Whether the engine undid a transaction so that another could go on."""

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        """Hold the statements of the coming block to `seconds`; begin a write where needed."""

    def refuses(self, error: DBAPIError) -> bool:
        """Whether `error`, of a write, is about the row although its class is an outage's."""


class Other:
    """An engine without a file of its own: SQLAlchemy's defaults, no statement limit."""

    remedy = "this engine is not among those that are tested; install its driver yourself"
    pre_ping = True

    def connect_args(self, call_seconds: float) -> dict[str, Any]:
        return {}

    def existing(self, url: URL) -> URL:
        return url

    def is_missing(self, url: URL) -> bool:
        return False

    def file_identity(self, url: URL) -> object:
        return None

    def on_connect(self, connection: Any, record: ConnectionPoolEntry, durable: bool) -> None:
        """Nothing to prepare."""

    def is_deadlock(self, error: DBAPIError) -> bool:
        return False

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        """No limit is known."""

    def refuses(self, error: DBAPIError) -> bool:
        return False


class SQLite(Other):
    """SQLite: the limit is a progress handler; a write takes its lock at the start.

    The lock is taken at once (BEGIN IMMEDIATE) since a read that turns into a write cannot
    wait for another writer: SQLite fails it without asking its busy handler."""

    pre_ping = False

    def connect_args(self, call_seconds: float) -> dict[str, Any]:
        return {"timeout": call_seconds, "check_same_thread": False}

    def existing(self, url: URL) -> URL:
        name = url.database
        if name in (None, "", ":memory:") or name.startswith("file:"):
            return url
        return url.set(database=f"file:{quote(name)}").update_query_dict(
            {"mode": "rw", "uri": "true"}
        )

    def is_missing(self, url: URL) -> bool:
        name = url.database
        if name in (None, "", ":memory:") or name.startswith("file:"):
            return False
        return not Path(name).exists()

    def file_identity(self, url: URL) -> object:
        name = url.database
        if name in (None, "", ":memory:") or name.startswith("file:"):
            return None
        try:
            found = os.stat(name)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def on_connect(self, connection: Any, record: ConnectionPoolEntry, durable: bool) -> None:
        connection.isolation_level = None
        ends = [math.inf]
        record.info["ends"] = ends
        connection.set_progress_handler(lambda: time.monotonic() > ends[0], 20_000)
        connection.execute("PRAGMA foreign_keys=ON")
        record.info["make_durable"] = durable

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        connection.info["ends"][0] = time.monotonic() + seconds
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA busy_timeout={max(1, int(seconds * 1000))}")
        if connection.info["make_durable"]:  # here, where waiting for the file has an end
            self._make_durable(connection, time.monotonic() + seconds)
            connection.info["make_durable"] = False
        if write:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @staticmethod
    def _make_durable(connection: Connection, ends: float) -> None:
        """A write-ahead log, synced in full. Of two connections that switch a new file at once
        SQLite fails one without asking its busy handler, so it is tried until `ends`."""
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                break
            except OperationalError as error:
                busy = "locked" in str(error.orig) or "busy" in str(error.orig)
                if not busy or time.monotonic() + 0.01 >= ends:
                    raise
                time.sleep(0.01)
        connection.exec_driver_sql("PRAGMA synchronous=FULL")


class PostgreSQL(Other):
    """PostgreSQL through psycopg 3."""

    remedy = "pip install 'sso-bridge[postgresql]'"

    def connect_args(self, call_seconds: float) -> dict[str, Any]:
        milliseconds = int(call_seconds * 1000)
        return {
            "connect_timeout": _connect_seconds(call_seconds),
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
            "tcp_user_timeout": min(milliseconds, 60_000),
        }

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")

    def is_deadlock(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")

    def refuses(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) == "P0001"  # a trigger's RAISE EXCEPTION


class MariaDB(Other):
    """MariaDB and MySQL through PyMySQL."""

    remedy = "pip install 'sso-bridge[mariadb]'"

    def connect_args(self, call_seconds: float) -> dict[str, Any]:
        seconds = max(1, math.ceil(call_seconds))
        connect = _connect_seconds(call_seconds)
        return {"connect_timeout": connect, "read_timeout": seconds, "write_timeout": seconds}

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        if getattr(connection.dialect, "is_mariadb", False):
            bound = f"max_statement_time = {max(0.001, seconds):.3f}"
        else:  # MySQL, in milliseconds and for SELECT only
            bound = f"max_execution_time = {max(1, int(seconds * 1000))}"
        lock = max(1, int(seconds))
        connection.exec_driver_sql(f"SET {bound}, innodb_lock_wait_timeout = {lock}")

    def is_deadlock(self, error: DBAPIError) -> bool:
        """A deadlock, or (from 11.6 on) a row that changed since the transaction's snapshot."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        return bool(arguments) and arguments[0] in (1213, 1020)

    def refuses(self, error: DBAPIError) -> bool:
        """No value for a NOT NULL column, an unfit date, a trigger's SIGNAL, a CHECK (two)."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        return bool(arguments) and arguments[0] in (1364, 1292, 1644, 3819, 4025)


def _connect_seconds(call_seconds: float) -> int:
    """How long to wait for a server, which need not be as long as for an answer of its."""
    return max(1, min(10, math.ceil(call_seconds)))


DIALECTS: dict[str, Callable[[], Dialect]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
    "mysql": MariaDB,
}


def dialect_of(url: URL) -> Dialect:
    """The ways of the engine that `url` names."""
    return DIALECTS.get(url.get_backend_name(), Other)()
