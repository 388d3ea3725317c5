"""The store in a real browser, before the real demo: what a shopper does, and what is asked."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import demo_in

from .chromium import Chromium
from .test_page import CONTRASTS, OUTSIDE, SCHEMES, WIDTHS

TEXT = "document.querySelector('main').innerText"
PANEL = "document.querySelector('aside').innerText"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `sso-bridge harness store`, with a demo of its own."""
    folder = tmp_path_factory.mktemp("store")
    demo_in(folder)
    command = ["harness", "store", "--port", "0", "--directory", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sso_bridge", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1].rstrip("/")
    finally:
        process.terminate()
        assert process.wait(30) is not None


@pytest.fixture
def shop(browser: Chromium, store: str) -> Chromium:
    """A browser that has not been there before, on the first page."""
    browser.command("Network.clearBrowserCookies")
    browser.open(store + "/", width=1280)
    return browser


def act(browser: Chromium, script: str) -> None:
    """Do something that leads to another page, and wait for that."""
    browser.evaluate("window.still_here = true")
    browser.evaluate(f"{{ {script} }}")
    until(browser, "!window.still_here && document.readyState === 'complete'")


def until(browser: Chromium, condition: str, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            if browser.evaluate(condition):
                return
        except AssertionError:  # between two pages
            pass
        assert time.monotonic() < ends, f"{condition}: {browser.evaluate(TEXT)}"
        time.sleep(0.05)


def follow(browser: Chromium, text: str) -> None:
    act(browser, f"[...document.links].find(a => a.textContent.includes({text!r})).click()")


def fill(browser: Chromium, **fields: str) -> None:
    for name, value in fields.items():
        browser.evaluate(f"document.querySelector('main [name={name}]').value = {value!r}")


def submit(browser: Chromium, label: str) -> None:
    find = f"[...document.querySelectorAll('button')].find(b => b.innerText.includes({label!r}))"
    act(browser, f"{find}.click()")


def sign_in(browser: Chromium, login: str, password: str) -> None:
    follow(browser, "Sign in")
    fill(browser, login=login, password=password)
    submit(browser, "Sign in")


def erid(browser: Chromium) -> str:
    """That of the shopper whose account is shown."""
    found = re.search(r"External reference ID\s+(\S+)", browser.evaluate(TEXT))
    assert found is not None, browser.evaluate(TEXT)
    return found[1]


def test_a_shopper_signs_in_and_sees_their_profile(shop: Chromium) -> None:
    sign_in(shop, "demo@example.com", "123123")
    text = shop.evaluate(TEXT)
    assert "My account" in text
    assert "Dana" in text
    assert "Market Square" in text
    panel = shop.evaluate(PANEL)
    assert "Sign-in: Login" in panel
    assert "Profile: GetUser" in panel
    assert "accepted" in panel
    assert "<externalReferenceID" in panel
    assert "123123" not in panel


def test_a_wrong_password_is_told_in_the_endpoints_words(shop: Chromium) -> None:
    sign_in(shop, "demo@example.com", "wrong")
    assert "Invalid login" in shop.evaluate("document.querySelector('[role=alert]').innerText")
    assert shop.evaluate("document.querySelector('[name=login]').value") == "demo@example.com"
    assert "refused: Invalid login" in shop.evaluate(PANEL)


@pytest.mark.parametrize("by", ["URL", "cookie"])
def test_a_shopper_arrives_with_a_token_and_is_the_same_person(shop: Chromium, by: str) -> None:
    sign_in(shop, "bo@example.com", "correct horse")
    first = erid(shop)
    submit(shop, "Sign out")
    assert "Welcome" not in shop.evaluate(TEXT)
    follow(shop, "Client's site")
    shop.evaluate("document.querySelector('main [name=login]').value = 'bo@example.com'")
    submit(shop, f"token in {'the URL' if by == 'URL' else 'a cookie'}")
    assert "Welcome, Bo" in shop.evaluate(TEXT)
    assert "Arrival with a token: ValidateSession" in shop.evaluate(PANEL)
    follow(shop, "Bo Brandt")
    assert erid(shop) == first


def test_a_bad_token_leaves_the_shopper_signed_out(shop: Chromium, store: str) -> None:
    shop.open(store + "/arrive?session=no-such-token", width=1280)
    assert "Welcome" not in shop.evaluate(TEXT)
    assert "refused: Invalid session" in shop.evaluate(PANEL)


def test_an_account_is_opened_at_checkout_and_signs_in_afterwards(shop: Chromium) -> None:
    new = {"login": f"new-{time.time_ns()}@example.com", "password": "a password of mine"}
    submit(shop, "Buy")
    fill(shop, **new, first_name="Nea", last_name="Ny", line1="1 Road", city="Town")
    submit(shop, "Open an account and order")
    assert "Thank you, Nea Ny" in shop.evaluate(TEXT)
    assert "Checkout: CreateUserProfile" in shop.evaluate(PANEL)
    follow(shop, "To your account")
    first = erid(shop)
    submit(shop, "Sign out")
    sign_in(shop, **new)
    assert erid(shop) == first


def test_a_login_that_is_taken_is_told_at_checkout(shop: Chromium) -> None:
    submit(shop, "Buy")
    fill(shop, login="demo@example.com", password="not Dana's")
    submit(shop, "Open an account and order")
    assert "Email already used" in shop.evaluate("document.querySelector('[role=alert]').innerText")


def test_a_profile_is_changed_on_the_clients_site_and_is_new_on_return(shop: Chromium) -> None:
    sign_in(shop, "søren@example.com", "blåbærgrød")
    before = erid(shop)
    follow(shop, "Edit my profile")
    assert "client's site" in shop.evaluate("document.querySelector('header').innerText").lower()
    fill(shop, last_name="Åkesson")
    submit(shop, "Save and go back")
    assert "Åkesson" in shop.evaluate(TEXT)
    assert erid(shop) == before


def test_sign_out_goes_by_the_clients_site(shop: Chromium) -> None:
    sign_in(shop, "demo@example.com", "123123")
    submit(shop, "Sign out")
    assert "signed out" in shop.evaluate("document.querySelector('[role=status]').innerText")
    assert "Sign in" in shop.evaluate("document.querySelector('header').innerText")


PAGES: dict[str, Callable[[Chromium], None]] = {
    "goods": lambda shop: None,
    "sign-in": lambda shop: follow(shop, "Sign in"),
    "checkout": lambda shop: submit(shop, "Buy"),
    "account": lambda shop: sign_in(shop, "demo@example.com", "123123"),
    "client": lambda shop: follow(shop, "Client's site"),
}


@WIDTHS
@SCHEMES
@pytest.mark.parametrize("page", PAGES)
def test_each_page_fits_reads_well_and_loads_nothing_from_elsewhere(
    shop: Chromium, store: str, page: str, width: int, dark: bool
) -> None:
    PAGES[page](shop)
    shop.open(shop.evaluate("location.href"), width=width, dark=dark)
    assert shop.evaluate(OUTSIDE) == []
    assert shop.evaluate("document.documentElement.scrollWidth") <= width
    low = [found for found in shop.evaluate(CONTRASTS) if found[0] < 4.5]
    assert low == []
    asked = [event["request"]["url"] for event in shop.events("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith((store, "data:"))] == []
    unnamed = "[...document.querySelectorAll('input:not([type=hidden]), select')]"
    assert shop.evaluate(f"{unnamed}.filter(e => !e.labels.length).length") == 0
    assert shop.evaluate("document.querySelectorAll('h1').length") == 1


def test_it_can_be_used_with_the_keyboard_alone(shop: Chromium) -> None:
    shop.press("Tab")
    assert shop.evaluate("document.activeElement.innerText") == "To the content"
    shop.press("Tab")
    assert shop.evaluate("document.activeElement.matches('a, button')")


def test_the_demo_ends_with_the_store(tmp_path: Path) -> None:
    demo_in(tmp_path)
    command = ["harness", "store", "--port", "0", "--directory", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sso_bridge", *command], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("The store")
    process.terminate()
    assert process.wait(30) == 0
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert f"--directory {tmp_path}" not in running.stdout


def test_a_form_of_another_site_does_nothing(shop: Chromium) -> None:
    shop.evaluate("document.querySelector('main [name=form]').value = 'guessed'")
    submit(shop, "Buy")
    assert "The basket is empty" in shop.evaluate(TEXT)
