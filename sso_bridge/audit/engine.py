"""Reads everybody once and compares them with each other and with the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

from ..core import erid as erids
from ..core.deadline import Deadline
from ..core.erid import EridRule
from ..core.logins import LoginRule
from ..database import Database
from ..errors import ConfigurationError
from ..sources import Mapping
from ..sources.collation import alike
from ..sources.inspection import examine
from ..sources.scan import Lean, scan_lean
from .checks import CHECKS
from .model import MOST_EXAMPLES, SEVERITIES, Finding, Report, Severity, SourceSummary
from .reading import Reader
from .scratch import Entry, Fault, Scratch
from .values import changing_faults, erid_faults, shown

__all__ = ["Audit", "AuditedSource", "Bound", "Ended", "Row", "audit"]


class Bound(NamedTuple):
    """What the ledger holds of one person. `from_column`: the ERID came from the column, which
    must then still hold it; another origin is none of the column's business."""

    source: str
    subject: str
    erid: str
    from_column: bool = True


class Ended(Protocol):
    """Those whose ERID an operator took back."""

    def subject(self, source: str, subject: str) -> bool:
        """Whether the person is one of them."""

    def erid(self, erid: str) -> bool:
        """Whether the ERID is nobody's for ever."""


_PATIENCE = 60.0
"""Seconds for the first questions, so that a database that is locked is soon given up."""


@dataclass(frozen=True, slots=True)
class AuditedSource:
    """One user database. `strategy` is only reported."""

    name: str
    database: Database
    mapping: Mapping
    strategy: str
    logins: LoginRule = LoginRule.EXACT
    erids: EridRule = field(default_factory=EridRule)


