"""The operators' side: giving ERIDs to many, moving one, taking one back, forgetting."""

from __future__ import annotations

import pytest

from sso_bridge.core.model import Binding, Fingerprint, Person
from sso_bridge.errors import Busy, IdentityAlarm, NotPossible
from sso_bridge.ledger import Register
from sso_bridge.ledger.register import Pair
from tests.ledger.rooms import ANN, BOB, EVE, Room, soon
from tests.people import at_once


def pair(person: Person, erid: str) -> Pair:
    return Pair(person, erid, "imported")


def give(room: Room, person: Person, erid: str) -> None:
    room.node().bind(person, erid, soon(), origin="minted", seal="a:b")


def move(register: Register, erid: str | None, person: Person) -> Binding:
    return register.relink(erid, person, "ticket 1", soon(), origin="operator")


def test_a_batch_says_what_became_of_each(room: Room) -> None:
    register = room.register()
    give(room, BOB, "C-1")
    give(room, EVE, "C-2")
    give(room, ANN, "C-3")
    register.retire(ANN, "left", soon(), forget=False)
    new = [Person("shop", f"n{number}") for number in range(4)]
    batch = [
        pair(BOB, "C-1"),
        pair(EVE, "C-9"),
        pair(ANN, "C-3"),
        pair(new[0], "c-1"),
        pair(new[0], "C-3"),
        pair(new[1], "C-10"),
        pair(new[2], "c-10"),
        pair(new[1], "C-10"),
        pair(new[1], "C-11"),
    ]
    expected = [
        "there",
        "other",
        "retired",
        "shared",
        "shared",
        "bound",
        "shared",
        "there",
        "other",
    ]
    before = room.dump()
    assert room.register().assign(batch, soon(), dry_run=True) == expected
    assert room.dump() == before
    assert register.assign(batch, soon()) == expected
    again = [outcome.replace("bound", "there") for outcome in expected]
    after = room.dump()
    assert register.assign(batch, soon()) == again
    assert room.dump() == after
    assert room.node().holder("C-10", soon()) == new[1]
    assert register.known([BOB, ANN, *new], soon()).keys() == {BOB, new[1]}


def test_a_batch_keeps_fingerprints_only_as_seals(room: Room) -> None:
    fingerprint = Fingerprint("born", "1970-01-02")
    room.register().assign([Pair(BOB, "C-1", "imported", fingerprint)], soon())
    node = room.node()
    binding = node.binding(BOB, soon())
    assert binding is not None and binding.origin == "imported"
    assert binding.seal == node.seal(BOB, fingerprint)
    assert "1970-01-02" not in room.dump()


def test_batches_beside_each_other_and_a_node_give_everybody_one_erid(room: Room) -> None:
    people = [Person("shop", str(number)) for number in range(40)]

    def work(number: int) -> object:
        if number == 2:
            node = room.node()
            return [node.bind(p, f"n-{p.subject}", soon(), origin="minted") for p in people]
        pairs = [pair(p, f"{number}-{p.subject}") for p in people]
        return room.register().assign(pairs, soon())

    answers = at_once(3, work)
    assert [len(answer) for answer in answers] == [40] * 3, answers
    assert len(room.entries()) == 40
    bindings = {b.person: b.erid for batch in room.register().bindings(soon()) for b in batch}
    for number in (0, 1):
        for person, outcome in zip(people, answers[number], strict=True):
            assert (outcome == "bound") == bindings[person].startswith(f"{number}-")


