"""Several tables that may have the users, some of which are empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.wizard import Draft, Question, Target, Wanted, draw_up, take_defaults
from tests.known import devise, django
from tests.known.people import engine_of, execute, insert
from tests.wizard.shops import HASH


def drawn(url: str, folder: Path) -> Draft:
    target = Target(output=folder / "bridge.toml", url=url, source="shop", site="shop")
    return draw_up(target, Wanted(), take_defaults)


def people(url: str, table: str, count: int) -> None:
    """A table of one's own with `count` users."""
    execute(
        url,
        [
            f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, "
            "password VARCHAR(99) NOT NULL)"
        ],
    )
    rows = [{"id": n, "email": f"u{n}@example.com", "password": HASH} for n in range(count)]
    insert(url, table, rows)


@pytest.fixture
def empty_django(url: str) -> str:
    """Django's tables without a user."""
    django.make(url)
    if engine_of(url) == "mariadb":
        execute(url, ["SET FOREIGN_KEY_CHECKS = 0", "DELETE FROM auth_user"])
    else:
        execute(url, ["TRUNCATE auth_user CASCADE"])
    return url


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_the_one_filled_table_is_taken_before_known_software_without_people(
    engine: str, empty_django: str, tmp_path: Path
) -> None:
    people(empty_django, "customers", 2)
    draft = drawn(empty_django, tmp_path)
    assert 'table = "customers"' in draft.text
    assert any("auth_user fits Django" in one and "nobody is in it" in one for one in draft.doubts)
    before = draft.text.partition('table = "customers"')[0]
    assert "# doubt: auth_user fits Django" in before


@pytest.mark.parametrize("engine", ["postgresql"])
def test_of_several_filled_tables_none_is_guessed(
    engine: str, empty_django: str, tmp_path: Path
) -> None:
    people(empty_django, "customers", 2)
    people(empty_django, "members", 2)
    draft = drawn(empty_django, tmp_path)
    assert 'table = "auth_user"' in draft.text
    assert any("nobody is in auth_user, but somebody in" in one for one in draft.doubts)
    asked: list[Question] = []

    def ask(question: Question) -> str:
        asked.append(question)
        return "members" if "members" in question.choices else question.default

    target = Target(output=tmp_path / "bridge.toml", url=empty_django, source="shop", site="shop")
    assert 'table = "members"' in draw_up(target, Wanted(), ask).text
    assert {*asked[0].choices} == {"auth_user", "customers", "members"}


@pytest.mark.parametrize("engine", ["postgresql"])
def test_administrators_do_not_stand_in_for_shoppers_who_are_not_there_yet(
    engine: str, empty_django: str, tmp_path: Path
) -> None:
    people(empty_django, "shop_admins", 2)
    assert 'table = "auth_user"' in drawn(empty_django, tmp_path).text


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_filled_known_schema_is_taken_before_an_empty_one(
    engine: str, empty_django: str, tmp_path: Path
) -> None:
    devise.make(empty_django)
    draft = drawn(empty_django, tmp_path)
    assert draft.title.startswith("Ruby on Rails with Devise")
    assert any("nobody is in it" in one for one in draft.doubts)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_filled_table_of_ones_own_is_taken_before_an_empty_one(
    engine: str, url: str, tmp_path: Path
) -> None:
    people(url, "customers", 0)
    people(url, "customers_2009", 3)
    draft = drawn(url, tmp_path)
    assert 'table = "customers_2009"' in draft.text
    assert any("customers (nobody is in it)" in one for one in draft.doubts)
