"""What is written: complete, true to the report, and without anything personal."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from sso_bridge.audit import Finding, Report, output
from tests.audit.crowds import LEDGER, PARTNERS, SPOILED, audited, fill, source


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'users.db'}"
    fill(url, SPOILED)
    fill(url, PARTNERS, table="partners")
    return url


def test_json_holds_the_whole_report(url: str) -> None:
    file = io.StringIO()
    with audited(source(url), ledger=LEDGER) as done:
        output.write_json(done.report, file)
    told = json.loads(file.getvalue())
    assert told["verdict"] == "cross_link"
    assert datetime.fromisoformat(told["started_at"]).utcoffset() == timedelta(0)
    assert told["sources"][0]["passwords"]["bcrypt"] == len(SPOILED) - 3
    assert [f["check"] for f in told["findings"]] == [f.check for f in done.report.findings]
    assert told["ledger_entries"] == len(LEDGER)


def test_csv_has_a_line_for_each_user_of_each_finding(url: str) -> None:
    file = io.StringIO()
    with audited(source(url), source(url, "partners", table="partners"), ledger=LEDGER) as done:
        output.write_csv(done.rows(), file)
        expected = [
            {
                "source": row.source,
                "subject": row.subject,
                "check": row.check,
                "severity": row.severity,
                "erid": row.erid or "",
            }
            for row in done.rows()
        ]
    assert list(csv.DictReader(io.StringIO(file.getvalue()))) == expected
    about_erids = {row["check"] for row in expected if row["erid"]}
    assert about_erids
    assert all(check.startswith("erid_") for check in about_erids)


def test_the_table_names_every_finding_and_the_verdict(url: str) -> None:
    with audited(source(url), ledger=LEDGER) as done:
        text = _table(done.report)
    words = " ".join(text.split())
    for finding in done.report.findings:
        assert finding.title in words
    assert "would cross-link" in words.split(" active ")[-1]
    assert output.verdict(done.report) in words


def test_a_name_that_looks_like_markup_is_printed_as_it_is() -> None:
    finding = Finding("erid_alike", "cross_link", "[bold]shop[/x]", 1, "title", "text", ("[a]",))
    report = Report("1", datetime(2026, 1, 1), 1.0, (), (finding,), 0)
    text = _table(report)
    assert "[bold]shop[/x]" in text
    assert "[a]" in text


def test_nothing_is_said_of_logins_names_or_hashes(url: str) -> None:
    file = io.StringIO()
    with audited(source(url), ledger=LEDGER) as done:
        output.write_csv(done.rows(), file)
        output.write_json(done.report, file)
        text = file.getvalue() + _table(done.report) + repr(done.report)
    for row in SPOILED:
        for private in (row["login"], row["password"], row["first_name"], row["last_name"]):
            if private and len(private) > 4:
                assert private not in text.replace(row["erid"] or "", "")


@pytest.mark.parametrize(
    ("severities", "words"),
    [
        ([], "Nothing found."),
        (["advice"], "1 kind of finding: advice."),
        (
            ["cross_link", "lock_out", "lock_out"],
            "1 kind of finding: would cross-link; 2 kinds of finding: would lock out.",
        ),
    ],
)
def test_the_verdict_counts_what_was_found(severities: list[str], words: str) -> None:
    findings = tuple(
        Finding("erid_alike", severity, "shop", 1, "", "")  # type: ignore[arg-type]
        for severity in severities
    )
    report = Report("1", datetime(2026, 1, 1), 1.0, (), findings, 0)
    assert output.verdict(report) == words


def _table(report: Report) -> str:
    console = Console(file=io.StringIO(), width=200)
    output.print_table(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
