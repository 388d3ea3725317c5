"""SQLite: files, with limits and locks that are set in the process."""

# ruff: noqa: D102 -- `contract.Dialect` says what each method does.
from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from .contract import Other

__all__ = ["SQLite"]


class _Limits:
    """What one connection is held to: the moment at which a statement is broken off, and the
    milliseconds, in tenths of a second, for which it waits for the file."""

    __slots__ = ("driver", "ends", "is_durable", "patience")

    def __init__(self, driver: Any, is_durable: bool) -> None:
        self.driver = driver
        self.ends = math.inf
        self.patience = -1
        self.is_durable = is_durable


class SQLite(Other):
    """SQLite: the limit is a progress handler; a write takes its lock at the start.

    The lock is taken at once (BEGIN IMMEDIATE) since a read that turns into a write cannot
    wait for another writer: SQLite fails it without asking its busy handler."""

    drivers = ("pysqlite",)
    remote = False

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
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
        limits = record.info["limits"] = _Limits(connection, not durable)
        connection.set_progress_handler(lambda: time.monotonic() > limits.ends, 20_000)
        connection.execute("PRAGMA foreign_keys=ON")

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        limits: _Limits = connection.info["limits"]
        limits.ends = time.monotonic() + seconds
        patience = math.ceil(seconds * 10) * 100
        if patience != limits.patience:
            limits.driver.execute(f"PRAGMA busy_timeout={patience}")
            limits.patience = patience
        if not limits.is_durable:  # here, where waiting for the file has an end
            self._make_durable(connection, limits.ends)
            limits.is_durable = True
        if write:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    def rest(self, connection: Connection) -> None:
        """What is read opens nothing, and a write tells SQLAlchemy that it began."""

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
