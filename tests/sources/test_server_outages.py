"""Outages that a database server has and a file has not: it dies, hangs, locks, takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from sso_bridge.errors import BridgeError, DeadlineExceeded, SourceUnavailable, Unavailable
from tests.people import TABLE, People, erid_in, execute_at
from tests.services import MariaDB, PostgreSQL

Ask = Callable[[People], object]
ASKS: dict[str, Ask] = {
    "login": lambda people: people.login("bob", seconds=0.5),
    "login of nobody": lambda people: people.login("nobody", seconds=0.5),
    "get": lambda people: people.get(login_id="bob", seconds=0.5),
    "create": lambda people: people.create("new", seconds=0.5),
}
SERVERS = pytest.mark.parametrize(
    "kind", [PostgreSQL, MariaDB], ids=["postgresql", "mariadb"], scope="module"
)
SLEEP = {"postgresql": "pg_sleep(30) IS NULL", "mariadb": "sleep(30) = 1"}


@pytest.fixture(scope="module")
def server(kind: type[PostgreSQL] | type[MariaDB]) -> Iterator[PostgreSQL | MariaDB]:
    """A server that may be killed, and is up again for the next test."""
    with kind(private=True) as server:
        yield server


@pytest.fixture
def people(server: PostgreSQL | MariaDB, tmp_path: Path) -> People:
    people = People(tmp_path, url=server.new_database())
    people.add("bob")
    assert erid_in(people.login("bob"))
    return people


def fails_in_time(people: People, *kinds: type[BridgeError], seconds: float = 2.5) -> None:
    """Every operation raises one of `kinds` soon after its half second, and tells no value."""
    for ask in ASKS.values():
        began = time.monotonic()
        with pytest.raises(kinds) as caught:
            ask(people)
        assert time.monotonic() - began < seconds
        for value in ("bob", "nobody", "sesame", "$2b$"):
            assert value not in f"{caught.value} {caught.value.details}"


@SERVERS
def test_a_server_that_died_is_an_outage_until_it_is_back(
    server: PostgreSQL | MariaDB, people: People
) -> None:
    erid = people.erid("bob")
    server.kill()
    try:
        fails_in_time(people, SourceUnavailable, DeadlineExceeded)
    finally:
        server.start()
    assert people.erid("bob") == erid
    assert erid_in(people.create("new"))
    assert people.alarms == []


@SERVERS
def test_a_connection_that_the_server_closed_is_replaced_unnoticed(
    server: PostgreSQL | MariaDB, people: People
) -> None:
    erid = people.erid("bob")
    server.kill()
    server.start()
    assert people.erid("bob") == erid


@SERVERS
@pytest.mark.parametrize("change", ["DROP TABLE users", "ALTER TABLE users DROP COLUMN password"])
@pytest.mark.usefixtures("server")
def test_a_table_that_is_no_longer_as_declared_is_an_outage(people: People, change: str) -> None:
    people.run(change)
    fails_in_time(people, SourceUnavailable)
    assert people.alarms == []


@SERVERS
@pytest.mark.usefixtures("server")
def test_a_locked_table_is_an_outage_in_time(people: People) -> None:
    lock = {
        "postgresql": "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
        "mariadb": "LOCK TABLES users WRITE",
    }
    assert people.url is not None
    with create_engine(people.url, poolclass=NullPool).connect() as another:
        another.execute(text(lock[people.engine]))
        fails_in_time(people, SourceUnavailable, DeadlineExceeded)
    assert erid_in(people.login("bob"))
    assert people.count() == 1


@SERVERS
def test_a_query_that_takes_long_ends_with_its_deadline(
    server: PostgreSQL | MariaDB, tmp_path: Path
) -> None:
    url = server.new_database()
    execute_at(url, TABLE)
    engine = "postgresql" if url.startswith("postgresql") else "mariadb"
    execute_at(
        url, f"CREATE VIEW slow AS SELECT * FROM users WHERE login <> '' AND {SLEEP[engine]}"
    )
    people = People(tmp_path, "", url=url, source={"table": "slow"})
    people.add("bob")
    began = time.monotonic()
    with pytest.raises(Unavailable):
        people.login("bob", seconds=0.5)
    assert time.monotonic() - began < 2


@SERVERS
@pytest.mark.usefixtures("server")
def test_a_row_that_another_transaction_holds_is_an_outage_for_a_creation(people: People) -> None:
    assert people.url is not None
    with create_engine(people.url, poolclass=NullPool).connect() as another:
        another.execute(text("INSERT INTO users (login) VALUES ('new')"))
        began = time.monotonic()
        with pytest.raises(Unavailable):
            people.create("new", seconds=0.5)
        assert time.monotonic() - began < 2.5
    assert people.count() == 1
    assert people.create("new").key.login_id == "new"


@SERVERS
@pytest.mark.usefixtures("server")
def test_a_time_limit_of_one_call_does_not_outlast_it(people: People) -> None:
    for _ in range(3):
        with pytest.raises(Unavailable):
            people.login("bob", seconds=0.0001)
    assert erid_in(people.login("bob"))
