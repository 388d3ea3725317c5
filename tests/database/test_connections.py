"""Connections that died, hang, are all in use, or end what takes too long: each in time."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.turn import TURN
from sso_bridge.database import opening
from sso_bridge.database.opening import ATTEMPTS, GRACE
from sso_bridge.database.watchdog import WATCHDOG
from sso_bridge.errors import DeadlineExceeded, Unavailable
from tests.database.shelf import (
    LATE,
    SERVERS,
    Road,
    Server,
    Shelf,
    fails_at_its_deadline,
    send,
    silent_port,
)
from tests.services import PostgreSQL

pytestmark = SERVERS


def end(server: Server, number: int) -> None:
    """End a connection as an administrator may."""
    ending = "SELECT pg_terminate_backend({})" if isinstance(server, PostgreSQL) else "KILL {}"
    with server.administration() as connection:
        connection.execute(text(ending.format(number)))


def test_connections_that_the_server_ended_are_replaced_unnoticed(
    server: Server, shelf: Shelf
) -> None:
    ended = shelf.open_all(2)
    for number in ended:
        end(server, number)
    for _ in range(3):
        assert shelf.read() == "one"
    assert not {*shelf.open_all(2)} & {*ended}


def test_one_that_is_ended_in_use_fails_its_call_and_no_other(server: Server, shelf: Shelf) -> None:
    def cut_short() -> None:
        with shelf.database.connection(Deadline(5)) as connection:
            end(server, send(connection, f"SELECT {shelf.own_number}"))
            send(connection, "SELECT 1")

    with pytest.raises(Unavailable, match="shelf: "):
        cut_short()
    assert shelf.read() == "one"


def test_a_restart_while_nobody_asks_is_unnoticed(server: Server, shelf: Shelf) -> None:
    shelf.open_all(2)
    server.shut_down()
    server.start()
    shelf.open_all(2)
    assert shelf.read() == "one"


def test_connections_that_the_network_forgot_are_replaced_unnoticed(
    server: Server, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PING_SECONDS", 1.0)
    monkeypatch.setattr(opening, "RECENT_SECONDS", 0.0)
    road = Road(server)
    far = Shelf(road.url_of(shelf.url))
    far.open_all(2)
    assert road.block_what_is_open() == 2
    began = time.monotonic()
    assert far.read(3.0) == "one"
    assert 0.95 < time.monotonic() - began < 1.9  # one was waited for, and not both
    began = time.monotonic()
    far.open_all(2)
    assert time.monotonic() - began < 0.9  # nor was the other one later
    far.database.close()
    road.close()


def test_of_many_that_the_network_forgot_a_call_waits_for_one(
    server: Server, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "RECENT_SECONDS", 0.0)
    road = Road(server)
    far = Shelf(road.url_of(shelf.url), pool_size=6)
    far.open_all(6)
    assert road.block_what_is_open() == 6
    began = time.monotonic()
    assert far.read(1.2) == "one"
    assert 0.55 < time.monotonic() - began < 1.15
    far.database.close()
    road.close()


def test_options_of_a_connection_are_not_the_next_callers(shelf: Shelf) -> None:
    with shelf.database.connection(Deadline(5)) as connection:
        connection.execution_options(yield_per=10)
    with shelf.database.connection(Deadline(5)) as connection:
        assert not connection.get_execution_options()


def test_one_that_had_little_time_to_answer_is_replaced_alone(server: Server, shelf: Shelf) -> None:
    before = shelf.open_all(2)
    with server.hanging():
        fails_at_its_deadline(shelf.read, 0.3)
    assert len({*shelf.open_all(2)} & {*before}) == 1


def test_a_call_with_hardly_any_time_left_costs_nobody_a_connection(shelf: Shelf) -> None:
    before = shelf.open_all(2)
    for _ in range(3):
        with pytest.raises(DeadlineExceeded, match="too little time"):
            shelf.read(0.03)
    assert {*shelf.open_all(2)} == {*before}


def test_nothing_is_watched_any_more_when_connecting_failed(server: Server, shelf: Shelf) -> None:
    road = Road(server)
    far = Shelf(road.url_of(shelf.url))
    (number,) = far.open_all(1)
    watched = set(WATCHDOG._watches)
    end(server, number)
    road.take_no_more()
    with pytest.raises(Unavailable, match=r"(?i)refused"):
        far.read()
    assert WATCHDOG._watches <= watched
    far.database.close()
    road.close()


def test_a_connection_that_cannot_be_watched_is_closed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    dialect = shelf.database.engine.dialect
    connect = dialect.connect

    def kept(*arguments: Any, **parameters: Any) -> Any:
        made.append(connect(*arguments, **parameters))
        return made[-1]

    def refuse(number: int, at: float) -> None:
        raise OSError(24, "Too many open files")

    shelf.database.close()
    monkeypatch.setattr(dialect, "connect", kept)
    with monkeypatch.context() as patch:
        patch.setattr(WATCHDOG, "watch", refuse)
        with pytest.raises(Unavailable, match="Too many open files"):
            shelf.read()
    assert [one.closed if shelf.is_postgresql else not one.open for one in made] == [True]
    assert shelf.read() == "one"


def test_a_call_that_finds_no_connection_free_waits_until_its_deadline(shelf: Shelf) -> None:
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(shelf.database.connection(Deadline(5)))
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="no connection became free in time"):
            shelf.read(0.3)
        assert 0.25 < time.monotonic() - began < 0.3 + LATE
    assert shelf.read() == "one"


def test_a_query_that_takes_long_is_ended_and_its_connection_kept(shelf: Shelf) -> None:
    (number,) = shelf.open_all(1)
    for seconds in (0.3, 0.5):
        fails_at_its_deadline(
            lambda seconds: shelf.ask(f"SELECT {shelf.sleep(30)}", seconds), seconds
        )
    assert shelf.ask(f"SELECT {shelf.own_number}") == number


def test_a_lock_is_not_waited_for_as_long_as_a_call_may_take(shelf: Shelf) -> None:
    hasty = Shelf(shelf.url, call_seconds=1.0)
    with create_engine(shelf.url, poolclass=NullPool).connect() as another:
        another.execute(text("UPDATE item SET name = 'mine' WHERE number = 1"))
        began = time.monotonic()
        with pytest.raises(Unavailable):
            hasty.write("UPDATE item SET name = 'yours' WHERE number = 1", 60)
        assert time.monotonic() - began < 1.0 + LATE
    hasty.database.close()


def test_a_write_that_takes_long_is_undone(shelf: Shelf) -> None:
    update = "UPDATE item SET name = 'late' WHERE " + (
        "pg_sleep(30) IS NOT NULL" if shelf.is_postgresql else "sleep(30) = 0"
    )
    fails_at_its_deadline(lambda seconds: shelf.write(update, seconds))
    assert shelf.read() == "one"


def test_several_quick_queries_share_one_deadline(shelf: Shelf) -> None:
    def dawdle(seconds: float) -> None:
        with shelf.database.connection(Deadline(seconds)) as connection:
            for _ in range(50):
                send(connection, f"SELECT {shelf.sleep(0.2)}")

    fails_at_its_deadline(dawdle)
    assert shelf.read() == "one"


def test_who_overstays_the_deadline_loses_the_connection_and_nobody_else_does(
    shelf: Shelf,
) -> None:
    before = shelf.open_all(2)

    def overstay() -> None:
        with shelf.database.connection(Deadline(0.1), write=True) as connection:
            connection.execute(text("UPDATE item SET name = 'late' WHERE number = 1"))
            time.sleep(0.1 + GRACE + 0.1)
            send(connection, "SELECT 1")

    with pytest.raises(DeadlineExceeded):
        overstay()
    assert len({*shelf.open_all(2)} & {*before}) == 1
    assert shelf.read() == "one"


def test_a_connection_that_is_given_back_is_not_cut_in_other_hands(shelf: Shelf) -> None:
    with shelf.database.connection(Deadline(0.2)) as connection:
        number = send(connection, f"SELECT {shelf.own_number}")
    with shelf.database.connection(Deadline(5)) as connection:
        time.sleep(0.2 + GRACE + 0.1)
        assert send(connection, f"SELECT {shelf.own_number}") == number


def test_a_connection_that_rests_has_no_transaction(server: Server, shelf: Shelf) -> None:
    if not shelf.is_postgresql:
        pytest.skip("its transactions do not begin before something is read")
    (number,) = shelf.open_all(1)
    with shelf.database.connection(Deadline(5)) as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("SELECT name FROM item")
    state = text("SELECT state FROM pg_stat_activity WHERE pid = :number")
    ends, found = Deadline(5), None
    with server.administration() as connection:
        while found != "idle" and not ends.is_over():
            time.sleep(0.01)
            found = connection.execute(state, {"number": number}).scalar()
    assert found == "idle"


def test_a_call_that_asks_a_server_lets_others_compute(shelf: Shelf) -> None:
    with TURN:
        with shelf.database.connection(Deadline(5)):
            assert TURN._holder is None
        assert TURN._holder == threading.get_ident()


def test_a_server_that_hangs_is_an_outage_at_the_deadline(server: Server, shelf: Shelf) -> None:
    shelf.open_all(1)
    fresh = Shelf(shelf.url)

    def meanwhile(seconds: float) -> None:
        with shelf.database.connection(Deadline(seconds)) as connection, server.hanging():
            send(connection, "SELECT 1")

    def committing(seconds: float) -> None:
        with shelf.database.connection(Deadline(seconds), write=True) as connection:
            connection.execute(text("UPDATE item SET name = 'one' WHERE number = 1"))
            hanging.enter_context(server.hanging())

    with server.hanging():
        fails_at_its_deadline(shelf.read, 0.3)  # a pooled connection
        fails_at_its_deadline(fresh.read, 0.3)  # none yet
        fails_at_its_deadline(shelf.read, 0.3)
    began = time.monotonic()
    assert shelf.read() == fresh.read() == "one"
    assert time.monotonic() - began < LATE
    fails_at_its_deadline(meanwhile, 0.3)
    with ExitStack() as hanging:
        fails_at_its_deadline(committing, 0.3)
    assert shelf.read() == "one"
    fresh.database.close()


def test_a_port_that_says_nothing_is_an_outage_at_the_deadline(shelf: Shelf) -> None:
    def connecting() -> int:
        return sum(thread.name == "database-connect" for thread in threading.enumerate())

    with silent_port() as port:
        name = "postgresql+psycopg" if shelf.is_postgresql else "mariadb+pymysql"
        silent = Shelf(f"{name}://somebody@127.0.0.1:{port}/x")
        for _ in range(6):
            fails_at_its_deadline(silent.read, 0.2)
            assert connecting() <= 2 * ATTEMPTS
    deadline = Deadline(5)
    while connecting():
        deadline.left()
        time.sleep(0.05)


def test_a_server_that_is_full_is_an_outage(server: Server, shelf: Shelf) -> None:
    fresh = Shelf(shelf.url)
    engine = create_engine(shelf.url, poolclass=NullPool)

    def set_limit(limit: int) -> None:
        with server.administration() as connection:
            connection.execute(text(f"SET GLOBAL max_connections = {limit}"))

    with ExitStack() as held:
        if not shelf.is_postgresql:
            set_limit(10)
        with suppress(SQLAlchemyError):
            for _ in range(200):
                held.enter_context(engine.connect())
        with pytest.raises(
            Unavailable, match=r"(?i)ny connections|too many clients|slots are reserved"
        ) as caught:
            fresh.read()
        assert not isinstance(caught.value, DeadlineExceeded)
    if not shelf.is_postgresql:
        set_limit(151)
    assert fresh.read() == "one"
    fresh.database.close()


def test_a_server_that_may_only_be_read_is_an_outage_for_a_write(
    server: Server, shelf: Shelf
) -> None:
    if isinstance(server, PostgreSQL):
        url, setting = shelf.url, "ALTER SYSTEM SET default_transaction_read_only = {}"
    else:  # which does not apply to its administrators
        with server.administration() as connection:
            connection.execute(text("CREATE USER plain@localhost"))
            connection.execute(text("GRANT ALL ON *.* TO plain@localhost"))
            connection.execute(text("REVOKE SUPER, READ ONLY ADMIN ON *.* FROM plain@localhost"))
        url, setting = shelf.url.replace("root@", "plain@"), "SET GLOBAL read_only = {}"
    plain = Shelf(url)

    def switch(value: str) -> None:
        with server.administration() as connection:
            connection.execute(text(setting.format(value)))
            if isinstance(server, PostgreSQL):
                connection.execute(text("SELECT pg_reload_conf()"))

    def write_until_it_fails() -> None:
        for _ in range(50):  # a reload takes a moment
            plain.write("UPDATE item SET name = 'one' WHERE number = 1")
            time.sleep(0.02)

    switch("on")
    try:
        with pytest.raises(Unavailable, match=r"(?i)read.only"):
            write_until_it_fails()
        assert plain.read() == "one"
    finally:
        switch("off")
    plain.database.close()


def test_connections_that_take_no_writes_are_not_kept(shelf: Shelf) -> None:
    mode = "CHARACTERISTICS AS TRANSACTION" if shelf.is_postgresql else "TRANSACTION"
    numbers = shelf.open_all(2)
    with ExitStack() as both:
        for _ in numbers:
            connection = both.enter_context(shelf.database.connection(Deadline(5), write=True))
            connection.execute(text(f"SET SESSION {mode} READ ONLY"))
    with pytest.raises(Unavailable, match=r"(?i)read.only"):
        shelf.write("UPDATE item SET name = 'two' WHERE number = 1")
    assert not {*shelf.open_all(2)} & {*numbers}
    shelf.write("UPDATE item SET name = 'three' WHERE number = 1")
    assert shelf.read() == "three"


def test_a_server_that_never_takes_writes_is_not_connected_to_for_each(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = "CHARACTERISTICS AS TRANSACTION" if shelf.is_postgresql else "TRANSACTION"
    made: list[Any] = []
    plain = Shelf(shelf.url)

    @event.listens_for(plain.database.engine, "connect")
    def restrict(connection: Any, record: object) -> None:
        made.append(connection)
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {mode} READ ONLY")
        connection.commit()

    def write() -> None:
        with pytest.raises(Unavailable, match=r"(?i)read.only"):
            plain.write("UPDATE item SET name = 'two' WHERE number = 1")

    for _ in range(5):
        write()
    assert len(made) == 2
    monkeypatch.setattr(plain.database._opening, "_demoted_until", time.monotonic())
    write()
    write()
    assert len(made) == 3
    plain.database.close()


def test_a_column_whose_type_changed_is_read_as_it_is_now(shelf: Shelf) -> None:
    def read() -> Any:
        # What is committed: psycopg forgets what it prepared when it rolls back.
        with shelf.database.connection(Deadline(5), write=True) as connection:
            return send(connection, "SELECT name FROM item WHERE number = 1")

    for _ in range(8):  # it would prepare what it sees often, and a prepared plan has types
        read()
    other = Shelf(shelf.url)
    other.write(
        "ALTER TABLE item ALTER COLUMN name TYPE TEXT"
        if shelf.is_postgresql
        else "ALTER TABLE item MODIFY name TEXT"
    )
    other.database.close()
    assert [read() for _ in range(8)] == ["one"] * 8


def test_a_thread_that_cannot_be_started_is_an_outage(shelf: Shelf) -> None:
    shelf.database.close()  # so that a connection has to be made, in a thread of its own
    usual = threading.stack_size(1 << 46)  # more than any machine has
    try:
        for _ in range(20):  # more than attempts may run at once: each gives back its place
            with pytest.raises(Unavailable, match="can't start new thread"):
                shelf.read()
    finally:
        threading.stack_size(usual)
    assert shelf.read() == "one"
