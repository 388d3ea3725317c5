"""What is judged after a race: the answers of all processes, the users and the ledger's rows."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tests.proofs.town import DERIVED_WITH
from tests.proofs.verdict import Verdict, none_shared, one_each, verdict

__all__ = ["Answer", "Evidence", "Subject", "judge", "ledger_verdicts", "strategy_offence"]

Row = tuple[str, str, str, str | None]
"""Source, login, primary key and ERID column of a user."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person who takes part: there before, made in the race, or one of two `rival`s whose
    ERIDs look alike. `erid` is what the client's column held before."""

    kind: Literal["there", "made", "rival"]
    source: str
    login: str
    erid: str | None = None


class Answer(NamedTuple):
    """What was asked about whom, and what it came to."""

    number: int
    operation: str
    erid: str | None
    refused: str | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was seen. `expected` counts the answers there should be; `binds` how often any
    process tried to give somebody an ERID."""

    subjects: Sequence[Subject]
    expected: int
    answers: Sequence[Answer]
    died: Sequence[str]
    binds: int
    outages: int
    rows: Sequence[Row]
    entries: Sequence[dict[str, Any]]


def judge(seen: Evidence) -> list[Verdict]:
    """One verdict for each promise."""
    who = seen.subjects
    claims = [
        (who[a.number].source, who[a.number].login, a.erid)
        for a in seen.answers
        if a.erid is not None
    ]
    known = {(source, login): erid for source, login, erid in claims}
    made = {(s.source, s.login) for s in who if s.kind == "made"}
    return [
        verdict("every contact was answered, with a sound key", _unanswered(seen)),
        one_each("one ERID for each person, in every process", claims),
        none_shared("no ERID for two people", claims),
        verdict("of two whose ERIDs look alike, one is answered, always", _rivals(seen)),
        *ledger_verdicts(seen.rows, seen.entries, known, made),
        verdict(
            "several processes did race for the same people",
            [] if seen.binds > len(who) else [f"only {seen.binds} ERIDs were proposed"],
        ),
    ]


def ledger_verdicts(
    rows: Sequence[Row],
    entries: Sequence[dict[str, Any]],
    known: dict[tuple[str, str], str],
    made: set[tuple[str, str]],
) -> list[Verdict]:
    """What the tables must say, given which ERID each person was `known` by, and who was
    created through the bridge."""
    number = {(source, login): subject for source, login, subject, _ in rows}
    login_of = {(source, subject): login for source, login, subject, _ in rows}
    column = {(source, login): erid for source, login, _, erid in rows}
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in sorted(entries, key=lambda e: e["subject_turn"]):
        newest[entry["source"], entry["subject"]] = entry
    bound = [
        (e["source"], login_of.get((s, n), f"#{n}"), e["erid"]) for (s, n), e in newest.items()
    ]

    def disagreeing() -> Iterator[str]:
        for (source, login), erid in known.items():
            entry = newest.get((source, number.get((source, login), "")))
            if entry is None or entry["erid"] != erid:
                yield f"{source}/{login} was {erid}, and is {entry and entry['erid']} there"
        for source, subject in newest:
            if (source, subject) not in login_of:
                yield f"{source}: the ledger has a primary key {subject} that nobody has"

    def turned() -> Iterator[str]:
        turns: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        for entry in entries:
            turn = (entry["subject_turn"], entry["erid"])
            turns[entry["source"], entry["subject"]].append(turn)
        for whose, found in turns.items():
            in_order = [turn for turn, _ in found] == list(range(1, len(found) + 1))
            if not in_order or len({erid for _, erid in found}) > 1:
                yield f"{'/'.join(whose)}: {found}"

    def doubled() -> Iterator[str]:
        times = Counter((source, login) for source, login, _, _ in rows)
        for source, login in sorted(made):
            entry = newest.get((source, number.get((source, login), "")))
            if times[source, login] != 1 or entry is None or not entry["created_here"]:
                yield f"{source}/{login}: {times[source, login]} rows, in the ledger: {entry}"

    def foreign() -> Iterator[str]:
        for source, login, erid in bound:
            at = (source, login)
            offence = strategy_offence(source, number.get(at, ""), erid, column.get(at))
            if offence:
                yield f"{source}/{login}: {offence}"

    return [
        verdict("each account was made once, and is known as made here", doubled()),
        verdict("the ledger agrees with the answers, and knows nobody else", disagreeing()),
        verdict("nobody's ERID ever changed in the ledger", turned()),
        none_shared("no ERID for two people in the ledger", bound),
        verdict("every ERID is of its source's strategy", foreign()),
    ]


def strategy_offence(source: str, subject: str, erid: str, column: str | None) -> str | None:
    """What is wrong with the ERID of somebody whose column holds `column`; None if nothing is."""
    if source == "column":
        return None if erid == column else f"{erid}, and the column has {column}"
    if source == "derived":
        message = f"{source}\0{subject}".encode()
        derived = hmac.new(DERIVED_WITH.encode(), message, hashlib.sha256).hexdigest()[:40]
        return None if erid == derived else f"{erid} is not {derived}"
    try:
        return None if str(uuid.UUID(erid)) == erid else f"{erid} is no UUID"
    except ValueError:
        return f"{erid} is no UUID"


def _unanswered(seen: Evidence) -> Iterator[str]:
    yield from seen.died
    if len(seen.answers) != seen.expected:
        yield f"{len(seen.answers)} answers for {seen.expected} questions"
    for answer in seen.answers:
        subject = seen.subjects[answer.number]
        refusal_is_fine = subject.kind == "rival" and answer.refused is not None
        if answer.wrong or (answer.erid is None and not refusal_is_fine):
            yield f"{subject.source}/{subject.login}, {answer.operation}: {answer}"


def _rivals(seen: Evidence) -> Iterator[str]:
    answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for answer in seen.answers:
        subject = seen.subjects[answer.number]
        if subject.kind == "rival":
            said = "refused" if answer.erid is None else "answered"
            answers[subject.login[:-2]][f"{subject.login[-1]} {said}"] += 1
    for pair, found in answers.items():
        if set(found) not in ({"a answered", "b refused"}, {"a refused", "b answered"}):
            yield f"{pair}: {dict(found)}"
