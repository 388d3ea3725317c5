"""Who may come in, and which rows are users at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.people import TABLE, People, erid_in, refused
from tests.services import PostgreSQL

Make = Callable[..., People]
LATER, EARLIER = timedelta(hours=1), timedelta(hours=-1)


@pytest.mark.parametrize(
    ("kind", "rule", "cells"),
    [
        ("TEXT", {"values": ["active", "trial"]},
         {"active": True, "trial": True, "Active": False, "gone": False, "": False, None: False}),
        ("INTEGER", {"values": [1, 2]}, {1: True, 2: True, 0: False, 12: False, None: False}),
        ("BOOLEAN", {"values": [True]}, {True: True, False: False, None: False}),
        ("BOOLEAN", {"values": [False]}, {True: False, False: True, None: False}),
        ("BOOLEAN", {"other_than": [True]}, {True: False, False: True, None: False}),
        ("TEXT", {"other_than": ["banned"]},
         {"banned": False, "": True, "active": True, None: False}),
        ("TEXT", {"null": True}, {None: True, "2020-01-01": False, "": False}),
        ("TEXT", {"null": False}, {None: False, "2020-01-01": True, "": True}),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_column_says_who_may_come_in(
    make: Make, kind: str, rule: dict[str, Any], cells: dict[Any, bool]
) -> None:
    table = TABLE.replace("status TEXT DEFAULT 'active'", f"status {kind}")
    people = make(table, source={"active": {"column": "status", **rule}})
    for number, cell in enumerate(cells):
        people.add(f"user{number}", status=cell)
    for number, may in enumerate(cells.values()):
        answer = people.login(f"user{number}")
        assert (getattr(answer, "kind", None) is None) is may, list(cells)[number]
        if not may:
            assert refused(answer) == "invalid_login"
            assert refused(people.get(login_id=f"user{number}")) == "user_not_active"


TIMES = {
    "naive_utc": {"sqlite": "TEXT", "postgresql": "TIMESTAMP", "mariadb": "DATETIME(6)"},
    "aware": {"sqlite": "TEXT", "postgresql": "TIMESTAMPTZ", "mariadb": "TEXT"},
    "epoch_seconds": {"sqlite": "INTEGER", "postgresql": "BIGINT", "mariadb": "INTEGER"},
    "epoch_milliseconds": {"sqlite": "INTEGER", "postgresql": "BIGINT", "mariadb": "BIGINT"},
}


def written(moment: datetime, kind: str) -> object:
    if kind == "naive_utc":
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    if kind == "aware":
        return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    return int(moment.timestamp()) * (1000 if kind == "epoch_milliseconds" else 1)


@pytest.mark.parametrize("kind", TIMES)
def test_times_say_who_may_come_in(make: Make, database_url: str, kind: str) -> None:
    engine = database_url.partition(":")[0].partition("+")[0].replace("mysql", "mariadb")
    table = TABLE.replace(
        "first_name TEXT", "first_name TEXT, ends {0}, locked {0}".format(TIMES[kind][engine])
    )
    active = [
        {"column": "ends", "expires": kind},
        {"column": "locked", "locked_until": kind},
    ]
    people = make(table, source={"active": active})
    now = datetime.now(UTC)
    cases: list[tuple[timedelta | None, timedelta | None, bool]] = [
        (None, None, True),
        (LATER, None, True),
        (EARLIER, None, False),
        (None, EARLIER, True),
        (None, LATER, False),
        (LATER, EARLIER, True),
        (EARLIER, LATER, False),
        (LATER, LATER, False),
    ]
    for number, (ends, locked, _) in enumerate(cases):
        cells = {"ends": ends, "locked": locked}
        given: dict[str, Any] = {
            n: written(now + by, kind) for n, by in cells.items() if by is not None
        }
        people.add(f"user{number}", **given)
    for number, (_, _, may) in enumerate(cases):
        assert (getattr(people.login(f"user{number}"), "kind", None) is None) is may, cases[number]


def test_a_time_that_cannot_be_read_lets_nobody_in(make: Make) -> None:
    people = make(source={"active": {"column": "status", "expires": "naive_utc"}})
    for number, cell in enumerate(["soon", "", "2999-01-01T00:00:00+01:00", "0000-00-00 00:00:00"]):
        people.add(f"user{number}", status=cell)
        assert refused(people.login(f"user{number}")) == "invalid_login", cell


def test_every_rule_of_a_list_must_hold(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, deleted TEXT, level INTEGER")
    active = [
        {"column": "status", "values": ["active"]},
        {"column": "deleted", "null": True},
        {"column": "level", "other_than": [0]},
    ]
    people = make(table, source={"active": active, "create_values": {"level": 1}})
    people.add("bob", level=1)
    wrongs: list[dict[str, Any]] = [
        {"status": "x"}, {"deleted": "y"}, {"level": 0}, {"level": None}
    ]  # fmt: skip
    for number, wrong in enumerate(wrongs):
        people.add(f"user{number}", **{"level": 1, **wrong})
        assert refused(people.login(f"user{number}")) == "invalid_login", wrong
    assert erid_in(people.login("bob"))
    assert erid_in(people.create("new")), "a new user has what the rules want"
    assert erid_in(people.login("new"))


USERS = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT, password TEXT, status TEXT DEFAULT 'active',
    first_name TEXT, store INTEGER, kind TEXT, deleted TEXT, vip BOOLEAN
)"""


