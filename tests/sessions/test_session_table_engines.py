"""Tokens in a table with real column types, on each engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Identity, Lookup
from sso_bridge.database import Database
from sso_bridge.errors import IdentityAlarm, InvalidSession, SourceUnavailable
from sso_bridge.sessions import TableFormat, TableIssuer, TokenTable
from tests.people import execute, execute_at

NOW = 1_800_000_000
WHEN = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
TOKEN = "Zm9vYmFy-0123456789_abcdefghijklmnopqrstuvw"
MAPPED: dict[str, Any] = {
    "table": "sessions",
    "token_column": "token",
    "hashing": "plain",
    "user_column": "user_id",
    "names": "subject",
    "no_expiry_is_valid": True,
}
TABLE = """CREATE TABLE sessions (
    token TEXT, user_id INTEGER, seconds BIGINT, naive {naive}, aware {aware}, revoked BOOLEAN,
    site TEXT
)"""
TIMES = {
    "sqlite": ("TEXT", "TEXT"),
    "postgresql": ("TIMESTAMP", "TIMESTAMPTZ"),
    "mariadb": ("DATETIME(6)", "VARCHAR(40)"),
}


class Client:
    """A client's database with a table of sessions."""

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("sqlite"):
            Path(url.removeprefix("sqlite:///")).touch()
        self.database = Database(url, what="source 'shop'", unavailable=SourceUnavailable)
        self.engine = self.database.engine.dialect.name
        naive, aware = TIMES[self.engine]
        self.run(TABLE.format(naive=naive, aware=aware))

    def run(self, statement: str, *values: object) -> list[Any]:
        if self.engine == "sqlite":
            return execute(Path(self.url.removeprefix("sqlite:///")), statement, *values)
        return execute_at(self.url, statement, *values)

    def add(self, token: str = TOKEN, **values: object) -> None:
        row = {"token": token, "user_id": 7, **values}
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO sessions ({', '.join(row)}) VALUES ({marks})", *row.values())

    def verify(self, token: str = TOKEN, *, later: int = 0, **mapped: Any) -> Identity | None:
        table = TokenTable(**(MAPPED | mapped))
        session_format = TableFormat(database=self.database, table=table, now=lambda: NOW + later)
        return session_format.verify(token, "shop-de", Deadline(5))


@pytest.fixture
def client(database_url: str) -> Iterator[Client]:
    client = Client(database_url)
    yield client
    client.database.close()


def test_a_token_names_its_user_and_no_other_token_does(client: Client) -> None:
    client.add()
    assert client.verify() == Identity(Lookup("subject", "7"), None, "table")
    for other in ("another", TOKEN.lower(), TOKEN.upper(), TOKEN + " ", "' OR '1'='1", "%", "5"):
        assert client.verify(other) is None


def test_a_row_that_only_a_collation_takes_for_the_token_is_not_it(client: Client) -> None:
    client.add(TOKEN.upper(), user_id=8)
    assert client.verify() is None
    client.add()
    assert client.verify() == Identity(Lookup("subject", "7"), None, "table")


@pytest.mark.parametrize("write", [str.lower, str.upper], ids=["small", "capital"])
def test_a_hashed_token_is_found(client: Client, write: Any) -> None:
    client.add(write(hashlib.sha256(TOKEN.encode()).hexdigest()))
    assert client.verify(hashing="sha256") is not None
    assert client.verify() is None


def test_two_rows_for_one_token_are_an_alarm(client: Client) -> None:
    client.add()
    client.add(user_id=8)
    with pytest.raises(IdentityAlarm):
        client.verify()


@pytest.mark.parametrize("column", ["seconds", "naive"])
def test_a_session_is_good_until_its_expiry(client: Client, column: str) -> None:
    kind = {"seconds": "epoch_seconds", "naive": "naive_utc"}[column]
    good: dict[str, object] = {"seconds": NOW + 1, "naive": str(WHEN + timedelta(seconds=1))}
    client.add("good", **{column: good[column]})
    client.add("gone", **{column: {"seconds": NOW, "naive": str(WHEN)}[column]})
    mapped: dict[str, Any] = {"expiry_column": column, "expiry_kind": kind}
    assert client.verify("good", **mapped) is not None
    with pytest.raises(InvalidSession, match="expired"):
        client.verify("gone", **mapped)


@pytest.mark.parametrize(("flag", "good"), [(False, True), (True, False), (None, False)])
def test_a_revoked_session_is_refused(client: Client, flag: bool | None, good: bool) -> None:
    client.add(revoked=flag)
    if good:
        assert client.verify(revoked_column="revoked") is not None
    else:
        with pytest.raises(InvalidSession):
            client.verify(revoked_column="revoked")


@pytest.mark.parametrize("site", ["shop-fr", "SHOP-DE", "shop-de ", "", None])
def test_a_session_of_another_site_is_refused(client: Client, site: str | None) -> None:
    client.add(site=site)
    with pytest.raises(InvalidSession, match="another site"):
        client.verify(site_column="site")


@pytest.mark.parametrize(
    ("column", "kind"),
    [("naive", "naive_utc"), ("aware", "aware"), ("seconds", "epoch_seconds")],
)
def test_an_issued_token_is_accepted_until_it_expires(
    client: Client, column: str, kind: Any
) -> None:
    if (client.engine, column) == ("mariadb", "aware"):
        pytest.skip("MariaDB has no type for a time with an offset")
    mapped: dict[str, Any] = {
        "expiry_column": column,
        "expiry_kind": kind,
        "revoked_column": "revoked",
        "site_column": "site",
    }
    issuer = TableIssuer(
        database=client.database,
        table=TokenTable(**(MAPPED | mapped)),
        lifetime_seconds=600,
        now=lambda: NOW,
    )
    token = issuer.issue(Lookup("subject", "7"), "shop-de", Deadline(5))
    assert client.verify(token, later=599, **mapped) is not None
    with pytest.raises(InvalidSession, match="expired"):
        client.verify(token, later=600, **mapped)


def test_a_table_that_is_gone_is_an_outage(client: Client) -> None:
    client.run("DROP TABLE sessions")
    with pytest.raises(SourceUnavailable) as caught:
        client.verify()
    assert TOKEN not in caught.value.details
