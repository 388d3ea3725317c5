"""The page in a real browser: it fits, it can be read, and its policy lets it be itself."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from .chromium import Chromium

WIDTHS = pytest.mark.parametrize("width", [390, 1280])
SCHEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"

# Elements that stick out of the page, save what scrolls within a box of its own.
OUTSIDE = """
[...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.skip') && !e.closest('pre > *'))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.outerHTML.slice(0, 80))
"""

# The contrast of every text with what is behind it (WCAG 2, 1.4.3), the lowest first.
CONTRASTS = """
(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => numbers(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const both = [light(getComputedStyle(e).color), light(behind(e))].sort((a, b) => b - a);
      return [(both[0] + 0.05) / (both[1] + 0.05), e.outerHTML.slice(0, 80)];
    });
  return found.sort((a, b) => a[0] - b[0]);
})()
"""


@WIDTHS
@pytest.mark.parametrize("opened", [False, True], ids=["as-it-comes", "all-samples-open"])
@pytest.mark.parametrize("path", ["/", "/RemoteUserManagement"])
def test_nothing_is_wider_than_the_window(
    browser: Chromium, origin: str, path: str, width: int, opened: bool
) -> None:
    browser.open(origin + path, width=width)
    if opened:
        browser.evaluate(OPEN_ALL)
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate(OUTSIDE) == []


@WIDTHS
@SCHEMES
def test_every_text_stands_out_from_its_ground(
    browser: Chromium, origin: str, width: int, dark: bool
) -> None:
    browser.open(origin, width=width, dark=dark)
    browser.evaluate(OPEN_ALL)
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert contrasts[0][0] >= 4.5, contrasts[0]


def test_the_schemes_differ_as_the_reader_prefers(browser: Chromium, origin: str) -> None:
    grounds = []
    for dark in (False, True):
        browser.open(origin, width=1280, dark=dark)
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 20, 23)"]


def test_the_policy_lets_the_style_in_and_nothing_is_fetched(
    browser: Chromium, origin: str
) -> None:
    browser.open(origin, width=1280)
    assert browser.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"
    assert browser.events("Log.entryAdded") == []
    asked = [event["request"]["url"] for event in browser.events("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [f"{origin}/"]


def test_the_keyboard_finds_the_way_and_the_focus_shows(browser: Chromium, origin: str) -> None:
    browser.open(origin, width=1280)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.hash") == "#state"
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_table_that_goes_and_comes_back_is_seen(
    browser: Chromium, origin: str, directory: Path
) -> None:
    def rename(table: str, to: str) -> None:
        with closing(sqlite3.connect(directory / "erids.db")) as ledger, ledger:
            ledger.execute(f"ALTER TABLE {table} RENAME TO {to}")

    def state_becomes(wanted: str) -> bool:
        for _ in range(20):
            browser.open(origin, width=390)
            if browser.evaluate("document.querySelector('.verdict span').innerText") == wanted:
                return True
            time.sleep(0.5)
        return False

    rename("sso_bridge_ledger", "away")
    try:
        assert state_becomes("Not ready")
        assert browser.evaluate("document.querySelectorAll('.state td .bad').length") == 1
    finally:
        rename("away", "sso_bridge_ledger")
    assert state_becomes("Ready")


def test_every_link_away_is_answered(browser: Chromium, origin: str) -> None:
    browser.open(origin, width=1280)
    links = browser.evaluate("[...document.links].map(a => a.href).filter(h => !h.includes('#'))")
    assert len(links) == 4
    for link in links:
        with urlopen(link, timeout=10) as answer:
            assert answer.status == 200
