"""Servers and databases that any test may ask for. A server starts when the first one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.people import People
from tests.services import MariaDB, PostgreSQL, Redis


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server. Kill and start one of your own: `PostgreSQL(private=True)`."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server. Kill and start one of your own: `MariaDB(private=True)`."""
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis server. Kill and start one of your own: `Redis(private=True)`."""
    with Redis() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database on each engine in turn: its SQLAlchemy URL.

    SQLite's is a file `database.db` in `tmp_path` that is not made yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'database.db'}"
        return
    server: PostgreSQL | MariaDB = request.getfixturevalue(request.param)
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def make(tmp_path: Path, database_url: str) -> Callable[..., People]:
    """`People` whose user database is on each engine in turn; the ledger is a file."""
    if database_url.startswith("sqlite"):
        return partial(People, tmp_path)
    return partial(People, tmp_path, url=database_url)
