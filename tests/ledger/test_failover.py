"""The ledger's server is lost and its standby takes over: what becomes of ERIDs."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Self

import pytest
from sqlalchemy import make_url, text

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Person
from sso_bridge.errors import DeadlineExceeded, LedgerUnavailable
from sso_bridge.ledger import SqlLedger
from tests.ledger.rooms import Room
from tests.services import PostgreSQL

PEOPLE: Final = [Person("shop", str(number)) for number in range(20)]
NEW: Final = Person("shop", "new")
pytestmark = pytest.mark.xdist_group("failover")


class Standby(PostgreSQL):
    """A copy of `primary` that follows it."""

    programs = (*PostgreSQL.programs, "pg_basebackup")

    def __init__(self, primary: PostgreSQL) -> None:
        self._primary = primary
        super().__init__(private=True)

    def _prepare(self) -> None:
        self._run(
            self._program("pg_basebackup"),
            *("--pgdata", "data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
            *("--host", str(self._primary.folder), "--username", "postgres"),
        )

    def promote(self) -> None:
        """Become the one that takes writes."""
        with self.administration() as connection:
            assert connection.execute(text("SELECT pg_promote()")).scalar()


class Pair:
    """A server, the standby that follows it, and a ledger on them."""

    def __init__(self, primary: PostgreSQL) -> None:
        self.primary = primary
        made = make_url(primary.new_database())
        self.room = Room(made.render_as_string(hide_password=False)).create()
        self.standby = Standby(primary)
        both = (str(primary.folder), str(self.standby.folder))
        url = made.set(query={"host": both, "target_session_attrs": "read-write"})
        self.url = url.render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.room.close()
        self.standby.stop()

    def set(self, name: str, value: str) -> None:
        """A setting of the server."""
        with self.primary.administration() as connection:
            connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
            connection.execute(text("SELECT pg_reload_conf()"))
        ends = time.monotonic() + 20
        while self.shown(name) != value:
            assert time.monotonic() < ends
            time.sleep(0.02)

    def shown(self, name: str) -> str:
        with self.primary.administration() as connection:
            return str(connection.execute(text(f"SHOW {name}")).scalar())

    def stop_following(self) -> None:
        """The standby hears nothing more of its server."""
        with self.primary.administration() as connection:
            (sender,) = connection.execute(text("SELECT pid FROM pg_stat_replication")).one()
        os.kill(sender, signal.SIGSTOP)

    def fail_over(self) -> None:
        """The server is lost, and its standby takes its place."""
        self.primary.kill()
        self.standby.promote()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with PostgreSQL(private=True) as primary, Pair(primary) as pair:
        yield pair


def node(pair: Pair) -> SqlLedger:
    """One that finds the server that takes writes."""
    return Room(pair.url).node(seconds=2.0)


def bound(ledger: SqlLedger, person: Person) -> str | None:
    """The ERID that they were given; None for an outage."""
    with suppress(LedgerUnavailable, DeadlineExceeded):
        return ledger.bind(person, str(uuid.uuid4()), Deadline(2.0), origin="minted").erid
    return None


def known(ledger: SqlLedger, person: Person) -> str | None:
    found = ledger.binding(person, Deadline(10.0))
    return None if found is None else found.erid


def test_with_a_synchronous_standby_no_erid_that_was_answered_is_lost(pair: Pair) -> None:
    pair.set("synchronous_standby_names", "*")
    before, other = node(pair), node(pair)
    answered = {person: bound(before, person) for person in PEOPLE}
    assert all(answered.values())
    pair.stop_following()
    assert bound(before, NEW) is None, "it was answered and is on one server alone"
    assert known(other, NEW) is None, "it was told by another node"
    pair.fail_over()
    after = node(pair)
    for person, erid in answered.items():
        assert known(after, person) == erid
        assert known(before, person) == erid, "the node that was there all the time"
    assert known(after, NEW) is None
    assert bound(before, NEW) is not None


def test_with_a_standby_that_lags_an_erid_is_lost_and_a_second_one_given(pair: Pair) -> None:
    """This is why docs/several-nodes.md asks for a synchronous one."""
    before = node(pair)
    pair.stop_following()
    answered = bound(before, NEW)
    assert answered is not None
    pair.fail_over()
    after = node(pair)
    assert known(after, NEW) is None
    assert bound(after, NEW) not in (None, answered)
    assert known(before, NEW) == answered, "it remembers, until it is restarted"
