"""User databases that the tests of one class share, on each engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import MariaDB, PostgreSQL


@pytest.fixture(scope="class", params=["sqlite", "postgresql", "mariadb"])
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database for all tests of a class."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'users.db'}"
        return
    server: PostgreSQL | MariaDB = request.getfixturevalue(request.param)
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(scope="class")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all tests of a class."""
    return tmp_path_factory.mktemp("people")
