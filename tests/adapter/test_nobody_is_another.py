"""Schemas in which one user could be taken for another, and are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup, Profile
from sso_bridge.errors import IdentityAlarm
from tests.people import CHEAP, HASH, TABLE, People, erid_in, refused
from tests.services import MariaDB

Make = Callable[..., People]
TENANTS = TABLE.replace(
    "id INTEGER PRIMARY KEY AUTOINCREMENT", "store INTEGER, id INTEGER, erid VARCHAR(40)"
)


def two_stores(make: Make, **source: Any) -> People:
    """Sites `de` (the default) and `at`, each with the users of one store."""
    return make(
        TENANTS,
        source={"profile": {}, **source},
        site={"create": False, "filter": {"store": 1}},
        sites={
            "de": {"source": "shop", "filter": {"store": 1}},
            "at": {"source": "shop", "filter": {"store": 2}},
        },
        default_site="de",
    )


def test_a_primary_key_that_users_of_two_sites_share_is_nobodys(make: Make) -> None:
    people = two_stores(make)
    people.add("ann", store=1, id=5)
    people.add("bob", store=2, id=5)
    people.add("eve", store=2, id=6)
    assert refused(people.login("ann", site_id="de")) == "invalid_login"
    assert refused(people.login("bob", site_id="at")) == "invalid_login"
    assert erid_in(people.login("eve", site_id="at"))
    assert [subject for _, subject, _ in people.bindings()] == ["6"]


def test_an_erid_without_a_site_is_looked_for_where_it_is_answered(make: Make) -> None:
    people = two_stores(make, erid={"strategy": "column", "column": "erid"})
    people.add("ann", store=1, id=5, erid="E-ann")
    people.add("bob", store=2, id=6, erid="E-bob")
    assert people.get(user_id="E-ann").key.login_id == "ann"
    assert refused(people.get(user_id="E-bob")) == "user_not_found"
    found = people.get(user_id="E-bob", site_id="at")
    assert (found.key.login_id, found.key.site_id) == ("bob", "at")


def test_a_joined_password_is_that_of_the_very_user(make: Make) -> None:
    credentials = "CREATE TABLE credentials (name VARCHAR(100) COLLATE NOCASE, hash TEXT)"
    people = make(
        f"{TABLE.replace('login TEXT', 'login VARCHAR(100)')}; {credentials};",
        source={
            "password": "secret.hash",
            "joins": {"secret": {"table": "credentials", "on": {"name": "login"}}},
        },
        site={"create": False},
    )
    people.add("ANN")
    people.run("INSERT INTO credentials VALUES ('ann', ?)", HASH)
    assert refused(people.login("ANN")) == "invalid_login"


def test_a_new_user_takes_no_login_of_another_column(make: Make) -> None:
    people = make(
        TABLE.replace("first_name TEXT", "first_name TEXT, email VARCHAR(100)"),
        source={"login": ["login", "email"], "profile": {"email": "email"}},
    )
    people.add("bob", email="bob@example.com")
    profile = Profile(email="bob@example.com")
    assert refused(people.create("mallory", profile=profile)) == "login_taken"
    assert erid_in(people.login("bob@example.com"))
    assert people.count() == 1


def test_the_login_that_is_shown_is_nobody_elses(make: Make) -> None:
    people = make(
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, login VARCHAR(100),"
        " email VARCHAR(100), phone VARCHAR(100), password TEXT, status TEXT DEFAULT 'active')",
        source={"login": ["login", "email", "phone"], "login_clash": "first", "profile": {}},
        site={"create": False},
    )
    people.add(None, email="a@example.com", phone="123")
    people.add("a@example.com", email="evil@example.com", phone="666")
    assert refused(people.login("123")) == "invalid_login"
    assert people.alarms == ["ambiguous_key"]
    assert people.login("666").key.login_id == "a@example.com"


@pytest.mark.parametrize("stored", ["banned", "banned   "])
def test_a_status_that_is_filled_up_is_still_that_status(make: Make, stored: str) -> None:
    people = make(
        TABLE.replace("status TEXT DEFAULT 'active'", "status CHAR(10) DEFAULT 'active'"),
        source={"active": {"column": "status", "other_than": ["banned"]}},
    )
    people.add("bob", status=stored)
    assert refused(people.login("bob")) == "invalid_login"


def test_a_hash_that_is_cut_is_not_kept(mariadb: MariaDB, tmp_path: Path) -> None:
    url = mariadb.new_database()
    lenient = f"{url}&init_command=SET%20sql_mode%3D%27%27"
    people = People(
        tmp_path,
        TABLE.replace("password TEXT", "password VARCHAR(60)"),
        url=lenient,
        source={"passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True}},
    )
    people.add("bob")
    assert erid_in(people.login("bob"))
    assert people.run("SELECT password FROM users") == [(HASH,)]
    assert erid_in(people.login("bob"))
    mariadb.drop(url)


def test_a_query_over_bytes_leads_back(mariadb: MariaDB, tmp_path: Path) -> None:
    url = mariadb.new_database()
    people = People(
        tmp_path,
        TABLE.replace("id INTEGER PRIMARY KEY AUTOINCREMENT", "id BINARY(16) PRIMARY KEY"),
        url=url,
        source={
            "table": None,
            "select": "SELECT id, login, password, status, first_name FROM users -- all of them",
        },
        site={"create": False},
    )
    people.add("bob", id=bytes(range(240, 256)))
    erid = people.erid("bob")
    assert people.get(user_id=erid).key.login_id == "bob"
    mariadb.drop(url)


def test_what_the_database_told_of_its_tables_is_asked_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_bridge.sources.sql._LOOKS_EVERY", -1.0)
    people = make(TABLE.replace(" PRIMARY KEY AUTOINCREMENT", ""))
    people.run("CREATE UNIQUE INDEX one ON users (id)")
    people.add("bob", id=1)
    assert erid_in(people.login("bob"))
    people.run("DROP INDEX one" + (" ON users" if people.engine == "mariadb" else ""))
    people.add("eve", id=1)
    source = people.parts.sources["shop"]
    with pytest.raises(IdentityAlarm):
        source.find(Lookup("login", "eve"), Deadline(5))


def test_a_login_waits_for_no_better_hash(make: Make) -> None:
    people = make(source={"passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True}})
    people.add("bob", password=CHEAP.make(b"open sesame"))
    answer = people.login("bob", seconds=0.3)
    assert erid_in(answer)
