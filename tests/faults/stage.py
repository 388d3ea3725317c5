"""Where a fault is played: two databases, a configuration, and the real server on them."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import make_url, text

from sso_bridge.config import load
from sso_bridge.config.toml import key, value
from sso_bridge.wiring import create_ledger
from tests.nodes.cluster import SIGNED_WITH
from tests.nodes.load import population
from tests.proofs.town import Town, User
from tests.running import RunningServer, running_server
from tests.services import PostgreSQL, Service, SqlService, children

__all__ = ["CALL_SECONDS", "WORKERS", "Bridge", "Role", "Stage", "database_on"]

CALL_SECONDS: Final = 2.0
WORKERS: Final = 2
POOL_SIZE: Final = 8
OWNER: Final = "bridge"
"""Whom the databases belong to: nobody with an administrator's rights, as it should be."""
Role = Literal["users", "ledger", "throttle"]
"""What is kept in a database, or in Redis."""


def database_on(server: SqlService) -> str:
    """The URL of a new database of `OWNER`'s."""
    parsed = make_url(server.new_database())
    with server.administration() as connection:
        if isinstance(server, PostgreSQL):
            there = "SELECT FROM pg_roles WHERE rolname = :name"
            if connection.execute(text(there), {"name": OWNER}).first() is None:
                connection.execute(text(f"CREATE ROLE {OWNER} LOGIN"))
            connection.execute(text(f"ALTER DATABASE {parsed.database} OWNER TO {OWNER}"))
        else:
            for host in ("localhost", "%"):
                name = f"{OWNER}@'{host}'"
                connection.execute(text(f"CREATE USER IF NOT EXISTS {name}"))
                connection.execute(text(f"GRANT ALL ON {parsed.database}.* TO {name}"))
    return parsed.set(username=OWNER).render_as_string(hide_password=False)


class Bridge:
    """`sso-bridge serve` on one port, in as many lives as it takes."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self.log = log
        self.environment: dict[str, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self._life = ExitStack()
        self.server: RunningServer | None = None

    def start(self) -> None:
        """Start it; returns when it answers."""
        self.server = self._life.enter_context(
            running_server(
                self._config,
                *("--port", str(self.port), "--workers", str(WORKERS)),
                environment=self.environment,
                log=self.log,
                module="tests.nodes.cheap",
            )
        )

    def stop(self) -> None:
        """Stop it as an init system would. Raises AssertionError if it does not stop, or had ended
        by itself."""
        server, self.server = self.server, None
        if server is None:
            return
        status = server.process.poll()
        self._life.close()
        assert status is None, f"it had ended by itself, with status {status}"

    def kill(self) -> None:
        """Be rid of it, whatever became of it."""
        if self.server is not None:
            self.server.process.kill()
            with suppress(AssertionError):
                self._life.close()

    @property
    def parent(self) -> int:
        """The ID of the process that looks after the workers."""
        assert self.server is not None
        return self.server.process.pid

    def workers(self) -> list[int]:
        """The IDs of the worker processes."""
        return sorted(children(self.parent))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the parent, as an init system would."""
        os.kill(self.parent, number)


@dataclass
class Stage:
    """What a fault can break. `victim` is the server to be broken, where there is one, and holds
    what `role` says; `disk` is a small file system of its own, where a fault asked for one.

    `seen` replaces the URL of the users or of the ledger in the configuration: the bridge may have
    another way to its databases than the judges."""

    folder: Path
    town: Town
    stock: list[User]
    bridge: Bridge
    role: Role
    victim: Service | None = None
    disk: Path | None = None
    seen: dict[Role, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Further tables of the configuration."""
    after: ExitStack = field(default_factory=ExitStack)
    """What is to be undone at the end."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What a fault has to remember between its beginning and its end."""

    @classmethod
    @contextmanager
    def on(
        cls, folder: Path, urls: Mapping[Role, str], role: Role, *, seed: int, count: int
    ) -> Iterator[Stage]:
        """A stage with `count` users, whose databases `urls` name. Nothing runs there yet."""
        town = Town(folder, urls["users"], urls["ledger"], CALL_SECONDS)
        town.build()
        stock = population(count, seed)
        town.settle(stock)
        bridge = Bridge(folder / "bridge.toml", folder / "log")
        stage = cls(folder, town, stock, bridge, role)
        with stage.after:
            yield stage

    def configure(self) -> None:
        """Write the configuration, and make the ledger."""
        tables = self.town.tables()
        tables["sessions"]["signed"] = {
            "kind": "jwt",
            "signing_key": SIGNED_WITH,
            "names": "login",
            "require_site": True,
        }
        for source, site in tables["sites"].items():
            site["sessions"] = ["signed", source]
            tables["sources"][source] |= {"url": self.url("users"), "pool_size": POOL_SIZE}
        tables["hashing"]["wait_seconds"] = CALL_SECONDS  # the machine is not to be the limit
        tables["ledger"] = {"url": self.url("ledger"), "pool_size": POOL_SIZE}
        if "throttle" in self.seen:
            tables["throttle"] = {
                "storage": "redis",
                "url": self.seen["throttle"],
                "key": "what counts of the throttle are hashed with",
                "all": {"calls_per_second": 100_000},  # so that every call asks it
            }
        tables |= self.more
        config = self.folder / "bridge.toml"
        config.write_text(
            "\n".join(
                f"[{key(name)}]\n" + "\n".join(f"{key(k)} = {value(v)}" for k, v in table.items())
                for name, table in tables.items()
            )
        )
        create_ledger(load(config)[0], self.folder)

    @property
    def server(self) -> Service:
        """The server that is to be broken."""
        assert self.victim is not None
        return self.victim

    def url(self, role: Role) -> str:
        """How the bridge reaches one of its databases."""
        direct = self.town.users_url if role == "users" else self.town.ledger_url
        return self.seen.get(role, direct)

    def log_text(self) -> str:
        """What the bridge has written to its log."""
        return self.bridge.log.read_text(errors="replace") if self.bridge.log.is_file() else ""
