"""A short run of the machine of model.py, the proof that it finds what is broken, and what it led
to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sso_bridge import wiring
from sso_bridge.core.alarms import SUBJECT_REUSED
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.directory import Directory
from sso_bridge.core.guard import Guard
from sso_bridge.core.model import Person
from sso_bridge.core.site import Source
from sso_bridge.errors import IdentityAlarm
from sso_bridge.ledger import Memory, Register
from sso_bridge.ledger import sql as ledger_module
from sso_bridge.ledger.digests import Digests
from sso_bridge.ledger.entries import BOUND, Entries
from tests.people import TABLE, People, refused
from tests.proofs.model import Town, TownWithFingerprints, play
from tests.proofs.truth import Broken


@pytest.mark.parametrize("machine", [Town, TownWithFingerprints])
def test_the_bridge_and_the_model_agree_whatever_happens(
    machine: type[Town], database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        tally = play(machine, examples=25, steps=40)
    else:
        tally = play(machine, examples=8, steps=40, ledger_url=database_url)
    assert tally.steps.total() > 80
    assert tally.answers["ProfileAnswer"] > 30
    assert tally.alarms.total() > 10


def remember_for_ever() -> Any:
    """Nobody looks whether an operator changed something."""
    return mock.patch.object(Memory, "refresh", lambda self, look, deadline: look(deadline))


def tell_twins_apart() -> Any:
    """ERIDs that look alike are taken for different ones."""
    return mock.patch.object(Digests, "erid", lambda self, erid: self._of("erid", erid))


def believe_the_column() -> Any:
    """A changed column is not noticed: the strategy column is no longer compared."""
    return mock.patch("sso_bridge.core.guard.COLUMN", "(none)")


def believe_the_key() -> Any:
    """A fingerprint that changed is of no consequence."""
    caught = Guard._caught

    def indifferent(self: Guard, source: Source, alarm: IdentityAlarm) -> None:
        if alarm.kind != SUBJECT_REUSED:
            caught(self, source, alarm)

    return mock.patch.object(Guard, "_caught", indifferent)


def forget_the_retired() -> Any:
    """Whoever was retired still has an ERID."""
    return mock.patch.object(ledger_module, "BOUND", BOUND | {"retired"})


@contextmanager
def steal() -> Iterator[None]:
    """An ERID that is somebody's is given to whoever comes with it."""
    add = Entries.add

    def overwrite(connection: Connection, *rows: dict[str, Any]) -> None:
        for row in rows:
            while True:
                try:
                    add(connection, row)
                    break
                except IntegrityError:
                    row["erid_turn"] += 1

    with mock.patch.object(Entries, "add", staticmethod(overwrite)):
        yield


@contextmanager
def change_in_silence() -> Iterator[None]:
    """An operator's change does not move the counter that nodes watch."""
    change = Register._change

    def silent(self: Register, work: Any, deadline: Any) -> None:
        change(self, work, deadline)
        with self._database.connection(deadline, write=True) as connection:
            connection.exec_driver_sql("UPDATE sso_bridge_ledger SET generation = generation - 1")

    with mock.patch.object(Register, "_change", silent):
        yield


def answer_the_wrong_person() -> Any:
    """The keys of two people are taken for one's: login and ERID are not held together."""
    return mock.patch.object(Directory, "agree", return_value=None)


MUTATIONS = [
    remember_for_ever,
    tell_twins_apart,
    believe_the_column,
    believe_the_key,
    forget_the_retired,
    steal,
    change_in_silence,
    answer_the_wrong_person,
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_the_machine_finds_a_bridge_that_was_made_to(mutation: Callable[[], Any]) -> None:
    with mutation(), pytest.raises(Broken):
        play(TownWithFingerprints, examples=200, steps=40)


def test_a_seal_is_not_written_over_by_a_node_that_remembers_none(tmp_path: Path) -> None:
    table = TABLE.replace("first_name TEXT", "first_name TEXT, born TEXT")
    erid = {"erid": {"fingerprint": ["born"]}}
    one = People(tmp_path, table, source=erid)
    other = People(tmp_path, "", source=erid)
    one.add("bob", born="yesterday")
    given = wiring.register(one.settings, tmp_path).relink(
        None, Person("shop", "1"), "asked for", Deadline(5), origin="operator"
    )
    assert refused(one.get(external_reference_id=given.erid, login_id="eve")) == "invalid_user_key"
    assert other.erid("bob") == given.erid
    one.run("DELETE FROM users")
    one.add("eve", id=1, born="today")
    assert refused(other.login("eve")) == "invalid_login"
    assert refused(one.login("eve")) == "invalid_login"
