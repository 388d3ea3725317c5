"""What every answer is held against, and the figures of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.faults.asking import Answer
from tests.faults.scenario import Fault, Seen
from tests.faults.stage import CALL_SECONDS
from tests.proofs.judging import ledger_verdicts
from tests.proofs.verdict import Verdict, none_shared, one_each, verdict

__all__ = ["GRACE_SECONDS", "Figures", "figures", "judge"]

GRACE_SECONDS: Final = 1.5
"""How long past its time a call may be answered on a busy machine."""
LATEST_SECONDS: Final = 15.0
"""When a service must be normal again, after a fault is healed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of the table. Counts are of the calls that the fault could have spoilt: those that
    were asked, or not yet answered, from its beginning until all was normal again.

    `first` and `normal` are seconds from the end of the fault: to the first good answer of an
    operation that had failed, and to the first call from which on every one was good. None if
    nothing had failed, or if it never became normal."""

    calls: int
    good: int
    faults: int
    cut: int
    refused: int
    slowest_fault: float
    first: float | None
    normal: float | None
    said: Counter[str]


def judge(fault: Fault, seen: Seen) -> list[Verdict]:
    """One verdict for each promise."""
    every = [*seen.answers, *seen.swept]
    claims = [(*a.question.who, a.erid) for a in every if a.erid is not None]
    known = {(source, login): erid for source, login, erid in claims}
    made = {a.question.who for a in every if a.question.operation == "create"}
    figures_ = figures(seen)
    return [
        verdict("every answer is true, or a Fault with status 500", map(str, _of(every, "wrong"))),
        one_each("everybody has one ERID in all answers", claims),
        none_shared("no ERID is two people's", claims),
        verdict("every call is answered in time", _late(fault, every)),
        verdict("no call is left hanging", map(str, _of(every, "hung"))),
        verdict("no connection is lost or refused", _lost(fault, seen)),
        verdict("what the fault does not touch goes on", _unspared(fault, seen)),
        verdict("the fault was felt", _unfelt(fault, figures_)),
        verdict("the service is normal again soon", _stays_broken(figures_)),
        verdict("before the fault all is well", map(str, _before(seen))),
        verdict("afterwards everybody is answered, with creations sent again", _unanswered(seen)),
        *ledger_verdicts(seen.rows, seen.entries, known, made),
        verdict("the log tells of it", [] if fault.tells in seen.log else [f"no {fault.tells}"]),
        verdict("the log has no traceback and no unforeseen error", _blemishes(seen.log)),
    ]


def figures(seen: Seen) -> Figures:
    """The row of the table."""
    later = [a for a in seen.answers if a.ended >= seen.began]
    bad = [a for a in later if a.kind != "good"]
    after = [a.began for a in bad if a.began > seen.healed]
    good_after = [a for a in later if a.kind == "good" and a.began > seen.healed]
    last_bad = max(after, default=seen.healed)
    again = [a.began for a in good_after if a.began > last_bad]
    normal = min(again, default=None)
    struck = {a.question.operation for a in bad}
    first = min((a.ended for a in good_after if a.question.operation in struck), default=None)
    until = seen.healed if normal is None else normal
    spoilt = [a for a in later if a.began <= until]
    kinds = Counter(a.kind for a in spoilt)
    faults = [a for a in spoilt if a.kind == "fault"]
    return Figures(
        calls=len(spoilt),
        good=kinds["good"],
        faults=kinds["fault"],
        cut=kinds["cut"],
        refused=kinds["refused"],
        slowest_fault=max((a.seconds for a in faults), default=0.0),
        first=first - seen.healed if bad and first is not None else None,
        normal=(normal - seen.healed if after else 0.0) if bad and normal is not None else None,
        said=Counter(a.said for a in faults),
    )


def _of(answers: list[Answer], *kinds: str) -> Iterator[Answer]:
    return (a for a in answers if a.kind in kinds)


def _late(fault: Fault, answers: list[Answer]) -> Iterator[str]:
    most = CALL_SECONDS + GRACE_SECONDS + fault.delays
    for answer in answers:
        if answer.kind in ("good", "fault") and answer.seconds > most:
            yield str(answer)


def _lost(fault: Fault, seen: Seen) -> Iterator[str]:
    if not fault.loses:
        yield from map(str, _of([*seen.answers, *seen.swept], "cut", "refused"))


def _unspared(fault: Fault, seen: Seen) -> Iterator[str]:
    for answer in seen.answers:
        question = answer.question
        if question.operation in fault.spared and answer.kind != "good" and not question.is_first:
            yield str(answer)


def _unfelt(fault: Fault, found: Figures) -> Iterator[str]:
    failed = found.faults + found.cut + found.refused
    if fault.is_felt and not failed:
        yield "no call failed"
    if fault.is_felt is False and failed:
        yield f"{failed} calls failed"


def _stays_broken(found: Figures) -> Iterator[str]:
    failed = found.faults + found.cut + found.refused
    if failed and (found.normal is None or found.normal > LATEST_SECONDS):
        yield f"{found.normal} s after its end"


def _before(seen: Seen) -> Iterator[Answer]:
    return (a for a in seen.answers if a.ended < seen.began and a.kind != "good")


def _unanswered(seen: Seen) -> Iterator[str]:
    return (str(a) for a in seen.swept if a.kind != "good")


def _blemishes(log: str) -> Iterator[str]:
    for line in log.splitlines():
        if "Traceback" in line or "internal_error" in line:
            yield line[:300]
