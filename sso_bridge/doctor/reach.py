"""Which server answers, and who could listen on the way to it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, text

from .findings import Finding, found

__all__ = ["is_near", "reach", "way"]

_NAMES: Final = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "oracle": "Oracle"}
_UNCHECKED: Final = ("", "allow", "prefer", "require", "disable")
"""Values of PostgreSQL's sslmode with which anybody's certificate will do."""


def reach(connection: Connection) -> Iterator[Finding]:
    """Engine and version; a warning where the way there is open to others."""
    engine = connection.dialect.name
    if engine == "sqlite":
        yield _server("SQLite", str(connection.scalar(text("SELECT sqlite_version()"))), "a file")
        return
    if engine == "postgresql":
        version = str(connection.scalar(text("SHOW server_version"))).partition(" ")[0]
        secure, protocol, host = connection.execute(
            text(
                "SELECT s.ssl, s.version, host(inet_client_addr()) FROM pg_stat_ssl s"
                " WHERE s.pid = pg_backend_pid()"
            )
        ).one()
        protocol = str(protocol) if secure else ""
        yield from way("PostgreSQL", version, connection, protocol, host)
        return
    if engine in ("mysql", "mariadb"):
        version = str(connection.scalar(text("SELECT version()"))).partition("-")[0]
        row = connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_version'")).first()
        name = "MariaDB" if getattr(connection.dialect, "is_mariadb", False) else "MySQL"
        host = None if "unix_socket" in connection.engine.url.query else connection.engine.url.host
        yield from way(name, version, connection, "" if row is None else str(row[1]), host)
        return
    told = getattr(connection.dialect, "server_version_info", None) or ()
    name = _NAMES.get(engine, engine)
    yield _server(name, ".".join(map(str, told)), "untested with this program")


def _server(name: str, version: str, how: str) -> Finding:
    return found("reachable", "server", f"{name} {version}, {how}")


def way(
    name: str, version: str, connection: Connection, protocol: str, host: Any
) -> Iterator[Finding]:
    """`host` is where one end of the connection is; None for a socket of this machine."""
    near = host is None or is_near(str(host))
    how = protocol or ("a socket" if host is None else "without TLS")
    yield _server(name, version, how + (", on this machine" if near and host is not None else ""))
    if near:
        return
    if not protocol:
        yield found(
            "network_in_clear",
            "server",
            "is reached over the network without TLS; have the URL ask for it",
        )
    elif connection.dialect.name == "postgresql":
        mode = connection.engine.url.query.get("sslmode", "")
        if mode in _UNCHECKED:
            yield found(
                "certificate_unchecked",
                "server",
                "may show any certificate; write sslmode=verify-full and sslrootcert into the URL",
            )


def is_near(host: str) -> bool:
    """Whether a host is this machine."""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
