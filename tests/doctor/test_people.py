"""Samples of rows: told by numbers, never by values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sso_bridge.core.model import Refusal
from tests.doctor.looking import bad, look, of
from tests.people import COLUMN, ERIDS, TABLE, People

Make = Callable[..., People]


def test_a_table_without_rows_is_told(make: Make) -> None:
    assert "no rows" in of(make(), "nobody")[0][1]


def test_a_filter_that_lets_nobody_through_is_told(make: Make) -> None:
    people = make(source={"filter": {"first_name": "x"}}, site={"create": False})
    people.add("bob")
    [(_, text)] = of(people, "nobody")
    assert "`filter`" in text


def test_a_site_whose_filter_lets_nobody_through_is_told(make: Make) -> None:
    people = make(site={"filter": {"first_name": "x"}, "create": False})
    people.add("bob")
    assert [place for place, _ in of(people, "nobody")] == ["sites.de.filter"]


@pytest.mark.parametrize("where", ["source", "site"])
def test_a_filter_that_the_database_takes_more_widely_is_told(make: Make, where: str) -> None:
    column = "status CHAR(10)"
    declared = {"filter": {"status": "active"}}
    people = make(
        TABLE.replace("status TEXT DEFAULT 'active'", column),
        source={"active": None, **(declared if where == "source" else {})},
        site={"create": False, **(declared if where == "site" else {})},
    )
    people.add("bob", status="active")
    people.add("eve", status="ACTIVE")
    people.add("ann", status="gone")
    told = of(people, "filter_stricter")
    # MariaDB takes ACTIVE for active; the spaces that PostgreSQL fills up with count nowhere.
    wide = "1 of 2" if people.engine == "mariadb" else None
    assert [place for place, _ in told] == (
        [] if wide is None else ["users" if where == "source" else "sites.de.filter"]
    )
    assert all(f"lets {wide} through" in text for _, text in told)


def test_nobody_who_could_come_in_is_a_warning(make: Make) -> None:
    people = make()
    people.add("bob", status="1")
    people.add("eve", status=None)
    [(_, text)] = of(people, "nobody_active")
    assert text.startswith("nobody of 2")
    people.add("ann")
    assert [text for _, text in of(people, "active")] == ["1 of 3 may come in"]
    assert "nobody_active" not in bad(people)


def test_a_field_that_nobody_has_is_told(make: Make) -> None:
    people = make(source={"profile": {"first_name": "first_name", "email": "login"}})
    people.add("bob", first_name="")
    people.add("eve")
    assert [place for place, _ in of(people, "field_empty")] == ["profile.first_name"]


@pytest.mark.parametrize("kind", ["shipping", "elsewhere"])
def test_addresses_that_nobody_has_are_told(make: Make, kind: str) -> None:
    table = (
        "; CREATE TABLE addresses (user_id INTEGER UNIQUE, kind VARCHAR(9), town TEXT, zip TEXT)"
    )
    declared = {
        "table": "addresses",
        "user": "user_id",
        "kind": "kind",
        "fields": {"city": "town", "postal_code": "zip"},
    }
    people = make(TABLE + table, source={"addresses": declared, "profile": {}})
    people.add("bob")
    people.run("INSERT INTO addresses VALUES (1, ?, 'Bonn', NULL)", kind)
    places = [place for place, _ in of(people, "field_empty")]
    known = "addresses.fields.postal_code" if kind == "shipping" else "addresses"
    assert places == [known]


def test_erids_that_cannot_be_sent_are_counted(make: Make) -> None:
    people = make(ERIDS, source={"erid": {**COLUMN["erid"], "pattern": "C-[0-9]+"}})
    for login, erid in (("a", "C-1"), ("b", None), ("c", "x"), ("d", "y")):
        people.add(login, erid=erid)
    counts = sorted(text.partition(" of 4")[0] for _, text in of(people, "erids_unusable"))
    assert counts == ["1", "2"]


def test_nothing_that_a_row_holds_is_ever_told(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, until TEXT")
    rules = [
        {"column": "status", "values": ["active"]},
        {"column": "until", "expires": "naive_utc"},
    ]
    people = make(table, source={"active": rules, "login_match": "ascii_case"})
    people.add("Xq7login", password="Xq7clear-text", first_name="Xq7name", until="Xq7time")
    people.add("xq7LOGIN" if people.engine != "mariadb" else "Xq7other", password="Xq7")
    found = look(people)
    assert {"hashes_unknown", "times_unreadable"} <= {f.check for f in found}
    assert "xq7" not in repr(found).lower()


def test_what_cannot_be_looked_at_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    people = People(tmp_path, site={"create": False})
    people.add("bob")
    people.run("ALTER TABLE users RENAME TO base")
    people.run(
        "CREATE VIEW users AS SELECT id, login, password, status,"
        " json_extract(first_name, '$.x') AS first_name FROM base"
    )
    people.run("UPDATE base SET first_name = 'no json'")
    found = look(people)
    assert "profiles" in {
        f.place.removeprefix("sources.shop: ") for f in found if f.check == "statement_refused"
    }
    assert "hashes" in {f.check for f in found}


FOLDED = TABLE.replace("first_name TEXT", "first_name TEXT, low VARCHAR(100) UNIQUE")
LETTERS: dict[str, object] = {"column": "login", "folded": "low", "letters": "lower"}


def test_folded_logins_that_are_missing_or_stale_are_counted(make: Make) -> None:
    people = make(FOLDED, source={"login": LETTERS, "login_match": "case"}, site={"create": False})
    people.add("Bob", low="bob")
    people.add("STRASSE", low="strasse")
    assert of(people, "folded_stale") == []
    people.add("Eve", low=None)
    people.add("Ann", low="anna")
    people.add("Eva", low="evi")
    [(place, text)] = of(people, "folded_stale")
    assert place == "users.low"
    assert text.startswith("of 5 users 1 have none and 2 something else than login in lower case")
    assert not any(one in text for one in ("eva", "Eva", "anna"))


def test_a_folded_column_in_other_letters_is_stale_where_the_database_sees_them(
    make: Make,
) -> None:
    people = make(FOLDED, source={"login": LETTERS, "login_match": "case"}, site={"create": False})
    people.add("Bob", low="BOB")
    assert bool(of(people, "folded_stale")) is (people.engine != "mariadb")
    assert isinstance(people.login("Bob"), Refusal) is (people.engine != "mariadb")


def test_a_folded_copy_of_each_letter_is_none_the_worse(make: Make) -> None:
    upper = {**LETTERS, "letters": "upper"}
    people = make(FOLDED, source={"login": upper, "login_match": "case"}, site={"create": False})
    people.add("groß", low="GROß")
    people.add("heiß", low="HEISS")
    assert of(people, "folded_stale") == []
