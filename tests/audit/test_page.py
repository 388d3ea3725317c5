"""The page of an audit: what it says first, that its numbers are right, that data stays data."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from lxml import html

from sso_bridge.audit.checks import CHECKS
from sso_bridge.audit.model import SEVERITIES, Finding, Report, SourceSummary
from sso_bridge.audit.page import page
from sso_bridge.audit.words import duration, share
from tests.audit.reports import CLEAN, HOSTILE, SCRIPT, SPOILED, finding, report, summary

REPORTS = pytest.mark.parametrize(
    "found", [CLEAN, SPOILED, HOSTILE], ids=["clean", "spoiled", "hostile"]
)
ADVICE = finding("erid_email", 7)
CROSS, LOCK = finding("erid_duplicated", 1200), finding("erid_missing", 1)


class Document:
    """A page as a browser would read it."""

    def __init__(self, found: Report) -> None:
        self.root = html.fromstring(page(found).encode())

    def find(self, path: str) -> list[Any]:
        """The elements or attributes that `path`, an XPath, finds."""
        found = self.root.xpath(path)
        assert isinstance(found, list)
        return found

    def all(self, path: str) -> list[str]:
        """The words of every element that `path` finds."""
        return [" ".join(e.text_content().split()) for e in self.find(path)]

    def one(self, path: str) -> str:
        (text,) = self.all(path)
        return text

    def rows(self, chart: str, *, table: int = 1) -> list[list[str]]:
        """The cells of a chart's table, below its head."""
        body = f"//section[@aria-labelledby='{chart}-title']/descendant::table[{table}]/tbody/tr"
        return [[" ".join(cell.text_content().split()) for cell in row] for row in self.find(body)]


class Balanced(HTMLParser):
    """Fails at a tag that is closed but not the last one opened."""

    open_: tuple[str, ...] = ()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link"):
            self.open_ += (tag,)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open_[-1] == tag
        self.open_ = self.open_[:-1]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "No user would be cross-linked or locked out."),
        ((ADVICE,), "No user would be cross-linked or locked out."),
        ((LOCK, ADVICE), "No user would be cross-linked, but 1 user would be locked out."),
        ((CROSS,), "Not ready to go live: 1,200 users would be cross-linked."),
        (
            (CROSS, LOCK),
            "Not ready to go live: 1,200 users would be cross-linked, "
            "and 1 user would be locked out.",
        ),
    ],
    ids=["nothing", "advice", "lock-out", "cross-link", "both"],
)
def test_the_heading_is_the_verdict(findings: tuple[Finding, ...], verdict: str) -> None:
    assert Document(report(*findings)).one("//h1") == verdict


@pytest.mark.parametrize(
    ("counts", "told"),
    [((3, 4), "up to 7 users"), ((900, 800), "up to 1,200 users"), ((1200, 5), "1,200 users")],
    ids=["may-overlap", "not-more-than-there-are", "all-of-them"],
)
def test_users_of_several_findings_are_not_counted_twice_as_certain(
    counts: tuple[int, int], told: str
) -> None:
    first, second = counts
    found = report(finding("erid_missing", first), finding("login_missing", second))
    assert (
        Document(found).one("//h1")
        == f"No user would be cross-linked, but {told} would be locked out."
    )


def test_nothing_is_promised_when_nobody_was_read() -> None:
    document = Document(report(sources=(summary(users=0, active=0),)))
    assert document.one("//h1") == "No user was read, so nothing can be said about them."
    assert "nothing" not in document.find("//header/@class")


def test_a_clean_report_says_that_there_is_no_finding() -> None:
    document = Document(CLEAN)
    assert document.one("//section[@id='findings']/p").startswith("There is none.")
    assert document.all("//article") == []


def test_the_counts_by_severity_are_told_and_lead_to_the_findings() -> None:
    document = Document(report(CROSS, LOCK, finding("login_missing", 3)))
    assert document.all("//ul[@class='tiles']/li") == [
        "Would cross-link 1 finding 1,200 users. Put this right before you go live.",
        "Would lock out 2 findings Up to 4 users. They would be turned away or not found.",
        "Advice 0 findings Nothing was found.",
    ]
    targets = document.find("//ul[@class='tiles']//a/@href")
    assert targets == ["#cross_link", "#lock_out"]
    assert {t[1:] for t in targets} <= set(document.find("//@id"))
    assert document.rows("severities") == [
        ["Would cross-link", "1", "1,200"],
        ["Would lock out", "2", "4"],
        ["Advice", "0", "0"],
    ]


