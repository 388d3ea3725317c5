"""Users read through a declared mapping: keys of every type, addresses, and rows that lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Address
from sso_bridge.doctor import examine
from sso_bridge.wiring import mapping
from tests.people import COLUMN, ERIDS, HASH, TABLE, People, erid_in, refused

Make = Callable[..., People]

ADDRESSES = """
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER,
    kind TEXT COLLATE NOCASE,
    street TEXT,
    city TEXT
)"""
DECLARED: dict[str, Any] = {
    "table": "addresses",
    "user": "user_id",
    "kind": "kind",
    "fields": {"address_id": "id", "line1": "street", "city": "city"},
}


@pytest.mark.parametrize(
    ("column", "cell", "subject"),
    [
        ("INTEGER PRIMARY KEY", 7, "7"),
        ("BIGINT UNIQUE", 2**63 - 1, str(2**63 - 1)),
        ("TEXT PRIMARY KEY", "u 7", "u 7"),
        ("TEXT PRIMARY KEY", "Ünï☃", "Ünï☃"),
        ("CHAR(36) PRIMARY KEY", "0b1e0f6e-6f3f-4b8c-9d1e-2f4a5b6c7d8e", None),
        ("BLOB PRIMARY KEY", bytes(range(16)), bytes(range(16)).hex()),
        ("DECIMAL(10, 0) PRIMARY KEY", 7, "7"),
    ],
    ids=str,
)
def test_a_primary_key_of_this_type_leads_from_login_to_erid_and_back(
    make: Make, column: str, cell: object, subject: str | None
) -> None:
    people = make(TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", column))
    people.add("bob", id=cell)
    erid = people.erid("bob")
    assert people.get(user_id=erid).key.login_id == "bob"
    assert people.bindings() == [("shop", subject or cell, erid)]


@pytest.mark.parametrize("cell", [None, "", "x\x01", "x" * 256])
def test_a_row_without_a_usable_primary_key_is_never_answered_with(
    make: Make, cell: object
) -> None:
    people = make(TABLE.replace("id INTEGER PRIMARY KEY AUTOINCREMENT", "id TEXT"))
    people.add("bob", id=cell)
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(login_id="bob")) == "user_not_found"
    assert people.alarms == ["subject_unusable"] * 2
    assert people.bindings() == []


def test_two_people_without_a_primary_key_are_not_one(tmp_path: Path) -> None:
    people = People(
        tmp_path, TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT PRIMARY KEY")
    )
    people.add("bob", id=None)
    people.add("eve", id=None)
    assert refused(people.login("bob"))
    assert refused(people.login("eve"))
    assert people.bindings() == []


def test_two_rows_with_one_primary_key_are_not_one_person(make: Make) -> None:
    people = make(TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"))
    people.add("bob", id=1)
    erid = people.erid("bob")
    people.add("eve", id=1)
    assert refused(people.login("eve")) == "invalid_login"
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.get(user_id=erid)) == "user_not_found" or people.alarms
    assert set(people.alarms) == {"ambiguous_key"}


def test_primary_keys_that_are_one_text_but_two_values_are_not_one_person(
    tmp_path: Path,
) -> None:
    people = People(tmp_path, TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY"))
    people.add("bob", id="1")
    people.add("eve", id=1)
    assert erid_in(people.login("bob"))
    assert refused(people.login("eve")) == "invalid_login"
    assert people.alarms == ["subject_unusable"]


def test_primary_keys_that_a_collation_takes_for_one_are_two_people(make: Make) -> None:
    table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT COLLATE NOCASE")
    people = make(table)
    people.add("bob", id="a")
    people.add("eve", id="A")
    bob, eve = people.erid("bob"), people.erid("eve")
    assert bob != eve
    assert people.get(user_id=bob).key.login_id == "bob"
    assert people.get(user_id=eve).key.login_id == "eve"


SQL = [
    "' OR '1'='1",
    "bob'; DROP TABLE users; --",
    "%",
    "_ob",
    "bob\\",
    "?",
    ":key",
    "\0",
    "a" * 9999,
]


@pytest.mark.parametrize("value", SQL, ids=range(len(SQL)))
def test_metacharacters_of_sql_are_only_characters(make: Make, value: str) -> None:
    people = make(ERIDS, source=COLUMN)
    people.add("bob", erid="C-1")
    assert refused(people.login(value)) == "invalid_login"
    assert refused(people.get(login_id=value)) == "user_not_found"
    assert refused(people.get(user_id=value)) == "user_not_found"
    assert people.count() == 1
    if len(value) < 256 and "\0" not in value:
        people.add(value, erid=value)
        assert people.erid(value) == value
        assert people.get(user_id=value).key.login_id == value


def test_a_view_serves_as_a_user_table(make: Make) -> None:
    view = "CREATE VIEW people AS SELECT id, login AS name, password, status FROM users"
    source = {"table": "people", "login": "name", "profile": {}}
    people = make(f"{TABLE}; {view};", source=source)
    people.add("bob")
    assert erid_in(people.get(user_id=people.erid("bob")))


def test_constants_and_columns_fill_profile_and_addresses(make: Make) -> None:
    source = {
        "profile": {"first_name": "first_name", "locale": {"value": "de_DE"}},
        "shipping": {"city": "login", "country_a2": {"value": "DE"}},
        "billing": {"city": "first_name"},
    }
    people = make(source=source)
    people.add("bob")
    profile = people.get(login_id="bob").profile
    assert (profile.first_name, profile.locale) == (None, "de_DE")
    assert profile.shipping_address == Address(city="bob", country_a2="DE")
    assert profile.billing_address is None


def with_addresses(make: Make, table: str = TABLE, *, addresses: str = ADDRESSES) -> People:
    people = make(f"{table}; {addresses};", source={"addresses": DECLARED})
    people.add("bob")
    people.add("eve")
    return people


def test_addresses_come_from_a_table_of_their_own(make: Make) -> None:
    people = with_addresses(make)
    for row in ((5, 1, "shipping", "late"), (3, 1, "shipping", "first"), (4, 1, "billing", "bill"),
                (1, 2, "shipping", "eve's"), (2, 1, "SHIPPING", "other kind")):  # fmt: skip
        people.run("INSERT INTO addresses VALUES (?, ?, ?, ?, 'x')", *row)
    profile = people.get(login_id="bob").profile
    assert profile.shipping_address == Address(address_id="3", line1="first", city="x")
    assert profile.billing_address == Address(address_id="4", line1="bill", city="x")
    assert people.get(login_id="eve").profile.billing_address is None


def test_an_address_that_only_a_collation_gives_to_the_user_is_not_theirs(make: Make) -> None:
    people = with_addresses(
        make,
        TABLE.replace("id INTEGER PRIMARY KEY AUTOINCREMENT", "id TEXT DEFAULT 'a'"),
        addresses=ADDRESSES.replace("user_id INTEGER", "user_id TEXT COLLATE NOCASE"),
    )
    people.run("UPDATE users SET id = 'A' WHERE login = 'eve'")
    people.run("INSERT INTO addresses VALUES (1, 'A', 'shipping', 'of eve', 'x')")
    assert people.get(login_id="bob").profile.shipping_address is None
    assert people.get(login_id="eve").profile.shipping_address is not None


def test_a_password_hash_in_bytes_is_read(make: Make) -> None:
    people = make(TABLE.replace("password TEXT", "password BLOB"))
    people.add("bob", password=HASH.encode())
    assert erid_in(people.login("bob"))


def test_a_login_in_bytes_is_read_and_compared(make: Make) -> None:
    people = make(TABLE.replace("login TEXT", "login BLOB"))
    people.add(b"bob")
    people.add(b"\xff\xfe")
    assert people.login("bob").key.login_id == "bob"
    assert people.login("fffe").key.login_id == "fffe"
    assert refused(people.login("BOB")) == "invalid_login"
    assert refused(people.login("626f62")) == "invalid_login"
    assert people.alarms == []


def test_a_constraint_that_is_written_with_the_column_is_seen(tmp_path: Path) -> None:
    people = People(tmp_path, TABLE.replace("login TEXT", "login VARCHAR(100)"))
    declared: Any = people.settings.sources["shop"]
    found = examine(
        people.parts.databases["shop"],
        mapping(declared),
        LoginRule.EXACT,
        Deadline(5),
        creates=False,
    )
    assert {f.severity for f in found} == {"ok"}
    assert ("unique", "users.login") in {(f.check, f.place) for f in found}
