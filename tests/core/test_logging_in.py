"""Who may come in, and what a refusal costs and says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Attribute
from sso_bridge.errors import Busy
from tests.people import CHEAP, COLUMN, ERIDS, TABLE, People, erid_in, refused

Make = Callable[..., People]


@pytest.fixture
def people(make: Make) -> People:
    people = make()
    people.add("bob")
    return people


def test_the_right_password_lets_in(people: People) -> None:
    assert people.login("bob").key.login_id == "bob"


@pytest.mark.parametrize("password", ["wrong", "", None, "open sesame ", "x" * 5000])
def test_another_password_does_not(people: People, password: str | None) -> None:
    assert refused(people.login("bob", password)) == "invalid_login"


def test_an_inactive_user_is_refused_by_every_operation(people: People) -> None:
    erid = people.erid("bob")
    people.run("UPDATE users SET status = 'closed'")
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(user_id=erid)) == "user_not_active"
    assert refused(people.create("bob")) == "login_taken"


def test_unknown_wrong_inactive_locked_and_conflicting_look_and_cost_the_same(
    people: People,
) -> None:
    people.add("closed", status="closed")
    people.add("null", password=None)
    people.add("locked", password="!")
    erid = people.erid("bob")
    answers, costs = set(), set()
    asks: list[dict[str, Any]] = [
        {"login": "bob", "password": "wrong"},
        {"login": "nobody"},
        {"login": "closed"},
        {"login": "closed", "password": "wrong"},
        {"login": "null"},
        {"login": "locked"},
        {"login": None, "user_id": "nobody"},
        {"login": "nobody", "user_id": erid},
        {"login": None, "user_id": erid, "external_reference_id": "x"},
        {"login": "bob", "password": None},
        {"login": "bob' OR 1=1 --"},
        {"login": "b" * 300},
    ]
    for ask in asks:
        before = people.counted.computed
        answers.add(people.login(**ask))
        costs.add(people.counted.computed - before)
    assert len(answers) == 1
    assert costs == {1}


def test_a_login_that_has_no_room_is_refused_before_anybody_is_looked_for(people: People) -> None:
    people.parts.pool.close()
    people.run("DROP TABLE users")
    for login in ("bob", "nobody"):
        with pytest.raises(Busy):
            people.login(login)


@pytest.mark.parametrize(("wait_seconds", "has_room"), [(1e-9, False), (1000.0, True)])
def test_how_long_a_login_may_wait_is_a_setting(
    make: Make, wait_seconds: float, has_room: bool
) -> None:
    pool = make(hashing={"workers": 1, "wait_seconds": wait_seconds}).parts.pool
    entered, over = threading.Event(), threading.Event()

    def work(password: bytes) -> bool:
        entered.set()
        return over.wait(20)

    with ThreadPoolExecutor(1) as callers:
        callers.submit(pool.run, work, b"", Deadline(20))
        assert entered.wait(20)
        with nullcontext() if has_room else pytest.raises(Busy):
            pool.check_room(Deadline(20))
        over.set()


def test_an_unknown_password_format_refuses_with_an_alarm(people: People) -> None:
    people.add("odd", password="{ROT13}frfnzr")
    assert refused(people.login("odd")) == "invalid_login"
    assert people.alarms == ["password_format_unknown"]


@pytest.mark.parametrize(
    "sent",
    ["BOB", "Bob ", " bob", "bob\t", "bób", "bob\u0301", "bob\u200b", "bob%", "b_b", "'", "bob\0"],
)
def test_under_the_exact_rule_nothing_but_the_login_itself_lets_in(
    people: People, sent: str
) -> None:
    assert refused(people.login(sent)) == "invalid_login"


def test_what_only_a_collation_takes_for_the_login_is_refused_with_an_alarm(make: Make) -> None:
    people = make(TABLE.replace("login TEXT", "login TEXT COLLATE NOCASE"))
    people.add("bob")
    assert refused(people.login("BOB")) == "invalid_login"
    assert people.alarms == ["collation_mismatch"]
    assert erid_in(people.login("bob"))


def test_spaces_that_only_a_collation_passes_over_are_refused_with_an_alarm(
    tmp_path: Path,
) -> None:
    people = People(tmp_path, TABLE.replace("login TEXT", "login TEXT COLLATE RTRIM"))
    people.add("bob")
    assert refused(people.login("bob  ")) == "invalid_login"
    assert people.alarms == ["collation_mismatch"]
    assert erid_in(people.login("bob"))


def test_two_rows_that_a_collation_mixes_up_are_told_apart(make: Make) -> None:
    people = make(TABLE.replace("NOT NULL UNIQUE", "COLLATE NOCASE"))
    people.add("bob")
    people.add("BOB")
    assert people.login("bob").key.login_id == "bob"
    assert people.login("BOB").key.login_id == "BOB"
    assert people.erid("bob") != people.erid("BOB")


def test_two_rows_with_one_login_are_refused_with_an_alarm(make: Make) -> None:
    people = make(TABLE.replace("NOT NULL UNIQUE", ""))
    people.add("bob")
    people.add("bob")
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(login_id="bob")) == "invalid_user_key"
    assert refused(people.create("bob")) == "creation_refused"
    assert set(people.alarms) == {"ambiguous_key"}
    assert people.bindings() == []


def test_under_ascii_case_letter_case_does_not_count_and_nothing_else(make: Make) -> None:
    people = make(source={"login_match": "ascii_case"})
    people.add("Bob@Example.com")
    people.add("söREN@example.com")
    assert people.login("bOB@eXAMPLE.COM").key.login_id == "Bob@Example.com"
    assert erid_in(people.login("SöREN@EXAMPLE.COM"))
    for other in ("bob@example.com ", "SÖREN@example.com", "bób@example.com"):
        assert refused(people.login(other)) == "invalid_login"


def test_under_ascii_case_two_rows_that_differ_by_case_are_ambiguous(make: Make) -> None:
    people = make(TABLE.replace(" UNIQUE", ""), source={"login_match": "ascii_case"})
    people.add("bob")
    people.add("Bob")
    for login in ("bob", "Bob", "BOB"):
        assert refused(people.login(login)) == "invalid_login"
    assert people.alarms == ["ambiguous_key"] * 3


def test_logins_that_differ_by_how_an_accent_is_written_are_two_people(people: People) -> None:
    people.add("s\u00f8ren\u00e9")
    people.add("s\u00f8rene\u0301")
    assert people.erid("s\u00f8ren\u00e9") != people.erid("s\u00f8rene\u0301")


def test_a_login_column_of_integers_is_compared_as_integers(make: Make) -> None:
    people = make(TABLE.replace("login TEXT", "login INTEGER"))
    people.add(42)
    people.add(0)
    assert people.login("42").key.login_id == "42"
    for other in ("042", "42.0", "4 2", "abc", "", "99999999999999999999", "٤٢"):
        assert refused(people.login(other)) == "invalid_login"


@pytest.mark.parametrize("stored", [None, "", "b\x07b", "b\uffffb", "b" * 256])
def test_a_row_whose_login_cannot_be_sent_is_never_answered_with(
    make: Make, stored: str | None
) -> None:
    people = make(ERIDS.replace("NOT NULL UNIQUE", ""), source=COLUMN)
    people.add(stored, erid="x1")
    assert refused(people.get(user_id="x1")) == "user_not_found"
    assert people.alarms == ["login_unusable"]


@pytest.mark.parametrize(
    ("rule", "column", "lets_in", "keeps_out"),
    [
        ({"values": ["active", "vip"]}, "status TEXT", "vip", "Active"),
        ({"values": [1, 2]}, "status INTEGER", 2, 0),
        ({"values": [True]}, "status BOOLEAN", True, False),
        ({"values": [False]}, "status BOOLEAN", False, True),
        ({"values": ["1"]}, "status BLOB", b"1", b"0"),
        ({"values": [True]}, "status BIT", b"\1", b"\0"),
        ({"values": ["active"]}, "status TEXT", "active", None),
        ({"null": True}, "status TEXT", None, "2020-01-01"),
        ({"null": False}, "status TEXT", "2020-01-01", None),
    ],
)
def test_an_active_rule_lets_in_whom_it_declares_and_nobody_else(
    make: Make, rule: dict[str, object], column: str, lets_in: object, keeps_out: object
) -> None:
    table = TABLE.replace("status TEXT DEFAULT 'active'", column)
    people = make(table, source={"active": {"column": "status", **rule}})
    if column == "status BIT" and people.engine == "postgresql":
        lets_in, keeps_out = "1", "0"
    people.add("in", status=lets_in)
    people.add("out", status=keeps_out)
    assert erid_in(people.login("in"))
    assert refused(people.login("out")) == "invalid_login"
    assert refused(people.get(login_id="out")) == "user_not_active"


def test_attributes_of_every_answer_come_from_columns_or_are_constant(make: Make) -> None:
    attributes = {
        "terms": {"column": "status"},
        "shop": {"value": "north", "type": "code"},
    }
    people = make(source={"attributes": attributes})
    people.add("bob")
    expected = (Attribute("terms", "active"), Attribute("shop", "north", "code"))
    assert people.login("bob").attributes == expected
    assert people.get(login_id="bob").attributes == expected
    assert people.create("new").attributes == expected


def test_what_a_login_costs_is_of_the_source_that_the_user_is_in(make: Make) -> None:
    people = make()
    people.add("bob", password=CHEAP.make(b"other"))
    assert erid_in(people.login("bob", "other"))
