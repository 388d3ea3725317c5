"""The race proof in short, and that it can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.proofs import faults
from tests.proofs.judging import Answer, Evidence, Row, Subject, judge
from tests.proofs.race import Lengths, race
from tests.proofs.town import Town
from tests.proofs.verdict import ENGINES, Verdict
from tests.services import SqlService

SHORT = Lengths(subjects=60, contacts=240, processes=6)
MINTED = "00000000-0000-4000-8000-00000000000"
ANSWERED = "every contact was answered, with a sound key"
ONE_EACH = "one ERID for each person, in every process"
NONE_SHARED = "no ERID for two people"
RIVALS = "of two whose ERIDs look alike, one is answered, always"
MADE_ONCE = "each account was made once, and is known as made here"
AGREES = "the ledger agrees with the answers, and knows nobody else"
NO_CHANGE = "nobody's ERID ever changed in the ledger"
LEDGER_NONE_SHARED = "no ERID for two people in the ledger"
STRATEGY = "every ERID is of its source's strategy"
RACED = "several processes did race for the same people"


def broken(verdicts: Sequence[Verdict]) -> set[str]:
    return {v.promise for v in verdicts if not v.kept}


def report(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(line for v in verdicts for line in v.lines())


@pytest.mark.parametrize("engine", ENGINES)
def test_first_contacts_in_several_processes_give_everybody_one_erid(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: SqlService | None = None if engine == "sqlite" else request.getfixturevalue(engine)
    verdicts = judge(race(Town.on(server, tmp_path), SHORT, seed=7))
    assert not broken(verdicts), report(verdicts)


def test_a_ledger_without_its_constraints_is_found_out(tmp_path: Path) -> None:
    town = Town.on(None, tmp_path)
    faults.drop_uniqueness(town)
    found = broken(judge(race(town, SHORT, seed=7)))
    assert {ONE_EACH, RIVALS, NO_CHANGE} <= found


def entry(number: int, source: str, erid: str, **cells: Any) -> dict[str, Any]:
    row = {"source": source, "subject": str(number), "erid": erid, "subject_turn": 1}
    return {**row, "created_here": 0, **cells}


def sound() -> Evidence:
    """A user who was there, one who was made, and two rivals."""
    return Evidence(
        subjects=[
            Subject("there", "minted", "anne"),
            Subject("made", "minted", "bert"),
            Subject("rival", "column", "pair-a", "x"),
            Subject("rival", "column", "pair-b", "X"),
        ],
        expected=5,
        answers=[
            Answer(0, "login", MINTED + "0"),
            Answer(0, "get", MINTED + "0"),
            Answer(1, "create", MINTED + "1"),
            Answer(2, "login", "x"),
            Answer(3, "login", None, "invalid_login"),
        ],
        died=[],
        binds=9,
        outages=0,
        rows=[
            ("minted", "anne", "1", None),
            ("minted", "bert", "2", None),
            ("column", "pair-a", "1", "x"),
            ("column", "pair-b", "2", "X"),
        ],
        entries=[
            entry(1, "minted", MINTED + "0"),
            entry(2, "minted", MINTED + "1", created_here=1),
            entry(1, "column", "x"),
        ],
    )


def with_answer(place: int, **changes: Any) -> Evidence:
    seen = sound()
    answers = list(seen.answers)
    answers[place] = answers[place]._replace(**changes)
    return replace(seen, answers=answers)


def with_entry(place: int, **changes: Any) -> Evidence:
    seen = sound()
    entries = list(seen.entries)
    entries[place] = {**entries[place], **changes}
    return replace(seen, entries=entries)


def more(
    *, died: Sequence[str] = (), rows: Sequence[Row] = (), entries: Sequence[dict[str, Any]] = ()
) -> Evidence:
    seen = sound()
    return replace(
        seen,
        died=[*seen.died, *died],
        rows=[*seen.rows, *rows],
        entries=[*seen.entries, *entries],
    )


def test_sound_evidence_breaks_no_promise() -> None:
    assert not broken(judge(sound()))


@pytest.mark.parametrize(
    ("evidence", "promises"),
    [
        (with_answer(1, erid=None), {ANSWERED}),
        (with_answer(1, erid=None, refused="user_not_found"), {ANSWERED}),
        (with_answer(1, wrong="userID is not the ERID"), {ANSWERED}),
        (replace(sound(), expected=6), {ANSWERED}),
        (more(died=["process 3: exit 1"]), {ANSWERED}),
        (with_answer(0, erid=MINTED + "9"), {ONE_EACH}),
        (with_answer(2, erid=MINTED + "0"), {NONE_SHARED, AGREES}),
        (with_answer(4, erid="X", refused=None), {RIVALS, NONE_SHARED, AGREES}),
        (with_answer(3, erid=None, refused="invalid_login"), {RIVALS}),
        (more(rows=[("minted", "bert", "3", None)]), {MADE_ONCE, AGREES}),
        (with_entry(1, created_here=0), {MADE_ONCE}),
        (with_entry(0, erid=MINTED + "9"), {AGREES}),
        (more(entries=[entry(7, "minted", MINTED + "9")]), {AGREES}),
        (more(entries=[entry(1, "minted", MINTED + "0")]), {NO_CHANGE}),
        (
            more(entries=[entry(1, "minted", MINTED + "9", subject_turn=2)]),
            {NO_CHANGE, AGREES},
        ),
        (
            more(rows=[("column", "carl", "3", "X")], entries=[entry(3, "column", "X")]),
            {LEDGER_NONE_SHARED},
        ),
        (
            more(rows=[("derived", "dora", "1", None)], entries=[entry(1, "derived", "1f")]),
            {STRATEGY},
        ),
        (
            more(rows=[("column", "carl", "3", "y")], entries=[entry(3, "column", "z")]),
            {STRATEGY},
        ),
        (replace(sound(), binds=4), {RACED}),
    ],
)
def test_evidence_against_a_promise_breaks_it(evidence: Evidence, promises: set[str]) -> None:
    assert broken(judge(evidence)) == promises
