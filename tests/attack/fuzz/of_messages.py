"""Fuzzed: what reads messages. Each function is given a folder of its own, and makes a check."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import bcrypt
from lxml import etree
from werkzeug.exceptions import HTTPException

from sso_bridge import demo, wiring
from sso_bridge.config import load
from sso_bridge.core.call import Call
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.gate import Gate
from sso_bridge.core.model import GetUser, Login, ValidateSession
from sso_bridge.errors import Rejected
from sso_bridge.observing import Silent
from sso_bridge.soap.codec import Codec
from sso_bridge.soap.envelope import Shape, open_envelope
from sso_bridge.soap.parsing import parse
from sso_bridge.soap.server import Endpoint
from sso_bridge.soap.translation import FORMS
from sso_bridge.soap.types import MESSAGES
from sso_bridge.web.body import read_body
from tests.survival.messages import SOAP11, SOAP12

from .choices import message
from .second_reader import texts_of

__all__ = ["Check", "answers", "bodies", "calls", "codecs", "demo_endpoint", "envelopes"]

Check = Callable[[bytes], None]
"""Takes any bytes, and raises if a promise is broken."""

SECONDS: Final = 10.0
LIMIT: Final = 65_536
ROOTS: Final = {
    Shape.SOAP11: {f"{{{SOAP11}}}Envelope"},
    Shape.SOAP12: {f"{{{SOAP12}}}Envelope"},
}


def envelopes(_: Path) -> Check:
    """Bytes to a request element: a document or InvalidMessage and its kin."""
    charsets = (None, "utf-8", "utf-16", "iso-8859-1", "utf-7", "euc-jp", "utf-16le", "ucs4")

    def check(data: bytes) -> None:
        with suppress(Rejected):
            request = open_envelope(parse(data[1:], charsets[data[0] % 8] if data else None))
            assert request.name in MESSAGES

    return check


def codecs(_: Path) -> Check:
    """What is read from a message is what another parser sees there."""
    codec = Codec(MESSAGES, FORMS)

    def check(data: bytes) -> None:
        body = message(data).encode()
        try:
            opened = open_envelope(parse(body, None))
            read = codec.read(opened.name, opened.element)
        except Rejected:
            return
        if isinstance(read, Login | GetUser | ValidateSession):
            _same(body, ("userKey", "loginID"), read.key.login_id)
            _same(body, ("userKey", "siteID"), read.key.site_id)
            _same(body, ("userKey", "userID"), read.key.user_id)
        if isinstance(read, Login):
            _same(body, ("password",), read.password)

    return check


def _same(body: bytes, path: tuple[str, ...], value: str | None) -> None:
    # XML 1.1 and most encodings are none of expat's.
    with suppress(ElementTree.ParseError, ValueError, LookupError):
        seen = texts_of(body, path)
        assert seen == [value] or (value is None and not seen), (path, value, seen)


def demo_endpoint(folder: Path) -> Endpoint:
    """The demo's, with passwords that are quick to check."""
    config = demo.prepare(folder)
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        for person in demo.PEOPLE:
            stored = bcrypt.hashpw(person.password.encode(), bcrypt.gensalt(4)).decode()
            users.execute(
                "UPDATE users SET password_hash = ? WHERE email = ?", (stored, person.email)
            )
    settings, _ = load(config)
    parts = wiring.assemble(settings, folder, Silent())
    return Endpoint(parts.bridge, Gate(parts.bridge))


def _answered(endpoint: Endpoint, body: bytes, charset: str | None) -> None:
    """There is an answer, it is XML of the contract or a Fault, and nothing went wrong inside."""
    call = Call("00000000", Deadline(SECONDS))
    answer = endpoint.answer(body, charset=charset, guess=Shape.SOAP11, call=call)
    assert answer.outcome != "internal_error", repr(answer.error)
    assert answer.error is None, repr(answer.error)
    root = etree.fromstring(answer.body)
    if answer.media_type == Shape.SOAP12.media_type:
        assert root.tag in ROOTS[Shape.SOAP12]
    else:
        assert root.tag not in ROOTS[Shape.SOAP12]
    assert (answer.status == 200) == (b"Fault>" not in answer.body)


def answers(folder: Path) -> Check:
    """Any bytes at all are answered."""
    endpoint = demo_endpoint(folder)
    return lambda data: _answered(endpoint, data, None)


def calls(folder: Path) -> Check:
    """Any message that choices spell is answered."""
    endpoint = demo_endpoint(folder)
    return lambda data: _answered(endpoint, message(data).encode(), "utf-8")


def bodies(_: Path) -> Check:
    """A body is at most as long as allowed, or refused in HTTP's words."""
    codings = ("", "gzip", "deflate", "identity", "br", "GZIP ")
    lengths = ("right", "none", "more", "less")

    def check(data: bytes) -> None:
        head, raw = data[:2].ljust(2, b"\0"), data[2:]
        announced = {
            "right": str(len(raw)),
            "none": "",
            "more": str(len(raw) + 1),
            "less": str(max(len(raw) - 1, 0)),
        }[lengths[head[1] % 4]]
        environ = {
            "wsgi.input": io.BytesIO(raw),
            "CONTENT_LENGTH": announced,
            "HTTP_CONTENT_ENCODING": codings[head[0] % 6],
        }
        if not announced:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        with suppress(HTTPException):
            assert len(read_body(environ, most=LIMIT, seconds=SECONDS)) <= LIMIT

    return check
