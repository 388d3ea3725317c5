"""What differs between database engines: one file for each that is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy.engine import URL

from ...errors import ConfigurationError
from .contract import Dialect, Other
from .mariadb import MariaDB
from .postgresql import PostgreSQL
from .sqlite import SQLite
from .untested import Oracle, SQLServer

__all__ = ["Dialect", "dialect_of", "with_driver"]

DIALECTS: Final[dict[str, Callable[[], Dialect]]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
    "mysql": MariaDB,
    "oracle": Oracle,
    "mssql": SQLServer,
}


def dialect_of(url: URL) -> Dialect:
    """The ways of the engine that `url` names."""
    return DIALECTS.get(url.get_backend_name(), Other)()


def with_driver(url: URL) -> URL:
    """`url` with the driver that is meant where it names none.

    Raises ConfigurationError for a driver that is known not to be looked after here: its limits
    are set in other ways, so that a call could hang."""
    if url.drivername == "postgres":  # what some hosters write
        url = url.set(drivername="postgresql")
    backend = url.get_backend_name()
    drivers = dialect_of(url).drivers
    if not drivers:
        return url
    if "+" not in url.drivername:
        return url.set(drivername=f"{backend}+{drivers[0]}")
    if url.get_driver_name() not in drivers:
        raise ConfigurationError(
            f"the driver {url.get_driver_name()!r} is not one that this works with; "
            f"write the URL as {backend}+{drivers[0]}://user@host/name"
        )
    return url
