"""PostgreSQL through psycopg 3."""

# ruff: noqa: D102 -- `contract.Dialect` says what each method does.
from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from .contract import Other, whole_seconds
from .forever import read_forever

__all__ = ["PostgreSQL"]


class PostgreSQL(Other):
    """PostgreSQL: the server holds each statement to its limit."""

    remedy = "pip install 'sso-bridge[postgresql]'"
    drivers = ("psycopg",)

    def __init__(self) -> None:
        self._lock_seconds = 60.0

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
        """Statements get their limits in `limit`, not here: a pooler takes no `options`. None
        is prepared either: a pooler may send it to a server that was never told of it, and one
        that was prepared before a column changed its type fails."""
        self._lock_seconds = call_seconds
        arguments: dict[str, Any] = {"prepare_threshold": None}
        if "tcp_user_timeout" not in url.query:
            arguments["tcp_user_timeout"] = min(_milliseconds(call_seconds), 60_000)
        return arguments

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        """psycopg waits two seconds at least, and so long for every host of the URL."""
        if "connect_timeout" in url.query:
            return {}
        return {"connect_timeout": whole_seconds(seconds / _hosts(url), least=2)}

    def on_connect(self, connection: Any, record: ConnectionPoolEntry, durable: bool) -> None:
        read_forever(connection)

    def socket_of(self, connection: Any) -> int | None:
        number: int = connection.fileno()
        return number

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        """For this transaction only: the next may be another client's, behind a pooler. All in one
        round trip, past the driver's own way of beginning, which takes one more."""
        statement, lock = map(_milliseconds, (seconds, min(seconds, self._lock_seconds)))
        _send(
            connection,
            f"BEGIN; SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}",
        )

    def rest(self, connection: Connection) -> None:
        """Nobody waits for it: the next command of libpq takes its result, or the connection for
        lost."""
        driver: Any = connection.connection.dbapi_connection
        if driver.pgconn.transaction_status != 0:  # PQTRANS_IDLE
            driver.pgconn.send_query(b"ROLLBACK")
            driver.pgconn.flush()

    def queue(self, connection: Connection, texts: Sequence[str]) -> None:
        """An advisory lock for each, in one order, that the transaction's end releases."""
        digests = [hashlib.sha256(text.encode()).digest()[:8] for text in texts]
        for key in sorted({int.from_bytes(digest, signed=True) for digest in digests}):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")

    def is_deadlock(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")

    def refuses(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) == "P0001"  # a trigger's RAISE EXCEPTION

    def was_demoted(self, error: BaseException) -> bool:
        return getattr(error, "sqlstate", None) == "25006"


def _send(connection: Connection, sql: str) -> None:
    """Statements without a result. Raises psycopg's errors."""
    driver: Any = connection.connection.dbapi_connection
    result = driver.pgconn.exec_(sql.encode())
    done, error_of = _statuses()
    if result.status != done:
        raise error_of(result)


@cache
def _statuses() -> tuple[int, Callable[[Any], Exception]]:
    """The status of a result that is good, and the error that another one is. Not imported before:
    the driver may be missing."""
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    return ExecStatus.COMMAND_OK, error_from_result


def _milliseconds(seconds: float) -> int:
    """Never 0, which would be no limit, nor more than a setting can hold."""
    return max(1, min(int(seconds * 1000), 2**31 - 1))


def _hosts(url: URL) -> int:
    """How many servers the URL names: `host` may be repeated, or be a list with commas."""
    named = url.query.get("host", url.host or "")
    return len([*(named.split(",") if isinstance(named, str) else named)]) or 1
