"""What an audit says: findings, a summary of each source, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

__all__ = ["MOST_EXAMPLES", "SEVERITIES", "Finding", "Report", "Severity", "SourceSummary"]

Severity = Literal["cross_link", "lock_out", "advice"]
SEVERITIES: Final[Mapping[Severity, str]] = {
    "cross_link": "would cross-link",
    "lock_out": "would lock out",
    "advice": "advice",
}
"""The severities, the worst first, with the words for them."""

MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of finding in one source.

    `check` is a name of `checks.CHECKS`. `source` is empty for a finding across sources.
    `count` is the number of users (rows) concerned. `text` says what would happen, and the
    remedy. `examples` are at most five primary keys, never logins or names."""

    check: str
    severity: Severity
    source: str
    count: int
    title: str
    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What was read of one source.

    `strategy` says where its ERIDs come from. `passwords` has the number of users for each
    scheme, "unknown: " and a shape, or "none". `erid_lengths` has the number of users for each
    length in characters, 256 for all that are longer than 255, but for users to whom the ledger
    gives another than the column; it is empty where the source has no ERID column. `seconds` is
    how long reading it took."""

    name: str
    strategy: str
    users: int
    active: int
    passwords: Mapping[str, int] = field(default_factory=dict)
    erid_lengths: Mapping[int, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """One complete audit. `started_at` is in UTC; `ledger_entries` are current bindings."""

    version: str
    started_at: datetime
    seconds: float
    sources: tuple[SourceSummary, ...]
    findings: tuple[Finding, ...]
    ledger_entries: int

    @property
    def verdict(self) -> Severity | None:
        """The worst severity found, None if nothing was."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in SEVERITIES if severity in found), None)
