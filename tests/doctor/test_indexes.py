"""An index behind every look-up, by the database's own plan; and what is advised does help."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.doctor.looking import bad, of
from tests.people import COLUMN, ERIDS, TABLE, People

Make = Callable[..., People]
BARE = TABLE.replace("login TEXT NOT NULL UNIQUE", "login TEXT NOT NULL")
READ_ONLY = {"create": False}


def crowd(people: People, count: int = 30, **cells: Any) -> None:
    for number in range(count):
        people.add(f"user{number}", **{n: c(number) for n, c in cells.items()})


def advised(people: People) -> list[str]:
    """Every CREATE INDEX that is advised."""
    return [
        statement
        for _, text in of(people, "no_index")
        for statement in re.findall(r"CREATE INDEX .*?(?=; CREATE|$)", text)
    ]


def follow(people: People) -> None:
    """Do what is advised."""
    statements = advised(people)
    assert statements
    for statement in statements:
        people.run(statement)


@pytest.mark.parametrize("rule", ["exact", "ascii_case", "case", "case_and_accents"])
@pytest.mark.parametrize("count", [0, 30])
def test_a_login_without_an_index_is_told_and_the_advice_helps(
    make: Make, rule: str, count: int
) -> None:
    people = make(BARE, source={"login_match": rule}, site=READ_ONLY)
    crowd(people, count)
    places = [place for place, _ in of(people, "no_index")]
    assert places == ["look-up by login"]
    nothing_helps = {
        "sqlite": ("case", "case_and_accents"),
        "mariadb": ("case", "case_and_accents"),
    }
    if rule in nothing_helps.get(people.engine, ()):
        [(_, text)] = of(people, "no_index")
        assert "no index helps" in text and "`folded`" in text
        return
    follow(people)
    assert of(people, "no_index") == []


@pytest.mark.parametrize("rule", ["exact", "ascii_case", "case"])
def test_a_collation_that_sees_case_has_no_index_for_a_rule_that_does_not(
    make: Make, rule: str
) -> None:
    people = make(TABLE, source={"login_match": rule}, site=READ_ONLY)
    if people.engine != "mariadb":
        pytest.skip("others have an index on lower()")
    people.run("ALTER TABLE users MODIFY login VARCHAR(300) COLLATE utf8mb4_bin NOT NULL")
    crowd(people)
    told = of(people, "no_index")
    assert bool(told) is (rule != "exact")
    assert all("utf8mb4_uca1400_as_ci" in text for _, text in told)


@pytest.mark.parametrize(
    ("collation", "rule", "told"),
    [
        ("general_ci", "ascii_case", None),
        ("general_ci", "case", " for a login with letters beyond A to Z: "),
        ("general_ci", "case_and_accents", ": "),
        ("unicode_520_ci", "case_and_accents", " for a login with letters beyond A to Z: "),
        ("turkish_ci", "ascii_case", ": "),
        ("spanish2_ci", "case", ": "),
    ],
)
@pytest.mark.parametrize("count", [0, 30])
def test_a_collation_that_does_not_find_all_is_told_and_the_one_advised_does(
    make: Make, collation: str, rule: str, told: str | None, count: int
) -> None:
    people = make(TABLE, source={"login_match": rule}, site=READ_ONLY)
    if people.engine != "mariadb":
        pytest.skip("it is MariaDB's")
    people.run(f"ALTER TABLE users MODIFY login VARCHAR(300) COLLATE utf8mb4_{collation} NOT NULL")
    crowd(people, count)
    texts = [text for _, text in of(people, "no_index")]
    if told is None:
        assert texts == []
        return
    [text] = texts
    assert text.startswith(f"reads the whole table{told}no index helps")
    [advised] = re.findall(r"utf8mb4_uca1400_a[is]_ci", text)
    people.run(f"ALTER TABLE users MODIFY login VARCHAR(300) COLLATE {advised} NOT NULL")
    assert of(make("", source={"login_match": rule}, site=READ_ONLY), "no_index") == []


def test_an_index_on_lower_alone_does_not_serve_the_login_as_it_is(make: Make) -> None:
    people = make(BARE, source={"login_match": "ascii_case"}, site=READ_ONLY)
    if people.engine == "mariadb":
        pytest.skip("it has no such index")
    people.run("CREATE INDEX low ON users (lower(login))")
    assert advised(people)[0] == "CREATE INDEX users_login ON users (login)"


def test_each_of_several_login_columns_is_looked_at(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, mail VARCHAR(100)")
    people = make(table, source={"login": ["login", "mail"]}, site=READ_ONLY)
    crowd(people)
    assert [place for place, _ in of(people, "no_index")] == ["look-up by mail"]
    follow(people)
    assert of(people, "no_index") == []


def test_a_folded_column_needs_the_index(make: Make) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, low VARCHAR(100)")
    login = {"column": "login", "folded": "low", "letters": "lower"}
    people = make(table, source={"login": login, "login_match": "case"}, site=READ_ONLY)
    crowd(people, low=lambda number: f"user{number}")
    assert advised(people) == ["CREATE INDEX users_low ON users (low)"]
    follow(people)
    assert of(people, "no_index") == []


def test_an_erid_column_needs_one_too(make: Make) -> None:
    people = make(ERIDS, source=COLUMN)
    crowd(people, erid=lambda number: f"C-{number}")
    assert [place for place, _ in of(people, "no_index")] == ["look-up by erid"]
    follow(people)
    assert of(people, "no_index") == []


DETAILS = """; CREATE TABLE details (user_id INTEGER NOT NULL, town VARCHAR(50))"""
META = """; CREATE TABLE meta (user_id INTEGER, name VARCHAR(50), value VARCHAR(50))"""
ADDRESSES = (
    """; CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id INTEGER, kind VARCHAR(9))"""
)
JOIN = {
    "joins": {"details": {"table": "details", "on": {"user_id": "id"}}},
    "profile": {"last_name": "details.town"},
}
PAIRS = {
    "pairs": {
        "meta": {
            "table": "meta",
            "user": "user_id",
            "name": "name",
            "value": "value",
            "order": "value",
        }
    },
    "profile": {"last_name": "meta.town"},
}
ADDRESSED = {
    "addresses": {
        "table": "addresses",
        "user": "user_id",
        "kind": "kind",
        "fields": {"address_id": "id"},
    }
}


@pytest.mark.parametrize(
    ("more", "source", "rows"),
    [
        (DETAILS, JOIN, "INSERT INTO details VALUES (?, 'Berlin')"),
        (META, PAIRS, "INSERT INTO meta VALUES (?, 'town', 'Berlin')"),
        (
            ADDRESSES,
            ADDRESSED,
            "INSERT INTO addresses (id, user_id, kind) VALUES (?, 1, 'shipping')",
        ),
        (META, {**PAIRS, "active": {"column": "meta.town", "values": ["Berlin"]}},
         "INSERT INTO meta VALUES (?, 'town', 'Berlin')"),
    ],
    ids=["join", "pairs", "addresses", "pairs-at-login"],
)  # fmt: skip
def test_what_belongs_to_a_user_needs_an_index_and_the_advice_helps(
    make: Make, more: str, source: dict[str, Any], rows: str
) -> None:
    people = make(TABLE + more, source=source, site=READ_ONLY)
    crowd(people, 20)
    for number in range(1, 20):
        people.run(rows, number)
    assert "no_index" in bad(people)
    people.run(advised(people)[0])
    assert of(people, "no_index") == []


@pytest.mark.parametrize(
    ("ours", "theirs"), [("INTEGER", "VARCHAR(20)"), ("VARCHAR(20)", "INTEGER")]
)
@pytest.mark.parametrize("kind", ["join", "pairs"])
def test_what_belongs_to_a_user_by_another_type_is_told_with_what_helps(
    make: Make, kind: str, ours: str, theirs: str
) -> None:
    table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", f"{ours} PRIMARY KEY")
    more = (DETAILS if kind == "join" else META).replace("user_id INTEGER", f"user_id {theirs}")
    active = {"active": {"column": "meta.town", "values": ["Berlin"]}}
    source = JOIN if kind == "join" else {**PAIRS, **active}
    people = make(table + more, source=source, site=READ_ONLY)
    crowd(people, 20, id=lambda number: number)
    cells = "?, 'Berlin'" if kind == "join" else "?, 'town', 'Berlin'"
    for number in range(1, 20):
        people.run(
            f"INSERT INTO {'details' if kind == 'join' else 'meta'} VALUES ({cells})", number
        )
    assert of(people, "statement_refused") == []
    told = of(people, "no_index")
    assert told
    if people.engine != "postgresql":
        assert any("user_id" in text and "give both one type" in text for _, text in told)
        return
    for statement in dict.fromkeys(advised(people)):
        people.run(statement)
    assert of(people, "no_index") == []


def test_a_view_is_read_by_the_indexes_of_its_tables(make: Make) -> None:
    people = make(
        f"{BARE}; CREATE VIEW people AS SELECT id, login, password, status, first_name FROM users",
        source={"table": "people"},
        site=READ_ONLY,
    )
    crowd(people, 3)
    assert "not_provable" in bad(people)
    assert [place for place, _ in of(people, "no_index")] == ["look-up by login"]
    people.run("CREATE INDEX users_login ON users (login)")
    assert of(people, "no_index") == []
