"""A finished audit as JSON, as rows of CSV, and as text for a terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from .engine import Row
from .model import SEVERITIES, Report

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_table", "verdict", "write_csv", "write_json"]

_STYLES = {"cross_link": "bold red", "lock_out": "yellow", "advice": "cyan"}


def verdict(report: Report) -> str:
    """One sentence that sums up."""
    if report.verdict is None:
        return "Nothing found."
    kinds = {s: sum(f.severity == s for f in report.findings) for s in SEVERITIES}
    told = [
        f"{kinds[s]} kind{'s' * (kinds[s] != 1)} of finding: {word}"
        for s, word in SEVERITIES.items()
        if kinds[s]
    ]
    return "; ".join(told) + "."


def write_json(report: Report, file: IO[str]) -> None:
    """`report` as one JSON object. Counts are numbers, the time is ISO 8601 in UTC."""
    document = {
        **asdict(report),
        "started_at": report.started_at.isoformat(timespec="seconds"),
        "verdict": report.verdict,
    }
    json.dump(document, file, indent=1, ensure_ascii=False)
    file.write("\n")


def write_csv(rows: Iterable[Row], file: IO[str]) -> None:
    """One line for each user of each finding. `erid` is empty unless the finding is about it."""
    writer = csv.writer(file)
    writer.writerow(("source", "subject", "check", "severity", "erid"))
    for row in rows:
        writer.writerow((row.source, row.subject, row.check, row.severity, row.erid))


def print_table(report: Report, console: Console) -> None:
    """A summary of each source, every finding, and the verdict."""
    from rich.table import Table
    from rich.text import Text

    summary = Table(box=None, pad_edge=False)
    for heading in ("source", "ERIDs", "users", "active", "passwords"):
        summary.add_column(
            heading, overflow="fold", justify="right" if heading in ("users", "active") else "left"
        )
    for source in report.sources:
        formats = ", ".join(f"{name} {count:,}" for name, count in source.passwords.items())
        summary.add_row(
            Text(source.name),
            source.strategy,
            f"{source.users:,}",
            f"{source.active:,}",
            Text(formats),
        )
    console.print(summary)
    console.print(f"ledger entries: {report.ledger_entries:,}; seconds: {report.seconds:.1f}\n")
    if report.findings:
        console.print(_findings(report))
        console.print()
    console.print(Text(verdict(report), style=_STYLES.get(report.verdict or "", "green")))


def _findings(report: Report) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("", "source", "users", "what"):
        table.add_column(
            heading, overflow="fold", justify="right" if heading == "users" else "left"
        )
    for finding in report.findings:
        what = Text(finding.title, style="bold")
        what.append(f"\n{finding.text}", style="not bold")
        if finding.examples:
            what.append(f"\nfor example {', '.join(finding.examples)}", style="not bold dim")
        table.add_row(
            Text(SEVERITIES[finding.severity], style=_STYLES[finding.severity]),
            Text(finding.source or "across"),
            f"{finding.count:,}",
            what,
        )
    return table
