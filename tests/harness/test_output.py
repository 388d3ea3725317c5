"""What a run leaves behind: a table, JSON, JUnit's XML, a page; none of it with a secret."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from sso_bridge.harness import Report, read_cast, run
from sso_bridge.harness.output import as_json, as_junit, as_table
from sso_bridge.harness.page import page

from .faulty import CALLER, Faulty, served
from .test_planted_faults import cast_of


@pytest.fixture(scope="module")
def endpoint() -> Faulty:
    return Faulty("keys of two people")


@pytest.fixture(scope="module")
def report(endpoint: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Report:
    cast = cast_of(endpoint, tmp_path_factory.mktemp("cast"))
    with served(endpoint) as url:
        return run(url, cast, only=["caller-*", "login-good", "profile", "session", "create-new"])


WRITTEN = {"table": as_table, "json": as_json, "junit": as_junit, "page": page}


@pytest.mark.parametrize("kind", WRITTEN)
def test_no_secret_is_shown(kind: str, report: Report, endpoint: Faulty) -> None:
    text = WRITTEN[kind](report)
    secrets = [CALLER.split()[1], "calls-by-the-book", "Harness-4-Password!"]
    for person in endpoint.known:
        secrets += [person.password, person.session, person.expired]
    assert [secret for secret in secrets if secret in text] == []
    assert [secret for secret in secrets if secret.replace("'", "&#x27;") in text] == []


def test_the_page_stands_alone_and_begins_with_the_verdict(report: Report) -> None:
    text = page(report)
    document: Any = html.fromstring(text)
    assert document.find(".//h1").text == report.verdict
    assert not document.xpath("//script | //link[@href!='data:,'] | //img | //iframe")
    assert not re.search(r"url\(|@import", text)
    assert len(document.xpath("//tbody/tr")) == len(report.results)
    assert len(document.xpath("//details")) == len(report.exchanges)
    assert document.xpath("//svg[@role='img']/rect")
    for link in document.xpath("//tbody//a/@href"):
        assert document.xpath(f"//details[@id='{link.removeprefix('#')}']")


def test_junit_has_each_check_once(report: Report) -> None:
    root = etree.fromstring(as_junit(report))
    assert [case.get("name") for case in root.iter("testcase")] == [r.name for r in report.results]
    failures = {f.getparent().get("name") for f in root.iter("failure")}  # type: ignore[union-attr]
    assert failures == {r.name for r in report.results if r.outcome == "failed"} != set()
    assert sum(int(s.get("failures", "")) for s in root.iter("testsuite")) == len(failures)


def test_json_has_each_exchange(report: Report) -> None:
    told = json.loads(as_json(report))
    assert told["failed"] == report.count("failed") > 0
    numbers = {exchange["number"] for exchange in told["exchanges"]}
    assert all(set(one["exchanges"]) <= numbers for one in told["checks"])


def test_the_table_says_what_is_wrong_and_what_was_left_out(report: Report) -> None:
    text = " ".join(as_table(report).split())
    assert report.verdict in text
    assert "profile-keys-disagree" in text
    assert "needs company" in text


def test_what_an_endpoint_sends_is_shown_as_text(tmp_path: Path) -> None:
    endpoint = Faulty()
    endpoint.known[0].first_name = None
    endpoint.known[0].login = "<script>alert(1)</script>\u202e@example.com"
    file = tmp_path / "harness.toml"
    file.write_text(
        'caller = { user = "digital-river", password = "calls-by-the-book" }\n'
        "[[users]]\nlogin = '<script>alert(1)</script>\u202e@example.com'\n"
        'password = "ann\'s password"\n',
        encoding="utf-8",
    )
    with served(endpoint) as url:
        text = page(run(url, read_cast(file), only=["login-good"]))
    assert "<script>" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text


def test_the_page_has_failed_checks_first_and_times_without_exponents(report: Report) -> None:
    slow = replace(report.exchanges[0], seconds=3.53)
    told = html.fromstring(page(replace(report, exchanges=[*report.exchanges, slow])))
    outcomes = [row.get("class") for row in told.iterfind(".//tbody/tr")]
    failed = outcomes.count("failed")
    assert 0 < failed < len(outcomes)
    assert outcomes[:failed] == ["failed"] * failed
    axis = [text.text for text in told.iterfind(".//svg/text")]
    assert axis[-1] == "3530 ms"
