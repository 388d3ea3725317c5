"""Tables of any name in any schema, views, and queries in place of a table."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Address, Profile
from tests.people import HASH, TABLE, People, erid_in, refused

Make = Callable[..., People]
NAMES = ["order", "Name with space", "a.b", "50% off", "ALL"]


def quoted(url: str, sql: str) -> str:
    """`sql` with names in the quotation marks of the engine of `url`."""
    return sql if url.startswith(("sqlite", "postgresql")) else sql.replace('"', "`")


def test_names_are_quoted_wherever_they_stand(make: Make, database_url: str) -> None:
    columns = "".join(f', "{name}" TEXT' for name in NAMES)
    table = f"""
        CREATE TABLE "User Table" (
            "Primary Key" INTEGER PRIMARY KEY AUTOINCREMENT, "Log In" TEXT, "group" TEXT,
            "select" TEXT, "ERID" TEXT{columns}
        );
        CREATE TABLE "table" ("user" INTEGER, "where" TEXT, "a.b" TEXT);
        CREATE TABLE "key" (
            "order" INTEGER PRIMARY KEY AUTOINCREMENT, "user" INTEGER, "key" TEXT, "value" TEXT
        );
        CREATE TABLE "from" (
            "by" INTEGER, "a.b" TEXT, "having" TEXT, "a:b" TEXT, "grüße" TEXT, "it's" TEXT
        )"""
    source = {
        "table": "User Table",
        "subject": "Primary Key",
        "login": ["Log In", "order"],
        "password": "group",
        "active": {"column": "select", "values": ["active"]},
        "erid": {"strategy": "column", "column": "ERID", "fingerprint": ["Primary Key"]},
        "profile": {
            "first_name": "Name with space",
            "last_name": "a.b",
            "email": "j.a.b",
            "locale": "ALL",
            "home_phone": "50% off",
            "fax_phone": "p.a.b",
        },
        "joins": {"j": {"table": "table", "on": {"user": "Primary Key"}, "filter": {"where": "x"}}},
        "pairs": {
            "p": {"table": "key", "user": "user", "name": "key", "value": "value", "order": "order"}
        },
        "addresses": {
            "table": "from",
            "user": "by",
            "kind": "having",
            "billing": "b",
            "fields": {"city": "a.b", "line1": "a:b", "line2": "grüße", "line3": "it's"},
        },
    }
    people = make(quoted(database_url, table), source=source)
    profile = Profile(
        first_name="1",
        last_name="2",
        email="3",
        locale="4",
        home_phone="5",
        fax_phone="6",
        shipping_address=Address(city="7", line1="8", line2="9", line3="10"),
        billing_address=Address(city="11"),
    )
    erid = erid_in(people.create("new", profile=profile))
    assert people.get(user_id=erid).profile == profile
    assert people.erid("new") == erid
    assert people.alarms == []


def test_tables_may_be_in_a_schema(make: Make, database_url: str) -> None:
    engine = make_url(database_url).get_backend_name()
    schema = {"sqlite": "main", "postgresql": "Crm Data"}.get(
        engine, make_url(database_url).database
    )
    tables = [
        TABLE,
        "CREATE TABLE details (user_id INTEGER, family_name TEXT)",
        "CREATE TABLE meta (user_id INTEGER, name TEXT, value TEXT)",
        "CREATE TABLE addresses (user_id INTEGER, city TEXT, country TEXT)",
        "CREATE TABLE countries (id TEXT, name TEXT)",
    ]
    if engine == "postgresql":
        tables = [
            'CREATE SCHEMA "Crm Data"',
            *(sql.replace("TABLE ", 'TABLE "Crm Data".', 1) for sql in tables),
        ]
    source = {
        "schema": schema,
        "joins": {"d": {"table": "details", "schema": schema, "on": {"user_id": "id"}}},
        "pairs": {
            "m": {
                "table": "meta", "schema": schema, "user": "user_id", "name": "name",
                "value": "value",
            },
        },
        "profile": {"last_name": "d.family_name", "home_phone": "m.phone"},
        "attributes": {"phone": {"column": "m.phone"}},
        "addresses": {
            "table": "addresses",
            "schema": schema,
            "user": "user_id",
            "joins": {"c": {"table": "countries", "schema": schema, "on": {"id": "country"}}},
            "fields": {"city": "city", "country_name": "c.name"},
        },
    }  # fmt: skip
    people = make("; ".join(tables), source=source)
    erid = erid_in(people.create("new", profile=Profile(last_name="L", home_phone="1")))
    prefix = '"Crm Data".' if engine == "postgresql" else ""
    people.run(f"INSERT INTO {prefix}addresses VALUES (1, 'Wien', 'at')")
    people.run(f"INSERT INTO {prefix}countries VALUES ('at', 'Austria')")
    profile = people.get(user_id=erid).profile
    assert (profile.last_name, profile.home_phone) == ("L", "1")
    assert profile.shipping_address == Address(city="Wien", country_name="Austria")
    assert people.login("new").attributes[0].value == "1"


VIEW = "CREATE VIEW people AS SELECT id, login AS name, password, status, first_name FROM users"


def test_a_view_whose_keys_are_not_its_own_names_nobody(make: Make) -> None:
    table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER")
    people = make(f"{table}; {VIEW};", source={"table": "people", "login": "name"})
    people.add("bob", id=1)
    people.add("eve", id=2)
    people.add("ida", id=2)
    people.add("nobody", id=None)
    assert people.get(user_id=people.erid("bob")).key.login_id == "bob"
    for login in ("eve", "ida", "nobody"):
        assert refused(people.login(login)) == "invalid_login"
    assert set(people.alarms) <= {"subject_unusable", "ambiguous_key"}
    assert len(people.alarms) == 3
    assert len(people.bindings()) == 1


SELECT: dict[str, Any] = {
    "table": None,
    "select": "SELECT u.id, u.login, u.password, u.status, u.first_name FROM users u"
    " WHERE u.store = :store AND u.kind = :kind AND u.login NOT LIKE 'test%'",
    "select_values": {"store": 1, "kind": "customer"},
}
STORES = TABLE.replace("first_name TEXT", "first_name TEXT, store INTEGER, kind TEXT").replace(
    "NOT NULL UNIQUE", ""
)
NO_CREATION = {"create": False}


def test_a_query_with_named_values_serves_in_place_of_a_table(make: Make) -> None:
    people = make(STORES, source=SELECT, site=NO_CREATION)
    people.add("bob", store=1, kind="customer", first_name="Bob")
    people.add("bob", store=2, kind="customer")
    people.add("eve", store=1, kind="guest")
    people.add("test1", store=1, kind="customer")
    erid = people.erid("bob")
    assert people.get(user_id=erid).profile.first_name == "Bob"
    assert people.bindings() == [("shop", "1", erid)]
    for login in ("eve", "test1"):
        assert refused(people.login(login)) == "invalid_login"
    assert refused(people.create("new")) == "creation_refused"
    assert people.count() == 4
    assert people.alarms == []


@pytest.mark.parametrize("kind", ["INTEGER", "BIGINT", "TEXT", "CHAR(36)", "UUID", "DECIMAL(10)"])
def test_primary_keys_of_a_query_may_be_of_many_types(
    make: Make, database_url: str, kind: str
) -> None:
    cells: list[Any] = [7, 17]
    if kind == "TEXT":
        cells = ["u 7", "007"]
    elif kind in ("CHAR(36)", "UUID"):
        cells = [str(uuid.uuid4()), str(uuid.uuid4())]
    if kind == "UUID" and database_url.startswith("sqlite"):
        kind = "TEXT"
    table = STORES.replace("INTEGER PRIMARY KEY AUTOINCREMENT", f"{kind} PRIMARY KEY")
    people = make(table, source=SELECT, site=NO_CREATION)
    for login, cell in zip(("bob", "eve"), cells, strict=True):
        people.add(login, id=cell, store=1, kind="customer")
    for login, cell in zip(("bob", "eve"), cells, strict=True):
        erid = people.erid(login)
        assert people.get(user_id=erid).key.login_id == login
        assert ("shop", str(cell), erid) in people.bindings()
    assert people.alarms == []


def test_a_query_that_gives_a_user_twice_names_nobody(make: Make) -> None:
    twice = (
        "WITH everybody AS (SELECT * FROM users UNION ALL SELECT * FROM users WHERE login = 'eve')"
        " SELECT id, login, password, status, first_name FROM everybody"
    )
    source = {"table": None, "select": twice}
    people = make(STORES, source=source, site=NO_CREATION)
    people.add("bob")
    people.add("eve")
    assert erid_in(people.login("bob"))
    assert refused(people.login("eve")) == "invalid_login"
    assert people.alarms == ["ambiguous_key"]


def test_a_query_whose_keys_are_not_its_own_names_nobody(make: Make) -> None:
    select = "SELECT store AS id, login, password, status, first_name FROM users"
    people = make(STORES, source={"table": None, "select": select}, site=NO_CREATION)
    people.add("bob", store=1)
    people.add("eve", store=2)
    people.add("ida", store=2)
    people.add("nobody", store=None)
    assert people.get(user_id=people.erid("bob")).key.login_id == "bob"
    for login in ("eve", "ida", "nobody"):
        assert refused(people.login(login)) == "invalid_login"
    assert len(people.alarms) == 3


def test_numbers_and_texts_of_a_query_are_told_apart(tmp_path: Path) -> None:
    """SQLite lets one column of a query hold both; a ledger knows 1 and '1' as one."""
    table = STORES.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "")
    people = People(tmp_path, table, source=SELECT, site=NO_CREATION)
    people.add("bob", id=1, store=1, kind="customer")
    people.add("eve", id="1", store=1, kind="customer")
    people.add("ida", id="2", store=1, kind="customer")
    for login in ("bob", "eve"):
        assert refused(people.login(login)) == "invalid_login"
    assert set(people.alarms) <= {"ambiguous_key", "subject_unusable"}
    assert people.get(user_id=people.erid("ida")).key.login_id == "ida"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"select": "DELETE FROM users"}, "should be one SELECT"),
        ({"select": "SELECT 1; DROP TABLE users"}, "should be one SELECT"),
        ({"select_values": {"store": 1}}, "the names in select differ by 'kind'"),
        (
            {"select_values": {"store": 1, "kind": "x", "more": 1}},
            "the names in select differ by 'more'",
        ),
        ({"table": "users"}, "stands in place of table"),
        ({"schema": "public"}, "goes with table"),
    ],
    ids=str,
)
def test_a_query_that_cannot_be_meant_is_refused(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        People(tmp_path, source={**SELECT, **wrong}, site=NO_CREATION)


def test_a_query_takes_no_new_users(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sources\.shop\.select: takes no new users"):
        People(tmp_path, STORES, source=SELECT)
    with pytest.raises(ValueError, match=r"sources\.shop\.read_only: takes no new users"):
        People(tmp_path, STORES, source={"read_only": True})


def test_a_new_hash_is_stored_in_the_row_that_had_the_old_one(make: Make) -> None:
    people = make(TABLE.replace("password TEXT", "password BLOB"))
    people.add("bob", password=HASH.encode())
    people.add("eve", password=HASH.encode())
    users = people.parts.sources["shop"]
    assert not users.replace_hash("1", HASH.swapcase(), "new", Deadline(5))
    assert users.replace_hash("1", HASH, "new", Deadline(5))
    rows = people.run("SELECT password FROM users ORDER BY id")
    assert [bytes(row[0]) if not isinstance(row[0], str) else row[0].encode() for row in rows] == [
        b"new",
        HASH.encode(),
    ]
