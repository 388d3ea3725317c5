"""What a dialect can be asked, and the answers for an engine that nothing is known of."""

# ruff: noqa: D102 -- `contract.Dialect` says what each method does.
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["Dialect", "Other", "arguments_of", "whole_seconds"]


class Dialect(Protocol):
    """One engine's ways."""

    @property
    def remedy(self) -> str:
        """How to get its driver."""

    @property
    def drivers(self) -> tuple[str, ...]:
        """Those that are looked after, in SQLAlchemy's spelling, the usual one first; empty if any
        will do."""

    @property
    def remote(self) -> bool:
        """Whether connections may be lost, or hang, on the way to a server."""

    def checked(self, url: URL) -> URL:
        """`url` as SQLAlchemy and the driver understand it. Raises ConfigurationError for
        parameters that would not do what they say."""

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
        """Arguments for the driver's connect(). What `url` says itself is not among them."""

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        """Arguments that end one attempt to connect about `seconds` from now."""

    def socket_of(self, connection: Any) -> int | None:
        """The file number of a driver connection's socket; None if the driver hides it."""

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
        """Hold the statements of the coming block to `seconds`; begin a write where needed. The
        first that is asked of a connection that rested. May raise the driver's own errors."""

    def rest(self, connection: Connection) -> None:
        """Undo what a block left open. May raise the driver's own errors."""

    def queue(self, connection: Connection, texts: Sequence[str]) -> None:
        """Called first in a transaction: of those that are begun with a text in common, and each
        look whether another wrote it, one at most succeeds without seeing the other's."""

    def refuses(self, error: DBAPIError) -> bool:
        """Whether `error`, of a write, is about the row although its class is an outage's."""

    def was_demoted(self, error: BaseException) -> bool:
        """Whether a driver's error says that the server takes no writes (any more)."""


class Other:
    """The ways of an engine that nothing is known of: SQLAlchemy's defaults, no statement limit."""

    remedy: ClassVar[str] = (
        "this engine is not among those that are tested; install its driver yourself"
    )
    drivers: ClassVar[tuple[str, ...]] = ()
    remote: ClassVar[bool] = True

    def checked(self, url: URL) -> URL:
        return url

    def connect_args(self, url: URL, call_seconds: float) -> dict[str, Any]:
        return {}

    def attempt_args(self, url: URL, seconds: float) -> dict[str, Any]:
        return {}

    def socket_of(self, connection: Any) -> int | None:
        return None

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
        """No limit is known, but something is asked."""
        connection.dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]

    def rest(self, connection: Connection) -> None:
        connection.connection.rollback()

    def queue(self, connection: Connection, texts: Sequence[str]) -> None:
        """Nothing is known that would do it."""

    def refuses(self, error: DBAPIError) -> bool:
        return False

    def was_demoted(self, error: BaseException) -> bool:
        return False


def arguments_of(error: BaseException | None) -> tuple[Any, ...]:
    """What a driver's error was made with, a number first where it follows the MySQL custom;
    empty for none."""
    return error.args if error is not None else ()


def whole_seconds(seconds: float, *, least: int = 1, most: int = 3600) -> int:
    """Rounded up, for drivers that take no fractions."""
    return max(least, min(most, math.ceil(seconds)))
