"""Oracle and SQL Server: what their drivers document, never run against a server by our tests."""

# ruff: noqa: D102 -- `contract.Dialect` says what each method does.
from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from .contract import Other, arguments_of, whole_seconds

__all__ = ["Oracle", "SQLServer"]


class Oracle(Other):
    """Oracle through python-oracledb, in its thin mode: no client library is needed."""

    remedy = "pip install 'sso-bridge[oracle]'"
    drivers = ("oracledb",)

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        return {} if "tcp_connect_timeout" in url.query else {"tcp_connect_timeout": seconds}

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        """The driver bounds each round trip, in milliseconds."""
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.call_timeout = max(1, int(seconds * 1000))
        super().limit(connection, seconds, write)

    def is_deadlock(self, error: DBAPIError) -> bool:
        return _oracle_code(error.orig) in ("ORA-00060", "ORA-08177")

    def was_demoted(self, error: BaseException) -> bool:
        return _oracle_code(error) == "ORA-16000"  # open for read-only access


class SQLServer(Other):
    """SQL Server through pymssql, or through pyodbc and Microsoft's driver."""

    remedy = "pip install 'sso-bridge[mssql]'"
    drivers = ("pymssql", "pyodbc")

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
        if url.get_driver_name() != "pymssql" or "timeout" in url.query:
            return {}
        return {"timeout": whole_seconds(call_seconds)}

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        """pyodbc calls it `timeout`, and means connecting only."""
        name = "login_timeout" if url.get_driver_name() == "pymssql" else "timeout"
        return {} if name in url.query else {name: whole_seconds(seconds)}

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        """Waiting for a lock is bounded by the server; pyodbc bounds a whole statement too."""
        driver = connection.connection.driver_connection
        if connection.dialect.driver == "pyodbc" and driver is not None:
            driver.timeout = whole_seconds(seconds)
        connection.exec_driver_sql(f"SET LOCK_TIMEOUT {max(1, int(seconds * 1000))}")

    def is_deadlock(self, error: DBAPIError) -> bool:
        return arguments_of(error.orig)[:1] in ((1205,), ("40001",))

    def was_demoted(self, error: BaseException) -> bool:
        return arguments_of(error)[:1] == (3906,)


def _oracle_code(error: BaseException | None) -> str | None:
    """ORA- and a number, from the object that the driver puts into its errors."""
    for argument in arguments_of(error)[:1]:
        code = getattr(argument, "full_code", None)
        return code if isinstance(code, str) else None
    return None
