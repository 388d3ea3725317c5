"""Configurations that would make one person of two, or two of one, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.config import load
from sso_bridge.errors import ConfigurationError
from sso_bridge.observing import Silent
from sso_bridge.wiring import assemble

SOURCE = """
[sources.{name}]
url = "sqlite:///{file}.db"
table = "users"
subject = "id"
login = "email"
password = "password"
"""
JWT = """
[sessions.link]
kind = "jwt"
signing_key = "a secret of thirty-two bytes or more"
issuer = "us"
audience = "them"
"""
TABLE = """
[sessions.cookie]
kind = "table"
source = "one"
table = "sessions"
token_column = "token"
user_column = "user_id"
expiry_column = "expires_at"
"""


def configured(folder: Path, *parts: str) -> Path:
    path = folder / "bridge.toml"
    path.write_text("\n".join(parts))
    return path


def sites(session: str) -> str:
    return (
        f'[sites.a]\nsource = "one"\nsessions = ["{session}"]\n'
        f'[sites.b]\nsource = "two"\nsessions = ["{session}"]\n'
    )


@pytest.mark.parametrize(
    ("url", "extra"),
    [
        ("sqlite:///users.db", ""),
        ("sqlite:///./users.db", ""),
        ("sqlite+pysqlite:///users.db", ""),
        ("sqlite:///users.db", 'schema = "main"'),
    ],
    ids=["same", "dotted", "driver", "schema"],
)
def test_one_table_in_two_sources_is_refused_however_it_is_spelt(
    tmp_path: Path, url: str, extra: str
) -> None:
    other = SOURCE.format(name="two", file="users").replace("sqlite:///users.db", url) + extra
    text = SOURCE.format(name="one", file="users") + other
    settings, _ = load(configured(tmp_path, text, '[sites.a]\nsource = "one"\n'))
    with pytest.raises(ConfigurationError, match=r"two ERIDs"):
        assemble(settings, tmp_path, Silent())


def test_one_table_of_tokens_for_users_of_two_sources_is_refused(tmp_path: Path) -> None:
    one = SOURCE.format(name="one", file="users")
    two = SOURCE.format(name="two", file="users").replace('table = "users"', 'table = "others"')
    again = TABLE.replace("cookie", "biscuit").replace('"one"', '"two"')
    both = (
        '[sites.a]\nsource = "one"\nsessions = ["cookie"]\n'
        '[sites.b]\nsource = "two"\nsessions = ["biscuit"]\n'
    )
    settings, _ = load(configured(tmp_path, one, two, TABLE, again, both))
    with pytest.raises(ConfigurationError, match=r"set site_column"):
        assemble(settings, tmp_path, Silent())


def test_two_entries_that_take_one_token_for_different_users_are_refused(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="1") + SOURCE.format(name="two", file="2")
    both = (
        '[sites.a]\nsource = "one"\nsessions = ["link"]\n'
        '[sites.b]\nsource = "two"\nsessions = ["other"]\n'
    )
    other = JWT.replace("sessions.link", "sessions.other")
    with pytest.raises(ConfigurationError, match=r"different issuers or audiences"):
        load(configured(tmp_path, text, JWT, other, both))
    elsewhere = other.replace('"them"', '"others"')
    settings, _ = load(configured(tmp_path, text, JWT, elsewhere, both))
    assert set(settings.sessions) == {"link", "other"}


@pytest.mark.parametrize(
    "mapped",
    [
        '[sources.one.profile]\nlocale = "password"',
        '[sources.one.attributes]\nx = { column = "password" }',
    ],
    ids=["profile", "attribute"],
)
def test_the_password_column_is_shown_to_nobody(tmp_path: Path, mapped: str) -> None:
    text = SOURCE.format(name="one", file="1")
    with pytest.raises(ConfigurationError, match="must not be shown"):
        load(configured(tmp_path, text, mapped, '[sites.a]\nsource = "one"\n'))


def test_a_new_user_writes_no_primary_key(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="1")
    mapped = '[sources.one.profile]\nhome_phone = "id"'
    with pytest.raises(ConfigurationError, match="could write the column 'id'"):
        load(configured(tmp_path, text, mapped, '[sites.a]\nsource = "one"\ncreate = true\n'))


def test_a_token_that_several_sites_take_must_name_its_site(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="1") + SOURCE.format(name="two", file="2")
    with pytest.raises(ConfigurationError, match=r"require_site = true"):
        load(configured(tmp_path, text, JWT, sites("link")))
    settings, _ = load(configured(tmp_path, text, JWT, "require_site = true", sites("link")))
    assert set(settings.sites) == {"a", "b"}


def test_a_token_by_erid_may_go_anywhere(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="1") + SOURCE.format(name="two", file="2")
    settings, _ = load(configured(tmp_path, text, JWT, 'names = "erid"', sites("link")))
    assert set(settings.sites) == {"a", "b"}


def test_a_table_of_tokens_names_users_of_its_own_source_only(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="1") + SOURCE.format(name="two", file="2")
    with pytest.raises(ConfigurationError, match=r"sessions.cookie: names users of sources.one"):
        load(configured(tmp_path, text, TABLE, sites("cookie")))