def test_every_finding_is_told_in_full_under_its_severity() -> None:
    document = Document(SPOILED)
    assert len(document.all("//article")) == len(SPOILED.findings) > 20
    for found in SPOILED.findings:
        text = document.one(f"//section[@id='{found.severity}']/article[.//code='{found.check}']")
        assert text.startswith(f"{found.title} {found.count:,} user")
        assert found.text in text
        assert (f"In {found.source} ·" if found.source else "Across sources ·") in text
        for example in found.examples:
            assert example in text


def test_findings_keep_their_order_and_the_worst_severity_is_first() -> None:
    document = Document(report(ADVICE, LOCK, CROSS, finding("login_missing", 900)))
    assert document.all("//h4") == [
        CHECKS[name].title
        for name in ("erid_duplicated", "erid_missing", "login_missing", "erid_email")
    ]
    assert document.find("//section[@class='group']/@id") == list(SEVERITIES)


@pytest.mark.parametrize(
    ("examples", "count", "heading"),
    [
        (("17",), 1, "Primary key"),
        (("17", "18"), 2, "Primary keys"),
        (("17", "18"), 40, "Primary keys, for example"),
    ],
    ids=["the-only-one", "all", "some-of-many"],
)
def test_examples_say_whether_they_are_all(
    examples: tuple[str, ...], count: int, heading: str
) -> None:
    document = Document(report(finding("erid_missing", count, "shop", *examples)))
    assert document.one("//div[@class='keys']/p") == heading
    assert document.all("//div[@class='keys']//li") == list(examples)


def test_the_users_of_each_source_are_in_a_table() -> None:
    sources = (summary("shop", 1200, 1100), summary("partners", 3, 3))
    assert Document(report(sources=sources)).rows("users") == [
        ["shop ERIDs: minted · read in 0.4 s", "1,200", "1,100"],
        ["partners ERIDs: minted · read in 0.4 s", "3", "3"],
    ]


def test_a_bar_is_as_long_as_its_number() -> None:
    sources = (summary("shop", 1000, 750), summary("partners", 500, 0))
    rects = Document(report(sources=sources)).find(
        "//section[@aria-labelledby='users-title']//rect"
    )
    widths = [(r.get("class"), float(r.get("x")), float(r.get("width"))) for r in rects]
    assert widths == [("full", 0, 75), ("hollow", 75, 25), ("hollow", 0, 50)]


def test_password_formats_of_all_sources_are_added_up() -> None:
    stored = [{"bcrypt": 40, "none": 5}, {"bcrypt": 50, "unknown: 40 hex digits": 5}]
    sources = tuple(replace(summary(f"s{n}"), passwords=of) for n, of in enumerate(stored))
    document = Document(report(sources=sources))
    assert document.rows("passwords") == [
        ["bcrypt", "90", "90%"],
        ["No password", "5", "5%"],
        ["Unknown: 40 hex digits", "5", "5%"],
    ]
    captions = document.all("//section[@aria-labelledby='passwords-title']//caption")
    assert captions[0] == "5 users have passwords in an unknown format."
    by_source = document.find("//caption[.='Formats by source.']/../tbody/tr")
    assert [" ".join(cell.text_content() for cell in row) for row in by_source] == [
        "s0 bcrypt 40",
        "s0 No password 5",
        "s1 bcrypt 50",
        "s1 Unknown: 40 hex digits 5",
    ]


def test_of_forty_formats_none_is_left_out() -> None:
    stored = {f"scheme-{n}": 100 - n for n in range(40)}
    document = Document(report(sources=(replace(summary(), passwords=stored),)))
    assert len(document.rows("passwords", table=1)) == 12
    section = "//section[@aria-labelledby='passwords-title']"
    folded = sum(range(61, 89))
    assert document.one(f"{section}//summary") == f"28 more formats, {folded:,} users"
    names = document.all(f"{section}//tbody/tr/th")
    assert names == list(stored)


