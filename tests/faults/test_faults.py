"""A few rows of the table in short, held to what does not depend on how busy the machine is; and
that broken promises are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.asking import Answer, Kind, Question
from tests.faults.cases import CASES, Servers, run
from tests.faults.judge import figures, judge
from tests.faults.processes import Reloaded, WorkerKilled
from tests.faults.scenario import Fault, Lengths, Seen
from tests.proofs.verdict import Verdict

pytestmark = pytest.mark.xdist_group("faults")
SHORT = Lengths(rate=15.0, before=0.5, share=0.3, calm=1.0, users=36)
TRUE = "every answer is true, or a Fault with status 500"
IN_TIME = "every call is answered in time"
BEFORE = "before the fault all is well"
SOON = "the service is normal again soon"
FELT = "the fault was felt"
NOT_LOST = "no connection is lost or refused"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as found:
        yield found


def broken(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(line for one in verdicts if not one.kept for line in one.lines())


@pytest.mark.parametrize(
    "name",
    ["users-killed-postgresql", "ledger-read-only-postgresql", "bridge-worker-killed-postgresql"],
)
def test_promises_are_kept(name: str, servers: Servers) -> None:
    [case] = [case for case in CASES if case.name == name]
    outcome = run(case, servers, SHORT, seed=3)
    safe = [one for one in outcome.verdicts if one.promise not in (IN_TIME, BEFORE, SOON, FELT)]
    assert not broken(safe), broken(safe)
    assert outcome.figures.calls > 5


def test_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


ANN, NEW = Question("get", "minted", "ann"), Question("create", "minted", "new")


def answer(
    question: Question, at: float, kind: Kind = "good", *, erid: str = "", seconds: float = 0.1
) -> Answer:
    return Answer(question, kind, at, at + seconds, erid or None)


def entry(subject: int, erid: str, **cells: Any) -> dict[str, Any]:
    row = {"source": "minted", "subject": str(subject), "erid": erid, "subject_turn": 1}
    return {**row, "created_here": 0, **cells}


ERIDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
WELL = Seen(
    answers=[
        answer(ANN, 1.0, erid=ERIDS[1]),
        answer(NEW, 11.0, "fault"),
        answer(ANN, 12.0, "fault"),
        answer(ANN, 20.5, "fault"),
        answer(ANN, 21.0, erid=ERIDS[1]),
    ],
    began=10.0,
    healed=20.0,
    swept=[
        answer(NEW, 30.0, erid=ERIDS[2]),
        answer(NEW, 30.0, erid=ERIDS[2]),
        answer(ANN, 31.0, erid=ERIDS[1]),
    ],
    rows=[("minted", "ann", "1", None), ("minted", "new", "2", None)],
    entries=[entry(1, ERIDS[1]), entry(2, ERIDS[2], created_here=1)],
    log="",
)


def found(seen: Seen, fault: Fault | None = None) -> set[str]:
    return {one.promise for one in judge(fault or WorkerKilled(), seen) if not one.kept}


def test_a_fault_that_was_borne_well_breaks_no_promise() -> None:
    assert found(WELL) == set()
    row = figures(WELL)
    assert (row.calls, row.good, row.faults) == (4, 1, 3)
    assert row.first == pytest.approx(1.1)
    assert row.normal == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("more", "promise"),
    [
        (answer(ANN, 12.0, "wrong"), TRUE),
        (answer(ANN, 12.0, "hung"), "no call is left hanging"),
        (answer(ANN, 12.0, "fault", seconds=5.0), IN_TIME),
        (answer(ANN, 12.0, erid=ERIDS[0]), "everybody has one ERID in all answers"),
        (answer(NEW, 12.0, erid=ERIDS[1]), "no ERID is two people's"),
        (answer(ANN, 2.0, "fault"), BEFORE),
        (answer(ANN, 40.0, "fault"), SOON),
    ],
)
def test_an_answer_that_breaks_a_promise_is_found(more: Answer, promise: str) -> None:
    assert promise in found(replace(WELL, answers=[*WELL.answers, more]))


def test_a_lost_connection_is_found_where_none_may_be_lost() -> None:
    lost = replace(WELL, answers=[*WELL.answers, answer(ANN, 12.0, "cut")])
    assert NOT_LOST not in found(lost)
    assert NOT_LOST in found(lost, Reloaded())


def test_what_was_lost_or_changed_afterwards_is_found() -> None:
    assert found(replace(WELL, swept=[answer(NEW, 30.0, "fault")]))
    assert found(replace(WELL, rows=WELL.rows[:1]))
    assert found(replace(WELL, entries=WELL.entries[:1]))
    assert found(replace(WELL, log="Traceback (most recent call last):"))


def test_a_fault_that_nobody_felt_is_found() -> None:
    good = [one for one in WELL.answers if one.kind == "good"]
    assert found(replace(WELL, answers=good)) == {FELT}
