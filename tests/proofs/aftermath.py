"""What is asked when all the killing is over, and how it is judged."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tests.proofs.judging import Row, ledger_verdicts
from tests.proofs.processes import context
from tests.proofs.town import Asked, Hook, Notes, Town, Voice
from tests.proofs.verdict import Verdict, none_shared, one_each, verdict

__all__ = ["Aftermath", "Said", "judge", "sweep"]

PATIENCE_SECONDS: Final = 30.0
"""How long a question is repeated after an outage."""
SWEEPERS: Final = 4


class Said(NamedTuple):
    """What was asked about whom, and what it came to."""

    operation: str
    source: str
    login: str
    erid: str | None = None
    refused: str | None = None
    wrong: str | None = None

    @property
    def who(self) -> tuple[str, str]:
        """The person."""
        return self.source, self.login


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """All that was seen. `begun` are the creations that were asked for, answered or not;
    `midway` counts the deaths in the middle of a call, `halves` the accounts that these left
    without their ERID, `outages` the calls without an answer."""

    begun: Sequence[tuple[str, str]]
    acknowledged: Sequence[Said]
    swept: Sequence[Said]
    rows: Sequence[Row]
    entries: Sequence[dict[str, Any]]
    midway: int
    halves: int
    outages: int
    server_kills: int = 0


def judge(seen: Aftermath) -> list[Verdict]:
    """One verdict for each promise."""
    said = [*seen.acknowledged, *seen.swept]
    claims = [(s.source, s.login, s.erid) for s in said if s.erid is not None]
    answered = {(s.operation, *s.who) for s in seen.swept if s.erid is not None}
    there = [(source, login) for source, login, _, _ in seen.rows]

    def refused() -> Iterator[str]:
        for one in said:
            if one.refused or one.wrong:
                yield str(one)

    def unasked(operation: str, people: Sequence[tuple[str, str]]) -> Iterator[str]:
        for who in sorted(set(people)):
            if (operation, *who) not in answered:
                yield f"{'/'.join(who)} was not answered"

    acknowledged = [s.who for s in seen.acknowledged if s.erid is not None]
    deaths = [] if seen.midway else ["nobody died in the middle of a call"]
    if seen.server_kills and not seen.outages:
        deaths.append("no call was cut short by the server's death")
    return [
        verdict("no call was refused, and every key was sound", refused()),
        one_each("every acknowledged answer is still true: the same ERID", claims),
        none_shared("no ERID for two people", claims),
        verdict(
            "nobody who was acknowledged is lost", sorted(map(str, {*acknowledged} - {*there}))
        ),
        verdict("every user can log in: no half user", unasked("login", [*there, *acknowledged])),
        verdict("every user is found by their ERID", unasked("erid", there)),
        verdict(
            "every creation that was asked for succeeds again: nothing blocks a retry",
            unasked("create", seen.begun),
        ),
        *ledger_verdicts(
            seen.rows,
            seen.entries,
            {(source, login): erid for source, login, erid in claims},
            set(seen.begun),
        ),
        verdict("the deaths did come in the middle of the work", deaths),
    ]


def sweep(
    town: Town, begun: Sequence[tuple[str, str]], seed: int, hook: Hook | None = None
) -> list[Said]:
    """Ask about everybody: each user who is there, and each creation that was begun."""
    creations = set(begun)
    everybody = sorted(creations | {(source, login) for source, login, _, _ in town.rows()})
    random.Random(seed).shuffle(everybody)
    asked = [(source, login, (source, login) in creations) for source, login in everybody]
    there = {(source, login) for source, login, _, _ in town.rows()}
    fork = context()
    workers = [
        fork.Process(target=_sweeper, args=(town, n, asked[n::SWEEPERS], there, hook), daemon=True)
        for n in range(SWEEPERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [Said(*line) for n in range(SWEEPERS) for line in Notes.read(town.folder / f"sweep-{n}")]


def _sweeper(
    town: Town,
    number: int,
    people: Sequence[tuple[str, str, bool]],
    there: set[tuple[str, str]],
    hook: Hook | None,
) -> None:
    parts = town.parts()
    if hook is not None:
        hook(parts)
    voice = Voice(parts, town.call_seconds)
    notes = Notes(town.folder / f"sweep-{number}")
    for turn, (source, login, created) in enumerate(people):
        first = (
            ["login", "create"] if turn % 2 and (source, login) in there else ["create", "login"]
        )
        erid = None
        for operation in [*(first if created else ["login"]), "erid"]:
            if operation == "erid" and erid is None:
                continue
            said = _ask(voice, operation, source, login, erid)
            erid = said.erid or erid
            notes.write(operation, source, login, said.erid, said.refused, said.wrong)


def _ask(voice: Voice, operation: str, source: str, login: str, erid: str | None) -> Asked:
    """The answer or refusal, after as many outages as patience allows."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        asked = voice.ask(operation, source, login, erid)
        if asked != Asked() or time.monotonic() > ends:
            return asked
