"""A report as one HTML page that stands alone: nothing is fetched and no script runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC
from html import escape
from importlib import resources
from string import Template
from typing import Final

from lxml import etree

from .endpoint import Exchange
from .output import percentile
from .run import Report, Result

__all__ = ["page"]

_WIDTH: Final = 720
_HEIGHT: Final = 180
_COLUMNS: Final = 36
_MARKS: Final = {"passed": "passed", "failed": "failed", "left out": "left"}


def page(report: Report) -> str:
    """`report` as a whole HTML document, to be written in UTF-8; the verdict comes first, and
    of the checks those that failed."""
    template = resources.files(__package__).joinpath("report.html").read_text("utf-8")
    started = report.started_at.astimezone(UTC)
    failed = report.count("failed")
    results = sorted(report.results, key=lambda result: result.outcome != "failed")
    return Template(template).substitute(
        day=f"{started.day} {started:%B %Y}",
        started=f"{started.day} {started:%B %Y, %H:%M} UTC",
        took=f"{report.seconds:.1f} seconds",
        url=_text(report.url),
        outcome="failed" if failed else "passed" if report.count("passed") else "",
        verdict=_text(report.verdict),
        cross="".join(f"<p>{_text(wrong)}</p>" for wrong in report.cross_linked),
        tiles="\n".join(_tiles(report)),
        plot=_plot(report.durations),
        checks="\n".join(_row(result) for result in results),
        exchanges="\n".join(_exchange(exchange) for exchange in report.exchanges),
    )


def _text(text: str) -> str:
    """Any text as HTML; what cannot be seen is spelt out."""
    seen = "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )
    return escape(seen)


def _tiles(report: Report) -> list[str]:
    durations = report.durations
    told = {
        "checks passed": str(report.count("passed")),
        "failed": str(report.count("failed")),
        "left out": str(report.count("left out")),
        "exchanges": str(len(report.exchanges)),
        "half of the answers within": f"{percentile(durations, 0.5) * 1000:.0f} ms",
        "95 of 100 within": f"{percentile(durations, 0.95) * 1000:.0f} ms",
        "the slowest": f"{(durations or [0.0])[-1] * 1000:.0f} ms",
    }
    return [f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told.items()]


def _plot(durations: Sequence[float]) -> str:
    """How many answers took how long; each column is longer than the one before by a factor."""
    if not durations:
        return "<p>There was no answer.</p>"
    low = math.log10(max(min(durations), 0.0005))
    high = max(math.log10(max(durations[-1], 0.0006)), low + 0.3)
    counts = [0] * _COLUMNS
    for seconds in durations:
        place = (math.log10(max(seconds, 0.0005)) - low) / (high - low) * _COLUMNS
        counts[min(_COLUMNS - 1, max(0, int(place)))] += 1
    column = _WIDTH / _COLUMNS
    drawn = [
        f'<rect x="{place * column + 1:.1f}" y="{_HEIGHT - height:.1f}" width="{column - 2:.1f}" '
        f'height="{height:.1f}"/>'
        for place, count in enumerate(counts)
        if (height := count / max(counts) * (_HEIGHT - 20))
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, milliseconds = share * _WIDTH, 10 ** (low + share * (high - low)) * 1000
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        where = f'x="{x:.0f}" y="{_HEIGHT + 18}" text-anchor="{anchor}"'
        drawn.append(f"<text {where}>{_brief(milliseconds)} ms</text>")
    told = (
        f"{len(durations)} answers: half within {percentile(durations, 0.5) * 1000:.1f} ms, "
        f"95 of 100 within {percentile(durations, 0.95) * 1000:.1f} ms, "
        f"the slowest after {durations[-1] * 1000:.1f} ms."
    )
    return (
        f'<p class="soft">{told}</p><svg viewBox="0 0 {_WIDTH} {_HEIGHT + 26}" role="img" '
        f'aria-label="{told}"><line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
        f"{''.join(drawn)}</svg>"
    )


def _brief(number: float) -> str:
    """Three digits that matter, and never an exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _row(result: Result) -> str:
    mark = _MARKS[result.outcome]
    wrong = "".join(f"<li>{_text(text)}</li>" for text in result.wrong)
    links = ", ".join(f'<a href="#x{n}">{n}</a>' for n in result.exchanges[:8])
    more = f" and {len(result.exchanges) - 8} more" if len(result.exchanges) > 8 else ""
    return (
        f'<tr class="{mark}"><td><span class="mark {mark}">{result.outcome}</span></td>'
        f"<td>{_text(result.title)} <code>{result.name}</code>"
        f"{f'<ul>{wrong}</ul>' if wrong else ''}</td>"
        f"<td>{links}{more}</td><td>{result.seconds:.2f}</td></tr>"
    )


def _exchange(exchange: Exchange) -> str:
    came = exchange.failure or f"HTTP {exchange.status}, {exchange.answer_type}"
    answer = _pretty(exchange.answer.decode("utf-8", "replace"))
    return (
        f'<details id="x{exchange.number}"><summary>{exchange.number}. {_text(exchange.about)}: '
        f"{_text(came)}, {exchange.seconds * 1000:.0f} ms</summary>"
        f"<pre>{_text(_pretty(exchange.request))}</pre><pre>{_text(answer)}</pre></details>"
    )


def _pretty(text: str) -> str:
    """XML with its elements on lines of their own; anything else as it is."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return text
    return etree.tostring(root, encoding="unicode", pretty_print=True)
