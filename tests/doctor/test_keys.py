"""What must be unique, and how the database compares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.looking import bad, of
from tests.people import COLUMN, ERIDS, TABLE, People

Make = Callable[..., People]
BARE = TABLE.replace("login TEXT NOT NULL UNIQUE", "login TEXT NOT NULL")
DETAILS = "; CREATE TABLE details (user_id INTEGER NOT NULL, kind VARCHAR(9), town VARCHAR(50){0})"
JOIN: dict[str, Any] = {
    "joins": {"details": {"table": "details", "on": {"user_id": "id"}, "filter": {"kind": "main"}}},
    "profile": {"last_name": "details.town"},
}


def test_a_primary_key_that_is_not_unique_is_an_error(make: Make) -> None:
    people = make(TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"))
    assert [place for place, _ in of(people, "subject_not_unique")] == ["users.id"]


def test_a_login_and_an_erid_that_are_not_unique_are_warned_of(make: Make) -> None:
    people = make(ERIDS.replace("login TEXT NOT NULL UNIQUE", "login TEXT"), source=COLUMN)
    assert {place for place, _ in of(people, "key_not_unique")} == {"users.login", "users.erid"}


@pytest.mark.parametrize("guarded", [True, False])
def test_a_join_that_may_give_several_rows_is_warned_of(make: Make, guarded: bool) -> None:
    unique = ", UNIQUE (kind, user_id)" if guarded else ""
    people = make(TABLE + DETAILS.format(unique), source=JOIN, site={"create": False})
    assert ("join_not_unique" in bad(people)) is not guarded
    if not guarded:
        for town in ("Bonn", "Köln"):
            people.run("INSERT INTO details VALUES (1, 'main', ?)", town)
            people.run("INSERT INTO details VALUES (2, 'other', ?)", town)
        [(place, text)] = of(people, "join_not_unique")
        assert place == "joins.details"
        assert ": 1 have now" in text


def test_a_view_proves_nothing(make: Make) -> None:
    people = make(
        f"{TABLE}; CREATE VIEW people AS SELECT id, login, password, status, first_name FROM users",
        source={"table": "people"},
        site={"create": False},
    )
    places = [place for place, _ in of(people, "not_provable")]
    assert places == ["people.id", "people.login"]


@pytest.mark.parametrize(
    ("collation", "rule", "wider"),
    [
        ("utf8mb4_general_ci", "exact", True),
        ("utf8mb4_general_ci", "ascii_case", False),
        ("utf8mb4_bin", "exact", False),
    ],
)
def test_a_collation_that_ignores_case_is_a_surprise_where_the_rule_does_not(
    make: Make, collation: str, rule: str, wider: bool
) -> None:
    people = make(source={"login_match": rule})
    if people.engine != "mariadb":
        pytest.skip("it is MariaDB's")
    people.run(f"ALTER TABLE users MODIFY login VARCHAR(300) COLLATE {collation} NOT NULL")
    assert ("collation_wider" in bad(people)) is wider
    if not wider:
        [(_, text)] = of(people, "collation")
        assert "spaces at the end" in text


@pytest.mark.parametrize(
    ("collation", "rule", "guards"),
    [
        ("general_ci", "ascii_case", True),
        ("general_ci", "case", False),
        ("turkish_ci", "ascii_case", False),
        ("uca1400_as_ci", "case", True),
        ("uca1400_as_ci", "case_and_accents", False),
    ],
)
def test_a_collation_guards_logins_only_if_it_knows_all_that_are_one(
    make: Make, collation: str, rule: str, guards: bool
) -> None:
    people = make(source={"login_match": rule}, site={"create": False})
    if people.engine != "mariadb":
        pytest.skip("it is MariaDB's")
    people.run(f"ALTER TABLE users MODIFY login VARCHAR(300) COLLATE utf8mb4_{collation} NOT NULL")
    people.add("INFO")
    assert ("is unique by login_match" in [text for _, text in of(people, "unique")]) is guards
    if collation == "turkish_ci":
        people.add("info")
        assert of(people, "logins_alike")[0][1].startswith("1 of 2")


def test_empty_logins_are_nobodys(make: Make) -> None:
    table = TABLE.replace("login TEXT NOT NULL UNIQUE", "login TEXT, mail VARCHAR(100)")
    people = make(table, source={"login": ["login", "mail"]}, site={"create": False})
    for mail in ("a@example.com", "b@example.com", ""):
        people.add("", mail=mail)
    assert not {"logins_alike", "logins_clash"} & bad(people)


def test_citext_is_a_surprise_under_exact(make: Make) -> None:
    people = make(TABLE)
    if people.engine != "postgresql":
        pytest.skip("it is PostgreSQL's")
    people.run("CREATE EXTENSION citext")
    people.run("ALTER TABLE users ALTER COLUMN login TYPE citext")
    [(place, text)] = of(people, "collation_wider")
    assert place == "users.login"
    assert "citext" in text
    assert "collation_wider" not in bad(make("", source={"login_match": "case"}))


@pytest.mark.parametrize("rule", ["ascii_case", "case"])
def test_users_whose_logins_differ_in_case_only_are_counted(make: Make, rule: str) -> None:
    people = make(source={"login_match": rule}, site={"create": False})
    if people.engine == "mariadb":
        people.run("ALTER TABLE users MODIFY login VARCHAR(300) COLLATE utf8mb4_bin NOT NULL")
    for login in ("bob", "Bob", "BOB", "eve"):
        people.add(login)
    [(place, text)] = of(people, "logins_alike")
    assert place == "users.login"
    assert text.startswith("2 of 4")
    assert "ob" not in text.replace("nobody", "")


def test_a_constraint_that_keeps_them_apart_needs_no_counting(make: Make) -> None:
    people = make(source={"login_match": "ascii_case"}, site={"create": False})
    people.add("bob")
    if people.engine == "mariadb":  # its usual collation does
        assert of(people, "logins") == []
        return
    [(_, text)] = of(people, "logins")
    statement = text[text.index("CREATE UNIQUE INDEX") :]
    people.run(statement)
    assert of(people, "logins") == []


def test_a_column_that_is_unique_without_case_needs_none_either(tmp_path: Path) -> None:
    table = TABLE.replace("login TEXT NOT NULL UNIQUE", "login TEXT COLLATE NOCASE UNIQUE")
    people = People(tmp_path, table, source={"login_match": "ascii_case"})
    people.add("bob")
    assert of(people, "logins") == []
    assert "no_index" not in bad(people)


def test_an_index_of_some_rows_proves_nothing(tmp_path: Path) -> None:
    people = People(tmp_path, BARE, source={"login_match": "ascii_case"})
    people.run("CREATE UNIQUE INDEX some ON users (lower(login)) WHERE status = 'active'")
    people.add("bob")
    people.add("Bob", status="gone")
    assert {"logins_alike", "key_not_unique"} <= bad(people)


@pytest.mark.parametrize("clash", ["refused", "first"])
def test_a_login_that_is_anothers_in_another_column_is_counted(make: Make, clash: str) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, mail VARCHAR(100) UNIQUE")
    source = {"login": ["login", "mail"], "login_clash": clash}
    people = make(table, source=source, site={"create": False})
    people.add("bob", mail="bob")  # their own
    people.add("eve", mail="adam")
    people.add("adam", mail="a@example.com")
    [(place, text)] = of(people, "logins_clash")
    assert place == "users"
    assert text.startswith("1 logins")
    assert ("first column" in text) is (clash == "first")


def test_a_char_column_that_gives_its_spaces_back_is_an_error(make: Make) -> None:
    people = make(TABLE.replace("login TEXT", "login CHAR(20)"), site={"create": False})
    people.add("bob")
    assert ("keys_padded" in bad(people)) is (people.engine == "postgresql")


@pytest.mark.parametrize(
    ("filter_", "rows", "kind"),
    [
        ({"original": 1}, [("de", 1), ("en", 0)], "not_provable"),
        ({"original": 1}, [("de", 1), ("en", 1)], "subject_not_unique"),
        ({"lang": "de"}, [("de", 1), ("en", 1)], "unique"),
        ({}, [("de", 1)], "subject_not_unique"),
    ],
)
def test_a_key_of_several_columns_needs_a_filter_that_leaves_one(
    make: Make, filter_: dict[str, Any], rows: list[tuple[str, int]], kind: str
) -> None:
    table = (
        "CREATE TABLE users (id INTEGER NOT NULL, lang VARCHAR(9) NOT NULL, original INTEGER,"
        " login TEXT, password TEXT, PRIMARY KEY (id, lang))"
    )
    source = {"filter": filter_, "active": None, "profile": {}}
    people = make(table, source=source, site={"create": False})
    for lang, original in rows:
        people.add("bob", id=1, lang=lang, original=original)
    assert "users.id" in [place for place, _ in of(people, kind)]
