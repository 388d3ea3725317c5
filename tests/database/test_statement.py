"""Statements that are compiled once: values and cells are converted, errors are SQLAlchemy's."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, bindparam, column, event, select, table, text, types
from sqlalchemy.exc import OperationalError

from sso_bridge.core.deadline import Deadline
from sso_bridge.database import Database, Statement
from sso_bridge.errors import DeadlineExceeded, Unavailable
from tests.database.shelf import SERVERS, Server, Shelf
from tests.services import PostgreSQL

A, B = uuid.UUID(int=1), uuid.UUID(int=2)
WHEN = datetime(2024, 2, 3, 4, 5, 6)
THING = table(
    "thing",
    column("id", types.Uuid()),
    column("at", types.DateTime()),
    column("a name: 5%", types.Integer()),
)


@pytest.fixture
def things(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/things.db", what="things", create=True)
    with database.connection(Deadline(5), write=True) as connection:
        connection.execute(text('CREATE TABLE thing (id CHAR(32), at TEXT, "a name: 5%" INT)'))
        for number, key in enumerate((A, B)):
            connection.execute(THING.insert().values({"id": key, "at": WHEN, "a name: 5%": number}))
    yield database
    database.close()


def test_values_and_cells_have_the_types_of_their_columns(things: Database) -> None:
    query = select(THING).where(THING.c.id == bindparam("key"))
    with things.connection(Deadline(5)) as connection:
        statement = Statement(query, connection)
        for number, key in enumerate((A, B)):
            for _ in range(2):
                assert [tuple(row) for row in statement.rows(connection, {"key": key})] == [
                    (key, WHEN, number)
                ]
        assert statement.rows(connection, {"key": None}) == []


def test_a_list_of_values_and_any_name_may_be_in_it(things: Database) -> None:
    number = THING.c["a name: 5%"]
    query = select(THING.c.id).where(number.in_([1, 2, 3]), number != 7, number < bindparam("most"))
    with things.connection(Deadline(5)) as connection:
        statement = Statement(query, connection)
        assert [row[0] for row in statement.rows(connection, {"most": 2})] == [B]
        assert statement.rows(connection, {"most": 1}) == []


def test_whoever_listens_to_the_engine_is_told(things: Database) -> None:
    told: list[str] = []

    def before(connection: Any, cursor: Any, sql: str, *more: object) -> None:
        told.append(sql)

    event.listen(things.engine, "before_cursor_execute", before, named=False)
    with things.connection(Deadline(5)) as connection:
        statement = Statement(select(THING.c.id).limit(1), connection)
        statement.rows(connection, {})
    assert told == [statement.sql]


def test_an_error_of_the_driver_is_sqlalchemys(things: Database) -> None:
    query: Select[Any] = select(column("nothing")).select_from(table("nowhere"))
    with things.connection(Deadline(5)) as connection, pytest.raises(OperationalError) as caught:
        Statement(query, connection).rows(connection, {})
    assert "nowhere" not in str(caught.value.params)
    with pytest.raises(Unavailable), things.connection(Deadline(5)) as connection:
        Statement(query, connection).rows(connection, {})


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Garbage is collected when the test says so."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_what_is_left_of_a_failure_does_not_wait_for_the_next_use_of_its_connection(
    uncollected: None, tmp_path: Path
) -> None:
    file, asks = tmp_path / "things.db", threading.Event()
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        ThreadPoolExecutor() as pool,
    ):
        other.execute("CREATE TABLE thing (id INT)")
        things = Database(f"sqlite:///{file}", what="things", pool_size=1)
        query: Select[Any] = select(column("id")).select_from(table("thing"))

        def ask(seconds: float) -> int:
            with things.connection(Deadline(seconds)) as connection:
                statement = Statement(query, connection)
                asks.set()
                return len(statement.rows(connection, {}))

        ask(5)  # which reads what tables there are
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DeadlineExceeded):
            ask(0.2)
        asks.clear()
        waits = pool.submit(ask, 5)
        assert asks.wait(5)
        time.sleep(0.2)  # until it waits for the file
        gc.collect()
        other.execute("ROLLBACK")
        assert waits.result() == 0
        things.close()


def test_it_ends_at_the_deadline(things: Database) -> None:
    numbers = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n"
    ).columns(column("i", types.Integer()))
    query: Select[Any] = select(numbers.subquery())
    with pytest.raises(DeadlineExceeded), things.connection(Deadline(0.3)) as connection:
        Statement(query, connection).rows(connection, {})


@SERVERS
def test_a_connection_that_was_lost_is_an_outage_and_replaced(server: Server, shelf: Shelf) -> None:
    item = table("item", column("number", types.Integer()), column("name", types.String()))
    query = select(item.c.name).where(item.c.number == bindparam("number"))
    ending = "SELECT pg_terminate_backend({})" if isinstance(server, PostgreSQL) else "KILL {}"

    def ask(*, lose: bool = False) -> Any:
        with shelf.database.connection(Deadline(5)) as connection:
            statement = Statement(query, connection)
            assert statement.rows(connection, {"number": 2}) == []
            if lose:
                number = connection.execute(text(f"SELECT {shelf.own_number}")).scalar_one()
                with server.administration() as other:
                    other.execute(text(ending.format(number)))
            return statement.rows(connection, {"number": 1})

    assert ask() == [("one",)]
    with pytest.raises(Unavailable):
        ask(lose=True)
    assert ask() == [("one",)]