def test_an_erid_moves_and_who_had_it_is_refused_until_given_another(room: Room) -> None:
    give(room, BOB, "C-1")
    give(room, EVE, "C-2")
    register, node = room.register(), room.node()
    assert move(register, "C-1", EVE).erid == "C-1"
    assert node.holder("C-1", soon()) == EVE
    assert node.holder("C-2", soon()) is None
    with pytest.raises(IdentityAlarm) as caught:
        node.binding(BOB, soon())
    assert caught.value.kind == "subject_retired"
    new = move(register, None, BOB)
    assert node.binding(BOB, soon()) == new
    assert register.current(BOB, soon()) == new
    assert register.current("C-2", soon()) is None
    for person in (ANN, EVE, BOB):
        assert register.assign([pair(person, "C-2")], soon()) != ["bound"]
    with pytest.raises(IdentityAlarm) as caught:
        node.bind(ANN, "C-2", soon(), origin="minted")
    assert caught.value.kind == "erid_shared"
    with pytest.raises(NotPossible, match="already"):
        move(register, "C-1", EVE)
    with pytest.raises(NotPossible, match="mistaken"):
        move(register, "c-1", ANN)
    assert move(register, "C-7", ANN).erid == "C-7"


def test_two_people_s_erids_are_swapped_and_swapped_back(room: Room) -> None:
    give(room, BOB, "C-1")
    give(room, EVE, "C-2")
    register = room.register()
    for first, second in (("C-2", "C-1"), ("C-1", "C-2")):
        move(register, first, BOB)
        assert register.current(EVE, soon()) is None
        move(register, second, EVE)
        node = room.node()
        assert node.holder(first, soon()) == BOB
        assert node.holder(second, soon()) == EVE


def test_who_was_retired_may_have_nothing_but_what_they_had(room: Room) -> None:
    give(room, BOB, "C-1")
    register = room.register()
    register.retire(BOB, "left", soon(), forget=False)
    for erid, person in ((None, BOB), ("C-2", BOB), ("C-1", EVE)):
        with pytest.raises(NotPossible, match="retired"):
            move(register, erid, person)
    with pytest.raises(NotPossible, match="retired before"):
        register.retire(BOB, "left", soon(), forget=False)
    with pytest.raises(NotPossible, match="does not know"):
        register.retire(EVE, "left", soon(), forget=False)
    move(register, "C-1", BOB)
    assert room.node().holder("C-1", soon()) == BOB


@pytest.mark.parametrize("first", [True, False], ids=["at-once", "after-retiring"])
def test_of_the_forgotten_nothing_personal_is_left(room: Room, first: bool) -> None:
    person = Person("shop", "subject-zq1")
    register, node = room.register(), room.node()
    node.bind(person, "erid-zq2", soon(), origin="minted", seal="a:b")
    node.saw_login(person, "login-zq3", soon())
    register.relink("erid-zq4", person, "reason-zq5", soon(), origin="operator")
    if not first:
        register.retire(person, "reason-zq6", soon(), forget=False)
    assert "zq" in room.dump()
    register.retire(person, "reason-zq7", soon(), forget=True)
    assert "zq" not in room.dump()
    assert room.run("SELECT * FROM sso_bridge_login") == []
    for erid in ("erid-zq2", "erid-zq4"):
        with pytest.raises(NotPossible, match="forgotten"):
            move(register, erid, BOB)
    with pytest.raises(NotPossible, match="retired"):
        move(register, None, person)
    assert register.assign([pair(person, "C-9"), pair(BOB, "erid-zq2")], soon()) == [
        "retired",
        "shared",
    ]
    assert [event.subject for event in register.history(person, soon())].count(None) >= 3
    assert list(register.bindings(soon())) == []


def test_who_has_the_erid_of_the_forgotten_keeps_it(room: Room) -> None:
    give(room, BOB, "C-1")
    register = room.register()
    move(register, "C-1", EVE)
    register.retire(BOB, "left", soon(), forget=True)
    assert room.node().holder("C-1", soon()) == EVE
    assert [b.erid for batch in register.bindings(soon()) for b in batch] == ["C-1"]
    assert all(entry["subject"] != "1" for entry in room.entries())
    assert all(e["reason"] is None for e in room.entries() if e["erid"] == "C-1")


