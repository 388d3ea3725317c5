"""A database with a table of its own, asked through `Database`, and what lies in its way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from sso_bridge.core.deadline import Deadline
from sso_bridge.database import Database
from sso_bridge.errors import Unavailable
from tests.services import MariaDB, PostgreSQL, Service

Server = PostgreSQL | MariaDB

SERVERS = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, id=name, marks=pytest.mark.xdist_group(f"database-{name}"))
        for name, kind in (("postgresql", PostgreSQL), ("mariadb", MariaDB))
    ],
    scope="session",
    indirect=True,
)
LATE = 1.0
"""Seconds past its deadline that a call may take: what connections are left, and a busy machine."""


class Shelf:
    """A `Database` with one table, `item`, of a number and a name."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.is_postgresql = url.startswith("postgresql")
        self.database = Database(url, what="shelf", **{"pool_size": 2, **settings})

    def fill(self) -> Shelf:
        """Make the table, with the item 1 in it."""
        self.write("CREATE TABLE item (number INT PRIMARY KEY, name VARCHAR(40) NOT NULL)")
        self.write("INSERT INTO item VALUES (1, 'one')")
        return self

    def write(self, sql: str, seconds: float = 5.0, **values: object) -> None:
        with self.database.connection(Deadline(seconds), write=True) as connection:
            connection.execute(text(sql), values)

    def ask(self, sql: str, seconds: float = 5.0, **values: object) -> Any:
        """The first value of the answer."""
        with self.database.connection(Deadline(seconds)) as connection:
            return connection.execute(text(sql), values).scalar()

    def read(self, seconds: float = 5.0) -> Any:
        return self.ask("SELECT name FROM item WHERE number = 1", seconds)

    @property
    def own_number(self) -> str:
        """SQL for what the server calls the connection."""
        return "pg_backend_pid()" if self.is_postgresql else "connection_id()"

    def sleep(self, seconds: float) -> str:
        return f"{'pg_sleep' if self.is_postgresql else 'sleep'}({seconds})"

    def open_all(self, count: int) -> list[int]:
        """So many connections at once, all in the pool then: the server's numbers for them."""
        numbers: list[int] = []
        opened = threading.Barrier(count)

        def one() -> None:
            with self.database.connection(Deadline(10)) as connection:
                numbers.append(connection.execute(text(f"SELECT {self.own_number}")).scalar_one())
                opened.wait(10)

        at_once(one, count)
        assert len(set(numbers)) == count
        return numbers


def at_once(work: Callable[[], object], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fails_at_its_deadline(call: Callable[[float], object], seconds: float = 0.5) -> float:
    """`call` is an outage when its time is up, and not much later: how long it took."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        call(seconds)
    took = time.monotonic() - began
    assert seconds - 0.1 < took < seconds + LATE
    return took


def send(connection: Connection, sql: str) -> Any:
    return connection.execute(text(sql)).scalar()


class Road:
    """A port of 127.0.0.1 that leads to a server's socket, until it is blocked: then what was
    connected hears nothing any more, and does not end either. Whatever the server says comes
    `delay` seconds late."""

    def __init__(self, server: Service) -> None:
        self.delay = 0.0
        is_postgresql = isinstance(server, PostgreSQL)
        name = f".s.PGSQL.{server.port or 5432}" if is_postgresql else "socket"
        self._target = str(server.folder / name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._blocked: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def url_of(self, url: str) -> str:
        """`url`, by this road."""
        parsed = make_url(url)
        query = {k: v for k, v in parsed.query.items() if k not in ("host", "port", "unix_socket")}
        by_road = parsed.set(host="127.0.0.1", port=self.port, query=query)
        return by_road.render_as_string(hide_password=False)

    def block_what_is_open(self) -> int:
        """Swallow everything that is sent on present connections: how many these are."""
        self._blocked = set(self._open)
        return len(self._open) // 2

    def close(self) -> None:
        self.take_no_more()
        for end in self._open:
            end.close()

    def take_no_more(self) -> None:
        """Refuse whoever connects from now on."""
        with suppress(OSError):  # it is closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._target)
                self._open += [here, there]
                for way in ((here, there), (there, here)):
                    args = (*way, way[0] is there)
                    threading.Thread(target=self._carry, args=args, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, says: bool) -> None:
        """Pass on what comes from `source`, which `says` is the server."""
        with suppress(OSError):  # a reset ends it as well, and is told as an end
            while data := source.recv(65536):
                if says and self.delay:
                    time.sleep(self.delay)
                if source not in self._blocked:
                    target.sendall(data)
        with suppress(OSError):
            if source not in self._blocked:
                target.shutdown(socket.SHUT_WR)


@contextmanager
def silent_port() -> Iterator[int]:
    """A port where connections are taken, and nobody ever says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
