"""A login is one statement, and a profile with two addresses at most two, whatever is mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.people import TABLE, People, erid_in

Make = Callable[..., People]
TABLES = f"""{TABLE.replace("first_name TEXT", "first_name TEXT, email TEXT, ships_to INTEGER")};
CREATE TABLE details (user_id INTEGER, family_name TEXT);
CREATE TABLE meta (user_id INTEGER, name TEXT, value TEXT);
CREATE TABLE more (user_id INTEGER, name TEXT, value TEXT);
CREATE TABLE addresses (id INTEGER, user_id INTEGER, kind TEXT, city TEXT, country TEXT);
CREATE TABLE countries (id TEXT, name TEXT);
CREATE VIEW people AS SELECT * FROM users;
INSERT INTO details VALUES (1, 'Baker');
INSERT INTO meta VALUES (1, 'tier', 'gold');
INSERT INTO addresses VALUES (1, 1, 'shipping', 'Berlin', 'de');
INSERT INTO addresses VALUES (2, 1, 'billing', 'Wien', 'at')"""
JOIN = {"joins": {"d": {"table": "details", "on": {"user_id": "id"}}}}
PAIRS = {"table": "meta", "user": "user_id", "name": "name", "value": "value"}
ADDRESSES = {
    "table": "addresses",
    "user": "user_id",
    "kind": "kind",
    "joins": {"c": {"table": "countries", "on": {"id": "country"}}},
    "fields": {"address_id": "id", "city": "city", "country_name": "c.name"},
}
VIEW = {"table": "people"}
SELECT = {"table": None, "select": "SELECT * FROM users WHERE status = :status",
          "select_values": {"status": "active"}}  # fmt: skip
EVERYTHING = {
    **JOIN,
    "login": ["login", "email"],
    "login_match": "ascii_case",
    "filter": {"status": "active"},
    "pairs": {"m": PAIRS, "n": {**PAIRS, "table": "more"}},
    "profile": {"first_name": "m.first", "last_name": "d.family_name", "email": "n.mail"},
    "attributes": {"tier": {"column": "m.tier"}},
    "addresses": ADDRESSES,
}
MAPPINGS: dict[str, tuple[dict[str, Any], int]] = {
    "a table": ({}, 1),
    "a join": ({**JOIN, "profile": {"last_name": "d.family_name"}}, 1),
    "pairs": ({"pairs": {"m": PAIRS}, "profile": {"first_name": "m.first"}}, 2),
    "pairs in attributes": ({"pairs": {"m": PAIRS}, "attributes": {"t": {"column": "m.tier"}}}, 1),
    "addresses": ({"addresses": ADDRESSES}, 2),
    "addresses by id": (
        {
            "addresses": {
                "table": "addresses", "user": "user_id", "id": "id", "shipping_id": "ships_to",
                "fields": {"city": "city"},
            }
        },
        2,
    ),
    "everything": (EVERYTHING, 2),
    "a view": (VIEW, 1),
    "a view with everything": ({**EVERYTHING, **VIEW}, 2),
    "a query": (SELECT, 1),
    "a query with everything": ({**EVERYTHING, **SELECT}, 2),
    "a query by text": ({**SELECT, "login_match": "case_and_accents"}, 1),
}  # fmt: skip


@contextmanager
def counted(people: People) -> Iterator[list[str]]:
    """The statements that the user database is sent, but for those of a connection's own."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.upper().startswith(("SET ", "SELECT SET_CONFIG", "BEGIN", "PRAGMA")):
            sent.append(statement)

    engine = people.parts.databases["shop"].engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("name", MAPPINGS)
def test_round_trips(make: Make, name: str) -> None:
    source, profile = MAPPINGS[name]
    people = make(TABLES, source=source, site={"create": False})
    people.add("bob", ships_to=1)
    erid = people.erid("bob")
    assert people.get(user_id=erid).key.login_id == "bob"
    assert people.get(login_id="bob").key.login_id == "bob"
    with counted(people) as sent:
        assert erid_in(people.login("bob")) == erid
    assert len(sent) == 1, sent
    with counted(people) as sent:
        shown = people.get(login_id="bob").profile
    assert len(sent) == profile, sent
    with counted(people) as sent:
        assert people.get(user_id=erid).profile == shown
    assert len(sent) == profile, sent
    with counted(people) as sent:
        people.login("nobody")
    assert len(sent) <= 1, sent


def test_an_erid_of_a_column_is_one_round_trip(make: Make) -> None:
    table = TABLES.replace("email TEXT", "email TEXT, erid TEXT")
    erid = {"strategy": "column", "column": "erid", "guard": "off"}
    people = make(table, source={"erid": erid, **VIEW}, site={"create": False})
    people.add("bob", erid="E-1")
    people.get(user_id="E-1")
    with counted(people) as sent:
        assert people.get(user_id="E-1").key.login_id == "bob"
    assert len(sent) == 1, sent
