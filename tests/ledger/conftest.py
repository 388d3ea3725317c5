from __future__ import annotations

from collections.abc import Iterator

import pytest

from sso_bridge.ledger import SqlLedger
from tests.ledger.rooms import Room


@pytest.fixture
def empty(database_url: str) -> Iterator[Room]:
    """An empty database on each engine in turn; for SQLite, not even a file."""
    room = Room(database_url)
    yield room
    room.close()


@pytest.fixture
def room(empty: Room) -> Room:
    """A new ledger on each engine in turn."""
    return empty.create()


@pytest.fixture
def ledger(room: Room) -> SqlLedger:
    """A node on it, which remembers but looks at the counter before everything it does."""
    return room.node()
