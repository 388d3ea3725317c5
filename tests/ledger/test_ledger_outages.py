"""A ledger that cannot be asked is an outage, within the deadline, and never "nobody"."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import DeadlineExceeded, LedgerUnavailable
from sso_bridge.ledger import SqlLedger
from tests.ledger.rooms import BOB, EVE, Room, soon
from tests.people import locked
from tests.services import MariaDB, PostgreSQL

Work = Callable[[SqlLedger, Deadline], object]
WRITES: list[Work] = [
    lambda node, deadline: node.bind(EVE, "C-2", deadline, origin="minted"),
    lambda node, deadline: node.saw_login(EVE, "eve", deadline),
]
READS: list[Work] = [
    lambda node, deadline: node.binding(BOB, deadline),
    lambda node, deadline: node.holder("C-1", deadline),
    lambda node, deadline: node.check(deadline),
]


def out(node: SqlLedger, works: list[Work], seconds: float = 1.0) -> None:
    for work in works:
        began = time.monotonic()
        with pytest.raises((LedgerUnavailable, DeadlineExceeded)):
            work(node, Deadline(seconds))
        assert time.monotonic() - began < seconds + 4


def test_a_locked_file_is_an_outage(tmp_path: Path) -> None:
    room = Room(f"sqlite:///{tmp_path / 'erids.db'}").create()
    node = room.node(seconds=0.5)
    node.bind(BOB, "C-1", soon(), origin="minted")
    room.close()
    with locked(tmp_path / "erids.db"):
        out(node, [*READS, *WRITES], 0.5)
    assert node.holder("C-1", soon()) == BOB
    room.close()


def test_a_file_that_may_only_be_read_serves_whom_it_knows(tmp_path: Path) -> None:
    room = Room(f"sqlite:///{tmp_path / 'erids.db'}").create()
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    room.close()
    reader = Room(f"sqlite:///file:{tmp_path / 'erids.db'}?mode=ro&uri=true")
    node = reader.node()
    assert node.holder("C-1", soon()) == BOB
    out(node, WRITES)
    assert node.binding(EVE, soon()) is None
    reader.close()


@pytest.mark.parametrize("server", [PostgreSQL, MariaDB])
def test_a_server_that_is_killed_is_an_outage_until_it_is_back(
    server: type[PostgreSQL] | type[MariaDB],
) -> None:
    with server(private=True) as running:
        room = Room(running.new_database()).create()
        node = room.node(seconds=2.0)
        node.bind(BOB, "C-1", soon(), origin="minted")
        running.kill()
        out(node, [*READS, *WRITES], 2.0)
        out(room.node(seconds=2.0), [*READS, *WRITES], 2.0)
        running.start()
        assert node.holder("C-1", soon()) == BOB
        room.close()
