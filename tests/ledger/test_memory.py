"""What a node remembers, and how soon it notices what an operator changed."""

from __future__ import annotations

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Binding, Person
from sso_bridge.errors import IdentityAlarm, LedgerUnavailable
from sso_bridge.ledger import Memory
from tests.ledger.rooms import BOB, EVE, Room, soon, statements
from tests.people import at_once


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def bound(number: int) -> Binding:
    return Binding(Person("shop", str(number)), f"C-{number}", "minted")


def test_what_is_remembered_costs_no_query_until_the_counter_is_due(room: Room) -> None:
    clock = Clock()
    node = room.node(memory=Memory(10, 2.0, clock=clock))
    node.bind(BOB, "C-1", soon(), origin="minted")
    node.saw_login(BOB, "bob", soon())
    with statements(node) as said:
        for _ in range(5):
            node.binding(BOB, soon())
            node.holder("C-1", soon())
            node.bind(BOB, "C-1", soon(), origin="minted")
            node.saw_login(BOB, "bob", soon())
    assert said == []
    clock.now += 2.0
    with statements(node) as said:
        node.binding(BOB, soon())
        node.holder("C-1", soon())
    assert len(said) == 1 and "generation" in said[0]


def test_what_another_node_wrote_is_remembered_after_one_reading(room: Room) -> None:
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    for first in ("binding", "holder"):
        node = room.node(watch_seconds=3600)
        _ = node.binding(BOB, soon()) if first == "binding" else node.holder("C-1", soon())
        with statements(node) as said:
            assert node.holder("C-1", soon()) == BOB
            assert node.binding(BOB, soon()) is not None
        assert said == []


def test_an_operator_s_change_is_noticed_when_the_counter_is_looked_at(room: Room) -> None:
    clock = Clock()
    node, register = room.node(memory=Memory(10, 2.0, clock=clock)), room.register()
    node.bind(BOB, "C-1", soon(), origin="minted")
    node.bind(EVE, "C-2", soon(), origin="minted")
    register.relink("C-1", EVE, "merged", soon(), origin="operator")
    register.retire(EVE, "left", soon(), forget=True)
    clock.now += 1.9
    assert node.holder("C-1", soon()) == BOB
    clock.now += 0.1
    assert node.holder("C-1", soon()) is None
    assert node.holder("C-2", soon()) is None
    for person in (BOB, EVE):
        with pytest.raises(IdentityAlarm):
            node.binding(person, soon())


def test_nobody_who_is_not_there_is_remembered_as_absent(room: Room) -> None:
    node = room.node(watch_seconds=3600)
    assert node.binding(BOB, soon()) is None
    assert node.holder("C-1", soon()) is None
    room.node().bind(BOB, "C-1", soon(), origin="minted")
    assert node.holder("C-1", soon()) == BOB


def test_a_look_that_fails_is_an_outage_and_is_tried_again() -> None:
    clock, looks = Clock(), [0]
    memory = Memory(10, 2.0, clock=clock)

    def look(deadline: Deadline) -> int:
        looks[0] += 1
        if looks[0] in (2, 3):
            raise LedgerUnavailable("gone")
        return 1

    memory.refresh(look, soon())
    memory.keep(bound(1), memory.era)
    clock.now += 2.0
    for _ in range(2):
        with pytest.raises(LedgerUnavailable):
            memory.refresh(look, soon())
    memory.refresh(look, soon())
    memory.refresh(look, soon())
    assert looks[0] == 4
    assert memory.binding(Person("shop", "1")) == bound(1)


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    memory = Memory(10, 0.0)
    memory.refresh(lambda _: 1, soon())
    era = memory.era
    memory.refresh(lambda _: 2, soon())
    memory.keep(bound(1), era)
    memory.keep_login("bob", BOB, era)
    assert memory.binding(BOB) is None
    assert memory.holder("C-1") is None
    assert memory.login("shop", "bob") is None


@pytest.mark.parametrize("most", [0, 1, 50])
def test_no_more_is_kept_than_asked_for_whoever_asks(most: int) -> None:
    memory = Memory(most, 3600.0)

    def work(thread: int) -> None:
        for number in range(thread * 100, thread * 100 + 100):
            memory.keep(bound(number), memory.era)
            memory.keep_login(str(number), BOB, memory.era)

    assert at_once(4, work) == [None] * 4
    kept = [memory.binding(Person("shop", str(number))) for number in range(400)]
    assert sum(binding is not None for binding in kept) == most
    assert sum(memory.holder(f"C-{number}") is not None for number in range(400)) == most
    assert sum(memory.login("shop", str(number)) is not None for number in range(400)) == most


def test_of_threads_that_find_the_counter_due_one_looks() -> None:
    memory, looks = Memory(10, 3600.0), []

    def look(deadline: Deadline) -> int:
        looks.append(1)
        return 1

    at_once(8, lambda _: memory.refresh(look, soon()))
    assert len(looks) == 1
