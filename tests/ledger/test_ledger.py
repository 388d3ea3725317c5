"""Which person has which ERID, for ever, whoever asks at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Person
from sso_bridge.database import Database
from sso_bridge.errors import ConfigurationError, IdentityAlarm, LedgerUnavailable
from sso_bridge.ledger import SqlLedger
from tests.people import at_once, execute

BOB, EVE = Person("shop", "1"), Person("shop", "2")


def soon() -> Deadline:
    return Deadline(30)


def opened(path: Path) -> SqlLedger:
    return SqlLedger(
        Database(f"sqlite:///{path}", what="ledger", unavailable=LedgerUnavailable, durable=True)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erids.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqlLedger]:
    ledger = opened(path)
    yield ledger
    ledger._database.close()


def test_a_minted_erid_is_a_random_uuid_and_stays(ledger: SqlLedger, path: Path) -> None:
    erid = ledger.mint(BOB, soon())
    assert uuid.UUID(erid).version == 4
    assert ledger.mint(BOB, soon()) == opened(path).mint(BOB, soon()) == erid


def test_who_was_never_given_an_erid_has_none(ledger: SqlLedger) -> None:
    assert ledger.erid_of(BOB, soon()) is None
    assert ledger.person_of("x", soon()) is None
    assert not ledger.is_created_here(BOB, soon())


def test_a_person_is_source_and_subject(ledger: SqlLedger) -> None:
    people = [BOB, EVE, Person("other", "1"), Person("Shop", "1"), Person("shop", "1 "),
              Person("shop1", ""), Person("sho", "p1"), Person("shop", "01")]  # fmt: skip
    assert len({ledger.mint(person, soon()) for person in people}) == len(people)


def test_a_company_that_is_declared_later_makes_nobody_another_person(ledger: SqlLedger) -> None:
    erid = ledger.mint(BOB, soon())
    assert ledger.mint(Person("shop", "1", "acme"), soon()) == erid


def test_an_erid_leads_to_its_person_exactly(ledger: SqlLedger) -> None:
    ledger.bind(BOB, "C-1é", soon())
    assert ledger.person_of("C-1é", soon()) == BOB
    for like in ("c-1é", "C-1e\u0301", "Ｃ-1é", "C-1é ", "C-1é\u200b"):
        assert ledger.person_of(like, soon()) is None


def test_binding_again_confirms(ledger: SqlLedger) -> None:
    ledger.bind(BOB, "C-1", soon())
    ledger.bind(BOB, "C-1", soon())
    assert ledger.erid_of(BOB, soon()) == "C-1"


def test_a_second_erid_for_one_person_is_an_alarm(ledger: SqlLedger) -> None:
    ledger.bind(BOB, "C-1", soon())
    for other in ("C-2", "c-1", "C-1 "):
        with pytest.raises(IdentityAlarm) as caught:
            ledger.bind(BOB, other, soon())
        assert caught.value.kind == "erid_changed"
    assert ledger.erid_of(BOB, soon()) == "C-1"


@pytest.mark.parametrize("like", ["C-1", "c-1", "Ｃ-1", "C-\u200b1", "C-1\ufe0f", " C-1"])
def test_an_erid_that_could_be_mistaken_for_another_s_is_an_alarm(
    ledger: SqlLedger, like: str
) -> None:
    ledger.bind(BOB, "C-1", soon())
    with pytest.raises(IdentityAlarm) as caught:
        ledger.bind(EVE, like, soon())
    assert caught.value.kind == "erid_shared"
    assert ledger.erid_of(EVE, soon()) is None


def test_an_account_is_marked_as_made_here_for_ever(ledger: SqlLedger) -> None:
    ledger.bind(BOB, "C-1", soon())
    assert not ledger.is_created_here(BOB, soon())
    ledger.bind(BOB, "C-1", soon(), created=True)
    ledger.bind(BOB, "C-1", soon())
    assert ledger.is_created_here(BOB, soon())


def test_threads_that_mint_at_once_give_each_person_one_erid(path: Path) -> None:
    ledger = opened(path)
    people = [Person("shop", str(number)) for number in range(5)]
    answers = at_once(8, lambda _: [ledger.mint(person, soon()) for person in people])
    assert all(answer == answers[0] for answer in answers), answers
    assert len(set(answers[0])) == len(people)


def _mint(path: str) -> list[str]:
    ledger = opened(Path(path))
    return [ledger.mint(Person("shop", str(number)), soon()) for number in range(10)]


def test_processes_that_mint_at_once_give_each_person_one_erid(path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        answers = pool.map(_mint, [str(path)] * 4, chunksize=1)
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == 10
    assert execute(path, "SELECT count(*) FROM sso_bridge_binding") == [(10,)]


def test_ledgers_that_are_first_used_at_once_agree(path: Path) -> None:
    ledgers = [opened(path) for _ in range(6)]
    answers = at_once(6, lambda number: ledgers[number].mint(BOB, soon()))
    assert answers == [ledgers[0].erid_of(BOB, soon())] * 6


def test_a_ledger_that_may_only_be_read_knows_whom_it_knew(path: Path, ledger: SqlLedger) -> None:
    erid = ledger.mint(BOB, soon())
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    reader = SqlLedger(Database(url, what="ledger", unavailable=LedgerUnavailable))
    assert reader.mint(BOB, soon()) == erid
    with pytest.raises(LedgerUnavailable):
        reader.mint(EVE, soon())


def test_of_two_people_bound_to_one_erid_at_once_one_has_it(ledger: SqlLedger) -> None:
    people = [BOB, EVE, Person("other", "1")]
    answers = at_once(3, lambda number: ledger.bind(people[number], "C-1", soon()))
    assert [type(answer) for answer in answers].count(IdentityAlarm) == 2
    holder = ledger.person_of("C-1", soon())
    assert holder is not None
    assert answers[people.index(holder)] is None


def test_of_two_erids_bound_to_one_person_at_once_one_is_theirs(ledger: SqlLedger) -> None:
    answers = at_once(3, lambda number: ledger.bind(BOB, f"C-{number}", soon()))
    assert [type(answer) for answer in answers].count(IdentityAlarm) == 2
    assert ledger.erid_of(BOB, soon()) == f"C-{answers.index(None)}"


@pytest.mark.parametrize("values", [("9", "C-1", "c-1"), ("1", "C-9", "c-9")])
def test_the_database_itself_keeps_one_erid_a_person_and_one_person_an_erid(
    ledger: SqlLedger, path: Path, values: tuple[str, ...]
) -> None:
    ledger.bind(BOB, "C-1", soon())
    row = (
        "INSERT INTO sso_bridge_binding (company, source, subject, erid, erid_canonical,"
        " created_here, bound_at) VALUES ('', 'shop', ?, ?, ?, 0, 0)"
    )
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        execute(path, row, *values)


def test_a_ledger_of_another_version_is_not_touched(ledger: SqlLedger, path: Path) -> None:
    ledger.check(soon())
    execute(path, "UPDATE sso_bridge_version SET version = 99")
    with pytest.raises(ConfigurationError, match="99"):
        opened(path).mint(BOB, soon())
    assert execute(path, "SELECT count(*) FROM sso_bridge_binding") == [(0,)]


def test_a_lease_that_ended_is_taken_over_and_its_holder_told(path: Path) -> None:
    now = [1000.0]
    ledger = SqlLedger(
        Database(f"sqlite:///{path}", what="ledger", durable=True), clock=lambda: now[0]
    )
    first = ledger.claim("shop", "new", Deadline(5))
    first.confirm(soon())
    now[0] += 3600
    second = ledger.claim("shop", "new", Deadline(5))
    assert (first.resumed, second.resumed) == (False, True)
    with pytest.raises(Exception, match="taken over"):
        first.confirm(soon())
    first.finish(soon())
    first.abandon()
    second.confirm(soon())


def test_a_finished_claim_leaves_nothing_behind(ledger: SqlLedger, path: Path) -> None:
    claim = ledger.claim("shop", "new", Deadline(5))
    claim.finish(soon())
    assert execute(path, "SELECT * FROM sso_bridge_claim") == []
    assert not ledger.claim("shop", "new", Deadline(5)).resumed


def test_the_ledger_holds_no_login(ledger: SqlLedger, path: Path) -> None:
    ledger.claim("shop", "somebody@example.com", Deadline(5))
    ledger._database.close()
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"somebody" not in content
