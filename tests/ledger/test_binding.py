"""Which person has which ERID, for ever, whoever asks at once."""

from __future__ import annotations

import multiprocessing
import uuid

import pytest
from sqlalchemy.exc import IntegrityError

from sso_bridge.core.model import Binding, Fingerprint, Person
from sso_bridge.errors import Busy, IdentityAlarm, LedgerUnavailable
from sso_bridge.ledger import Declared, Memory, SourceDeclared, SqlLedger
from tests.ledger.rooms import ANN, BOB, DECLARED, EVE, Room, soon
from tests.people import at_once

FACES = "\U0001f600" * 255
ODD = [
    "x" * 255,
    FACES,
    FACES[:-1] + "\U0001f601",
    "a",
    "A",
    "a ",
    "a  ",
    " a",
    "á",
    "a\u0301",
    "ß",
    "ss",
    "ａ",
    "ı",
    "i",
    "İ",
    "ﬁ",
    "fi",
    "a\u200b",
    "%",
    "_",
    "'",
    '"; --',
    "\\",
    "1",
    "01",
    "1.0",
    "\u00a0",
    "NULL",
]


def bind(ledger: SqlLedger, person: Person, erid: str) -> Binding:
    return ledger.bind(person, erid, soon(), origin="minted")


def kind_of(answer: object) -> str:
    assert isinstance(answer, IdentityAlarm), answer
    return answer.kind


def test_who_was_never_bound_has_no_erid_and_it_is_nobody_s(ledger: SqlLedger) -> None:
    assert ledger.binding(BOB, soon()) is None
    assert ledger.holder("x", soon()) is None


def test_a_binding_is_found_by_every_node_both_ways(room: Room, ledger: SqlLedger) -> None:
    made = ledger.bind(BOB, "C-1é", soon(), origin="column", seal="a:b")
    for node in (ledger, room.node()):
        assert node.binding(BOB, soon()) == made
        assert node.holder("C-1é", soon()) == BOB
    assert made == Binding(BOB, "C-1é", "column", False, "a:b")


def test_whoever_has_an_erid_keeps_it(room: Room, ledger: SqlLedger) -> None:
    bind(ledger, BOB, "C-1")
    before = room.dump()
    for node in (ledger, room.node(), room.node(most=0)):
        for other in ("C-1", "C-2", "c-1"):
            assert bind(node, BOB, other).erid == "C-1"
    assert room.dump() == before


def test_a_person_is_source_and_subject(ledger: SqlLedger, room: Room) -> None:
    people = [Person(source, subject) for source in ("shop", "club") for subject in ODD]
    for number, person in enumerate(people):
        bind(ledger, person, f"C-{number}")
    other = room.node()
    for number, person in enumerate(people):
        found = other.binding(person, soon())
        assert found is not None and found.erid == f"C-{number}"
        assert other.holder(f"C-{number}", soon()) == person


def test_a_company_that_is_declared_later_makes_nobody_another_person(ledger: SqlLedger) -> None:
    bind(ledger, BOB, "C-1")
    assert bind(ledger, Person("shop", "1", "acme"), "C-2").erid == "C-1"


@pytest.mark.parametrize(
    "like", ["c-1é", "C-1e\u0301", "Ｃ-1é", "C-1é ", "C-1é\u200b", "C-1\u00a0é", "C-1é\ufe0f"]
)
def test_what_could_be_mistaken_for_an_erid_leads_to_nobody_and_is_nobody_else_s(
    room: Room, ledger: SqlLedger, like: str
) -> None:
    bind(ledger, BOB, "C-1é")
    for node in (ledger, room.node()):
        assert node.holder(like, soon()) is None
        with pytest.raises(IdentityAlarm) as caught:
            bind(node, EVE, like)
        assert caught.value.kind == "erid_shared"
        assert node.binding(EVE, soon()) is None


def test_an_exact_ledger_tells_all_erids_apart(empty: Room) -> None:
    room = empty.create(Declared(DECLARED.sources, uniqueness="exact"))
    ledger = room.node()
    for number, erid in enumerate(ODD):
        bind(ledger, Person("shop", str(number)), erid)
    other = room.node()
    for number, erid in enumerate(ODD):
        assert other.holder(erid, soon()) == Person("shop", str(number))
        found = other.binding(Person("shop", str(number)), soon())
        assert found is not None and found.erid == erid


def test_erids_of_255_characters_are_told_apart_by_the_last(ledger: SqlLedger) -> None:
    erids = [c * 254 + d for c in ("x", "\U0001f600") for d in ("y", "\U0001f601")]
    for number, erid in enumerate(erids):
        bind(ledger, Person("shop", str(number)), erid)
    assert [ledger.holder(erid, soon()) for erid in erids] == [
        Person("shop", str(number)) for number in range(4)
    ]


