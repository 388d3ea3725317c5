"""An outage is said to be one, in time: never "not found", never "wrong password"."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup
from sso_bridge.errors import (
    BridgeError,
    Busy,
    DeadlineExceeded,
    IdentityAlarm,
    LedgerUnavailable,
    SourceUnavailable,
    Unavailable,
)
from tests.people import TABLE, TOKEN_TABLE, TOKENS, People, at_once, erid_in, execute, locked

Ask = Callable[[People], object]
OPERATIONS: dict[str, Ask] = {
    "login": lambda people: people.login("bob", seconds=0.4),
    "login of nobody": lambda people: people.login("nobody", seconds=0.4),
    "get by login": lambda people: people.get(login_id="bob", seconds=0.4),
    "validate": lambda people: people.validate("token", seconds=0.4),
    "create": lambda people: people.create("new", seconds=0.4),
}
EACH = pytest.mark.parametrize("ask", OPERATIONS.values(), ids=OPERATIONS)


@contextmanager
def _missing(people: People) -> Iterator[None]:
    people.file.unlink()
    yield
    assert not people.file.exists()


@contextmanager
def _garbage(people: People) -> Iterator[None]:
    people.file.write_bytes(b"no database " * 1000)
    yield


@contextmanager
def _empty(people: People) -> Iterator[None]:
    people.file.write_bytes(b"")
    yield


@contextmanager
def _no_table(people: People) -> Iterator[None]:
    people.run("DROP TABLE users")
    people.run("DROP TABLE tokens")
    yield


@contextmanager
def _no_key_column(people: People) -> Iterator[None]:
    people.run("ALTER TABLE users RENAME COLUMN login TO name")
    people.run("ALTER TABLE tokens RENAME COLUMN token TO name")
    yield


@contextmanager
def _no_column(people: People) -> Iterator[None]:
    people.run("ALTER TABLE users RENAME COLUMN password TO hash")
    people.run("ALTER TABLE tokens RENAME COLUMN expires TO ends")
    yield


@contextmanager
def _locked(people: People) -> Iterator[None]:
    with locked(people.file):
        yield


OUTAGES = {
    "missing": _missing,
    "garbage": _garbage,
    "empty": _empty,
    "no table": _no_table,
    "no key column": _no_key_column,
    "no column": _no_column,
    "locked": _locked,
}


def a_shop(folder: Path, table: str = TABLE) -> People:
    people = People(
        folder,
        f"{table}; {TOKENS}",
        sessions={"cookie": TOKEN_TABLE},
        site={"sessions": ["cookie"]},
    )
    people.add("bob")
    people.run("INSERT INTO tokens VALUES ('token', 1, 4000000000, '')")
    return people


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_an_outage_of_the_user_database_is_a_fault_in_time(
    tmp_path: Path, outage: Callable[[People], object], warm: bool
) -> None:
    people = a_shop(tmp_path)
    people.parts.ledger.check(Deadline(5))
    if warm:
        assert erid_in(people.login("bob"))
        people.parts.databases["shop"].close()
    with outage(people):  # type: ignore[attr-defined]
        for ask in OPERATIONS.values():
            began = time.monotonic()
            with pytest.raises((SourceUnavailable, DeadlineExceeded)):
                ask(people)
            assert time.monotonic() - began < 2
    assert people.alarms == []


def test_calls_are_answered_again_when_the_outage_is_over(tmp_path: Path) -> None:
    people = a_shop(tmp_path)
    with _locked(people), pytest.raises(Unavailable):
        people.login("bob", seconds=0.2)
    assert erid_in(people.login("bob"))


def test_a_row_that_cannot_be_decoded_is_an_outage_whose_details_quote_nothing(
    tmp_path: Path,
) -> None:
    people = a_shop(tmp_path)
    people.run("UPDATE users SET first_name = CAST(x'5365637265743aff' AS TEXT)")
    with pytest.raises(SourceUnavailable) as caught:
        people.get(login_id="bob")
    assert "OperationalError" in caught.value.details
    assert "Secret" not in caught.value.details


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
def test_what_an_outage_says_quotes_no_value(
    tmp_path: Path, outage: Callable[[People], object]
) -> None:
    people = a_shop(tmp_path)
    with outage(people):  # type: ignore[attr-defined]
        for ask in OPERATIONS.values():
            with pytest.raises(BridgeError) as caught:
                ask(people)
            for value in ("bob", "nobody", "new", "sesame", "$2b$"):
                assert value not in f"{caught.value} {caught.value.details}"


def test_a_constraint_that_a_new_row_breaks_is_described_without_its_values(
    tmp_path: Path,
) -> None:
    people = a_shop(tmp_path, TABLE.replace("login TEXT", "login TEXT CHECK (login <> 'xyzzy')"))
    people.create("xyzzy")
    assert people.alarms == ["source_rejected"]
    assert "xyzzy" not in people.watched.details[0]


def test_a_database_that_may_not_be_written_refuses_no_login_and_faults_a_creation(
    tmp_path: Path,
) -> None:
    people = People(tmp_path)
    people.add("bob")
    reader = People(tmp_path, "", source={"url": f"sqlite:///file:{people.file}?mode=ro&uri=true"})
    assert erid_in(reader.login("bob"))
    with pytest.raises(SourceUnavailable):
        reader.create("new")
    assert people.count() == 1


def test_a_slow_query_ends_with_its_deadline(tmp_path: Path) -> None:
    slow = (
        "CREATE VIEW slow AS SELECT id, login, password, status, first_name FROM users WHERE "
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) "
        "SELECT count(*) FROM n) > 0"
    )
    people = People(tmp_path, f"{TABLE}; {slow};", source={"table": "slow"})
    people.add("bob")
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        people.login("bob", seconds=0.5)
    assert time.monotonic() - began < 3


def test_waiting_for_a_connection_ends_with_the_deadline(tmp_path: Path) -> None:
    people = People(tmp_path, source={"pool_size": 1})
    people.add("bob")
    database = people.parts.databases["shop"]
    with database.connection(Deadline(5)), pytest.raises(DeadlineExceeded):
        people.get(login_id="bob", seconds=0.2)
    assert erid_in(people.get(login_id="bob"))


def test_a_failed_call_gives_its_connection_back(tmp_path: Path) -> None:
    people = People(tmp_path, source={"pool_size": 1})
    people.run("ALTER TABLE users RENAME TO away")
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            people.get(login_id="bob")
    people.run("ALTER TABLE away RENAME TO users")
    people.add("bob")
    assert erid_in(people.get(login_id="bob"))


def test_the_time_left_bounds_a_read_that_waits_for_a_lock(tmp_path: Path) -> None:
    people = a_shop(tmp_path)
    assert erid_in(people.get(login_id="bob"))
    with locked(people.file):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            people.get(login_id="bob", seconds=0.2)
        assert time.monotonic() - began < 1.5


def test_nothing_is_committed_after_the_deadline(tmp_path: Path) -> None:
    people = People(tmp_path)
    database = people.parts.databases["shop"]

    def write_slowly() -> None:
        with database.connection(Deadline(0.2), write=True) as connection:
            connection.exec_driver_sql("INSERT INTO users (login) VALUES ('late')")
            time.sleep(0.3)

    with pytest.raises(DeadlineExceeded):
        write_slowly()
    assert people.count() == 0


@pytest.mark.parametrize("broken", ["missing file", "garbage", "locked", "no table"])
def test_an_outage_of_the_ledger_is_a_fault_in_time(tmp_path: Path, broken: str) -> None:
    people = a_shop(tmp_path)
    if broken == "missing file":
        people.ledger_file.unlink()
    elif broken == "garbage":
        people.ledger_file.write_bytes(b"no database " * 1000)
    else:
        assert erid_in(people.login("bob"))
    if broken == "no table":
        for table in ("entry", "claim", "login", "ledger"):
            execute(people.ledger_file, f"DROP TABLE sso_bridge_{table}")
        people.parts.ledger._memory.forget()
    asks: list[Ask] = [
        lambda people: people.login("bob", seconds=0.4),
        lambda people: people.get(user_id="x", seconds=0.4),
        lambda people: people.get(login_id="bob", seconds=0.4),
        lambda people: people.create("new", seconds=0.4),
    ]
    with _locked_ledger(people) if broken == "locked" else nullcontext():
        for ask in asks:
            began = time.monotonic()
            with pytest.raises((LedgerUnavailable, DeadlineExceeded, Busy)):
                ask(people)
            assert time.monotonic() - began < 2
    assert people.count() == 1


@contextmanager
def _locked_ledger(people: People) -> Iterator[None]:
    """A ledger that nobody can read, and a bridge that remembers nothing of it."""
    people.parts.ledger._database.close()
    people.parts.ledger._memory.forget()
    with locked(people.ledger_file):
        yield


def test_many_threads_share_few_connections(tmp_path: Path) -> None:
    people = People(tmp_path, source={"pool_size": 2}, ledger={"pool_size": 2})
    people.add("bob")
    answers = at_once(8, lambda _: [erid_in(people.get(login_id="bob")) for _ in range(5)])
    assert len({erid for answer in answers for erid in answer}) == 1


def test_a_source_that_answers_passes_its_check_and_another_does_not(tmp_path: Path) -> None:
    people = People(tmp_path)
    source = people.parts.sources["shop"]
    source.check(Deadline(5))
    people.parts.databases["shop"].close()
    people.file.unlink()
    with pytest.raises(SourceUnavailable):
        source.check(Deadline(5))


def test_a_key_that_no_column_could_hold_is_found_nowhere(tmp_path: Path) -> None:
    source = People(tmp_path).parts.sources["shop"]
    for value in ("x", "1e3", "1_0", "٣", str(2**63), " 1"):
        assert source.find(Lookup("subject", value), Deadline(5)) is None
    assert source.find(Lookup("erid", "x"), Deadline(5)) is None


def test_more_rows_for_one_key_than_are_read_are_refused(tmp_path: Path) -> None:
    people = People(tmp_path, TABLE.replace("NOT NULL UNIQUE", "COLLATE NOCASE"))
    for number in range(40):
        people.add("".join(c.upper() if number >> i & 1 else c for i, c in enumerate("abcdef")))
    with pytest.raises(IdentityAlarm):
        people.parts.sources["shop"].find(Lookup("login", "abcdef"), Deadline(5))
