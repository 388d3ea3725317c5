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
from tests.services import MariaDB, PostgreSQL

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
    for site in (None, "at"):
        found = people.get(user_id="E-bob", site_id=site)
        assert (found.key.login_id, found.key.site_id) == ("bob", "at")
    first = people.get(user_id="E-ann").key.site_id
    assert refused(people.get(user_id="E-bob", site_id=first)) == "user_not_found"


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


def test_a_login_waits_for_no_better_hash(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sso_bridge.core.bridge._RENEWAL_SECONDS", 0.01)
    people = make(source={"passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True}})
    people.add("bob", password=CHEAP.make(b"open sesame"))
    assert erid_in(people.login("bob"))
    (stored,) = people.run("SELECT password FROM users")[0]
    assert stored.startswith("$2b$")


def test_a_table_that_others_inherit_from_has_no_key(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.new_database()
    people = People(tmp_path, f"{TABLE}; CREATE TABLE vips () INHERITS (users)", url=url)
    people.add("bob", id=1)
    people.add("eve", table="vips", id=1)
    assert refused(people.login("bob")) == "invalid_login"
    assert refused(people.login("eve")) == "invalid_login"
    assert people.bindings() == []
    postgresql.drop(url)


def test_a_unique_index_that_is_not_valid_proves_nothing(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.new_database()
    people = People(tmp_path, TABLE.replace(" PRIMARY KEY AUTOINCREMENT", ""), url=url)
    people.run("CREATE UNIQUE INDEX one ON users (id)")
    people.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'one'::regclass")
    source = people.parts.sources["shop"]
    people.add("bob", id=1)
    assert erid_in(people.login("bob"))
    with source._database.connection(Deadline(5)) as connection:  # type: ignore[attr-defined]
        assert not source._tables.is_key(connection, "id")  # type: ignore[attr-defined]
    postgresql.drop(url)


def test_a_rounded_number_is_no_primary_key(make: Make) -> None:
    people = make(TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "FLOAT PRIMARY KEY"))
    people.add("bob", id=16777217)
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["subject_unusable"]


def test_bytes_and_text_that_read_alike_are_no_primary_keys(tmp_path: Path) -> None:
    people = People(
        tmp_path, TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB PRIMARY KEY")
    )
    people.add("bob", id=b"1")
    people.add("eve", id="31")
    people.add("ann", id=31)
    assert erid_in(people.login("bob"))
    assert refused(people.login("eve")) == "invalid_login"
    assert refused(people.login("ann")) == "invalid_login"


@pytest.mark.parametrize("kind", ["NUMERIC(10)", "DATE"])
def test_a_login_is_not_compared_with_a_column_that_cannot_hold_it(make: Make, kind: str) -> None:
    people = make(
        TABLE.replace("first_name TEXT", f"number {kind} DEFAULT '2020-01-01'")
        if kind == "DATE"
        else TABLE.replace("first_name TEXT", f"number {kind} DEFAULT 0"),
        source={"login": ["login", "number"], "profile": {}},
        site={"create": False},
    )
    people.add("bob@example.com")
    people.add("eve@example.com")
    assert erid_in(people.login("bob@example.com"))
    assert refused(people.login("nobody@example.com")) == "invalid_login"


def test_a_key_beyond_the_signed_integers_leads_back(mariadb: MariaDB, tmp_path: Path) -> None:
    url = mariadb.new_database()
    table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT UNSIGNED PRIMARY KEY")
    people = People(tmp_path, table, url=url)
    people.add("bob", id=2**64 - 1)
    assert people.get(user_id=people.erid("bob")).key.login_id == "bob"
    mariadb.drop(url)


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "ascii"])
@pytest.mark.parametrize("login", ["\N{GRINNING FACE}", "\u0416"])
def test_a_character_that_no_row_can_have_is_no_outage(
    mariadb: MariaDB, tmp_path: Path, charset: str, login: str
) -> None:
    url = mariadb.new_database()
    table = TABLE.replace("login TEXT", f"login VARCHAR(100) CHARACTER SET {charset}")
    people = People(tmp_path, table, url=url)
    people.add("bob")
    assert refused(people.login(login)) == "invalid_login"
    assert erid_in(people.login("bob"))
    mariadb.drop(url)


def test_pairs_that_decide_who_comes_in_have_an_order(make: Make) -> None:
    pairs = {"table": "meta", "user": "user_id", "name": "name", "value": "value"}
    with pytest.raises(ValueError, match="needs order"):
        make(
            source={
                "pairs": {"meta": pairs},
                "active": {"column": "meta.status", "values": ["ok"]},
            }
        )


FOLDED = TABLE.replace("first_name TEXT", "first_name TEXT, folded VARCHAR(100)")
BY_FOLDED: dict[str, Any] = {
    "login": {"column": "login", "folded": "folded", "letters": "upper"},
    "login_match": "case",
}


def test_a_login_beside_a_folded_column_that_does_not_tell_is_taken(make: Make) -> None:
    people = make(FOLDED.replace(" UNIQUE", ""), source=BY_FOLDED)
    people.add("ann")
    assert refused(people.create("ann")) == "login_taken"
    assert people.count() == 1


@pytest.mark.parametrize("folded", ["STRASSE", "STRA\u00dfE"])
def test_a_letter_that_becomes_two_is_found_however_it_was_folded(make: Make, folded: str) -> None:
    people = make(FOLDED, source=BY_FOLDED, site={"create": False})
    people.add("stra\u00dfe", folded=folded)
    assert erid_in(people.login("stra\u00dfe"))


def test_values_that_somebody_left_behind_are_not_inherited(make: Make) -> None:
    meta = "CREATE TABLE meta (n INTEGER, user_id INTEGER, name VARCHAR(50), value VARCHAR(50))"
    people = make(
        f"{TABLE}; {meta}",
        source={
            "pairs": {
                "meta": {"table": "meta", "user": "user_id", "name": "name", "value": "value"}
            },
            "profile": {"last_name": "meta.last"},
        },
    )
    people.run("INSERT INTO meta VALUES (1, 1, 'last', 'Old')")
    assert refused(people.create("new")) == "creation_refused"
    assert people.alarms == ["subject_reused"]
    assert people.count() == 0


def test_an_enumeration_filters_and_tells_addresses(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.new_database()
    people = People(
        tmp_path,
        "CREATE TYPE state AS ENUM ('active', 'gone'); CREATE TYPE sort AS ENUM ('S', 'B');"
        + TABLE.replace("TEXT DEFAULT 'active'", "state DEFAULT 'active'")
        + "; "
        "CREATE TABLE addresses (user_id INTEGER, kind sort, city TEXT)",
        url=url,
        source={
            "active": None,
            "filter": {"status": ["active", "never heard of"]},
            "addresses": {
                "table": "addresses",
                "user": "user_id",
                "kind": "kind",
                "shipping": "S",
                "billing": "B",
                "fields": {"city": "city"},
            },
        },
        site={"create": False},
    )
    people.add("bob")
    people.add("eve", status="gone")
    people.run("INSERT INTO addresses VALUES (1, 'B', 'Ulm')")
    assert people.get(login_id="bob").profile.billing_address.city == "Ulm"
    assert refused(people.login("eve")) == "invalid_login"
    postgresql.drop(url)