def test_the_lengths_of_erids_are_drawn_told_and_in_a_table() -> None:
    lengths = {8: 10, 36: 989, 256: 1}
    document = Document(report(sources=(replace(summary(), erid_lengths=lengths),)))
    assert document.rows("lengths") == [
        ["8", "10", "1%"],
        ["36", "989", "98.9%"],
        ["over 255", "1", "0.1%"],
    ]
    (told,) = document.find("//div[@role='img']/@aria-label")
    assert told == (
        "Columns from 8 to over 255 characters. The most usual length is 36, "
        "with 98.9% of the users."
    )
    heights = [float(h) for h in document.find("//div[@role='img']//rect/@height")]
    assert heights == [1.0, 100.0, 1.0]


def test_without_a_column_of_erids_there_is_no_chart_of_them() -> None:
    document = Document(report())
    assert document.find("//div[@role='img']") == []
    assert "No source has a column of ERIDs" in document.one(
        "//section[@aria-labelledby='lengths-title']"
    )


def test_whatever_is_in_the_data_stays_text() -> None:
    document = Document(HOSTILE)
    assert document.find("//script") == []
    assert document.all("//div[@class='keys']//li")[:4] == [
        SCRIPT,
        "empty",
        "x" * 119 + "…",
        r"a\u202eb\nc\x00\ud800",
    ]
    assert document.rows("users")[1][0].startswith(SCRIPT)


@pytest.mark.parametrize("place", ["check", "source", "title", "text"])
def test_every_part_of_a_finding_is_escaped(place: str) -> None:
    hostile = replace(LOCK, **{place: SCRIPT})  # type: ignore[arg-type]
    document = Document(report(hostile))
    assert SCRIPT in document.one("//article")
    assert document.find("//script") == []


def test_what_is_said_of_a_finding_is_never_cut() -> None:
    long = "a word and " * 100 + "the end"
    assert long in Document(report(replace(LOCK, text=long))).one("//article")


@REPORTS
def test_the_page_stands_alone(found: Report) -> None:
    document = Document(found)
    assert document.find("//script | //img | //iframe | //object") == []
    assert document.find("//@src | //@onclick") == []
    assert all(href.startswith(("#", "data:")) for href in document.find("//@href"))
    style = document.one("//style")
    assert "url(" not in style and "@import" not in style


@REPORTS
def test_headings_tables_and_charts_can_be_followed_without_seeing(found: Report) -> None:
    document = Document(found)
    levels = [int(e.tag[1]) for e in document.find("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert document.find("//table[not(caption)]") == []
    assert document.find("//thead//th[not(@scope='col')] | //tbody//th[not(@scope='row')]") == []
    assert document.find("//svg[not(@aria-hidden='true') and not(ancestor::*[@role='img'])]") == []
    assert len(document.find("//@id")) == len(set(document.find("//@id")))


@REPORTS
def test_tags_match_and_the_page_is_the_same_each_time(found: Report) -> None:
    balanced = Balanced()
    balanced.feed(page(found))
    balanced.close()
    assert balanced.open_ == ()
    assert page(found) == page(found)


def test_when_and_by_what_it_was_made_is_told() -> None:
    document = Document(report())
    assert document.all("//footer//dd") == [
        "3 November 2026, 09:05 UTC",
        "1 min 12 s",
        "sso-bridge 1.2.3",
    ]
    assert document.find("//time/@datetime") == ["2026-11-03T09:05:00Z"]


@pytest.mark.parametrize(
    ("part", "told"),
    [(0, "0%"), (1, "under 0.1%"), (2500, "25%"), (3333, "33.3%"), (9999, "over 99.9%")],
)
def test_only_nothing_is_0_percent_and_only_all_is_100(part: int, told: str) -> None:
    assert share(part, 10_000) == told
    assert share(10_000, 10_000) == "100%"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (9.97, "10 s"),
        (59.7, "1 min 0 s"),
        (72.4, "1 min 12 s"),
        (7501, "2 h 5 min"),
    ],
)
def test_a_duration_has_the_units_that_matter(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_one_of_something_is_not_plural() -> None:
    one = SourceSummary("shop", "column", 1, 1, {"unknown: 40 hex digits": 1}, {1: 1}, 0.1)
    document = Document(report(LOCK, sources=(one,), entries=1))
    assert (
        document.one("//p[@class='lede']")
        == "1 user in 1 source and 1 entry of the ledger were read."
    )
    assert "1 user has a password in an unknown format." in document.all("//caption")
    assert document.one("//section[@aria-labelledby='lengths-title']/p").endswith(
        "1 character long."
    )
    assert document.one("//p[@class='count']") == "1 user"
