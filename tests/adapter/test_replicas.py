"""Users are read from a replica; whom it does not know, or while it fails, the primary has."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from tests.people import TABLE, People, erid_in, execute_at, locked, refused
from tests.services import MariaDB, PostgreSQL

READ: dict[str, Any] = {"erid": {"fingerprint": ["id"]}}


class Pair:
    """A primary and its replica. What is replicated, a test does by hand."""

    def __init__(self, folder: Path, url: str, replica: str) -> None:
        self.replica, self.is_file = replica, replica.startswith("sqlite")
        self.replica_file = folder / "replica.db"
        self.on_replica(TABLE)
        source = {**READ, "replica_url": replica}
        self.people = People(folder, url=None if self.is_file else url, source=source)

    def on_replica(self, statement: str, *values: object) -> None:
        if not self.is_file:
            execute_at(self.replica, statement, *values)
            return
        with closing(sqlite3.connect(self.replica_file)) as connection, connection:
            connection.execute(statement, values)

    def replicate(self, *, first_name: str | None = "of the replica") -> None:
        """All users as they are now, with that first name."""
        self.on_replica("DELETE FROM users")
        for row in self.people.run("SELECT id, login, password, status FROM users"):
            self.on_replica("INSERT INTO users VALUES (?, ?, ?, ?, ?)", *row, first_name)

    def name(self, login: str = "bob", *, seconds: float = 5.0) -> str:
        """The first name of a user, which tells who was asked."""
        return str(self.people.get(login_id=login, seconds=seconds).profile.first_name)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Another connection has the replica's table to itself."""
        if self.is_file:
            with locked(self.replica_file):
                yield
            return
        engine = create_engine(self.replica, poolclass=NullPool)
        with engine.connect() as connection:
            mode = "IN ACCESS EXCLUSIVE MODE" if "postgresql" in self.replica else "WRITE"
            table = "TABLE" if "postgresql" in self.replica else "TABLES"
            connection.exec_driver_sql(f"LOCK {table} users {mode}")
            yield
            connection.rollback()


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[Pair]:
    if database_url.startswith("sqlite"):
        yield Pair(tmp_path, database_url, f"sqlite:///{tmp_path / 'replica.db'}")
        return
    name = "postgresql" if database_url.startswith("postgresql") else "mariadb"
    server: PostgreSQL | MariaDB = request.getfixturevalue(name)
    url = server.new_database()
    yield Pair(tmp_path, database_url, url)
    server.drop(url)


def test_users_are_read_from_the_replica(pair: Pair) -> None:
    pair.people.add("bob", first_name="of the primary")
    pair.replicate()
    erid = pair.people.erid("bob")
    assert pair.name() == "of the replica"
    assert pair.people.get(user_id=erid).profile.first_name == "of the replica"
    assert refused(pair.people.login("nobody")) == "invalid_login"


def test_whom_the_replica_does_not_know_yet_the_primary_does(pair: Pair) -> None:
    pair.people.add("bob", first_name="of the primary")
    assert erid_in(pair.people.login("bob"))
    assert pair.name() == "of the primary"
    pair.replicate()
    assert pair.name() == "of the replica"


def test_new_users_are_written_to_the_primary(pair: Pair) -> None:
    made = erid_in(pair.people.create("new"))
    assert pair.people.count() == 1
    assert pair.people.erid("new") == made, "before it is replicated"
    assert erid_in(pair.people.create("new")) == made
    pair.replicate()
    assert pair.people.erid("new") == made
    assert pair.name("new") == "of the replica"
    assert pair.people.count() == 1


def test_a_login_that_the_replica_does_not_have_yet_is_taken(pair: Pair) -> None:
    pair.people.add("bob")
    assert refused(pair.people.create("bob", "another")) == "login_taken"
    assert pair.people.count() == 1


def test_while_the_replica_is_down_the_primary_is_asked(pair: Pair) -> None:
    pair.people.add("bob", first_name="of the primary")
    pair.replicate()
    assert pair.name() == "of the replica"
    pair.on_replica("ALTER TABLE users RENAME TO gone")
    erid = pair.people.erid("bob")
    assert pair.name() == "of the primary"
    assert refused(pair.people.login("nobody")) == "invalid_login"
    assert erid_in(pair.people.create("new"))
    pair.on_replica("ALTER TABLE gone RENAME TO users")
    users: Any = pair.people.parts.sources["shop"]
    users._replica_rests_until = 0.0
    assert pair.name() == "of the replica"
    assert pair.people.erid("bob") == erid


def test_a_replica_that_hangs_costs_one_call_half_its_time(pair: Pair) -> None:
    pair.people.add("bob", first_name="of the primary")
    pair.replicate()
    pair.name()
    with pair.hanging():
        begun = time.monotonic()
        assert pair.name(seconds=1.2) == "of the primary"
        first = time.monotonic() - begun
        begun = time.monotonic()
        assert pair.name(seconds=1.2) == "of the primary"
        assert 0.4 < first < 1.2
        assert time.monotonic() - begun < 0.4, "it rests for a while"


def test_a_replica_that_was_never_there_hinders_nobody(
    tmp_path: Path, make: Callable[..., People]
) -> None:
    people = make(source={"replica_url": f"sqlite:///{tmp_path / 'missing.db'}"})
    people.add("bob")
    assert erid_in(people.login("bob"))
    assert not (tmp_path / "missing.db").exists()


def test_of_what_a_late_replica_mixes_up_the_primary_is_asked(pair: Pair) -> None:
    """Two users change logins: for a while the replica has both under one."""
    pair.on_replica("DROP TABLE users")
    pair.on_replica(TABLE.replace(" NOT NULL UNIQUE", ""))
    pair.people.add("bob", first_name="of the primary")
    pair.replicate()
    pair.on_replica(
        "INSERT INTO users (id, login, password, status) SELECT 2, login, password, status"
        " FROM users"
    )
    assert pair.name() == "of the primary"
    assert erid_in(pair.people.login("bob"))
    assert pair.people.alarms == []
