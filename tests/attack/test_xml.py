"""Whom a message means, however its XML is written; and what reading it may cost.

tests/survival sends the well-known bombs, DTDs and broken encodings to a whole server, and
tests/wire/test_parsing.py to the parser; here is what those do not need a server for."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from sso_bridge.errors import Rejected
from tests.survival.messages import envelope, get_user, message

from .fuzz.second_reader import texts_of
from .reading import read

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def asking(login: str) -> str:
    """A request whose loginID is `login`, which is XML already."""
    return envelope(message("GetUserRequest", f"<userKey><loginID>{login}</loginID></userKey>"))


WRITTEN = {
    "a comment inside": ("ali<!-- -->ce", "alice"),
    "a comment that ends it": ("alice<!-- -->@evil.example", "alice@evil.example"),
    "a comment first": ("<!-- bob -->alice", "alice"),
    "an instruction inside": ("ali<?x y?>ce", "alice"),
    "CDATA": ("<![CDATA[alice]]>", "alice"),
    "CDATA in pieces": ("ali<![CDATA[c]]><![CDATA[e]]>", "alice"),
    "CDATA that looks like a comment": ("ali<![CDATA[<!-- -->]]>ce", "ali<!-- -->ce"),
    "CDATA that looks like an end": ("<![CDATA[</loginID>]]>", "</loginID>"),
    "an end of CDATA in two": ("<![CDATA[]]]]><![CDATA[>]]>", "]]>"),
    "character references": ("&#97;l&#x69;ce", "alice"),
    "a reference to a reference": ("&amp;#97;", "&#97;"),
    "ends of lines": ("a\r\nb\rc&#13;d", "a\nb\nc\rd"),
    "nothing but comments": ("<!-- a --><!-- b -->", ""),
    "white space": (" alice ", " alice "),
    "right to left": ("&#x202e;ecila", "\u202eecila"),
}


@pytest.mark.parametrize(("written", "meant"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_login_is_all_of_its_text_as_another_parser_reads_it(written: str, meant: str) -> None:
    body = asking(written)
    assert read(body).key.login_id == meant
    assert texts_of(body.encode(), ("userKey", "loginID")) == [meant]


TRICKS = {
    "UTF-7": '<?xml version="1.0" encoding="utf-7"?>' + asking("bo+AEA-example.com"),
    "UTF-7 markup": '<?xml version="1.0" encoding="utf-7"?>'
    + asking("x").replace("<userKey>", "+ADw-userKey+AD4-"),
    "escapes": '<?xml version="1.0" encoding="JAVA"?>' + asking("bo\\u0040example.com"),
    "a shift": '<?xml version="1.0" encoding="iso-2022-jp"?>' + asking("bo"),
    "letters of their own": '<?xml version="1.0" encoding="hz"?>' + asking("bo"),
}  # fmt: skip


@pytest.mark.parametrize("body", TRICKS.values(), ids=TRICKS.keys())
def test_an_encoding_that_hides_markup_is_refused(body: str) -> None:
    with pytest.raises(Rejected):
        read(body)


@pytest.mark.parametrize(
    "charset", ["utf-7", "UTF-7", "unicode-1-1-utf-7", "JAVA", "C99", "hz", "iso-2022-kr", "cp037",
                "utf-8//IGNORE", "utf-8//TRANSLIT", "utf-32", "ucs-4", "html"]
)  # fmt: skip
def test_a_charset_that_hides_markup_is_refused(charset: str) -> None:
    with pytest.raises(Rejected):
        read(asking("bo"), charset)


def test_the_header_says_which_encoding_counts() -> None:
    declared = '<?xml version="1.0" encoding="utf-7"?>' + asking("bo+AEA-example.com")
    assert read(declared, "utf-8").key.login_id == "bo+AEA-example.com"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_that_is_said_to_be_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(Rejected):
        read(asking("bo").encode(encoding), "utf-8")


@pytest.mark.parametrize(
    "raw",
    [b"\xc0\xbc", b"\xe0\x80\xbc", b"\xf0\x80\x80\xbc", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xff"],
    ids=["<, 2 bytes", "<, 3 bytes", "<, 4 bytes", "NUL", "beyond Unicode", "never a byte"],
)
def test_overlong_and_impossible_utf_8_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected):
        read(asking("X").encode().replace(b"X", raw))


IGNORED = {
    "schemaLocation": f'<a xmlns:i="{XSI}" i:schemaLocation="urn:a http://127.0.0.1:9/a.xsd"/>',
    "a stylesheet": '<?xml-stylesheet href="http://127.0.0.1:9/a.xsl"?>',
    "XInclude": '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>',
    "xml:base": '<a xml:base="http://127.0.0.1:9/"/>',
}


@pytest.mark.parametrize("more", IGNORED.values(), ids=IGNORED.keys())
def test_what_asks_for_another_document_is_passed_over(more: str) -> None:
    assert read(envelope(get_user("bo", more=more))).key.login_id == "bo"


ROOM = 240_000
"""Bytes to fill, a little less than a body may have."""


def _repeated(piece: str) -> str:
    return piece * (ROOM // len(piece))


def _numbered(piece: str) -> str:
    return "".join(piece % n for n in range(ROOM // len(piece % 99999)))


SCOPES = "".join(f'<a xmlns:b{n}="u{n}">' for n in range(200))
DEAR = {
    "elements": _repeated("<a/>"),
    "elements of made-up names": _numbered("<a%d/>"),
    "attributes": "<a" + _numbered(' b%d=""') + "/>",
    "namespaces": "<a" + _numbered(' xmlns:b%d="u"') + "/>",
    "a namespace looked up through 200 scopes": SCOPES
    + "<c b0:d=''/>" * ((ROOM - len(SCOPES) - 800) // 12)
    + "</a>" * 200,
    "comments": _repeated("<!---->"),
    "instructions": _repeated("<?a?>"),
    "references": f"<a>{_repeated('&#97;')}</a>",
    "pieces of text": f"<a>{_repeated('b<?c?>')}</a>",
    "empty CDATA": f"<a>{_repeated('<![CDATA[]]>')}</a>",
    "one long attribute": f'<a b="{"x" * ROOM}"/>',
    "line ends in an attribute": f'<a b="{_repeated("&#10;")}"/>',
    "nesting": "<a>" * 200 + _repeated("<b/>") + "</a>" * 200,
    "extended attributes": "<extendedAttributes>"
    + "<item><name>n</name><value>v</value></item>" * 999
    + "</extendedAttributes>",
}  # fmt: skip


@pytest.mark.parametrize("more", DEAR.values(), ids=DEAR.keys())
def test_the_dearest_message_takes_a_moment(more: str) -> None:
    body = envelope(get_user("bo", more=more))
    assert len(body) < 262_144
    begun = time.thread_time()
    with suppress(Rejected):
        read(body)
    assert time.thread_time() - begun < 1.0


def test_time_grows_with_a_message_and_no_faster() -> None:
    """Names that collide in a table would make it grow with the square."""

    def seconds(names: int) -> float:
        body = envelope(get_user("bo", more="".join(f"<n{n:07x}/>" for n in range(names))))
        times = []
        for _ in range(5):
            begun = time.thread_time()
            read(body)
            times.append(time.thread_time() - begun)
        return min(times)

    assert seconds(20_000) < 40 * seconds(2_000) + 0.01
