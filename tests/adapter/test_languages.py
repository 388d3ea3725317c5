"""Columns of PostgreSQL with the letters of a language: its small I may not be i."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from tests.people import TABLE, People, erid_in, refused
from tests.services import PostgreSQL

BY_CASE: dict[str, Any] = {"login_match": "ascii_case"}


@pytest.mark.parametrize("locale", ["tr", "az", "lt", "und", "el"])
@pytest.mark.parametrize("select", [False, True])
def test_a_login_is_found_whatever_language_its_column_is_in(
    postgresql: PostgreSQL, tmp_path: Path, locale: str, select: bool
) -> None:
    url = postgresql.new_database()
    query = {"table": None, "select": "SELECT id, login, password, status, first_name FROM users"}
    people = People(
        tmp_path,
        f"CREATE COLLATION own (provider = icu, locale = '{locale}');"
        + TABLE.replace("login TEXT", "login VARCHAR(50) COLLATE own"),
        url=url,
        source={**BY_CASE, **(query if select else {})},
        site={"create": False},
    )
    for stored, sent in [
        ("INFO", "info"),
        ("kiT", "KIT"),
        ("\u00ccda J\u0301", "\u00ccDA j\u0301"),
    ]:
        people.add(stored)
        assert people.login(sent).key.login_id == stored
    assert refused(people.login("\u0131nfo")) == "invalid_login"
    assert people.alarms == []
    postgresql.drop(url)


def test_a_column_of_no_language_is_compared_as_an_index_on_its_small_letters_has_it(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.new_database()
    people = People(tmp_path, TABLE, url=url, source=BY_CASE)
    people.add("Bob")
    assert erid_in(people.login("bob"))
    source: Any = people.parts.sources["shop"]
    with source._database.connection(Deadline(5)) as connection:
        look_up = dict(source.look_ups(connection))["login"]
    assert "lower(users.login) IN" in look_up.statement.sql
    assert "COLLATE" not in look_up.statement.sql
    postgresql.drop(url)
