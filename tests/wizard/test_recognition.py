"""Known software with another prefix, another table, or something missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from sso_bridge.config.load import load
from sso_bridge.config.source import Source
from sso_bridge.database import Database
from sso_bridge.wizard import Draft, Target, Wanted, draw_up
from sso_bridge.wizard.presets import Preset, known_presets
from sso_bridge.wizard.signatures import SIGNATURES
from tests.known import (
    devise,
    fastapi_users,
    flask_security,
    keycloak,
    laravel,
    magento2,
    opencart,
    prestashop,
    wordpress,
)
from tests.known.people import execute
from tests.services import MariaDB, PostgreSQL


@pytest.fixture
def maria(mariadb: MariaDB) -> Iterator[str]:
    url = mariadb.new_database()
    yield url
    mariadb.drop(url)


@pytest.fixture
def postgres(postgresql: PostgreSQL) -> Iterator[str]:
    url = postgresql.new_database()
    yield url
    postgresql.drop(url)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shop.db'}"


def draw(url: str, folder: Path, **wanted: str) -> tuple[Draft, Source]:
    """The draft, and the source in it as it is loaded."""
    target = Target(output=folder / "bridge.toml", url=url, source="shop", site="shop")
    draft = draw_up(target, Wanted(**wanted), lambda question: question.default)  # type: ignore[arg-type]
    target.output.write_text(draft.text, encoding="utf-8")
    source = load(target.output)[0].sources["shop"]
    assert isinstance(source, Source)
    return draft, source


def rename(url: str, old: str, new: str) -> None:
    """Give all tables that begin with `old` another prefix."""
    database = Database(url, what="test")
    names = [n for n in inspect(database.engine).get_table_names() if n.startswith(old)]
    database.close()
    assert names
    execute(url, [f"RENAME TABLE {n} TO {new}{n.removeprefix(old)}" for n in names])


@pytest.mark.parametrize("preset", known_presets(), ids=lambda preset: preset.name)
def test_every_preset_knows_what_it_maps(preset: Preset) -> None:
    tables = preset.tables()
    uses = [*preset.uses()]
    assert {use.of for use in uses} == set(tables)
    assert all(use.column for use in uses)


def test_every_signature_is_of_a_preset() -> None:
    presets = {preset.name for preset in known_presets()}
    assert SIGNATURES.keys() <= presets
    assert {name for one in SIGNATURES.values() for name in one.over} <= presets


def test_another_prefix_is_found_out(maria: str, tmp_path: Path) -> None:
    wordpress.make(maria)
    rename(maria, "wp_", "x7_")
    draft, source = draw(maria, tmp_path)
    assert draft.choices[0].chosen == "wordpress.toml"
    assert (source.table, source.pairs["meta"].table) == ("x7_users", "x7_usermeta")
    assert [rule.column for rule in source.active_rules()] == ["meta.x7_capabilities"]


def test_a_prefix_reaches_joined_tables_and_comments(maria: str, tmp_path: Path) -> None:
    opencart.make(maria)
    rename(maria, "oc_", "shop_")
    draft, source = draw(maria, tmp_path)
    assert draft.choices[0].chosen == "opencart.toml"
    assert source.addresses is not None
    assert source.addresses.joins["zone_row"].table == "shop_zone"
    assert "oc_" not in "".join(line for line in draft.text.splitlines() if "It needs" in line)


def test_a_network_of_wordpress_sites_keeps_spammers_out(maria: str, tmp_path: Path) -> None:
    wordpress.make(maria)
    added = "ADD spam TINYINT NOT NULL DEFAULT 0, ADD deleted TINYINT NOT NULL DEFAULT 0"
    execute(maria, [f"ALTER TABLE wp_users {added}"])
    _, source = draw(maria, tmp_path)
    assert {"spam", "deleted"} <= {rule.column for rule in source.active_rules()}


def test_another_schema_is_written_everywhere(postgres: str, tmp_path: Path) -> None:
    keycloak.make(postgres)
    moved = ["realm", "user_entity", "credential", "user_attribute"]
    execute(
        postgres,
        ["CREATE SCHEMA auth", *(f"ALTER TABLE {name} SET SCHEMA auth" for name in moved)],
    )
    target = Target(output=tmp_path / "b.toml", url=postgres, source="shop", site="shop")
    draft = draw_up(target, Wanted(schemas=("auth",)), lambda question: question.default)
    assert draft.choices[0].chosen == "keycloak.toml"
    assert draft.text.count('schema = "auth"') == 3


def test_of_several_realms_that_of_most_users_is_taken_and_said(
    postgres: str, tmp_path: Path
) -> None:
    keycloak.make(postgres)
    draft, source = draw(postgres, tmp_path)
    database = Database(postgres, what="test")
    with database.engine.connect() as connection:
        of_anna = connection.exec_driver_sql(
            "SELECT realm_id FROM user_entity WHERE username = 'anna.novak'"
        ).scalar()
    database.close()
    assert source.filter == {"realm_id": of_anna}
    assert any("realms have users" in doubt for doubt in draft.doubts)


def test_of_several_websites_that_of_most_customers_is_taken_and_said(
    maria: str, tmp_path: Path
) -> None:
    magento2.make(maria)
    draft, _ = draw(maria, tmp_path)
    assert load(tmp_path / "bridge.toml")[0].sites["shop"].filter == {"website_id": 1}
    assert any("2 websites have customers" in doubt for doubt in draft.doubts)


def test_a_model_of_another_name_is_recognised(sqlite: str, tmp_path: Path) -> None:
    devise.make(sqlite)
    execute(sqlite, ["ALTER TABLE users RENAME TO customers"])
    draft, source = draw(sqlite, tmp_path)
    assert (draft.choices[0].chosen, source.table) == ("devise.toml", "customers")


def test_administrators_are_not_taken_for_users(sqlite: str, tmp_path: Path) -> None:
    devise.make(sqlite)
    execute(
        sqlite,
        [
            "CREATE TABLE admin_users AS SELECT * FROM users",
            "ALTER TABLE users RENAME TO customers",
        ],
    )
    draft, source = draw(sqlite, tmp_path)
    assert source.table == "customers"
    assert any("admin_users would fit as well" in doubt for doubt in draft.doubts)
    _, source = draw(sqlite, tmp_path, table="admin_users", preset="devise")
    assert source.table == "admin_users"


def test_modules_that_are_not_in_use_are_left_out(sqlite: str, tmp_path: Path) -> None:
    devise.make(sqlite)
    execute(
        sqlite,
        [
            "UPDATE users SET confirmed_at = NULL",
            "ALTER TABLE users DROP COLUMN locked_at",
        ],
    )
    draft, source = draw(sqlite, tmp_path)
    assert source.active_rules() == ()
    assert len([doubt for doubt in draft.doubts if "locked_at" in doubt]) == 1
    assert len([doubt for doubt in draft.doubts if "confirmed_at is NULL" in doubt]) == 1


def test_users_who_were_deleted_are_none(sqlite: str, tmp_path: Path) -> None:
    laravel.make(sqlite)
    execute(sqlite, ["ALTER TABLE users ADD COLUMN deleted_at datetime"])
    _, source = draw(sqlite, tmp_path)
    assert "deleted_at" in source.filter


def test_without_the_softwares_secret_the_configuration_loads_and_says_so(
    sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flask_security.make(sqlite)
    (name,) = flask_security.ENVIRONMENT
    monkeypatch.delenv(name, raising=False)
    draft, source = draw(sqlite, tmp_path)
    assert source.passwords.prepare is None
    assert any(f"The environment has no {name}" in doubt for doubt in draft.doubts)
    monkeypatch.setenv(name, "something")
    assert draw(sqlite, tmp_path)[1].passwords.prepare is not None


def test_a_shop_without_the_cookie_key_loads(
    maria: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prestashop.make(maria)
    for name in prestashop.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    _, source = draw(maria, tmp_path)
    assert source.passwords.digest is None


def test_what_only_looks_like_known_software_is_not_taken_for_it(
    sqlite: str, tmp_path: Path
) -> None:
    execute(
        sqlite,
        [
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, "
            "password TEXT, created_at TIMESTAMP NOT NULL)"
        ],
    )
    draft, _ = draw(sqlite, tmp_path)
    assert draft.title.startswith("no known software")


def test_a_preset_may_be_forced(sqlite: str, tmp_path: Path) -> None:
    fastapi_users.make(sqlite)
    execute(sqlite, ['ALTER TABLE "user" DROP COLUMN is_verified'])
    assert draw(sqlite, tmp_path)[0].title.startswith("no known software")
    draft, _ = draw(sqlite, tmp_path, preset="fastapi-users")
    assert draft.choices[0].chosen == "fastapi-users.toml"
