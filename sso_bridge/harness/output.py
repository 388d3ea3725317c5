"""A report as a table for the terminal, as JSON and as JUnit's XML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .run import Report, Result

__all__ = ["as_json", "as_junit", "as_table", "line", "percentile"]

_SIGNS: Final = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "left out": ("–", "yellow")}
_NOT_XML: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the sorted `values` that so large a share does not exceed; 0 of none."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def line(result: Result) -> Text:
    """One result as a line of the terminal."""
    sign, style = _SIGNS[result.outcome]
    text = Text.assemble((f"{sign} ", style), f"{result.title} ", (f"{result.name}", "dim"))
    for wrong in result.wrong:
        text.append(f"\n    {wrong}", style="yellow" if result.outcome == "left out" else "red")
    return text


def as_table(report: Report, width: int | None = None) -> str:
    """The table, with the verdict under it, as plain text."""
    console = Console(width=width or 100, color_system=None, highlight=False)
    table = Table("", "check", "what is checked", "s", box=None, pad_edge=False)
    for result in report.results:
        sign, _ = _SIGNS[result.outcome]
        told = Text(result.title)
        for wrong in result.wrong:
            told.append(f"\n  {wrong}")
        table.add_row(sign, result.name, told, f"{result.seconds:.2f}")
    durations = report.durations
    with console.capture() as capture:
        console.print(table)
        console.print()
        console.print(
            f"{len(report.exchanges)} exchanges; answers took "
            f"{percentile(durations, 0.5) * 1000:.0f} ms (half), "
            f"{percentile(durations, 0.95) * 1000:.0f} ms (95 %), "
            f"{(durations or [0.0])[-1] * 1000:.0f} ms (longest)"
        )
        console.print(report.verdict, markup=False)
    return capture.get().rstrip() + "\n"


def as_json(report: Report) -> str:
    """All of it, exchanges too."""
    whole: dict[str, Any] = {
        "url": report.url,
        "started_at": report.started_at.isoformat(),
        "seconds": round(report.seconds, 3),
        "verdict": report.verdict,
        "failed": report.count("failed"),
        "passed": report.count("passed"),
        "left_out": report.count("left out"),
        "cross_linked": report.cross_linked,
        "checks": [
            {
                "name": result.name,
                "title": result.title,
                "group": result.group,
                "outcome": result.outcome.replace(" ", "_"),
                "wrong": list(result.wrong),
                "seconds": round(result.seconds, 4),
                "exchanges": list(result.exchanges),
            }
            for result in report.results
        ],
        "exchanges": [
            {
                "number": exchange.number,
                "about": exchange.about,
                "request": exchange.request,
                "status": exchange.status,
                "content_type": exchange.answer_type,
                "answer": exchange.answer.decode("utf-8", "replace"),
                "failure": exchange.failure,
                "seconds": round(exchange.seconds, 4),
            }
            for exchange in report.exchanges
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def as_junit(report: Report) -> str:
    """One test suite for each group of checks, as CI servers read it."""
    root = etree.Element("testsuites", name="harness", time=f"{report.seconds:.3f}")
    for group in dict.fromkeys(result.group for result in report.results):
        results = [result for result in report.results if result.group == group]
        suite = etree.SubElement(
            root,
            "testsuite",
            name=group,
            tests=str(len(results)),
            failures=str(sum(r.outcome == "failed" for r in results)),
            skipped=str(sum(r.outcome == "left out" for r in results)),
            time=f"{sum(r.seconds for r in results):.3f}",
            timestamp=report.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
        )
        for result in results:
            case = etree.SubElement(
                suite,
                "testcase",
                classname=group,
                name=result.name,
                time=f"{result.seconds:.3f}",
            )
            told = "\n".join(result.wrong).translate(_NOT_XML)
            if result.outcome == "failed":
                failure = etree.SubElement(case, "failure", message=told.partition("\n")[0])
                failure.text = told
            elif result.outcome == "left out":
                etree.SubElement(case, "skipped", message=told)
    return etree.tostring(root, encoding="unicode", pretty_print=True)
