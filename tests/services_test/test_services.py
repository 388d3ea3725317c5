"""The servers that other tests rely on: they come up, keep what they should, and go away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis as client
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from tests import services
from tests.services import MariaDB, PostgreSQL, Redis, Service

SERVERS: dict[str, type[Service]] = {"postgresql": PostgreSQL, "mariadb": MariaDB, "redis": Redis}
EACH = pytest.mark.parametrize("kind", SERVERS.values(), ids=SERVERS)
SQL = pytest.mark.parametrize("name", ["postgresql", "mariadb"])


def statement(url: str, sql: str) -> list[tuple[object, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in SERVERS.values():
        monkeypatch.delenv(kind.variable, raising=False)
    monkeypatch.setattr("shutil.which", lambda program, path: None)


@pytest.mark.usefixtures("nothing_installed")
@EACH
def test_without_the_program_a_test_is_skipped_and_told_what_to_install(
    kind: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(services.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"apt-get install {kind.package}, or"):
        kind()


@pytest.mark.usefixtures("nothing_installed")
@EACH
def test_without_the_program_a_test_fails_where_services_are_required(
    kind: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(services.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match=f"apt-get install {kind.package}, or"):
        kind()


def test_a_database_is_empty_and_takes_any_text(database_url: str) -> None:
    statement(database_url, "CREATE TABLE t (a VARCHAR(20))")
    statement(database_url, "INSERT INTO t VALUES ('Ünï☃🦊')")
    assert statement(database_url, "SELECT a FROM t") == [("Ünï☃🦊",)]


@SQL
def test_databases_of_one_server_are_apart(name: str, request: pytest.FixtureRequest) -> None:
    server: Service = request.getfixturevalue(name)
    one, two = server.new_database(), server.new_database()
    for url in (one, two):
        statement(url, "CREATE TABLE t (a INT)")
    server.drop(one)
    assert statement(two, "SELECT * FROM t") == []
    server.drop(two)


@SQL
def test_a_database_in_use_is_dropped_at_once(name: str, request: pytest.FixtureRequest) -> None:
    server: Service = request.getfixturevalue(name)
    url = server.new_database()
    statement(url, "CREATE TABLE t (a INT)")
    with create_engine(url).connect() as connection:
        connection.execute(text("SELECT * FROM t"))
        began = time.monotonic()
        server.drop(url)
        assert time.monotonic() - began < 5
        connection.invalidate()


def test_databases_of_redis_are_apart(redis: Redis) -> None:
    one, two = redis.new_database(), redis.new_database()
    client.Redis.from_url(one).set("key", "value")
    assert client.Redis.from_url(two).get("key") is None
    redis.drop(one)
    assert client.Redis.from_url(one).get("key") is None


@SQL
@pytest.mark.parametrize("durable", [False, True], ids=["quick", "durable"])
def test_a_killed_server_keeps_what_was_committed_and_comes_back_at_its_address(
    name: str, durable: bool
) -> None:
    with SERVERS[name](private=True, durable=durable) as server:
        url = server.new_database()
        statement(url, "CREATE TABLE t (a INT)")
        with create_engine(url, poolclass=NullPool).connect() as open_one:
            open_one.execute(text("INSERT INTO t VALUES (1)"))
            open_one.commit()
            open_one.execute(text("INSERT INTO t VALUES (2)"))
            server.kill()
            open_one.invalidate()
        with pytest.raises(OperationalError):
            statement(url, "SELECT 1")
        server.start()
        assert statement(url, "SELECT a FROM t") == [(1,)]


def test_a_durable_redis_keeps_its_keys_when_it_is_killed() -> None:
    with Redis(durable=True) as server:
        url = server.new_database()
        client.Redis.from_url(url).set("key", "value")
        server.kill()
        server.start()
        assert client.Redis.from_url(url).get("key") == b"value"


@EACH
def test_a_server_of_somebody_else_s_is_used_and_not_killed(
    kind: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(services.REQUIRE, raising=False)
    with kind(private=True) as theirs:
        monkeypatch.setenv(kind.variable, theirs.url)
        with kind() as server:
            assert server.url == theirs.url
            server.drop(server.new_database())
            for change in (server.kill, server.start):
                with pytest.raises(pytest.skip.Exception, match=kind.variable):
                    change()
        theirs.ping()


@EACH
def test_a_stopped_server_leaves_nothing(kind: type[Service]) -> None:
    with kind(private=True) as server:
        assert server.folder.exists()
        pid = int((server.folder / "pid").read_text())
    assert not server.folder.exists()
    assert not _runs(pid)


@EACH
def test_a_killed_test_process_leaves_nothing(kind: type[Service]) -> None:
    code = (
        f"from tests.services import {kind.__name__} as kind; import time; "
        "server = kind(private=True); print(server.folder, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        pid = int((folder / "pid").read_text())
        process.send_signal(signal.SIGKILL)
    _wait_until(lambda: not folder.exists())
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether the process lives; one that is dead and not yet buried does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def _wait_until(done: Callable[[], bool], seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
