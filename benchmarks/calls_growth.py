"""Few users and many, SQLite and PostgreSQL, one worker and two."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import calls_bridge
import calls_load as load
import calls_world as world
from calls_measure import (
    CONNECTIONS,
    Cost,
    check_bridge,
    heading,
    interleaved,
    print_all,
    started,
)
from calls_peers import ROOT, NotHere, World, bridge
from calls_table import table
from server_process import ServerProcess, free_port

ASKED = 2000
ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Grown:
    """One bridge that runs on so many users."""

    engine: str
    users: int
    server: ServerProcess
    script: Path

    @property
    def name(self) -> str:
        """What it is called while it is measured."""
        return f"{self.engine} {self.users}"


def growth(options: argparse.Namespace, folder: Path) -> None:
    """The cost of GetUser for each engine and each number of users, interleaved; memory; and what
    a second worker gives."""
    with ExitStack() as stack:
        grown = []
        for engine in options.engines:
            try:
                grown += stack.enter_context(on_engine(engine, options.sizes, folder))
            except NotHere as why:
                print(f"left out: {engine}: {why}", file=sys.stderr)
        begun = {one.name: one.server.resident_megabytes() for one in grown}
        for one in grown:
            load.run(one.server.port, one.script, 4 * ASKED, CONNECTIONS)
        cost = interleaved(
            {one.name: (one.server, one.script) for one in grown}, options.rounds, options.calls
        )
        rows = [_row(one, grown, cost, begun[one.name]) for one in grown]
    columns = ["engine", "users", "CPU µs/call min / median / max", "to the fewest users"]
    columns += ["to SQLite", "calls/s min / median / max", "worker MB, started / then"]
    print_all(heading(), table(columns, rows), _workers(options, folder / "sqlite"))


def _row(one: Grown, grown: Sequence[Grown], cost: dict[str, Cost], begun: float) -> list[str]:
    busy, rate = cost[one.name]
    fewest = min((o for o in grown if o.engine == one.engine), key=lambda o: o.users)
    sqlite = cost.get(f"sqlite {one.users}")
    return [
        one.engine,
        f"{one.users:,}",
        busy.text(),
        f"{busy.median / cost[fewest.name][0].median:.2f}",
        f"{busy.median / sqlite[0].median:.2f}" if sqlite else "-",
        rate.text(),
        f"{begun:.0f} / {one.server.resident_megabytes():.0f}",
    ]


def _workers(options: argparse.Namespace, folder: Path) -> list[str]:
    """Calls a second with one worker and with two, on the fewest users."""
    where = World(folder / str(min(options.sizes)), min(options.sizes))
    script = where.folder / "calls.json"
    if not script.exists():
        return ["one worker and two: measured on SQLite only"]
    with ExitStack() as stack:
        servers = {
            str(workers): stack.enter_context(started(bridge(where, workers=workers)))
            for workers in (1, 2)
        }
        for server in servers.values():
            load.run(server.port, script, 4 * ASKED, CONNECTIONS)
        loaded = {name: (server, script) for name, server in servers.items()}
        cost = interleaved(loaded, options.rounds, options.calls)
    alone = cost["1"][1].median
    rows = [
        [name, busy.text(), rate.text(), f"{rate.median / alone:.2f}"]
        for name, (busy, rate) in cost.items()
    ]
    columns = ["workers", "CPU µs/call min / median / max", "calls/s min / median / max"]
    return table([*columns, "to one worker"], rows)


@contextmanager
def on_engine(engine: str, sizes: Sequence[int], folder: Path) -> Iterator[list[Grown]]:
    """A running bridge for each number of users. Raises NotHere."""
    with ExitStack() as stack:
        postgresql = stack.enter_context(_postgresql()) if engine == "postgresql" else None
        grown = []
        for users in sizes:
            where = World(folder / engine / str(users), users)
            numbers = world.asked(ASKED, users)
            if not (where.folder / "complete").exists() or postgresql:
                where.folder.mkdir(parents=True, exist_ok=True)
                _fill(where, postgresql)
                calls_bridge.ledger(where, numbers)
                (where.folder / "complete").touch()
            calls = [(world.get_user(n), world.erid(n)) for n in numbers]
            script = world.script(where.folder / "calls.json", calls)
            server = stack.enter_context(started(bridge(where)))
            check_bridge(server, numbers[:20])
            grown.append(Grown(engine, users, server, script))
        yield grown


def _fill(where: World, postgresql: Any) -> None:
    """Users and configuration, on SQLite if there is no server."""
    if postgresql is None:
        world.fill_sqlite(where.database, where.users)
        calls_bridge.configuration(where)
        return
    url = postgresql.new_database()
    world.fill_postgresql(url, where.users)
    calls_bridge.configuration(where, url, postgresql.new_database())


@contextmanager
def _postgresql() -> Iterator[Any]:
    """A private PostgreSQL of the tests that listens on loopback."""
    with suppress(ValueError):
        sys.path.remove(str(ROOT))
    sys.path.insert(0, str(ROOT))
    services: Any = import_module("tests.services")
    skipped: Any = import_module("pytest").skip.Exception
    port = free_port()

    class Loopback(services.PostgreSQL):
        def _address(self) -> str:
            return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"

        def _command(self) -> list[str]:
            network = ["--listen_addresses=127.0.0.1", f"--port={port}"]
            return [*super()._command(), *network]

    try:
        server = Loopback(private=True)
    except skipped as why:
        raise NotHere(str(why)) from None
    with server:
        yield server
