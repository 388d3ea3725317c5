"""Configurations that would make one person of two, or two of one, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.config import load
from sso_bridge.errors import ConfigurationError

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


def test_one_table_in_two_sources_is_refused(tmp_path: Path) -> None:
    text = SOURCE.format(name="one", file="users") + SOURCE.format(name="two", file="users")
    with pytest.raises(ConfigurationError, match=r"two ERIDs"):
        load(configured(tmp_path, text, '[sites.a]\nsource = "one"\n'))


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
