"""The page of an audit in a real browser: it fits, it can be read, it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_bridge.audit.model import Report
from sso_bridge.audit.page import page
from tests.audit.reports import CLEAN, HOSTILE, SPOILED

from .chromium import Chromium
from .test_page import CONTRASTS, OPEN_ALL, OUTSIDE, SCHEMES, WIDTHS

REPORTS = pytest.mark.parametrize(
    "found", [CLEAN, SPOILED, HOSTILE], ids=["clean", "spoiled", "hostile"]
)
PRINTED = "[...document.querySelectorAll('details table')].map(t => t.checkVisibility())"


@pytest.fixture
def url(found: Report, tmp_path: Path) -> str:
    file = tmp_path / "audit.html"
    file.write_text(page(found), "utf-8")
    return file.as_uri()


@REPORTS
@WIDTHS
def test_nothing_is_wider_than_the_window(browser: Chromium, url: str, width: int) -> None:
    browser.open(url, width=width)
    for _ in range(2):
        assert browser.evaluate("innerWidth") == width
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        assert browser.evaluate(OUTSIDE) == []
        browser.evaluate(OPEN_ALL)


@REPORTS
@SCHEMES
def test_every_text_stands_out_from_its_ground(browser: Chromium, url: str, dark: bool) -> None:
    browser.open(url, width=1280, dark=dark)
    browser.evaluate(OPEN_ALL)
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert contrasts[0][0] >= 4.5, contrasts[0]


@pytest.mark.parametrize("found", [SPOILED], ids=["spoiled"])
def test_the_verdict_and_the_counts_are_seen_at_once(browser: Chromium, url: str) -> None:
    browser.open(url, width=1280)
    bottom = browser.evaluate("document.querySelector('.tiles').getBoundingClientRect().bottom")
    assert bottom < 900


@pytest.mark.parametrize("found", [SPOILED], ids=["spoiled"])
def test_on_paper_the_page_is_light_and_nothing_is_folded(browser: Chromium, url: str) -> None:
    browser.open(url, width=1280, dark=True)
    assert not any(browser.evaluate(PRINTED))
    browser.command(
        "Emulation.setEmulatedMedia",
        media="print",
        features=[{"name": "prefers-color-scheme", "value": "dark"}],
    )
    try:
        ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        shown = browser.evaluate(PRINTED)
        assert shown and all(shown)
    finally:
        browser.command("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("found", [HOSTILE], ids=["hostile"])
def test_nothing_is_fetched_and_nothing_runs(browser: Chromium, url: str) -> None:
    browser.open(url, width=1280)
    asked = [event["request"]["url"] for event in browser.events("Network.requestWillBeSent")]
    assert [address for address in asked if not address.startswith("data:")] == [url]
    assert browser.events("Log.entryAdded") == []
    assert browser.evaluate("document.scripts.length") == 0
