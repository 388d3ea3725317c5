"""The crash proof in short, and that it can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.proofs import faults
from tests.proofs.aftermath import Aftermath, Said, judge
from tests.proofs.crash import CALL_SECONDS, Lengths, collect, crash, load
from tests.proofs.judging import Row
from tests.proofs.town import Town
from tests.proofs.verdict import ENGINES, Verdict, server_of

SHORT = Lengths(kills=10, outages=1, processes=3, users=60, lease_seconds=1.6, outage_seconds=0.8)
ALONE = replace(SHORT, kills=6, outages=0)
OFTEN = replace(ALONE, kills=15)
MINTED = "00000000-0000-4000-8000-00000000000"
REFUSED = "no call was refused, and every key was sound"
STILL_TRUE = "every acknowledged answer is still true: the same ERID"
NONE_SHARED = "no ERID for two people"
NOBODY_LOST = "nobody who was acknowledged is lost"
LOGIN = "every user can log in: no half user"
BY_ERID = "every user is found by their ERID"
RETRY = "every creation that was asked for succeeds again: nothing blocks a retry"
MADE_ONCE = "each account was made once, and is known as made here"
AGREES = "the ledger agrees with the answers, and knows nobody else"
MIDWAY = "the deaths did come in the middle of the work"


def broken(verdicts: Sequence[Verdict]) -> set[str]:
    return {v.promise for v in verdicts if not v.kept}


def report(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(line for v in verdicts for line in v.lines())


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_acknowledged_outlives_the_death_of_processes_and_servers(
    engine: str, tmp_path: Path
) -> None:
    with server_of(engine, durable=True) as server:
        town = Town.on(server, tmp_path, call_seconds=CALL_SECONDS)
        hook = faults.short_leases
        seen = crash(town, server, SHORT, seed=7, hook=hook, afterwards=hook)
    verdicts = judge(seen)
    assert not broken(verdicts), report(verdicts)
    assert len(seen.acknowledged) > SHORT.kills


def alone(folder: Path) -> Town:
    return Town.on(None, folder, call_seconds=CALL_SECONDS)


def test_deaths_between_the_user_and_their_erid_are_mended_by_the_retry(tmp_path: Path) -> None:
    deadly = faults.short_leases_and_sudden_deaths
    seen = crash(alone(tmp_path), None, OFTEN, seed=7, hook=deadly, afterwards=faults.short_leases)
    verdicts = judge(seen)
    assert not broken(verdicts), report(verdicts)
    assert seen.halves


def test_claims_that_are_not_resumed_are_found_out(tmp_path: Path) -> None:
    deadly = faults.short_leases_and_sudden_deaths
    seen = crash(alone(tmp_path), None, OFTEN, seed=7, hook=deadly, afterwards=faults.never_resume)
    assert {RETRY, REFUSED} <= broken(judge(seen))


def test_a_binding_that_is_not_recorded_is_found_out(tmp_path: Path) -> None:
    hook = faults.forget_bindings
    seen = crash(alone(tmp_path), None, ALONE, seed=7, hook=hook, afterwards=faults.short_leases)
    assert STILL_TRUE in broken(judge(seen))


def test_users_who_were_acknowledged_and_are_lost_are_found_out(tmp_path: Path) -> None:
    town = alone(tmp_path)
    load(town, None, ALONE, 7, faults.short_leases)
    faults.lose_users(town)
    seen = collect(town, None, ALONE, 7, faults.short_leases)
    assert {NOBODY_LOST, AGREES} <= broken(judge(seen))


def entry(number: int, erid: str, **cells: Any) -> dict[str, Any]:
    row = {"source": "minted", "subject": str(number), "erid": erid, "subject_turn": 1}
    return {**row, "created_here": 0, **cells}


def sound() -> Aftermath:
    """A user who was there, and one whose creation was begun and answered later."""
    return Aftermath(
        begun=[("minted", "bert")],
        acknowledged=[Said("login", "minted", "anne", MINTED + "0")],
        swept=[
            Said("login", "minted", "anne", MINTED + "0"),
            Said("erid", "minted", "anne", MINTED + "0"),
            Said("create", "minted", "bert", MINTED + "1"),
            Said("login", "minted", "bert", MINTED + "1"),
            Said("erid", "minted", "bert", MINTED + "1"),
        ],
        rows=[("minted", "anne", "1", None), ("minted", "bert", "2", None)],
        entries=[entry(1, MINTED + "0"), entry(2, MINTED + "1", created_here=1)],
        midway=1,
        halves=0,
        outages=1,
        server_kills=1,
    )


def without(place: int) -> Aftermath:
    seen = sound()
    return replace(seen, swept=[*seen.swept[:place], *seen.swept[place + 1 :]])


def more(
    *,
    acknowledged: Sequence[Said] = (),
    rows: Sequence[Row] = (),
    entries: Sequence[dict[str, Any]] = (),
) -> Aftermath:
    seen = sound()
    return replace(
        seen,
        acknowledged=[*seen.acknowledged, *acknowledged],
        rows=[*seen.rows, *rows],
        entries=[*seen.entries, *entries],
    )


def test_a_sound_aftermath_breaks_no_promise() -> None:
    assert not broken(judge(sound()))


@pytest.mark.parametrize(
    ("seen", "promises"),
    [
        (more(acknowledged=[Said("get", "minted", "anne", MINTED + "9")]), {STILL_TRUE}),
        (more(acknowledged=[Said("login", "minted", "anne", None, "invalid_login")]), {REFUSED}),
        (
            more(acknowledged=[Said("get", "minted", "bert", MINTED + "1", None, "named anne")]),
            {REFUSED},
        ),
        (without(0), {LOGIN}),
        (without(1), {BY_ERID}),
        (without(2), {RETRY}),
        (more(rows=[("minted", "bert", "3", None)]), {MADE_ONCE, AGREES}),
        (more(entries=[entry(9, MINTED + "9")]), {AGREES}),
        (replace(sound(), midway=0), {MIDWAY}),
        (replace(sound(), outages=0), {MIDWAY}),
    ],
)
def test_what_breaks_a_promise_is_reported(seen: Aftermath, promises: set[str]) -> None:
    assert broken(judge(seen)) == promises
