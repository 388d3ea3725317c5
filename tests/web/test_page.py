"""The page at the endpoint: what it says, what it must not do, and that its samples are true."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from lxml import etree

from sso_bridge import __version__
from sso_bridge.errors import InvalidLogin, LoginTaken, UserNotActive
from sso_bridge.soap.contract import OPERATIONS, schema
from sso_bridge.soap.envelope import Shape, open_envelope
from sso_bridge.soap.parsing import parse
from sso_bridge.web.page import REFUSED, SAMPLES, Page, Sample

URL = "https://sso.example.com/RemoteUserManagement"
HOSTILE = """https://x/'"><script>alert(1)</script>&amp;<!-- state -->$url"""
READY = {"source shop": "ok", "ledger": "ok"}
VOID = frozenset({"br", "link", "meta", "wbr"})
SAMPLE_IDS = [sample.operation for sample in SAMPLES]


class Document(HTMLParser):
    """The elements of a page and its text, as a browser would see them.

    `boxes` is the text of each pre, by its label; `unclosed` is empty if all tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.boxes: dict[str, str] = {}
        self.unclosed: list[str] = []
        self._box: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)
        if tag == "pre":
            self._box = dict(attrs)["aria-label"] or ""
            self.boxes[self._box] = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag
        if tag == "pre":
            self._box = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._box is not None:
            self.boxes[self._box] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def html_of(url: str = URL, parts: dict[str, str] = READY) -> str:
    return Page(public_url=url).response(parts).get_data(as_text=True)


def state_of(parts: dict[str, str]) -> str:
    """The words of the section about the state, with one space between them."""
    section = html_of(parts=parts).split('<section id="state"')[1].split("</section>")[0]
    return " ".join(Document(f"<section{section}</section>".replace("<", " <")).text.split())


def test_every_operation_has_a_section_in_the_contracts_order() -> None:
    titles = re.findall(r"<h3 [^>]*>(\w+)</h3>", html_of())
    assert titles == SAMPLE_IDS == [operation.name for operation in OPERATIONS]


@pytest.mark.parametrize("sample", SAMPLES, ids=SAMPLE_IDS)
def test_a_section_says_what_the_operation_is_for_and_when_it_is_called(sample: Sample) -> None:
    text = Document(html_of()).text
    assert sample.purpose in text
    assert sample.called in text
    assert sample.failing in text
    assert sample.process in text


@pytest.mark.parametrize(
    "message",
    [message for sample in SAMPLES for message in sample.messages()] + [m for _, m in REFUSED],
    ids=lambda message: str(re.findall(r"rum:(\w+)", message)[0]),
)
def test_a_sample_is_valid_and_shown_as_it_is(message: str) -> None:
    root = etree.fromstring(message)
    schema().assertValid(root)
    etree.indent(root)
    boxes = Document(html_of()).boxes.values()
    shown = [etree.fromstring(box) for box in boxes if box.startswith("<rum:")]
    assert etree.tostring(root) in [etree.tostring(box) for box in shown]


@pytest.mark.parametrize("shape", [Shape.SOAP11, Shape.SOAP12], ids=lambda s: s.value)
def test_an_envelope_is_one_that_the_endpoint_opens(shape: Shape) -> None:
    media_type = shape.media_type.split(";")[0]
    (box,) = [
        text for label, text in Document(html_of()).boxes.items() if label.endswith(media_type)
    ]
    request = open_envelope(parse(box.encode(), None))
    assert (request.shape, request.name) == (shape, "LoginRequest")
    alone = etree.tostring(request.element)
    schema().assertValid(etree.fromstring(alone))


@pytest.mark.parametrize("sample", SAMPLES, ids=SAMPLE_IDS)
def test_a_curl_line_sends_the_sample_to_the_public_address(sample: Sample) -> None:
    line = Document(html_of(HOSTILE)).boxes[f"{sample.operation} with curl"]
    script = f'curl() {{ printf "%s\\0" "$@"; }}\n{line}'
    sent = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
    words = sent.decode().rstrip("\0").split("\0")
    assert words[-3:] == ["--data", sample.messages()[0], HOSTILE]


def test_the_address_is_shown_as_text_and_the_links_work_behind_any_name() -> None:
    document = Document(html_of())
    links = {link["href"] for link in document.all("a")}
    assert URL in document.text
    assert {"/RemoteUserManagement?wsdl", "/health/ready", "/health/live", "/metrics"} <= links
    assert all(re.match(r"/\w|#\w", link or "") for link in links)


def test_every_link_within_the_page_leads_somewhere() -> None:
    document = Document(html_of())
    ids = [a["id"] for _, a in document.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"] for a in document.all("a") if str(a["href"])[0] == "#"} <= {
        f"#{name}" for name in ids
    }


def test_a_hostile_address_or_part_stays_text() -> None:
    harmless = Document(html_of(parts={"part": "no"}))
    document = Document(html_of(HOSTILE, {"<script>alert(2)</script>": "<b>no</b>"}))
    assert HOSTILE in document.text
    assert "<script>alert(2)</script>" in document.text
    assert not document.all("script")
    tags, usual = ([t for t, _ in d.elements if t != "wbr"] for d in (document, harmless))
    assert tags == usual


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        pytest.param(READY, "State Ready Every part", id="ready"),
        pytest.param({**READY, "ledger": "LedgerUnavailable"}, "State Not ready", id="one-down"),
        pytest.param(dict.fromkeys(READY, "SourceUnavailable"), "State Not ready", id="all-down"),
        pytest.param({}, "State Ready", id="no-parts"),
    ],
)
def test_the_whole_is_ready_if_every_part_is(parts: dict[str, str], words: str) -> None:
    assert state_of(parts).startswith(words)


def test_each_part_is_ok_or_not_ready_and_no_more_is_said() -> None:
    words = state_of({"source shop": "ok", "ledger": "LedgerUnavailable"})
    assert words.endswith("Source shop ok Ledger not ready")
    assert "LedgerUnavailable" not in words


def test_the_state_is_that_of_each_request() -> None:
    page = Page(public_url=URL)
    first, second = (page.response({"ledger": s}).get_data() for s in ("ok", "Down"))
    assert first != second == page.response({"ledger": "Down"}).get_data()


def test_refusals_are_told_in_the_published_words() -> None:
    text = Document(html_of()).text
    for error in (InvalidLogin, LoginTaken, UserNotActive):
        assert error.text in text
    assert "<errorCode>5</errorCode>" in Document(html_of()).boxes["A refused Login"]


def test_nothing_may_be_loaded_run_or_framed() -> None:
    headers = Page(public_url=HOSTILE).response(READY).headers
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in headers["Content-Security-Policy"].split(";")
    )
    style = html_of(HOSTILE).split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    document = Document(html_of())
    tags = {tag for tag, _ in document.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert [link["href"][:5] for link in document.all("link") if link["href"]] == ["data:"]
    for _, attributes in document.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    style = html_of().split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_it_tells_nothing_about_what_serves_it() -> None:
    response = Page(public_url=URL).response(READY)
    told = (response.get_data(as_text=True) + str(response.headers)).lower()
    for word in (__version__, "python", "werkzeug", "spyne", "granian", "sqlite", "traceback"):
        assert word not in told


def test_it_is_built_for_readers_of_every_kind() -> None:
    html = html_of()
    document = Document(html)
    assert html.startswith("<!doctype html>")
    assert document.unclosed == []
    assert document.all("html") == [{"lang": "en"}]
    assert len(document.all("main")) == len(document.all("header")) == len(document.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(nav.get("aria-label") for nav in document.all("nav"))
    assert all(th.get("scope") in ("row", "col") for th in document.all("th"))
    assert all(pre.get("tabindex") == "0" and pre.get("aria-label") for pre in document.all("pre"))
