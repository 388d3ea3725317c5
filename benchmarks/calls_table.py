"""Tables of what was measured, as Markdown that is read as well without."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def text(self, digits: int = 0) -> str:
        """Least, middle and greatest."""
        shown = (min(self.values), self.median, max(self.values))
        return " / ".join(f"{value:,.{digits}f}" for value in shown)


@dataclass(frozen=True)
class Row:
    """A server and what was measured of it."""

    title: str
    busy: Spread
    rate: Spread


def costs(rows: Sequence[Row], base: Spread | None) -> list[str]:
    """The comparison, cheapest first; ratios are to `base`, if there is one."""
    lines = [
        "| server | CPU µs/call min / median / max | ratio | calls/s min / median / max |",
        "|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: row.busy.median):
        ratio = f"{row.busy.median / base.median:.2f}" if base and base.median else "-"
        lines.append(f"| {row.title} | {row.busy.text()} | {ratio} | {row.rate.text()} |")
    return lines


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Any other table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