@pytest.mark.parametrize("forget", [False, True], ids=["retired", "forgotten"])
def test_the_erid_of_a_retired_person_is_nobody_s_again(room: Room, forget: bool) -> None:
    ledger = room.node()
    bind(ledger, BOB, "C-1")
    room.register().retire(BOB, "left", soon(), forget=forget)
    for node in (ledger, room.node()):
        assert node.holder("C-1", soon()) is None
        with pytest.raises(IdentityAlarm) as caught:
            node.binding(BOB, soon())
        assert caught.value.kind == "subject_retired"
        with pytest.raises(IdentityAlarm) as caught:
            bind(node, BOB, "C-2")
        assert caught.value.kind == "subject_retired"
        for erid in ("C-1", "c-1"):
            with pytest.raises(IdentityAlarm) as caught:
                bind(node, EVE, erid)
            assert caught.value.kind == "erid_shared"
        assert node.binding(EVE, soon()) is None


def test_an_account_is_marked_as_made_here_for_ever(room: Room, ledger: SqlLedger) -> None:
    assert not bind(ledger, BOB, "C-1").created_here
    made = ledger.bind(BOB, "C-9", soon(), origin="minted", created=True)
    assert (made.erid, made.created_here) == ("C-1", True)
    for node in (ledger, room.node()):
        assert node.binding(BOB, soon()) == made
    sealed = ledger.reseal(made, "a:c", soon())
    assert sealed.created_here and sealed.seal == "a:c"


def test_the_history_only_grows(room: Room) -> None:
    ledger, register = room.node(), room.register()
    written: list[str] = []

    def kept(step: str) -> None:
        now = [str(entry) for entry in room.entries()]
        assert now[: len(written)] == written, step
        assert len(now) > len(written), step
        written[:] = now

    made = ledger.bind(BOB, "C-1", soon(), origin="minted")
    kept("bind")
    ledger.reseal(made, "a:b", soon())
    kept("seal")
    ledger.bind(BOB, "C-1", soon(), origin="minted", created=True)
    kept("created")
    register.relink("C-1", EVE, "merged", soon(), origin="relinked")
    kept("relink")
    register.relink(None, BOB, "again", soon(), origin="relinked")
    kept("relink, new")
    register.relink("C-7", EVE, "other", soon(), origin="relinked")
    kept("relink, other")
    register.retire(EVE, "left", soon(), forget=False)
    kept("retire")
    actions = [entry["action"] for entry in room.entries()]
    assert actions == ["bound", "sealed", "created", "unlinked", "relinked", "relinked",
                       "replaced", "relinked", "retired"]  # fmt: skip


@pytest.mark.parametrize("side", ["subject", "erid"])
def test_the_database_itself_refuses_a_turn_that_is_taken(
    room: Room, ledger: SqlLedger, side: str
) -> None:
    bind(ledger, BOB, "C-1")
    with pytest.raises(IntegrityError):
        room.run(
            "INSERT INTO sso_bridge_entry (action, company, source, origin, created_here, at,"
            f" {side}_digest, {side}_turn) SELECT 'bound', '', 'shop', 'x', 0, 0,"
            f" {side}_digest, {side}_turn FROM (SELECT * FROM sso_bridge_entry) AS e"
        )


def test_of_two_erids_bound_to_one_person_at_once_all_are_told_the_same(room: Room) -> None:
    nodes = [room.node() for _ in range(4)]
    answers = at_once(4, lambda number: bind(nodes[number], BOB, f"C-{number}"))
    assert all(answer == answers[0] for answer in answers), answers
    assert nodes[0].holder(answers[0].erid, soon()) == BOB
    assert len(room.entries()) == 1


def test_of_people_bound_to_one_erid_at_once_one_has_it(room: Room) -> None:
    nodes, people = [room.node() for _ in range(4)], [BOB, EVE, ANN, Person("club", "1")]
    answers = at_once(4, lambda number: bind(nodes[number], people[number], "C-1"))
    bound = [answer for answer in answers if isinstance(answer, Binding)]
    assert [kind_of(a) for a in answers if a not in bound] == ["erid_shared"] * 3
    assert [nodes[0].holder("C-1", soon())] == [binding.person for binding in bound]


def test_threads_of_one_node_give_each_person_one_erid(ledger: SqlLedger) -> None:
    people = [Person("shop", str(number)) for number in range(10)]
    answers = at_once(
        6, lambda _: [bind(ledger, person, uuid.uuid4().hex).erid for person in people]
    )
    assert all(answer == answers[0] for answer in answers), answers
    assert len(set(answers[0])) == len(people)


def _bind_all(url: str) -> list[str]:
    room = Room(url)
    node = room.node()
    bound = [bind(node, Person("shop", str(n)), uuid.uuid4().hex).erid for n in range(20)]
    room.close()
    return bound


