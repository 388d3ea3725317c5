"""MariaDB and MySQL through PyMySQL."""

# ruff: noqa: D102 -- `contract.Dialect` says what each method does.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from ...errors import ConfigurationError
from .contract import Other, arguments_of, whole_seconds

__all__ = ["MariaDB"]

_TLS: Final = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher", "ssl_check_hostname")
"""What SQLAlchemy hands to PyMySQL together. Others go by another way and replace all of these."""
_YES: Final = ("1", "true", "yes", "on")


class MariaDB(Other):
    """MariaDB and MySQL: the server holds each statement to its limit, MySQL only a SELECT."""

    remedy = "pip install 'sso-bridge[mariadb]'"
    drivers = ("pymysql",)

    def checked(self, url: URL) -> URL:
        """The certificate is checked exactly if a CA is named. Whatever reads as if it were checked
        too, and is not, is refused."""
        query = dict(url.query)
        named = query.get("charset")
        if isinstance(named, str) and _charset(named) is None:
            raise ConfigurationError(
                "the database URL's 'charset' is none that the driver knows; take utf8mb4"
            )
        if "ssl_verify_identity" in query and "ssl_check_hostname" not in query:
            query["ssl_check_hostname"] = query.pop("ssl_verify_identity")
        if str(query.get("ssl_verify_cert", "")).lower() in _YES and "ssl_ca" in query:
            del query["ssl_verify_cert"]  # as it is anyway
        tls = [name for name in query if name.startswith("ssl")]
        if tls == ["ssl_disabled"] and str(query["ssl_disabled"]).lower() in _YES:
            return url  # anything but an empty text would mean yes to the driver
        for name in tls:
            if name not in _TLS:
                raise ConfigurationError(
                    f"the database URL's {name!r} has no effect, or not the one it seems to have; "
                    f"for TLS take {', '.join(_TLS)}"
                )
        if tls and not {"ssl_ca", "ssl_capath"} & {*tls}:
            raise ConfigurationError(
                f"the database URL's {tls[0]!r} needs 'ssl_ca' beside it, the file of the "
                "authority that signed the server's certificate: without it none would be checked"
            )
        if "ssl_key" in query and "ssl_cert" not in query:
            raise ConfigurationError("the database URL's 'ssl_key' needs 'ssl_cert' beside it")
        return url.set(query=query)

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
        seconds = whole_seconds(call_seconds)
        arguments: dict[str, Any] = {"read_timeout": seconds, "write_timeout": seconds}
        if "unix_socket" in url.query and not any(name.startswith("ssl") for name in url.query):
            # PyMySQL would read every authority of the system for each connection, which takes it
            # longer than all the rest, to offer a TLS that a socket has no use for.
            arguments["ssl_disabled"] = True
        return {name: value for name, value in arguments.items() if name not in url.query}

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        return {} if "connect_timeout" in url.query else {"connect_timeout": seconds}

    def socket_of(self, connection: Any) -> int | None:
        """PyMySQL has no name of its own for it; without it `read_timeout` is what remains."""
        held = getattr(connection, "_sock", None)
        return None if held is None else held.fileno()

    def limit(self, connection: Connection, seconds: float, write: bool) -> None:
        if getattr(connection.dialect, "is_mariadb", False):
            bound = f"max_statement_time = {max(0.001, seconds):.3f}"
        else:  # MySQL, in milliseconds and for SELECT only
            bound = f"max_execution_time = {max(1, int(seconds * 1000))}"
        lock = max(1, int(seconds))
        # A TIMESTAMP is told in the zone of the session, which must not be the server's to choose;
        # nor may it cut a value that is too long. What else its sql_mode says is kept: a schema
        # may be older than the ban on 0000-00-00.
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as cursor:
            cursor.execute(
                f"SET {bound}, innodb_lock_wait_timeout = {lock}, time_zone = '+00:00',"
                " sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
            )

    def queue(self, connection: Connection, texts: Sequence[str]) -> None:
        """What such a transaction reads it also locks, so that of two one is undone."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")

    def is_deadlock(self, error: DBAPIError) -> bool:
        """A deadlock, or (from 11.6 on) a row that changed since the transaction's snapshot."""
        return arguments_of(error.orig)[:1] in ((1213,), (1020,))

    def refuses(self, error: DBAPIError) -> bool:
        """No value for a NOT NULL column, an unfit date, a trigger's SIGNAL, a CHECK (two)."""
        return arguments_of(error.orig)[:1] in ((1364,), (1292,), (1644,), (3819,), (4025,))

    def was_demoted(self, error: BaseException) -> bool:
        """--read-only (also --super-read-only), a read-only transaction, InnoDB's own switch."""
        return arguments_of(error)[:1] in ((1290,), (1792,), (1874,))


def _charset(name: str) -> object:
    """What the driver knows under the name of a character set; None for nothing."""
    from pymysql.charset import charset_by_name

    return charset_by_name(name)
