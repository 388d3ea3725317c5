"""A server of each engine that all tests here share: it is killed, stopped and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.certificates import write_certificates
from tests.database.shelf import Server, Shelf
from tests.services import MariaDB, PostgreSQL


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the certificates of the servers, and of their client."""
    return write_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> type[PostgreSQL] | type[MariaDB]:
    """The engine; `SERVERS` names them."""
    found: type[PostgreSQL] | type[MariaDB] = request.param
    return found


@pytest.fixture(scope="session")
def server(kind: type[PostgreSQL] | type[MariaDB], certificates: Path) -> Iterator[Server]:
    """Runs, and answers, at the start of each test."""
    with kind(tls=certificates) as server:
        yield server


@pytest.fixture
def shelf(server: Server) -> Iterator[Shelf]:
    """An item on a shelf of the server, by its socket."""
    shelf = Shelf(server.new_database()).fill()
    yield shelf
    shelf.database.close()
    server.drop(shelf.url)
