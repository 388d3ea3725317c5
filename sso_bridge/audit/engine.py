"""Reads everybody once and compares them with each other and with the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ..core.deadline import Deadline
from ..doctor import examine
from ..errors import ConfigurationError
from ..sources.collation import alike
from ..sources.scan import scan_lean
from .checks import CHECKS
from .given import AuditedSource, Bound, Ended, Seal
from .model import MOST_EXAMPLES, SEVERITIES, Finding, Report, Severity, SourceSummary
from .reading import Reader
from .recorded import read_ledger
from .scratch import Scratch
from .values import shown

__all__ = ["Audit", "Row", "audit"]

_PATIENCE = 60.0
"""Seconds for the first questions, so that a database that is locked is soon given up."""


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
    seal: Seal | None = None,
    progress: Callable[[str, int], None] = lambda source, users: None,
) -> Iterator[Audit]:
    """The audit of all `sources` against each other and `bindings`, the ledger in batches.

    `alike_is_one` says that ERIDs that could be mistaken for each other count as one, as the
    ledger's `uniqueness` does. `ended` is None where no ERID was ever taken back, `seal` where
    fingerprints are not to be compared. `progress` is told a source and how many more of its
    users were read. The ledger is read first, since an account that is made meanwhile would else
    look like an entry whose user is gone. Memory does not grow with the number of users.

    Raises ConfigurationError for a mapping that is not true, SourceUnavailable,
    LedgerUnavailable, DeadlineExceeded, and BridgeError for want of scratch space; there is no
    report then."""
    begun, started_at = time.monotonic(), datetime.now(UTC)
    columns = {s.name: _columns(s, deadline) for s in sources}
    scratch = Scratch([source.logins for source in sources])
    try:
        names = [source.name for source in sources]
        entries = read_ledger(scratch, sources, names, bindings)
        summaries = tuple(
            _read_source(scratch, number, source, ended, seal, deadline, progress)
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


def _read_source(
    scratch: Scratch,
    number: int,
    source: AuditedSource,
    ended: Ended | None,
    seal: Seal | None,
    deadline: Deadline,
    progress: Callable[[str, int], None],
) -> SourceSummary:
    begun = time.monotonic()
    reader = Reader(number, source, ended, seal)
    for batch in scan_lean(source.database, source.mapping, deadline):
        known = scratch.known(number, [user.subject for user in batch])
        entries, faults = reader.read(batch, known)
        scratch.add(entries)
        scratch.add_faults(faults)
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
