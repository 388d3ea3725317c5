"""Tables, columns, their types and their lengths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.looking import bad, look, of
from tests.people import COLUMN, ERIDS, TABLE, People, execute_at

Make = Callable[..., People]


def test_a_sound_source_has_nothing_to_be_said_against_it(make: Make) -> None:
    people = make()
    people.add("bob", first_name="Bob")
    assert bad(people) == ({"collation_wider"} if people.engine == "mariadb" else set())
    assert {"reachable", "columns", "unique", "indexes", "active", "hashes", "ledger"} <= {
        f.check for f in look(people)
    }


def test_a_column_that_is_missing_is_named_with_what_may_be_meant(make: Make) -> None:
    people = make(source={"profile": {"first_name": "firstname"}})
    [(place, text)] = of(people, "column_missing")
    assert place == "users.firstname"
    assert "'first_name'" in text


def test_a_table_that_is_missing_is_named_with_what_may_be_meant(make: Make) -> None:
    [(place, text)] = of(make(source={"table": "user"}), "table_missing")
    assert place == "user"
    assert "'users'" in text


MORE = """; CREATE TABLE details (user_id INTEGER PRIMARY KEY, town TEXT);
CREATE TABLE meta (user_id INTEGER, name VARCHAR(50), value TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id INTEGER, country_id INTEGER);
CREATE TABLE country (id INTEGER PRIMARY KEY, iso TEXT);
CREATE INDEX meta_user ON meta (user_id, name);
CREATE INDEX addresses_user ON addresses (user_id);"""
SOURCE: dict[str, Any] = {
    "joins": {"details": {"table": "details", "on": {"user_id": "id"}}},
    "pairs": {"meta": {"table": "meta", "user": "user_id", "name": "name", "value": "value"}},
    "profile": {"first_name": "first_name", "last_name": "details.town", "email": "meta.mail"},
    "addresses": {
        "table": "addresses",
        "user": "user_id",
        "joins": {"country": {"table": "country", "on": {"id": "country_id"}}},
        "fields": {"country_a2": "country.iso"},
    },
}


@pytest.mark.parametrize(
    ("path", "name", "place"),
    [
        (("joins", "details", "on"), {"userid": "id"}, "details.userid"),
        (("joins", "details", "table"), "detail", "detail"),
        (("joins", "details", "filter"), {"kind": "x"}, "details.kind"),
        (("pairs", "meta", "value"), "val", "meta.val"),
        (("pairs", "meta", "order"), "number", "meta.number"),
        (("addresses", "user"), "userid", "addresses.userid"),
        (("addresses", "joins", "country", "table"), "countries", "countries"),
        (("addresses", "fields"), {"country_a2": "country.code"}, "country.code"),
        (("profile", "last_name"), "details.city", "details.city"),
        (("filter",), {"tenant": 3}, "users.tenant"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_every_table_of_a_mapping_is_compared(
    tmp_path: Path, path: tuple[str, ...], name: object, place: str
) -> None:
    sound = People(tmp_path, TABLE + MORE, source=SOURCE)
    assert "columns" in {f.check for f in look(sound)}
    assert not bad(sound) & {"column_missing", "table_missing"}
    spoiled: Any = _copy(SOURCE)
    at = spoiled
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = name
    people = People(tmp_path, TABLE + MORE, source=spoiled)
    found = [*of(people, "column_missing"), *of(people, "table_missing")]
    assert [where for where, _ in found] == [place]


def _copy(value: Any) -> Any:
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_a_site_that_filters_by_a_column_that_is_not_there_is_found_out(tmp_path: Path) -> None:
    people = People(tmp_path, site={"filter": {"store": 1}, "create": False})
    assert [place for place, _ in of(people, "column_missing")] == ["users.store"]


def test_a_replica_that_lacks_a_column_is_told(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    People(copy, TABLE.replace("first_name", "given_name"), source={"profile": {}})
    people = People(tmp_path, source={"replica_url": "sqlite:///copy/users.db"})
    [(place, _)] = of(people, "replica_unusable")
    assert place == "replica: users.first_name"


def test_a_replica_that_is_down_is_a_warning(tmp_path: Path) -> None:
    people = People(tmp_path, source={"replica_url": "sqlite:///nowhere.db"})
    assert bad(people) >= {"replica_unusable"}
    assert "unreachable" not in bad(people)


def test_a_query_is_compared_too(make: Make) -> None:
    query = "SELECT id, login, password, first_name FROM users"
    source = {"select": query, "table": None, "active": None}
    people = make(source=source, site={"create": False})
    people.add("bob", first_name="Bob")
    assert "column_missing" not in bad(people)
    lacking = {**source, "select": query.replace(", first_name", "")}
    other = make("", source=lacking, site={"create": False})
    assert [place for place, _ in of(other, "column_missing")] == ["users.first_name"]


@pytest.mark.parametrize(
    ("table", "source"),
    [
        (TABLE.replace("password TEXT", "password INTEGER"), {}),
        (TABLE.replace("login TEXT NOT NULL UNIQUE", "login BOOLEAN"), {}),
        (ERIDS.replace("erid TEXT", "erid DATE"), COLUMN),
    ],
    ids=["password", "login", "erid"],
)
def test_a_type_that_cannot_be_meant_is_an_error(
    database_url: str, make: Make, table: str, source: dict[str, Any]
) -> None:
    if database_url.startswith("maria"):
        table = table.replace("BOOLEAN", "DATETIME")
    assert "type_unfit" in bad(make(table, source=source))


@pytest.mark.parametrize(
    ("column", "kind", "good"),
    [
        ("TIMESTAMP", "epoch_seconds", False),
        ("TIMESTAMP", "aware", False),
        ("TIMESTAMP", "naive_utc", True),
        ("BIGINT", "naive_utc", False),
        ("BIGINT", "epoch_milliseconds", True),
        ("DATE", "naive_utc", False),
        ("TIMESTAMP WITH TIME ZONE", "naive_utc", False),
        ("TIMESTAMP WITH TIME ZONE", "aware", True),
    ],
)
def test_a_time_that_is_declared_as_another_kind_is_an_error(
    database_url: str, make: Make, column: str, kind: str, good: bool
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("its columns hold anything; see what their values say")
    if "ZONE" in column and database_url.startswith("maria"):
        pytest.skip("it has no such type")
    if database_url.startswith("maria"):
        column = column.replace("TIMESTAMP", "DATETIME")
    table = TABLE.replace("first_name TEXT", f"first_name TEXT, until {column} NULL")
    people = make(table, source={"active": {"column": "until", "expires": kind}})
    assert ("type_unfit" in bad(people)) is not good


def test_values_that_are_no_times_of_the_kind_are_an_error(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, until TEXT")
    people = make(table, source={"active": {"column": "until", "locked_until": "naive_utc"}})
    people.add("bob", until="2030-01-01 00:00:00")
    people.add("eve", until="tomorrow")
    [(place, text)] = of(people, "times_unreadable")
    assert place == "users.until"
    assert text.startswith("1 of 2")
    assert "tomorrow" not in text


def test_a_password_column_that_is_too_short_for_new_hashes_is_an_error(make: Make) -> None:
    short = TABLE.replace("password TEXT", "password VARCHAR(59)")
    people = make(short)
    if people.engine == "sqlite":
        assert "column_short" in bad(people)  # though it would not cut it off
    [(place, text)] = of(people, "column_short")
    assert place == "users.password"
    assert "59" in text and "60" in text
    fits = make("", source={})
    execute_widened(people)
    assert "column_short" not in bad(fits) or people.engine == "sqlite"


def execute_widened(people: People) -> None:
    statements = {
        "postgresql": "ALTER TABLE users ALTER COLUMN password TYPE VARCHAR(60)",
        "mariadb": "ALTER TABLE users MODIFY password VARCHAR(60)",
    }
    if people.engine in statements:
        assert people.url is not None
        execute_at(people.url, statements[people.engine])


def test_a_password_column_is_as_long_as_it_likes_where_nothing_is_written(make: Make) -> None:
    short = TABLE.replace("password TEXT", "password VARCHAR(59)")
    assert "column_short" not in bad(make(short, site={"create": False}))


def test_the_length_of_the_erid_column_is_compared_with_the_limit(make: Make) -> None:
    long = ERIDS.replace("erid TEXT", "erid VARCHAR(300) UNIQUE")
    assert "erid_column_long" in bad(make(long, source=COLUMN))


def test_an_erid_column_that_is_too_short_for_new_users_is_an_error(tmp_path: Path) -> None:
    short = ERIDS.replace("erid TEXT", "erid VARCHAR(30) UNIQUE")
    people = People(tmp_path, short, source=COLUMN)
    assert [place for place, _ in of(people, "column_short")] == ["users.erid"]


def test_a_new_row_that_lacks_a_value_is_an_error_where_accounts_are_made(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT NOT NULL, made TEXT NOT NULL")
    people = make(table)
    assert [place for place, _ in of(people, "value_missing")] == ["users.made"]
    assert [place for place, _ in of(people, "field_required")] == ["users.first_name"]
    filled = make("", source={"create_values": {"made": "x"}})
    assert of(filled, "value_missing") == []
    assert of(make("", site={"create": False}), "value_missing") == []


@pytest.mark.parametrize(
    ("column", "steady"),
    [
        ("made TIMESTAMP NOT NULL", True),
        ("made TIMESTAMP NULL", False),
        ("updated_at TIMESTAMP NOT NULL", False),
    ],
)
def test_a_fingerprint_that_may_change_is_told(make: Make, column: str, steady: bool) -> None:
    name = column.split()[0]
    table = TABLE.replace("first_name TEXT", f"first_name TEXT, {column}")
    people = make(table, source={"erid": {"fingerprint": [name]}}, site={"create": False})
    if people.engine == "mariadb":  # whose first TIMESTAMP changes with the row by itself
        people.run(f"ALTER TABLE users MODIFY {column.replace('TIMESTAMP', 'DATETIME')}")
    assert ("fingerprint_unsteady" not in bad(people)) is steady


def test_a_fingerprint_that_the_database_changes_is_told(make: Make) -> None:
    people = make()
    if people.engine != "mariadb":
        pytest.skip("no other engine does it in the column")
    people.run(
        "ALTER TABLE users ADD made DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"
        " ON UPDATE CURRENT_TIMESTAMP"
    )
    again = make("", source={"erid": {"fingerprint": ["made"]}})
    [(place, text)] = of(again, "fingerprint_unsteady")
    assert place == "users.made"
    assert "change" in text


@pytest.mark.parametrize(
    ("column", "source"),
    [
        ("status VARCHAR(5) DEFAULT 'activ'", {}),
        ("status VARCHAR(9), kind VARCHAR(3)", {"create_values": {"kind": "buyer"}}),
        ("status VARCHAR(9), kind VARCHAR(3)", {"filter": {"kind": "buyer"}}),
        ("status VARCHAR(9), kind VARCHAR(32)", {"create_values": {"kind": {"make": "uuid"}}}),
    ],
    ids=["active", "value", "filter", "uuid"],
)
def test_what_each_new_row_has_must_fit(make: Make, column: str, source: dict[str, Any]) -> None:
    table = TABLE.replace("status TEXT DEFAULT 'active'", column)
    people = make(table, source=source)
    told = [text for _, text in of(people, "column_short")]
    if people.engine == "sqlite":
        assert told == []  # it takes any length
        return
    assert len(told) == 1 and "lengthen it, or correct" in told[0]
    assert "column_short" not in bad(make("", source=source, site={"create": False}))


def test_a_folded_column_must_take_every_login(make: Make) -> None:
    table = TABLE.replace("login TEXT", "login VARCHAR(90)")
    table = table.replace("first_name TEXT", "first_name TEXT, low VARCHAR(40)")
    login = {"column": "login", "folded": "low", "letters": "lower"}
    people = make(table, source={"login": login})
    places = [place for place, _ in of(people, "column_short")]
    assert places == ([] if people.engine == "sqlite" else ["users.low"])
