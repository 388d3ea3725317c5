"""Our own sources pass the suite that others are given, on every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import NullPool, create_engine

from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Address, Lookup, NewUser, Profile
from sso_bridge.core.ports import UserSource
from sso_bridge.testing import Known, SourceSuite
from sso_bridge.wiring.factory import Checked
from tests.adapter.remembered import Remembered
from tests.adapter.wrong import OnRemembered
from tests.people import People

TABLES = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE, password TEXT,
    status TEXT, first_name TEXT, erid TEXT, kind TEXT
);
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, kind TEXT, city TEXT
);
CREATE TABLE details (user_id INTEGER PRIMARY KEY, family_name TEXT);
CREATE TABLE meta (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, name TEXT, value TEXT
)"""
HASH = "$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcd"
ROWS = f"""
DELETE FROM users; DELETE FROM addresses; DELETE FROM details; DELETE FROM meta;
INSERT INTO users (id, login, password, status, first_name, erid, kind) VALUES
    (7007, 'bob@example.com', '{HASH}7', 'active', 'Bob', 'E-7', 'customer'),
    (7008, 'éva@example.com', '{HASH}8', 'active', NULL, 'E-8', 'customer'),
    (7009, 'ida@example.com', NULL, 'banned', NULL, 'E-9', 'customer'),
    (7010, 'guest@example.com', '{HASH}0', 'active', NULL, 'E-0', 'guest'),
    (7011, 'twin@example.com', '{HASH}1', 'active', NULL, 'E-8', 'customer');
INSERT INTO details VALUES (7007, 'Baker');
INSERT INTO meta (user_id, name, value) VALUES (7007, 'phone', '030');
INSERT INTO addresses (user_id, kind, city) VALUES (7007, 'shipping', 'Berlin');
"""
BOB = Profile(
    first_name="Bob", last_name="Baker", home_phone="030", shipping_address=Address(city="Berlin")
)


class OnSql(SourceSuite):
    """The suite on people in a database."""

    seconds = 10.0
    source_settings: ClassVar[dict[str, Any]] = {
        "erid": {"strategy": "column", "column": "erid"},
        "filter": {"kind": "customer"},
        "profile": {
            "first_name": "first_name",
            "last_name": "details.family_name",
            "home_phone": "meta.phone",
        },
        "joins": {"details": {"table": "details", "on": {"user_id": "id"}}},
        "pairs": {
            "meta": {"table": "meta", "user": "user_id", "name": "name", "value": "value"},
        },
        "addresses": {
            "table": "addresses",
            "user": "user_id",
            "kind": "kind",
            "fields": {"city": "city"},
        },
    }

    @pytest.fixture(scope="class")
    @classmethod
    def people(cls, shared_url: str, folder: Path) -> People:
        suite = cls
        settings = {**suite.source_settings, "login_match": suite.login_rule.value}
        url = None if shared_url.startswith("sqlite") else shared_url
        return People(folder, TABLES, url=url, source=settings, site={"create": suite.creates})

    @pytest.fixture
    def source(self, people: People) -> UserSource:
        engine = create_engine(people.url or f"sqlite:///{people.file}", poolclass=NullPool)
        with engine.begin() as connection:
            for statement in filter(str.strip, ROWS.split(";")):
                connection.exec_driver_sql(statement)
        return people.parts.sources["shop"]

    @pytest.fixture
    def known(self) -> Sequence[Known]:
        return [
            Known(
                subject="7007",
                login="bob@example.com",
                erid="E-7",
                password_hash=f"{HASH}7",
                profile=BOB,
            ),
            Known(subject="7008", login="éva@example.com", password_hash=f"{HASH}8"),
            Known(subject="7009", login="ida@example.com", erid="E-9", active=False),
        ]

    @pytest.fixture
    def shared_key(self) -> Lookup:
        return Lookup("erid", "E-8")

    @pytest.fixture
    def newcomer(self) -> NewUser:
        profile = Profile(
            first_name="Näw", last_name="O'Neil", home_phone="1", shipping_address=Address(city="X")
        )
        return NewUser(login="new@x.de", password_hash=HASH, erid="E-new", profile=profile)

    @pytest.fixture
    def outage(self, people: People) -> AbstractContextManager[object]:
        @contextmanager
        def without_table() -> Iterator[None]:
            people.run("ALTER TABLE users RENAME TO gone")
            yield
            people.run("ALTER TABLE gone RENAME TO users")

        return without_table()


class TestTable(OnSql):
    creates = True
    rehashes = True


class TestSelect(OnSql):
    """People are the rows of a query, read without regard to case."""

    login_rule = LoginRule.ASCII_CASE
    source_settings: ClassVar[dict[str, Any]] = {
        **{key: value for key, value in OnSql.source_settings.items() if key != "filter"},
        "table": None,
        "select": "SELECT id, login, password, status, first_name, erid FROM users"
        " WHERE kind = :kind",
        "select_values": {"kind": "customer"},
    }


class TestChecked(OnRemembered):
    """What stands around a source in Python lets everything through that is right."""

    @pytest.fixture
    def source(self) -> UserSource:
        return Checked(Remembered(), name="shop", login_rule=LoginRule.EXACT)

    @pytest.fixture
    def outage(self, source: Checked) -> AbstractContextManager[object]:
        inner = source._users
        assert isinstance(inner, Remembered)
        return inner.outage()
