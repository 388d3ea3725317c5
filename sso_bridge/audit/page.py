"""A report as one HTML page that stands alone: for reading, for printing, for sending on.

Nothing is fetched and no script runs. Every chart is drawn beside its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from importlib import resources
from string import Template
from typing import Final, TypeVar

from .figures import Bar, bars, columns, table
from .model import SEVERITIES, Finding, Report, Severity, SourceSummary
from .words import characters, duration, of, share, shown, users

__all__ = ["page"]

_MEANINGS: Final[Mapping[Severity, str]] = {
    "cross_link": "One person would be taken for another, or for two. Do not go live before "
    "this is put right.",
    "lock_out": "These users would be turned away, or not found, until this is put right.",
    "advice": "Nobody is cross-linked or locked out by this today. It can be put right later.",
}
_SHORT: Final[Mapping[Severity, str]] = {
    "cross_link": "Put this right before you go live.",
    "lock_out": "They would be turned away or not found.",
    "advice": "This can be put right later.",
}
_CROSS_LINKED: Final = '<span class="whole">cross-linked</span>'
_AT_ONCE: Final = 12
"""Password formats that are shown at once, if there are more than a few more."""
_A_FEW: Final = 3
_UNKNOWN: Final = "unknown: "

_K = TypeVar("_K", int, str)
_Groups = Mapping[Severity, Sequence[Finding]]


def page(report: Report) -> str:
    """`report` as a whole HTML document, to be written in UTF-8.

    Text from the data is escaped; in it, what cannot be seen is spelt out, as in `\\u202e`, and
    what is very long is cut. The same report gives the same page."""
    template = resources.files(__package__).joinpath("audit.html").read_text("utf-8")
    total = sum(source.users for source in report.sources)
    groups = _grouped(report.findings)
    started = report.started_at.astimezone(UTC)
    day = f"{started.day} {started:%B %Y}"
    charts = (
        _users_chart(report.sources, total),
        _severity_chart(groups),
        _password_chart(report.sources),
        _length_chart(report.sources),
    )
    return Template(template).substitute(
        verdict=_verdict(groups, total),
        severity=report.verdict or ("nothing" if total else "unsaid"),
        day=day,
        started=f"{day}, {started:%H:%M} UTC",
        machine=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        took=duration(report.seconds),
        version=shown(report.version),
        lede=_lede(report, total),
        tiles="\n".join(_tile(severity, groups[severity], total) for severity in groups),
        charts="\n".join(charts),
        findings=_findings(groups),
    )


def _grouped(findings: Sequence[Finding]) -> _Groups:
    """The findings of every severity, the worst severity first."""
    return {
        severity: [finding for finding in findings if finding.severity == severity]
        for severity in SEVERITIES
    }


def _verdict(groups: _Groups, total: int) -> str:
    cross = _concerned(groups["cross_link"], total)
    lock = _concerned(groups["lock_out"], total)
    if cross:
        rest = f", and {lock} would be locked out" if lock else ""
        return f"Not ready to go live: {cross} would be {_CROSS_LINKED}{rest}."
    if lock:
        return f"No user would be {_CROSS_LINKED}, but {lock} would be locked out."
    if not total:
        return "No user was read, so nothing can be said about them."
    return f"No user would be {_CROSS_LINKED} or locked out."


def _lede(report: Report, total: int) -> str:
    sources = of(len(report.sources), "source")
    entries = of(report.ledger_entries, "entry", "entries")
    advice = of(sum(finding.severity == "advice" for finding in report.findings), "finding")
    rest = f" There is advice too: {advice}." if report.verdict == "advice" else ""
    return f"{_upper(users(total))} in {sources} and {entries} of the ledger were read.{rest}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _concerned(findings: Sequence[Finding], total: int) -> str:
    """How many users `findings` concern: one user may be in several. Empty for no finding."""
    if not findings:
        return ""
    fewest = max(finding.count for finding in findings)
    most = max(fewest, min(total, sum(finding.count for finding in findings)))
    if not most:
        return "an unknown number of users"
    return users(most) if most == fewest else f"up to {users(most)}"


def _name(severity: Severity) -> str:
    return f'<span class="mark {severity}">{SEVERITIES[severity].capitalize()}</span>'


def _tile(severity: Severity, findings: Sequence[Finding], total: int) -> str:
    if not findings:
        name, note = _name(severity), "Nothing was found."
    else:
        name, note = f'<a href="#{severity}">{_name(severity)}</a>', _SHORT[severity]
        if severity != "advice":
            concerned = _upper(_concerned(findings, total))
            note = f"{concerned}. {note}"
    what = "finding" if len(findings) == 1 else "findings"
    return (
        f'<li class="{severity if findings else "empty"}"><p class="name">{name}</p>\n'
        f"<p><b>{len(findings):,}</b> {what}</p>\n<p>{note}</p></li>"
    )


def _chart(name: str, title: str, *parts: str) -> str:
    body = "\n".join(part for part in parts if part)
    return (
        f'<section class="chart" aria-labelledby="{name}-title">'
        f'<h3 id="{name}-title">{title}</h3>\n{body}\n</section>'
    )


def _folded(summary: str, html: str) -> str:
    return f"<details><summary>{summary}</summary>\n{html}\n</details>"


def _users_chart(sources: Sequence[SourceSummary], total: int) -> str:
    rows = [
        Bar(
            shown(source.name),
            (f"{source.users:,}", f"{source.active:,}"),
            (("full", source.active), ("hollow", source.users - source.active)),
            f"ERIDs: {shown(source.strategy)} · read in {duration(source.seconds)}",
        )
        for source in sources
    ]
    caption = "No user was read."
    if total:
        active = sum(source.active for source in sources)
        caption = (
            f"{_upper(share(active, total))} of all users are active. "
            '<span class="key"><span class="mark full">active</span> '
            '<span class="mark hollow">inactive</span></span>'
        )
    most = max((source.users for source in sources), default=0)
    head = ("Source", "Users", "Active")
    return _chart("users", "Users by source", bars(head, rows, caption=caption, most=most))


def _severity_chart(groups: _Groups) -> str:
    rows = [
        Bar(
            _name(severity),
            (f"{len(findings):,}", f"{sum(finding.count for finding in findings):,}"),
            ((severity, len(findings)),),
        )
        for severity, findings in groups.items()
    ]
    caption = "Bars are findings. A user who is in two of them counts twice."
    most = max(len(findings) for findings in groups.values())
    head = ("Severity", "Findings", "Users")
    chart = bars(head, rows, caption=caption, most=most)
    return _chart("severities", "Findings by severity", chart)


def _password_chart(sources: Sequence[SourceSummary]) -> str:
    formats = _summed(source.passwords for source in sources)
    total = sum(formats.values())
    title = ("passwords", "Passwords by format")
    if not total:
        return _chart(*title, "<p>No password was read.</p>")
    ordered = sorted(formats.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        Bar(_format(name), (f"{count:,}", share(count, total)), ((_colour(name), count),))
        for name, count in ordered
    ]
    unknown = sum(count for name, count in ordered if name.startswith(_UNKNOWN))
    caption = "Every password is in a known format."
    if unknown:
        verb = "has a password" if unknown == 1 else "have passwords"
        caption = f"{users(unknown)} {verb} in an unknown format."
    head, most = ("Format", "Users", "Share"), ordered[0][1]
    kept = len(rows) if len(rows) <= _AT_ONCE + _A_FEW else _AT_ONCE
    rest = ""
    if rows[kept:]:
        hidden = sum(count for _, count in ordered[kept:])
        rest = _folded(
            f"{len(rows) - kept:,} more formats, {users(hidden)}",
            bars(head, rows[kept:], caption="The less usual formats.", most=most),
        )
    each = [
        (shown(source.name), _format(name), f"{count:,}")
        for source in sources
        for name, count in sorted(source.passwords.items(), key=lambda item: (-item[1], item[0]))
    ]
    chart = bars(head, rows[:kept], caption=caption, most=most)
    return _chart(*title, chart, rest, _each("Formats", "Format", each, sources))


def _length_chart(sources: Sequence[SourceSummary]) -> str:
    lengths = _summed(source.erid_lengths for source in sources)
    title = ("lengths", "ERIDs by length")
    if not lengths:
        return _chart(
            *title, "<p>No source has a column of ERIDs, so there is none to measure.</p>"
        )
    total = sum(lengths.values())
    low, high = min(lengths), max(lengths)
    noun = "character" if high == 1 else "characters"
    between = (
        f"{characters(low)} to {characters(high)} {noun}"
        if low < high
        else f"{characters(low)} {noun}"
    )
    rows = [
        (characters(length), f"{count:,}", share(count, total))
        for length, count in sorted(lengths.items())
    ]
    each = [
        (shown(source.name), characters(length), f"{count:,}")
        for source in sources
        for length, count in sorted(source.erid_lengths.items())
    ]
    numbers = table(("Characters", "Users", "Share"), rows, caption="Users by length of ERID.")
    return _chart(
        *title,
        f"<p>The ERIDs in the database are {between} long.</p>",
        columns(lengths),
        _folded("The numbers", numbers),
        _each("Lengths", "Characters", each, sources),
    )


def _each(
    what: str, head: str, rows: Sequence[Sequence[str]], sources: Sequence[SourceSummary]
) -> str:
    """The numbers of a chart by source, folded; nothing if there is one source only."""
    if len(sources) < 2:
        return ""
    title = f"{what} by source"
    numbers = table(("Source", head, "Users"), rows, caption=f"{title}.")
    return _folded(title, f'<div class="each">{numbers}</div>')


def _summed(counts: Iterable[Mapping[_K, int]]) -> dict[_K, int]:
    """The counts of all sources together, without what nobody has."""
    total: Counter[_K] = Counter()
    for each in counts:
        total.update(each)
    return {key: count for key, count in total.items() if count}


def _format(name: str) -> str:
    if name == "none":
        return "No password"
    if name.startswith(_UNKNOWN):
        return f'<span class="mark lock_out">Unknown:</span> {shown(name.removeprefix(_UNKNOWN))}'
    return shown(name)


def _colour(name: str) -> str:
    if name == "none":
        return "hollow"
    return "lock_out" if name.startswith(_UNKNOWN) else "full"


def _findings(groups: _Groups) -> str:
    if not any(groups.values()):
        return "<p>There is none. Nothing has to be put right.</p>"
    parts = [
        "<p>At most five primary keys are given for each. "
        "<code>sso-bridge audit --format csv</code> lists every row.</p>"
    ]
    for severity, findings in groups.items():
        if findings:
            items = "\n".join(_finding(finding) for finding in findings)
            parts.append(
                f'<section id="{severity}" class="group" aria-labelledby="{severity}-title">'
                f'<h3 id="{severity}-title">{_name(severity)}</h3>'
                f"<p>{_MEANINGS[severity]}</p>\n{items}\n</section>"
            )
    return "\n".join(parts)


def _finding(finding: Finding) -> str:
    where = f"In {shown(finding.source)}" if finding.source else "Across sources"
    title = shown(finding.title, whole=True)
    noun = "user" if finding.count == 1 else "users"
    count = f'<p class="count"><b>{finding.count:,}</b> {noun}</p>' if finding.count else ""
    keys = "\n".join(f"<li><code>{shown(example)}</code></li>" for example in finding.examples)
    if keys:
        all_of_them = len(finding.examples) >= finding.count
        name = "Primary key" if len(finding.examples) == 1 else "Primary keys"
        name += "" if all_of_them else ", for example"
        keys = f'<div class="keys"><p>{name}</p>\n<ul>{keys}</ul></div>'
    return (
        f'<article class="{finding.severity}"><div class="head"><h4>{title}</h4>\n{count}</div>\n'
        f'<p class="where">{where} · <code>{shown(finding.check)}</code></p>\n'
        f"<p>{shown(finding.text, whole=True)}</p>\n{keys}</article>"
    )