def test_rows_that_a_filter_leaves_out_are_nobody(make: Make) -> None:
    filters = {
        "store": [1, 2],
        "kind": {"other_than": ["guest", "bot"]},
        "deleted": {"null": True},
        "vip": False,
    }
    people = make(USERS, source={"filter": filters}, site={"create": False})
    good: dict[str, Any] = {"store": 1, "kind": "customer", "deleted": None, "vip": False}
    people.add("bob", **good)
    people.add("eve", **{**good, "store": 2})
    wrongs: list[dict[str, Any]] = [
        {"store": 3}, {"store": None}, {"kind": "guest"}, {"kind": "bot"}, {"kind": None},
        {"deleted": "2020"}, {"vip": True}, {"vip": None},
    ]  # fmt: skip
    for number, wrong in enumerate(wrongs):
        people.add(f"user{number}", **{**good, **wrong})
        people.add("bob", **{**good, **wrong})
        assert refused(people.login(f"user{number}")) == "invalid_login", wrong
        assert refused(people.get(login_id=f"user{number}")) == "user_not_found", wrong
    assert people.get(user_id=people.erid("bob")).key.login_id == "bob"
    assert erid_in(people.login("eve"))
    assert people.alarms == []
    people.run("UPDATE users SET deleted = 'now' WHERE login = 'eve'")
    assert refused(people.login("eve")) == "invalid_login"


def test_a_filter_is_held_against_the_row_in_code(make: Make) -> None:
    """MariaDB takes Customer for customer, and would take the row for a user's."""
    people = make(USERS, source={"filter": {"kind": ["customer"]}}, site={"create": False})
    people.add("bob", kind="Customer")
    people.add("eve", kind="customer")
    assert refused(people.login("bob")) == "invalid_login"
    assert erid_in(people.login("eve"))


def test_each_site_has_its_own_users_of_one_source(make: Make) -> None:
    people = make(
        USERS,
        source={"filter": {"kind": "customer"}},
        sites={
            "de": {"source": "shop", "filter": {"store": 1}, "create": True},
            "at": {"source": "shop", "filter": {"store": [2, 3]}},
            "all": {"source": "shop"},
        },
    )
    people.add("bob", store=1, kind="customer")
    people.add("bob", store=2, kind="customer")
    people.add("eve", store=3, kind="customer")
    people.add("guest", store=1, kind="guest")
    german, austrian = people.erid("bob", site_id="de"), people.erid("bob", site_id="at")
    assert german != austrian
    assert refused(people.login("bob", site_id="all")) == "invalid_login"
    assert people.alarms == ["ambiguous_key"]
    assert refused(people.login("eve", site_id="de")) == "invalid_login"
    assert people.erid("eve", site_id="at") == people.erid("eve", site_id="all")
    assert refused(people.get(user_id=austrian, site_id="de")) == "user_not_found"
    assert people.get(user_id=austrian, site_id="at").key.login_id == "bob"
    assert refused(people.login("guest", site_id="de")) == "invalid_login"
    made = erid_in(people.create("new", site_id="de"))
    assert people.run("SELECT store, kind FROM users WHERE login = 'new'") == [(1, "customer")]
    assert people.erid("new", site_id="de") == made
    assert refused(people.login("new", site_id="at")) == "invalid_login"


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
def test_infinity_is_in_the_future_and_minus_infinity_in_the_past(
    postgresql: PostgreSQL, tmp_path: Path, kind: str
) -> None:
    url = postgresql.new_database()
    rule = {"column": "until", "expires": "naive_utc" if kind == "TIMESTAMP" else "aware"}
    people = People(
        tmp_path,
        TABLE.replace("first_name TEXT", f"first_name TEXT, until {kind}, born DATE"),
        url=url,
        source={"active": rule, "profile": {"last_name": "born"}},
        site={"create": False},
    )
    people.add("bob", until="infinity", born="infinity")
    people.add("eve", until="-infinity")
    people.add("ann", until="2100-01-01")
    assert erid_in(people.get(login_id="bob"))
    assert erid_in(people.login("ann"))
    assert refused(people.login("eve")) == "invalid_login"
    postgresql.drop(url)
