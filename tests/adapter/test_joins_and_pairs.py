"""Values in joined tables, and in tables of named values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sso_bridge.core.model import Profile
from tests.people import HASH, TABLE, People, erid_in, refused

Make = Callable[..., People]
DETAILS = """
CREATE TABLE details (user_id INTEGER, kind TEXT, family_name TEXT, state TEXT, hash TEXT);
CREATE TABLE countries (code TEXT, name TEXT, locale TEXT)"""
JOINED: dict[str, Any] = {
    "joins": {
        "details": {"table": "details", "on": {"user_id": "id"}, "filter": {"kind": "main"}},
        "country": {"table": "countries", "on": {"code": "country"}},
    },
    "profile": {"first_name": "first_name", "last_name": "details.family_name",
                "locale": {"column": "country.locale", "letters": "lower"}},
    "attributes": {"country": {"column": "country.name"}},
}  # fmt: skip


def joined(make: Make, **source: Any) -> People:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, country TEXT DEFAULT 'AT'")
    people = make(f"{table}; {DETAILS};", source={**JOINED, **source})
    people.run("INSERT INTO countries VALUES ('AT', 'Austria', 'DE_at')")
    people.add("bob")
    return people


def detail(people: People, user: int = 1, kind: str = "main", **cells: str) -> None:
    row = {"user_id": user, "kind": kind, **cells}
    marks = ", ".join("?" * len(row))
    people.run(f"INSERT INTO details ({', '.join(row)}) VALUES ({marks})", *row.values())


def test_a_row_of_a_join_need_not_be(make: Make) -> None:
    people = joined(make)
    people.run("UPDATE users SET country = NULL")
    answer = people.get(login_id="bob")
    assert (answer.profile.last_name, answer.profile.locale) == (None, None)
    assert answer.attributes[0].value is None
    assert erid_in(people.login("bob"))


def test_a_join_fills_profile_and_attributes(make: Make) -> None:
    people = joined(make)
    detail(people, family_name="Baker")
    detail(people, kind="old", family_name="Butcher")
    detail(people, user=2, family_name="Smith")
    answer = people.get(login_id="bob")
    assert (answer.profile.last_name, answer.profile.locale) == ("Baker", "de_at")
    assert answer.attributes[0].value == "Austria"
    assert people.login("bob").attributes[0].value == "Austria"


def test_two_rows_of_a_join_are_refused_where_the_join_is_asked(make: Make) -> None:
    people = joined(make)
    detail(people, family_name="Baker")
    detail(people, family_name="Butcher")
    assert erid_in(people.login("bob"))  # who it is does not depend on it
    assert refused(people.get(login_id="bob")) == "invalid_user_key"
    assert people.alarms == ["ambiguous_key"]


def test_a_join_may_say_who_may_come_in_and_hold_the_hash(make: Make) -> None:
    country = TABLE.replace("first_name TEXT", "first_name TEXT, country TEXT")
    active = {"column": "details.state", "values": ["open"]}
    people = make(
        f"{country}; {DETAILS};",
        source={**JOINED, "active": active, "password": "details.hash"},
        site={"create": False},
    )
    for number, login in enumerate(("bob", "shut", "none"), start=1):
        people.add(login, id=number, password="not a hash")
    detail(people, 1, state="open", hash=HASH)
    detail(people, 2, state="shut", hash=HASH)
    assert erid_in(people.login("bob"))
    assert refused(people.login("shut")) == "invalid_login"
    assert refused(people.get(login_id="shut")) == "user_not_active"
    assert refused(people.login("none")) == "invalid_login"


def test_a_new_user_has_a_row_of_a_join_too(make: Make) -> None:
    people = joined(make)
    detail(people, family_name="Baker")
    erid = erid_in(people.create("new", profile=Profile(first_name="N", last_name="O'Neil")))
    assert people.get(user_id=erid).profile.last_name == "O'Neil"
    assert people.run("SELECT kind, family_name FROM details WHERE user_id = 2") == [
        ("main", "O'Neil")
    ]
    erid = erid_in(people.create("bare", profile=Profile(first_name="B")))
    assert people.get(user_id=erid).profile.first_name == "B"
    assert people.run("SELECT count(*) FROM details WHERE user_id = 3") == [(0,)]


def test_a_new_user_is_answered_with_what_was_written_into_a_join(make: Make) -> None:
    people = joined(make, attributes={"family": {"column": "details.family_name"}})
    answer = people.create("new", profile=Profile(last_name="O'Neil"))
    assert answer.attributes[0].value == "O'Neil"


META = """
CREATE TABLE meta (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, name TEXT, value TEXT
)"""
PAIRS: dict[str, Any] = {
    "pairs": {
        "meta": {"table": "meta", "user": "user_id", "name": "name", "value": "value",
                 "order": "id"},
    },
    "profile": {"first_name": {"column": "meta.first", "default": "unknown"},
                "last_name": "meta.last", "home_phone": "meta.phone 1.2"},
    "shipping": {"city": "meta.city", "country_a2": {"column": "meta.country"}},
}  # fmt: skip


def with_pairs(make: Make, *more: str, **source: Any) -> People:
    people = make("; ".join([TABLE, META, *more]), source={**PAIRS, **source})
    people.add("bob")
    people.add("eve")
    return people


def pair(people: People, name: str, value: str | None, *, user: int = 1, id: int = 0) -> None:
    columns, cells = ("user_id, name, value", [user, name, value])
    if id:
        columns, cells = f"{columns}, id", [*cells, id]
    marks = ", ".join("?" * len(cells))
    people.run(f"INSERT INTO meta ({columns}) VALUES ({marks})", *cells)


def test_named_values_fill_profile_and_address(make: Make) -> None:
    people = with_pairs(make)
    pair(people, "last", "late", id=99)
    pair(people, "last", "Baker", id=95)
    pair(people, "last", "Eve's", user=2, id=91)
    pair(people, "phone 1.2", "030")
    pair(people, "city", "Berlin")
    pair(people, "unknown", "x")
    profile = people.get(login_id="bob").profile
    assert (profile.first_name, profile.last_name) == ("unknown", "Baker")
    assert profile.home_phone == "030"
    assert (profile.shipping_address.city, profile.shipping_address.country_a2) == ("Berlin", None)
    profile = people.get(login_id="eve").profile
    assert (profile.last_name, profile.shipping_address) == ("Eve's", None)


def test_the_first_of_several_values_counts_even_if_it_is_null(make: Make) -> None:
    people = with_pairs(make, attributes={"last": {"column": "meta.last"}})
    pair(people, "last", None, id=1)
    pair(people, "last", "late", id=2)
    answer = people.get(login_id="bob")
    assert answer.profile.last_name is None
    assert answer.attributes[0].value is None


def test_a_name_that_only_a_collation_takes_for_another_is_not_it(make: Make) -> None:
    people = with_pairs(make, attributes={"last": {"column": "meta.last"}})
    pair(people, "LAST", "wrong", id=1)
    pair(people, "last ", "wrong", id=2)
    pair(people, "last", "right", id=3)
    answer = people.get(login_id="bob")
    assert answer.profile.last_name == "right"
    assert answer.attributes[0].value == "right"
    assert people.login("bob").attributes[0].value == "right"


@pytest.mark.parametrize("declared", ["joins", "pairs"])
def test_what_only_a_collation_gives_to_somebody_is_not_theirs(make: Make, declared: str) -> None:
    users = TABLE.replace("id INTEGER PRIMARY KEY AUTOINCREMENT", "id TEXT")
    table = "CREATE TABLE more (user_id TEXT COLLATE NOCASE, name TEXT, value TEXT)"
    more: dict[str, Any] = {"table": "more", "on": {"user_id": "id"}}
    if declared == "pairs":
        more = {"table": "more", "user": "user_id", "name": "name", "value": "value"}
    column = "more.value" if declared == "joins" else "more.city"
    source = {
        declared: {"more": more},
        "shipping": {"city": column},
        "attributes": {"city": {"column": column}},
    }
    people = make(f"{users}; {table};", source=source)
    people.add("bob", id="a")
    people.add("eve", id="A")
    people.run("INSERT INTO more VALUES ('A', 'city', 'of eve')")
    for answer in (people.login("bob"), people.get(login_id="bob")):
        assert answer.attributes[0].value is None
    assert people.get(login_id="bob").profile.shipping_address is None
    assert people.login("eve").attributes[0].value == "of eve"
    assert people.get(login_id="eve").profile.shipping_address.city == "of eve"
    assert people.alarms == []


def test_named_values_may_say_who_may_come_in_and_hold_the_hash(make: Make) -> None:
    people = make(
        f"{TABLE}; {META}",
        source={
            **PAIRS,
            "password": "meta.hash",
            "active": [
                {"column": "meta.state", "values": ["open"]},
                {"column": "meta.banned", "null": True},
            ],
            "attributes": {"tier": {"column": "meta.tier", "default": "basic"}},
        },
        site={"create": False},
    )
    for number, login in enumerate(("bob", "shut", "banned", "none"), start=1):
        people.add(login, password="not a hash")
        if login != "none":
            pair(people, "hash", HASH, user=number)
            pair(people, "state", "shut" if login == "shut" else "open", user=number)
    pair(people, "state", "open", user=2)
    pair(people, "banned", "yes", user=3)
    pair(people, "tier", "gold", user=1)
    assert people.login("bob").attributes[0].value == "gold"
    for login in ("shut", "banned", "none"):
        assert refused(people.login(login)) == "invalid_login"


ADDRESSES = (
    "CREATE TABLE addresses (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, city TEXT)"
)


def test_named_values_and_a_table_of_addresses_go_together(make: Make) -> None:
    addresses = {"table": "addresses", "user": "user_id", "fields": {"city": "city"}}
    people = with_pairs(make, ADDRESSES, addresses=addresses)
    pair(people, "last", "Baker", id=93)
    pair(people, "last", "late", id=94)
    pair(people, "city", "Berlin")
    profile = people.get(login_id="bob").profile
    assert (profile.last_name, profile.shipping_address.city) == ("Baker", "Berlin")
    people.run("INSERT INTO addresses (user_id, city) VALUES (1, 'Wien')")
    profile = people.get(login_id="bob").profile
    assert (profile.last_name, profile.shipping_address.city) == ("Baker", "Wien")
    assert profile.billing_address.city == "Wien"


def test_two_tables_of_named_values_go_together(make: Make) -> None:
    other = META.replace("TABLE meta", "TABLE settings")
    pairs = {**PAIRS["pairs"], "more": {**PAIRS["pairs"]["meta"], "table": "settings"}}
    people = with_pairs(make, other, pairs=pairs, billing={"city": "more.city"})
    pair(people, "city", "Berlin")
    people.run("INSERT INTO settings (user_id, name, value) VALUES (1, 'city', 'Wien')")
    profile = people.get(login_id="bob").profile
    assert (profile.shipping_address.city, profile.billing_address.city) == ("Berlin", "Wien")


def test_a_new_user_has_named_values_too(make: Make) -> None:
    people = with_pairs(make)
    profile = Profile(first_name="ignored", last_name="O'Neil", home_phone="1")
    erid = erid_in(people.create("new", profile=profile))
    assert people.get(user_id=erid).profile.last_name == "O'Neil"
    rows = people.run("SELECT name, value FROM meta WHERE user_id = 3 ORDER BY id")
    assert sorted(rows) == [("last", "O'Neil"), ("phone 1.2", "1")]


@pytest.mark.parametrize("kind", ["joins", "pairs"])
def test_what_else_a_new_user_has_goes_with_the_row_or_not_at_all(make: Make, kind: str) -> None:
    settings = JOINED if kind == "joins" else PAIRS
    country = TABLE.replace("first_name TEXT", "first_name TEXT, country TEXT")
    people = make(f"{country}; {DETAILS}; {META};", source=settings)
    table, column = ("details", "family_name") if kind == "joins" else ("meta", "value")
    check = f"ALTER TABLE {table} ADD CONSTRAINT short CHECK (length({column}) < 5)"
    if people.engine == "sqlite":
        people.run(f"CREATE TRIGGER short BEFORE INSERT ON {table} WHEN length(new.{column}) > 4"
                   " BEGIN SELECT RAISE(ABORT, 'too long'); END")  # fmt: skip
    else:
        people.run(check)
    refusal = people.create("new", profile=Profile(last_name="Longer"))
    assert refused(refusal) == "creation_refused"
    assert people.alarms == ["source_rejected"]
    assert people.count() == 0
    assert erid_in(people.create("new", profile=Profile(last_name="Fits")))
