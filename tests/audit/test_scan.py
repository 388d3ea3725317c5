"""A source read from its first user to its last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup, Record
from sso_bridge.database import Database
from sso_bridge.errors import DeadlineExceeded, SourceUnavailable
from sso_bridge.sources import ActiveRule, Column, Computed, LoginColumn, SqlSource
from sso_bridge.sources.collation import alike
from sso_bridge.sources.scan import count, scan_lean, scan_pages
from tests.audit.crowds import MAPPING, fill, user

FAR = 60.0


@pytest.fixture
def database(database_url: str) -> Database:
    fill(database_url, [user(f"{n}", status="x" * (n % 2) or None) for n in range(5003)])
    return Database(database_url, what="source", unavailable=SourceUnavailable, pool_size=1)


def test_every_user_comes_once_in_pages(database: Database) -> None:
    batches = list(scan_pages(database, MAPPING, FAR, batch=500))
    assert [len(batch) for batch in batches] == [500] * 10 + [3]
    subjects = [record.subject for batch in batches for record in batch]
    assert sorted(map(int, subjects)) == list(range(5003))
    assert count(database, MAPPING, Deadline(FAR)) == 5003


def test_a_record_is_what_a_look_up_gives_but_for_the_profile(database: Database) -> None:
    mapping = replace(MAPPING, fingerprint=("first_name",))
    (record,) = (r for b in scan_pages(database, mapping, FAR) for r in b if r.subject == "77")
    source = SqlSource(database, mapping, name="shop")
    found = source.find(Lookup("subject", "77"), Deadline(FAR))
    assert found is not None
    assert record == replace(found, profile=record.profile)
    assert record.fingerprint is not None
    assert record.profile.first_name is None


@pytest.mark.parametrize(
    "active",
    [
        (),
        (ActiveRule(column=Column("status"), null=True),),
        (ActiveRule(column=Column("status"), null=False),),
    ],
)
def test_a_lean_user_is_what_a_record_is(
    database: Database, active: tuple[ActiveRule, ...]
) -> None:
    mapping = replace(MAPPING, active=active, fingerprint=("login", "password"))
    records = [record for batch in scan_pages(database, mapping, FAR) for record in batch]
    lean = [one for batch in scan_lean(database, mapping, Deadline(FAR)) for one in batch]
    keys = [(r.subject, r.login, r.erid, r.password_hash, r.active) for r in records]
    assert sorted(keys) == sorted(one[:5] for one in lean)
    assert {one[5:7] for one in lean} == {("Ann", "Lee")}
    prints = {r.subject: r.fingerprint for r in records}
    assert {one.subject: one.fingerprint for one in lean} == prints
    assert None not in prints.values()


def test_what_is_not_mapped_is_none(database: Database) -> None:
    mapping = replace(MAPPING, erid=None, profile={}, active=())
    one = next(iter(scan_lean(database, mapping, Deadline(FAR))))[0]
    assert (one.erid, one.first_name, one.last_name, one.active) == (None, None, None, True)


def test_a_connection_is_given_back_by_whoever_stops_early(database: Database) -> None:
    for _ in range(3):
        stream = scan_lean(database, MAPPING, Deadline(FAR), batch=10)
        next(iter(stream))
        stream.close()  # type: ignore[attr-defined]
    assert count(database, MAPPING, Deadline(FAR)) == 5003


def test_nothing_is_open_between_two_pages(database: Database) -> None:
    seen: list[Record] = []
    for page in scan_pages(database, MAPPING, FAR, batch=2000):
        with database.connection(Deadline(5.0), write=True) as connection:
            connection.exec_driver_sql("UPDATE users SET login = 'x' WHERE id = '0'")
        seen += page
    assert len(seen) == 5003


def test_a_stream_ends_at_its_deadline(database: Database) -> None:
    with pytest.raises(DeadlineExceeded):
        list(scan_lean(database, MAPPING, Deadline(0.0)))
    with pytest.raises(DeadlineExceeded):
        list(scan_pages(database, MAPPING, 0.0))


def test_a_primary_key_that_is_null_is_empty_or_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user(None)])
    database = Database(url, what="source")
    ((lean,),) = scan_lean(database, MAPPING, Deadline(FAR))
    assert lean.subject == ""
    assert list(scan_pages(database, MAPPING, FAR)) == []


def test_logins_are_alike_as_the_database_sees_it(database_url: str) -> None:
    logins = {"1": "Bob", "2": "bob", "3": "eve", "4": None, "5": None}
    fill(database_url, [user(subject, login=login) for subject, login in logins.items()])
    database = Database(database_url, what="source")
    rows = [row for batch in alike(database, MAPPING, Deadline(FAR)) for row in batch]
    assert sorted((subject, login) for subject, login, _ in rows) == [("1", "Bob"), ("2", "bob")]
    assert len({group for _, _, group in rows}) == 1


def test_where_the_database_keeps_logins_apart_it_is_not_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, [user("1"), user("2")], sound=True)
    assert list(alike(Database(url, what="source"), MAPPING, Deadline(FAR))) == []


def test_a_lean_user_has_every_login_and_computed_values(database: Database) -> None:
    mapping = replace(
        MAPPING,
        logins=(LoginColumn("first_name"), LoginColumn("login")),
        password=Computed(columns=(Column("last_name"), Column("password")), separator=":"),
        profile={"last_name": Computed(columns=(Column("last_name"),), letters="upper")},
    )
    lean = [one for batch in scan_lean(database, mapping, Deadline(FAR)) for one in batch]
    (one,) = (one for one in lean if one.subject == "77")
    assert (one.login, one.other_logins) == ("Ann", ("77@example.com",))
    assert one.password_hash is not None
    assert one.password_hash.startswith("Lee:$2b$")
    assert (one.first_name, one.last_name) == (None, "LEE")
