"""What happens to database servers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.disks import empty, fill
from tests.faults.scenario import READS, Fault
from tests.faults.servers import (
    CertificateExpired,
    DownAtStart,
    Hangs,
    Killed,
    Restarted,
    Slow,
)
from tests.faults.stage import OWNER, Stage
from tests.proofs.town import SOURCES
from tests.services import PostgreSQL, SqlService

__all__ = ["DATABASE_FAULTS"]

FILL_SECONDS: Final = 10.0
"""How long a server's limit is looked for."""
USED_UP_SECONDS: Final = 1.5
"""How long a server with a full disk is left to itself until its log has no room either."""
NUMBER: Final = {"PostgreSQL": "pg_backend_pid()", "MariaDB": "connection_id()"}
OTHERS: Final = {
    "PostgreSQL": f"SELECT pid FROM pg_stat_activity WHERE usename = '{OWNER}'",
    "MariaDB": f"SELECT id FROM information_schema.processlist WHERE user = '{OWNER}'",
}
WIDE: Final = {
    "PostgreSQL": "SET (fillfactor = 10)",
    "MariaDB": "ADD COLUMN filling LONGTEXT DEFAULT (REPEAT('x', 500000)), ALGORITHM = COPY",
}
END: Final = {"PostgreSQL": "SELECT pg_terminate_backend({})", "MariaDB": "KILL {}"}


def server_of(stage: Stage) -> SqlService:
    """The server that is to be broken."""
    assert isinstance(stage.server, SqlService)
    return stage.server


class FullDisk(Fault):
    hold = 4.0
    name = "full disk"
    what = "its file system has no room left; there is room again, it is started again if it died"
    wants_disk = True

    def begin(self, stage: Stage) -> None:
        _leave_no_room(stage)

    def end(self, stage: Stage) -> None:
        assert stage.disk is not None
        empty(stage.disk)
        server = server_of(stage)
        if not server.runs:
            server.start()


class ConnectionLimit(Fault):
    name = "connection limit"
    what = "others hold all connections that it allows, and it has ended the bridge's"

    def begin(self, stage: Stage) -> None:
        stage.facts["others"] = _hold_all(stage, server_of(stage))

    def end(self, stage: Stage) -> None:
        for connection in stage.facts["others"]:
            connection.close()
        server = server_of(stage)
        if server.name == "MariaDB":
            with server.administration() as administrator:
                administrator.execute(text("SET GLOBAL max_connections = 151"))


class ReadOnly(Fault):
    name = "read-only"
    what = "it takes no writes"
    spared = READS

    def begin(self, stage: Stage) -> None:
        self._set(stage, "on")

    def end(self, stage: Stage) -> None:
        self._set(stage, "off")

    def _set(self, stage: Stage, value: str) -> None:
        server = server_of(stage)
        with server.administration() as connection:
            if isinstance(server, PostgreSQL):
                connection.execute(
                    text(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
                )
                connection.execute(text("SELECT pg_reload_conf()"))
            else:
                connection.execute(text(f"SET GLOBAL read_only = {value}"))


class DatabaseCertificateExpired(CertificateExpired):
    def arrange(self, stage: Stage) -> None:
        super().arrange(stage)
        server = stage.server
        is_postgresql = isinstance(server, PostgreSQL)
        query = {"sslrootcert" if is_postgresql else "ssl_ca": f"{server.tls}/ca.pem"}
        query |= {"sslmode": "verify-full"} if is_postgresql else {}
        direct = make_url(stage.url(stage.role))
        by_network = direct.set(host="localhost", port=server.port, query=query)
        stage.seen[stage.role] = by_network.render_as_string(hide_password=False)


DATABASE_FAULTS: Final[Sequence[type[Fault]]] = (
    DownAtStart,
    Killed,
    Restarted,
    Slow,
    Hangs,
    FullDisk,
    ConnectionLimit,
    ReadOnly,
    DatabaseCertificateExpired,
)
"""Each happens to the users and to the ledger, on every server."""


def _leave_no_room(stage: Stage) -> None:
    """Rows are so wide, or pages count as full so early, that a few new rows need a new page; then
    PostgreSQL's log needs a new file, too."""
    server = server_of(stage)
    tables = [f"users_{s}" for s in SOURCES] if stage.role == "users" else ["sso_bridge_entry"]
    engine = create_engine(stage.url(stage.role), poolclass=NullPool)
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table} {WIDE[server.name]}"))
    assert stage.disk is not None
    fill(stage.disk)
    if isinstance(server, PostgreSQL):
        time.sleep(USED_UP_SECONDS)
        with suppress(SQLAlchemyError), server.administration() as administrator:
            administrator.execute(text("SELECT pg_switch_wal()"))


def _hold_all(stage: Stage, server: SqlService) -> list[Connection]:
    """Connections of somebody else, so many that there is none left for the bridge."""
    held: dict[int, Connection] = {}
    number = f"SELECT {NUMBER[server.name]}"
    engine = create_engine(stage.url(stage.role), poolclass=NullPool)
    with server.administration() as administrator:
        if server.name == "MariaDB":
            administrator.execute(text("SET GLOBAL max_connections = 20"))
        ends = time.monotonic() + FILL_SECONDS
        while time.monotonic() < ends:
            try:
                connection = engine.connect()
                held[connection.execute(text(number)).scalar_one()] = connection
            except SQLAlchemyError:
                others = set(administrator.execute(text(OTHERS[server.name])).scalars()) - {*held}
                if not others:
                    break
                for other in others:
                    with suppress(SQLAlchemyError):  # it may have ended by itself
                        administrator.execute(text(END[server.name].format(other)))
    return [*held.values()]