@dataclass(frozen=True, slots=True)
class Row:
    """One user (or ledger entry) that a finding is about. `erid` is None unless the finding
    is about it."""

    source: str
    subject: str
    check: str
    severity: Severity
    erid: str | None


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit. `rows` gives every row of every finding, as often as it is called, as
    long as the block of `audit` lasts."""

    report: Report
    rows: Callable[[], Iterator[Row]]


@contextmanager
def audit(
    sources: Sequence[AuditedSource],
    bindings: Iterable[Sequence[Bound]],
    deadline: Deadline,
    *,
    version: str,
    alike_is_one: bool = True,
    ended: Ended | None = None,
    progress: Callable[[str, int], None] = lambda source, users: None,
) -> Iterator[Audit]:
    """The audit of all `sources` against each other and `bindings`, the ledger in batches.

    `alike_is_one` says that ERIDs that could be mistaken for each other count as one, as the
    ledger's `uniqueness` does. `ended` is None where no ERID was ever taken back. `progress` is
    told a source and how many more of its users were read. The ledger is read first, since an
    account that is made meanwhile would else look like an entry whose user is gone. Memory does
    not grow with the number of users.

    Raises ConfigurationError for a mapping that is not true, SourceUnavailable,
    LedgerUnavailable, DeadlineExceeded, and BridgeError for want of scratch space; there is no
    report then."""
    begun, started_at = time.monotonic(), datetime.now(UTC)
    columns = {s.name: _columns(s, deadline) for s in sources}
    scratch = Scratch([source.logins for source in sources])
    try:
        names = [source.name for source in sources]
        entries = _read_ledger(scratch, sources, names, bindings)
        summaries = tuple(
            _read_source(scratch, number, source, ended, deadline, progress)
            for number, source in enumerate(sources)
        )
        scratch.compare()
        severities = _severities(alike_is_one)
        findings = _findings(scratch, names, severities)
        for summary in summaries:
            findings += _column_findings(summary, columns[summary.name])
        report = Report(
            version=version,
            started_at=started_at,
            seconds=time.monotonic() - begun,
            sources=summaries,
            findings=_sorted(findings, names),
            ledger_entries=entries,
        )
        yield Audit(report, lambda: _rows(scratch, names, severities))
    finally:
        scratch.close()


def _columns(source: AuditedSource, deadline: Deadline) -> list[str]:
    """What is to be said about the keys of the mapped columns; raises ConfigurationError if
    there are no such columns."""
    place = f"sources.{source.name}"
    soon = Deadline(min(deadline.left(), _PATIENCE))
    found = examine(source.database, source.mapping, source.logins, soon, creates=False)
    if not any(f.place == source.mapping.table and f.severity == "ok" for f in found):
        wrong = "; ".join(f"{f.place}: {f.text}" for f in found if f.severity == "error")
        raise ConfigurationError(f"{place}: {wrong}")
    return [f"{f.place} {f.text}" for f in found if f.severity != "ok"]


def _read_ledger(
    scratch: Scratch,
    sources: Sequence[AuditedSource],
    names: list[str],
    bindings: Iterable[Sequence[Bound]],
) -> int:
    """Remember the ledger and how many entries it has. Sources that are not configured are
    added to `names`. Where no column holds the ERIDs, those of the ledger are looked at."""
    numbers = {name: number for number, name in enumerate(names)}
    rules = {n: s.erids for n, s in enumerate(sources) if s.mapping.erid is None}
    count = 0
    for batch in bindings:
        entries: list[Entry] = []
        faults: list[Fault] = []
        for name, subject, erid, from_column in batch:
            number = numbers.get(name)
            if number is None:
                number = numbers[name] = len(names)
                names.append(name)
            canonical = erids.canonical(erid)
            entries.append(
                (
                    1 if from_column else 2,
                    number,
                    hash((number, subject)),
                    None,
                    hash(erid),
                    hash(canonical),
                    subject,
                    None,
                    erid,
                )
            )
            if number in rules:
                wrong = erid_faults(erid, canonical, rules[number])
                wrong += changing_faults(erid, None, None, None)
                faults += [(check, number, shown(subject), shown(erid)) for check in wrong]
        scratch.add(entries)
        scratch.add_faults(faults)
        count += len(batch)
    return count


def _read_source(
    scratch: Scratch,
    number: int,
    source: AuditedSource,
    ended: Ended | None,
    deadline: Deadline,
    progress: Callable[[str, int], None],
) -> SourceSummary:
    begun = time.monotonic()
    reader = Reader(number, source.mapping.erid is not None, source.erids)
    ended_faults = None if ended is None else partial(_ended, ended, source.name, number)
    for batch in scan_lean(source.database, source.mapping, deadline):
        entries, faults = reader.read(batch)
        scratch.add(entries)
        scratch.add_faults(faults)
        if ended_faults is not None:
            scratch.add_faults(ended_faults(batch))
        progress(source.name, len(batch))
    for rows in alike(source.database, source.mapping, deadline):
        scratch.add_collated(
            (number, shown(subject), source.logins.canonical(login), key)
            for subject, login, key in rows
        )
    return SourceSummary(
        name=source.name,
        strategy=source.strategy,
        users=reader.users,
        active=reader.active,
        passwords=dict(reader.passwords.most_common()),
        erid_lengths=dict(sorted(reader.erid_lengths.items())),
        seconds=time.monotonic() - begun,
    )


def _ended(ended: Ended, name: str, number: int, batch: Sequence[Lean]) -> Iterator[Fault]:
    """Users who are still there though their ERID was taken back, or who have such an ERID."""
    for user in batch:
        if ended.subject(name, user.subject):
            yield "subject_retired", number, shown(user.subject), None
        elif user.erid is not None and ended.erid(user.erid):
            yield "erid_retired", number, shown(user.subject), shown(user.erid)


def _severities(alike_is_one: bool) -> dict[str, Severity]:
    """The severity of each check. Where ERIDs that look alike count as two, nobody is taken for
    somebody else by the bridge, so it is a piece of advice."""
    return {
        check: "advice" if "alike" in check and not alike_is_one else about.severity
        for check, about in CHECKS.items()
    }


def _findings(scratch: Scratch, names: list[str], severities: dict[str, Severity]) -> list[Finding]:
    """What the scratch space found, one finding for each check and source."""
    findings = []
    across: dict[str, list[tuple[int, int]]] = {}
    for check, number, count in scratch.counts():
        if check.endswith("_across"):
            across.setdefault(check, []).append((number, count))
        else:
            examples = scratch.examples(check, number)
            findings.append(_finding(check, names[number], count, examples, severities))
    for check, places in across.items():
        examples = [
            f"{names[number]}: {subject}"
            for number, _ in places
            for subject in scratch.examples(check, number)[:2]
        ]
        total = sum(count for _, count in places)
        findings.append(_finding(check, "", total, examples, severities))
    return findings


def _finding(
    check: str,
    source: str,
    count: int,
    examples: Sequence[str],
    severities: dict[str, Severity],
) -> Finding:
    about = CHECKS[check]
    few = tuple(shown(subject) for subject in examples[:MOST_EXAMPLES])
    return Finding(check, severities[check], source, count, about.title, about.text, few)


def _column_findings(summary: SourceSummary, wrong: list[str]) -> list[Finding]:
    """What concerns all users of a source, since it is about a column."""
    if not wrong:
        return []
    about = CHECKS["column_keys"]
    text = f"{about.text} {'. '.join(wrong)}."
    return [Finding("column_keys", about.severity, summary.name, summary.users, about.title, text)]


def _sorted(findings: list[Finding], names: list[str]) -> tuple[Finding, ...]:
    """The worst first; those across sources before those in one."""
    severities, checks = list(SEVERITIES), list(CHECKS)
    return tuple(
        sorted(
            findings,
            key=lambda f: (
                severities.index(f.severity),
                names.index(f.source) if f.source else -1,
                checks.index(f.check),
            ),
        )
    )


def _rows(scratch: Scratch, names: list[str], severities: dict[str, Severity]) -> Iterator[Row]:
    for check, number, subject, erid in scratch.faults():
        yield Row(names[number], subject, check, severities[check], erid)
