"""Reports made by hand: a clean one, a bad one, and one that would break a careless page."""

from __future__ import annotations

from datetime import UTC, datetime

from sso_bridge.audit.checks import CHECKS
from sso_bridge.audit.model import Finding, Report, SourceSummary

__all__ = ["CLEAN", "HOSTILE", "SCRIPT", "SPOILED", "finding", "report", "summary"]

STARTED = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
SCRIPT = "<script>alert('1')</script>&amp;\"$day${lede}"


def report(
    *findings: Finding, sources: tuple[SourceSummary, ...] | None = None, entries: int = 0
) -> Report:
    """A report of `findings`, about one source of 1,200 users unless others are given."""
    return Report("1.2.3", STARTED, 72.4, sources or (summary(),), findings, entries)


def summary(name: str = "shop", users: int = 1200, active: int = 1100) -> SourceSummary:
    """A source without ERIDs, all of whose passwords are bcrypt."""
    return SourceSummary(name, "minted", users, active, {"bcrypt": users}, {}, 0.4)


def finding(check: str, count: int = 2, source: str = "shop", *examples: str) -> Finding:
    about = CHECKS[check]
    return Finding(check, about.severity, source, count, about.title, about.text, examples)


CLEAN = report(
    sources=(
        SourceSummary("shop", "column", 81_200, 79_001, {"argon2id": 81_200}, {36: 81_200}, 6.2),
    ),
    entries=80_415,
)

SPOILED = report(
    finding("erid_duplicated_across", 14, "", "10412", "10413", "A-7", "A-8", "A-9"),
    *(
        finding(check, 1 + 37**place % 100_000, ("shop", "partners")[place % 2], "10", "11", "12")
        for place, check in enumerate(CHECKS)
        if not check.endswith("_across")
    ),
    sources=(
        SourceSummary(
            "shop",
            "column",
            1_000_000,
            912_400,
            {
                "bcrypt": 610_000,
                "argon2id": 300_000,
                "none": 60_000,
                "unknown: 40 hex digits": 30_000,
            },
            {n: 55 * n * n for n in range(6, 37)} | {64: 9000, 255: 4, 256: 1},
            41.0,
        ),
        SourceSummary("partners", "minted", 24_310, 24_310, {"pbkdf2-sha256": 24_310}, {}, 1.8),
    ),
    entries=412_204,
)

HOSTILE = report(
    *(
        finding(check, 3, SCRIPT, SCRIPT, "", "x" * 4000, "a\u202eb\nc\x00\ud800")
        for check in ("erid_duplicated", "erid_missing", "column_keys")
    ),
    sources=(
        SourceSummary(
            "s" * 100,
            SCRIPT,
            10_000_000,
            9_999_999,
            {f"scheme-{n}": 7 ** (n // 3) for n in range(40)} | {f"unknown: {SCRIPT}": 5},
            {36: 10_000_000},
            3905.0,
        ),
        SourceSummary(SCRIPT, "minted", 0, 0, {SCRIPT: 1}, {}, 0.0),
    ),
)