def test_a_history_tells_of_everybody_concerned(room: Room) -> None:
    give(room, BOB, "C-1")
    give(room, ANN, "C-3")
    register = room.register()
    move(register, "C-1", EVE)
    bound, unlinked = ("bound", "1", "C-1"), ("unlinked", "1", None)
    relinked = ("relinked", "2", "C-1")
    for key, expected in (
        (BOB, [bound, unlinked, relinked]),
        ("C-1", [bound, unlinked, relinked]),
        (EVE, [bound, relinked]),
    ):
        events = register.history(key, soon())
        assert [(e.action, e.subject, e.erid) for e in events] == expected
    assert register.history("C-404", soon()) == []


def test_everybody_is_listed_once_while_others_write(room: Room) -> None:
    register, node = room.register(), room.node()
    people = [Person("shop" if n % 2 else "club", str(n)) for n in range(10_000)]
    for start in range(0, 10_000, 2000):
        pairs = [pair(p, f"C-{p.subject}") for p in people[start : start + 2000]]
        assert set(register.assign(pairs, soon())) == {"bound"}
    seen: list[Binding] = []
    for number, batch in enumerate(register.bindings(soon())):
        seen += batch
        move(room.register(), None, people[number])
        move(room.register(), "C-9990", people[5000 + number]) if number == 1 else None
        node.bind(Person("shop", f"new {number}"), f"N-{number}", soon(), origin="minted")
        if number == 0:
            register.retire(people[9999], "left", soon(), forget=True)
    assert [b.person for b in seen] == people[:9999]
    assert [b.erid for b in seen] == [f"C-{n}" for n in range(9999)]
    shop = [b for batch in register.bindings(soon(), source="shop") for b in batch]
    assert {b.person.source for b in shop} == {"shop"}
    assert len(shop) >= 4999


def test_operators_and_nodes_at_once_leave_one_truth(room: Room) -> None:
    """Whatever the order, an ERID has one person and a person one ERID, on every node."""
    for turn in range(4):
        bob, eve = Person("shop", f"b{turn}"), Person("shop", f"e{turn}")
        erid = f"C-{turn}"
        give(room, bob, erid)
        made = room.node().binding(bob, soon())
        assert made is not None

        def work(
            number: int,
            bob: Person = bob,
            eve: Person = eve,
            erid: str = erid,
            made: Binding = made,
        ) -> object:
            if number == 0:
                return move(room.register(), erid, eve)
            if number == 1:
                room.register().retire(bob, "left", soon(), forget=True)
                return None
            if number == 2:
                return room.node().bind(eve, f"N-{erid}", soon(), origin="minted")
            return room.node().reseal(made, "c:d", soon())

        answers = at_once(4, work)
        expected = (Binding, NotPossible, IdentityAlarm, Busy, type(None))
        assert all(isinstance(answer, expected) for answer in answers), answers
    listed = [b for batch in room.register().bindings(soon()) for b in batch]
    assert len({b.person for b in listed}) == len({b.erid for b in listed}) == len(listed)
    node = room.node()
    for binding in listed:
        assert node.holder(binding.erid, soon()) == binding.person
        assert node.binding(binding.person, soon()) == binding


def test_who_was_retired_is_forgotten_by_the_erid_alone(room: Room) -> None:
    person = Person("shop", "subject-zq1")
    give(room, person, "erid-zq2")
    register = room.register()
    register.retire(person, "reason-zq3", soon(), forget=False)
    register.retire("erid-zq2", "asked", soon(), forget=True)
    assert "zq" not in room.dump()
    with pytest.raises(NotPossible, match="before"):
        register.retire("erid-zq2", "asked", soon(), forget=True)
    with pytest.raises(NotPossible, match="does not know"):
        register.retire("erid-zq9", "asked", soon(), forget=True)


def test_an_erid_that_is_somebody_s_is_not_retired_without_them(room: Room) -> None:
    give(room, BOB, "C-1")
    for erid in ("C-1", "c-1"):
        with pytest.raises(NotPossible, match="somebody's"):
            room.register().retire(erid, "asked", soon(), forget=False)
    assert room.node().holder("C-1", soon()) == BOB
