"""Addresses in a table of their own: which is which, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sso_bridge.core.model import Address, Profile
from tests.people import TABLE, People, erid_in

Make = Callable[..., People]
USERS = TABLE.replace("first_name TEXT", "first_name TEXT, ships_to INTEGER, bills_to INTEGER")
ADDRESSES = """
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, kind TEXT, city TEXT, country TEXT,
    ships BOOLEAN, bills BOOLEAN, deleted BOOLEAN
);
CREATE TABLE countries (id TEXT, iso TEXT, name TEXT, lang TEXT)"""
FIELDS = {"address_id": "id", "city": "city"}


def with_addresses(make: Make, rows: Sequence[dict[str, Any]], **declared: Any) -> People:
    fields = {**FIELDS, **declared.pop("fields", {})}
    addresses = {"table": "addresses", "user": "user_id", "fields": fields, **declared}
    people = make(f"{USERS}; {ADDRESSES};", source={"addresses": addresses})
    people.add("bob", ships_to=21, bills_to=22)
    people.add("eve", ships_to=23, bills_to=None)
    for row in rows:
        cells = {"user_id": 1, "deleted": False, "city": f"city {row['id']}", **row}
        marks = ", ".join("?" * len(cells))
        people.run(f"INSERT INTO addresses ({', '.join(cells)}) VALUES ({marks})", *cells.values())
    return people


def shown(people: People, login: str = "bob") -> tuple[str | None, str | None]:
    """The IDs of the shipping and the billing address."""
    profile = people.get(login_id=login).profile
    both = (profile.shipping_address, profile.billing_address)
    return tuple(None if one is None else one.address_id for one in both)  # type: ignore[return-value]


def test_a_column_tells_the_kind(make: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 30, "kind": "S"},
        {"id": 25, "kind": "S"},
        {"id": 21, "kind": "s"},
        {"id": 27, "kind": "B"},
        {"id": 20, "kind": "S", "user_id": 2},
        {"id": 22, "kind": "X"},
        {"id": 23, "kind": None},
    ]
    people = with_addresses(make, rows, kind="kind", shipping="S", billing="B")
    assert shown(people) == ("25", "27")
    assert shown(people, "eve") == ("20", None)


def test_one_kind_may_be_both(make: Make) -> None:
    rows: list[dict[str, Any]] = [{"id": 25, "kind": "home"}]
    people = with_addresses(make, rows, kind="kind", shipping="home", billing="home")
    assert shown(people) == ("25", "25")


@pytest.mark.parametrize("both", [True, False])
def test_the_users_row_refers_to_the_address(make: Make, both: bool) -> None:
    rows: list[dict[str, Any]] = [{"id": number} for number in (20, 21, 22)] + [
        {"id": 23, "user_id": 1}
    ]
    declared = {"id": "id", "shipping_id": "ships_to"}
    people = with_addresses(make, rows, **declared, **({"billing_id": "bills_to"} if both else {}))
    assert shown(people) == ("21", "22" if both else None)
    assert shown(people, "eve") == (None, None), "the address is somebody else's"


def test_whoever_refers_to_no_address_has_none(make: Make) -> None:
    rows: list[dict[str, Any]] = [{"id": 20}]
    declared = {"id": "id", "shipping_id": "ships_to", "billing_id": "bills_to"}
    people = with_addresses(make, rows, **declared)
    people.run("UPDATE users SET ships_to = NULL, bills_to = NULL")
    assert shown(people) == (None, None)
    people.run("UPDATE users SET bills_to = 20")
    assert shown(people) == (None, "20")
    people.run("UPDATE users SET bills_to = 99")
    assert shown(people) == (None, None)


def test_flags_tell_the_address(make: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 30, "ships": True, "bills": True},
        {"id": 20, "ships": False, "bills": True},
        {"id": 25, "ships": True, "bills": None},
        {"id": 10, "ships": True, "bills": True, "user_id": 2},
    ]
    people = with_addresses(make, rows, shipping_flag="ships", billing_flag="bills")
    assert shown(people) == ("25", "20")
    assert shown(people, "eve") == ("10", "10")


def test_the_first_address_is_both(make: Make) -> None:
    people = with_addresses(make, [{"id": 30}, {"id": 20}, {"id": 10, "user_id": 2}])
    assert shown(people) == ("20", "20")


def test_a_filter_leaves_addresses_out(make: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 20, "deleted": True},
        {"id": 25, "deleted": None},
        {"id": 30},
    ]
    people = with_addresses(make, rows, filter={"deleted": False, "city": {"null": False}})
    assert shown(people) == ("30", "30")


def test_an_address_is_joined_and_computed(make: Make) -> None:
    joins = {"country": {"table": "countries", "on": {"id": "country"}, "filter": {"lang": "en"}}}
    fields = {
        "country_a2": {"column": "country.iso", "letters": "upper"},
        "country_name": "country.name",
        "line1": {"columns": ["city", "country.name"], "separator": ", "},
        "county_name": {"value": "none"},
    }
    people = with_addresses(make, [{"id": 20, "country": "c1"}], joins=joins, fields=fields)
    people.run("INSERT INTO countries VALUES ('c1', 'at', 'Austria', 'en')")
    people.run("INSERT INTO countries VALUES ('c1', 'at', 'Autriche', 'fr')")
    assert people.get(login_id="bob").profile.shipping_address == Address(
        address_id="20", city="city 20", country_a2="AT", country_name="Austria",
        line1="city 20, Austria", county_name="none",
    )  # fmt: skip
    people.run("DELETE FROM countries")
    assert people.get(login_id="bob").profile.shipping_address == Address(
        address_id="20", city="city 20", line1="city 20", county_name="none"
    )


def test_addresses_of_a_table_win_over_those_in_the_row(make: Make) -> None:
    addresses = {"table": "addresses", "user": "user_id", "kind": "kind", "fields": FIELDS}
    row = {"shipping": {"city": "first_name"}, "billing": {"city": "first_name"}}
    people = make(f"{USERS}; {ADDRESSES};", source={"addresses": addresses, **row})
    people.add("bob", first_name="in the row")
    people.run("INSERT INTO addresses (user_id, kind, city) VALUES (1, 'shipping', 'of the table')")
    profile = people.get(login_id="bob").profile
    assert profile.shipping_address.city == "of the table"
    assert profile.billing_address == Address(city="in the row")


def test_a_login_reads_no_addresses(make: Make) -> None:
    people = with_addresses(make, [])
    people.run("DROP TABLE addresses")
    assert erid_in(people.login("bob"))


def test_a_new_user_has_addresses_by_kind(make: Make) -> None:
    people = with_addresses(
        make, [], kind="kind", shipping="S", billing="B", filter={"deleted": False}
    )
    profile = Profile(
        shipping_address=Address(address_id="99", city="Berlin", line1="not mapped"),
        billing_address=Address(city="O'Higgins"),
    )
    erid = erid_in(people.create("new", profile=profile))
    rows = people.run("SELECT user_id, kind, city, deleted FROM addresses ORDER BY kind")
    assert [(*row[:3], bool(row[3])) for row in rows] == [
        (3, "B", "O'Higgins", False),
        (3, "S", "Berlin", False),
    ]
    fetched = people.get(user_id=erid).profile
    assert (fetched.shipping_address.city, fetched.billing_address.city) == ("Berlin", "O'Higgins")
