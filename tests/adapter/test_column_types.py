"""Columns of uncommon types, and columns of different types that are compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.model import Profile
from tests.people import HASH, TABLE, People, erid_in, refused
from tests.services import MariaDB, PostgreSQL

KEY = "id INTEGER PRIMARY KEY AUTOINCREMENT"
UUID = "0b1e0f6e-6f3f-4b8c-9d1e-2f4a5b6c7d8e"


@pytest.fixture
def in_mariadb(mariadb: MariaDB) -> Iterator[str]:
    url = mariadb.new_database()
    yield url
    mariadb.drop(url)


@pytest.fixture
def in_postgresql(postgresql: PostgreSQL) -> Iterator[str]:
    url = postgresql.new_database()
    yield url
    postgresql.drop(url)


def test_a_bit_as_primary_key_is_the_same_however_long(in_mariadb: str, tmp_path: Path) -> None:
    table = TABLE.replace(KEY, "id BIT(8) PRIMARY KEY")
    people = People(tmp_path, table, url=in_mariadb, site={"create": False})
    people.add("bob", id=16)
    people.add("eve", id=49)
    erid = people.erid("bob")
    assert people.get(user_id=erid).key.login_id == "bob"
    people.run("ALTER TABLE users MODIFY id BIT(64)")
    again = People(tmp_path, "", url=in_mariadb, site={"create": False})
    assert again.erid("bob") == erid
    assert again.get(user_id=erid).key.login_id == "bob"
    assert [subject for _, subject, _ in again.bindings()] == ["16"]
    assert again.erid("eve") != erid


def test_a_bit_of_a_query_says_who_may_come_in(in_mariadb: str, tmp_path: Path) -> None:
    people = People(
        tmp_path,
        TABLE.replace("first_name TEXT", "first_name TEXT, banned BIT(16)"),
        url=in_mariadb,
        source={
            "select": "SELECT * FROM users",
            "table": None,
            "active": {"column": "banned", "other_than": [1]},
        },
        site={"create": False},
    )
    people.add("good", banned=0)
    people.add("bad", banned=1)
    assert erid_in(people.login("good"))
    assert refused(people.login("bad")) == "invalid_login"


@pytest.mark.parametrize("width", [1, 8, 16, 64])
def test_a_bit_says_who_may_come_in(in_mariadb: str, tmp_path: Path, width: int) -> None:
    table = TABLE.replace("status TEXT DEFAULT 'active'", f"active BIT({width}), banned BIT(16)")
    rules = [{"column": "active", "values": [True]}, {"column": "banned", "other_than": [1]}]
    people = People(
        tmp_path,
        table,
        url=in_mariadb,
        source={"active": rules, "create_values": {"banned": 0}},
    )
    people.add("on", active=1, banned=0)
    people.add("off", active=0, banned=0)
    people.add("banned", active=1, banned=1)
    people.add("null", active=None, banned=0)
    assert erid_in(people.login("on"))
    for login in ("off", "banned", "null"):
        assert refused(people.login(login)) == "invalid_login", login
    assert erid_in(people.create("new"))
    assert erid_in(people.login("new"))


def test_a_bit_is_filtered_by(in_mariadb: str, tmp_path: Path) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, hidden BIT(16)")
    people = People(tmp_path, table, url=in_mariadb, source={"filter": {"hidden": False}})
    people.add("bob", hidden=0)
    people.add("eve", hidden=1)
    assert erid_in(people.login("bob"))
    assert refused(people.login("eve")) == "invalid_login"
    assert erid_in(people.create("new"))
    assert people.alarms == []


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("TIMESTAMPTZ", "2020-01-01 10:00+00"),
        ("MONEY", "1"),
        ("INTERVAL", "1 day"),
        ("NUMERIC", "1.0"),
        ("BOOLEAN", True),
    ],
)
def test_a_primary_key_whose_text_may_change_is_nobodys(
    in_postgresql: str, tmp_path: Path, kind: str, cell: object
) -> None:
    """A zone, a locale and a number of digits may be another tomorrow."""
    people = People(tmp_path, TABLE.replace(KEY, f"id {kind} PRIMARY KEY"), url=in_postgresql)
    people.add("bob", id=cell)
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == ["subject_unusable"]
    assert "'id'" in people.watched.details[0]
    assert people.bindings() == []


FILTERED: dict[str, tuple[str, str, str]] = {
    # column: its type, the value of a user, and that of the filter
    "number": ("number_domain", "1", "1"),
    "word": ("text_domain", "a", "a"),
    "born": ("DATE", "2020-01-01", "2020-01-01"),
    "made": ("TIMESTAMP", "2020-01-01 10:00", "2020-01-01T10:00:00"),
    "address": ("INET", "10.0.0.1", "10.0.0.1"),
    "net": ("CIDR", "10.0.0.0/8", "10.0.0.0/8"),
    "state": ("states", "open", "open"),
    "one": ("UUID", UUID, UUID),
    "hour": ("TIME", "10:00", "10:00:00"),
    "price": ("NUMERIC(6, 2)", "1.50", "1.5"),
    "raw": ("BYTEA", "abc", "abc"),
}
TYPES = (
    "CREATE DOMAIN number_domain AS INTEGER; CREATE DOMAIN text_domain AS VARCHAR(20);"
    " CREATE TYPE states AS ENUM ('open', 'shut');"
)


def test_a_filter_is_compared_as_the_type_of_its_column_has_it(
    in_postgresql: str, tmp_path: Path
) -> None:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in FILTERED.items())
    people = People(
        tmp_path,
        f"{TYPES} {TABLE.replace('first_name TEXT', f'first_name TEXT, {columns}')}",
        url=in_postgresql,
        source={"filter": {name: value for name, (_, _, value) in FILTERED.items()}},
    )
    cells: dict[str, Any] = {name: cell for name, (_, cell, _) in FILTERED.items()}
    people.add("bob", **cells)
    assert erid_in(people.login("bob"))
    assert erid_in(people.create("new"))
    assert erid_in(people.login("new"))
    for name in FILTERED:
        people.add(f"no {name}", **{**cells, name: None})
        assert refused(people.login(f"no {name}")) == "invalid_login"
    assert people.alarms == []


@pytest.mark.parametrize("name", [name for name in FILTERED if name not in ("word", "raw")])
def test_a_value_that_no_such_column_has_filters_all(
    in_postgresql: str, tmp_path: Path, name: str
) -> None:
    kind, cell, _ = FILTERED[name]
    people = People(
        tmp_path,
        f"{TYPES} {TABLE.replace('first_name TEXT', f'first_name TEXT, {name} {kind}')}",
        url=in_postgresql,
        source={"filter": {name: "nonsense"}},
        site={"create": False},
    )
    people.add("bob", **{name: cell})
    assert refused(people.login("bob")) == "invalid_login"
    assert people.alarms == []


@pytest.mark.parametrize(
    ("kind", "login"),
    [
        ("DATE", "2020-W01-1"),
        ("TIMESTAMPTZ", "2020-01-01T00:00:00+20:00"),
        ("NUMERIC", "1E+200000"),
        ("FLOAT8", "1E+400"),
        ("REAL", "1E+300"),
        ("INET", "nobody"),
        ("TIME", "nobody"),
        ("states", "nobody"),
        ("BOOLEAN", "nobody"),
        ("number_domain", "nobody"),
        ("SMALLINT", "99999999999"),
        ("JSONB", "nobody"),
    ],
)
@pytest.mark.parametrize("rule", ["exact", "ascii_case", "case_and_accents"])
def test_a_login_that_a_column_cannot_hold_is_nobodys_and_no_outage(
    in_postgresql: str, tmp_path: Path, kind: str, login: str, rule: str
) -> None:
    people = People(
        tmp_path,
        f"{TYPES} {TABLE.replace('first_name TEXT', f'second {kind}')}",
        url=in_postgresql,
        source={"login": ["login", "second"], "login_match": rule, "profile": {}},
        site={"create": False},
    )
    people.add("bob")
    assert refused(people.login(login)) == "invalid_login"
    assert erid_in(people.login("bob"))
    assert people.alarms == []


MORE = """
CREATE TABLE joined (user_ref {0}, city VARCHAR(50));
CREATE TABLE named (user_ref {0}, name VARCHAR(50), value VARCHAR(50));
CREATE TABLE addresses (user_ref {0}, kind VARCHAR(50), city VARCHAR(50))"""
REFERRING: dict[str, Any] = {
    "joins": {"joined": {"table": "joined", "on": {"user_ref": "id"}}},
    "pairs": {
        "named": {"table": "named", "user": "user_ref", "name": "name", "value": "value",
                  "order": "value"}
    },
    "addresses": {"table": "addresses", "user": "user_ref", "kind": "kind",
                  "fields": {"city": "city"}},
    "profile": {"first_name": "joined.city", "last_name": "named.last"},
    "attributes": {"last": {"column": "named.last"}},
}  # fmt: skip
KEYS: list[tuple[str, str, object, object, object]] = [
    # the type of the primary key, that of what refers to it, two keys, and one that is nobody's
    ("INTEGER", "VARCHAR(50)", 7, 8, "7x"),
    ("VARCHAR(50)", "INTEGER", "7", "7x", 9),
    ("UUID", "VARCHAR(50)", UUID, UUID.replace("8e", "8f"), "nobody"),
    ("VARCHAR(50)", "UUID", UUID, "nobody", UUID.replace("8e", "8f")),
    ("number_domain", "VARCHAR(50)", 7, 8, "7x"),
    ("states", "VARCHAR(50)", "open", "shut", "nobody"),
    ("BIGINT", "NUMERIC(20)", 7, 8, 9),
]


@pytest.mark.parametrize(("key", "kind", "bob", "eve", "nobody"), KEYS)
@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_what_refers_to_a_user_may_be_of_another_type(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    engine: str,
    key: str,
    kind: str,
    bob: object,
    eve: object,
    nobody: object,
) -> None:
    if engine == "mariadb" and (key in ("number_domain", "states")):
        pytest.skip("MariaDB has no such types")
    url = request.getfixturevalue(f"in_{engine}")
    tables = f"{TABLE.replace(KEY, f'id {key} PRIMARY KEY')}; {MORE.format(kind)}"
    for addresses in (False, True):  # with them, named values are read in another way
        settings = {**REFERRING} if addresses else {**REFERRING, "addresses": None}
        folder = tmp_path / str(addresses)
        folder.mkdir()
        people = People(
            folder,
            "" if addresses else f"{TYPES if engine == 'postgresql' else ''} {tables}",
            url=url,
            source=settings,
            site={"create": False},
        )
        if not addresses:
            people.add("bob", id=bob)
            people.add("eve", id=eve)
            for ref, city in ((bob, "Ulm"), (nobody, "Nowhere")):
                people.run("INSERT INTO joined VALUES (?, ?)", ref, city)
                people.run("INSERT INTO named VALUES (?, 'last', ?)", ref, city)
                people.run("INSERT INTO addresses VALUES (?, 'shipping', ?)", ref, city)
        answer = people.get(login_id="bob")
        assert (answer.profile.first_name, answer.profile.last_name) == ("Ulm", "Ulm")
        assert answer.attributes[0].value == "Ulm"
        if addresses:
            assert answer.profile.shipping_address.city == "Ulm"
        other = people.get(login_id="eve")
        assert (other.profile.first_name, other.profile.last_name) == (None, None)
        assert other.attributes[0].value is None
        assert other.profile.shipping_address is None
        assert people.alarms == []


def test_an_enumeration_names_values(in_postgresql: str, tmp_path: Path) -> None:
    people = People(
        tmp_path,
        "CREATE TYPE names AS ENUM ('first', 'last');"
        f"{TABLE}; CREATE TABLE named (user_ref INTEGER, name names, value INTEGER, n INTEGER)",
        url=in_postgresql,
        source={
            "pairs": {
                "named": {"table": "named", "user": "user_ref", "name": "name", "value": "value",
                          "order": "n"}
            },
            "profile": {"last_name": "named.last", "home_phone": "named.never heard of"},
            "attributes": {"first": {"column": "named.first"}},
        },
    )  # fmt: skip
    people.add("bob")
    people.run("INSERT INTO named VALUES (1, 'first', 5), (1, 'last', 6)")
    answer = people.get(login_id="bob")
    assert (answer.profile.last_name, answer.attributes[0].value) == ("6", "5")
    made = erid_in(people.create("new", profile=Profile(last_name="7")))
    assert people.get(user_id=made).profile.last_name == "7"
    profile = Profile(home_phone="8")
    assert refused(people.create("phone", profile=profile)) == "creation_refused"
    assert people.alarms == ["source_rejected"]


def test_a_hash_that_does_not_fit_keeps_nobody_out_and_says_why(
    in_postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_bridge.core.bridge._RENEWAL_SECONDS", 60.0)
    people = People(
        tmp_path,
        TABLE.replace("password TEXT", "password VARCHAR(60)"),
        url=in_postgresql,
        source={"passwords": {"scheme": "django-pbkdf2-sha256", "rehash": True}},
    )
    people.add("bob")
    assert erid_in(people.login("bob", seconds=120))
    assert people.alarms == ["source_rejected"]
    assert "too short for a hash" in people.watched.details[0]
    assert people.run("SELECT password FROM users") == [(HASH,)]