def test_processes_give_each_person_one_erid(room: Room) -> None:
    with multiprocessing.get_context("fork").Pool(3) as pool:
        answers = pool.map(_bind_all, [room.url] * 3, chunksize=1)
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == 20
    assert len(room.entries()) == 20


def test_a_seal_belongs_to_its_person_its_columns_and_the_key(empty: Room) -> None:
    key = Declared(DECLARED.sources, key=b"k" * 32)
    ledger = empty.create(key).node()
    ledger.check(soon())
    seals = [
        ledger.seal(person, Fingerprint(columns, values))
        for person in (BOB, EVE, Person("club", "1"))
        for columns in ("created_at", "born")
        for values in ("2020", "2021")
    ]
    assert len(set(seals)) == len(seals)
    assert ledger.seal(BOB, Fingerprint("created_at", "2020")) == seals[0]
    assert all("2020" not in seal and len(seal) <= 80 for seal in seals)
    assert len({seal.partition(":")[0] for seal in seals}) == 2


def test_resealing_at_once_loses_no_mark_and_no_erid(room: Room) -> None:
    for turn in range(5):
        person = Person("shop", f"p{turn}")
        made = bind(room.node(), person, f"C-{turn}")
        nodes = [room.node() for _ in range(4)]

        def work(
            number: int,
            nodes: list[SqlLedger] = nodes,
            made: Binding = made,
        ) -> Binding:
            if number == 0:
                return nodes[0].bind(made.person, "x", soon(), origin="minted", created=True)
            return nodes[number].reseal(made, f"{number}:x", soon())

        answers = at_once(4, work)
        assert [getattr(answer, "erid", answer) for answer in answers] == [made.erid] * 4
        now = room.node().binding(person, soon())
        assert now is not None and now.created_here and now.seal is not None


def test_a_login_that_moves_is_told_once(room: Room) -> None:
    nodes = [room.node() for _ in range(2)]
    assert not nodes[0].saw_login(BOB, "bob", soon())
    assert not nodes[0].saw_login(BOB, "bob", soon())
    assert nodes[1].saw_login(EVE, "bob", soon())
    assert not nodes[1].saw_login(EVE, "bob", soon())
    assert not nodes[0].saw_login(Person("club", "1"), "bob", soon())
    fresh = [room.node() for _ in range(4)]
    answers = at_once(4, lambda number: fresh[number].saw_login(ANN, "bob", soon()))
    assert sorted(answers) == [False, False, False, True]


def test_the_ledger_holds_no_login(room: Room) -> None:
    ledger = room.node()
    ledger.saw_login(BOB, "somebody@example.com", soon())
    ledger.claim("shop", "somebody@example.com", soon())
    assert "somebody" not in room.dump()


def test_a_source_that_was_not_declared_is_an_outage_and_not_nobody(room: Room) -> None:
    ledger = room.node()
    with pytest.raises(LedgerUnavailable, match=r"sources\.attic"):
        ledger.binding(Person("attic", "1"), soon())
    with pytest.raises(LedgerUnavailable, match=r"sources\.attic"):
        bind(ledger, Person("attic", "1"), "C-1")
    assert room.entries() == []


def test_a_lease_that_ended_is_taken_over_and_its_holder_told(room: Room) -> None:
    now = [1000.0]
    ledger = SqlLedger(room.database(), DECLARED, memory=Memory(10, 1.0), clock=lambda: now[0])
    first = ledger.claim("shop", "new", soon())
    first.confirm(soon())
    now[0] += 3600
    second = ledger.claim("shop", "new", soon())
    assert (first.resumed, second.resumed) == (False, True)
    with pytest.raises(Busy, match="taken over"):
        first.confirm(soon())
    first.finish(soon())
    first.abandon()
    second.confirm(soon())
    second.finish(soon())
    assert room.run("SELECT * FROM sso_bridge_claim") == []
    assert not ledger.claim("shop", "new", soon()).resumed


def test_one_at_a_time_may_create_a_login(room: Room) -> None:
    held: list[int] = []

    def work(number: int) -> bool:
        claim = nodes[number].claim("shop", "new", soon())
        held.append(number)
        alone = held == [number]
        held.remove(number)
        claim.finish(soon())
        return alone

    nodes = [room.node() for _ in range(4)]
    assert at_once(4, work) == [True] * 4


def test_sources_have_claims_of_their_own(room: Room) -> None:
    ledger = room.node()
    ledger.claim("shop", "new", soon())
    assert not ledger.claim("club", "new", soon()).resumed


def test_the_declared_names_are_what_people_are_found_under(empty: Room) -> None:
    room = empty.create(Declared({"shop": SourceDeclared("acme")}))
    person = Person("shop", "1", "acme")
    bind(room.node(), person, "C-1")
    found = room.node().holder("C-1", soon())
    assert found is not None and (found, found.company) == (person, "acme")
