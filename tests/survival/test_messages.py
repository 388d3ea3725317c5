"""What stands in a request: nothing of it brings the server down, or out of its words."""

from __future__ import annotations

import socket

import pytest

from tests.running import RunningServer

from .client import assert_client_fault, assert_http_refusal, post
from .conftest import Secrets
from .messages import RUM, SOAP11, SOAP12, envelope, get_user, login, message, validate_session

pytestmark = pytest.mark.xdist_group("survival")

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
MULTIREF = '<multiRef id="id0"><loginID>bo@example.com</loginID></multiRef>'

BODIES: dict[str, str | bytes] = {
    "empty": "",
    "white space": " \r\n\t ",
    "empty soap:Body": envelope(""),
    "no soap:Body": f'<e:Envelope xmlns:e="{SOAP11}"/>',
    "two soap:Body": envelope("").replace("</e:Envelope>", "<e:Body/></e:Envelope>"),
    "two children in Body": envelope(login() + login()),
    "text in Body": envelope("Let me in"),
    "not XML": "user=bo&password=hello",
    "JSON": '{"LoginRequest": {}}',
    "truncated": envelope(login())[:-40],
    "two roots": envelope(login()) * 2,
    "DTD": "<!DOCTYPE a>" + envelope(login()),
    "DTD with an entity": '<!DOCTYPE a [<!ENTITY x "bo@example.com">]>' + envelope(get_user()),
    "DTD of another server": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + envelope(login()),
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + envelope(message("GetUserRequest", "<userKey><loginID>&x;</loginID></userKey>")),
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'
    + envelope(login()),
    "billion laughs": f"<!DOCTYPE a [{LAUGHS}]>"
    + envelope(message("GetUserRequest", "<userKey><loginID>&l9;</loginID></userKey>")),
    "quadratic blowup": f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]>'
    + envelope(get_user(more="&x;" * 40_000)),
    "undeclared entity": envelope(login(more="&nbsp;")),
    "37,000 elements deep": "<a>" * 37_000 + "</a>" * 37_000,
    "80,000 elements deep, not closed": "<a>" * 80_000,
    "deep inside Body": envelope("<a>" * 30_000 + "</a>" * 30_000),
    "invalid UTF-8": envelope(login(login="X")).encode().replace(b"X", b"\xff\xfe\x80"),
    "overlong UTF-8": envelope(login(login="X")).encode().replace(b"X", b"\xc0\xaf"),
    "lone surrogate in UTF-8": envelope(login(login="X")).encode().replace(b"X", b"\xed\xa0\x80"),
    "NUL byte": envelope(login(login="X")).encode().replace(b"X", b"bo@example.com\0"),
    "NUL reference": envelope(login(login="X")).replace("X", "bo@example.com&#0;"),
    "only NULs": b"\0" * 1000,
    "control character": envelope(login(login="X")).replace("X", "\x08"),
    "binary": bytes(range(256)) * 100,
    "a Fault": envelope("<e:Fault><faultcode>e:Server</faultcode></e:Fault>"),
    "unknown operation": envelope(message("LogoutRequest", "")),
    "an answer": envelope(message("LoginResponse", "<successful>true</successful>")),
    "wrong namespace": envelope(login().replace(RUM, "http://example.com/")),
    "no namespace": envelope(login().replace(f' xmlns:r="{RUM}"', "").replace("r:", "")),
    "undeclared prefix": envelope(login().replace(f' xmlns:r="{RUM}"', "")),
    "href": envelope(message("LoginRequest", '<userKey href="#id0"/><password>x</password>')),
    "href to a multiRef": envelope(message("LoginRequest", '<userKey href="#id0"/>') + MULTIREF),
    "href in a cycle": envelope(
        message("LoginRequest", '<userKey id="id0" href="#id1"/><password id="id1" href="#id0"/>')
    ),
    "ref to itself": envelope(
        message("LoginRequest", f'<userKey xmlns:s="{SOAP12}" s:ref="a" s:id="a"/>')
    ),
    "XInclude": envelope(
        message(
            "GetUserRequest",
            '<userKey><loginID><i:include xmlns:i="http://www.w3.org/2001/XInclude"'
            ' parse="text" href="file:///etc/passwd"/></loginID></userKey>',
        )
    ),
    "10,000 extended attributes": envelope(
        login(more=f"<extendedAttributes>{'<item/>' * 10_000}</extendedAttributes>")
    ),
    "a child twice": envelope(login(more="<password>other</password>")),
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_message_that_cannot_be_understood_gets_a_client_fault(
    server: RunningServer, body: str | bytes
) -> None:
    assert_client_fault(post(server, body))


def test_no_fault_quotes_what_was_sent(server: RunningServer, secrets: Secrets) -> None:
    password = secrets.keep("Quoted-Nowhere-71")
    for body in (
        envelope(login(password=password))[:-20],
        envelope(login(password=password, more="<password/>")),
        envelope(login(password=password)).replace(password, f"{password}<b/>"),
        envelope(login(password=password)).replace(password, f"{password}\x01"),
    ):
        reply = post(server, body)
        assert_client_fault(reply)
        assert password.encode() not in reply.body


def test_nothing_is_fetched_for_a_message(server: RunningServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for doctype in (
            f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/a.dtd">',
            f'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/x"> %x;]>',
            f'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>',
        ):
            assert_client_fault(post(server, doctype + envelope(get_user(more="&x;"))))
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("charset", ["klingon", "utf-8;utf-16", "hex", "zlib_codec", "x" * 5000])
def test_a_charset_that_nobody_knows_gets_a_client_fault(
    server: RunningServer, charset: str
) -> None:
    reply = post(server, envelope(get_user()), {"Content-Type": f'text/xml; charset="{charset}"'})
    assert_client_fault(reply)


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_an_encoding_that_nobody_knows_gets_a_client_fault(
    server: RunningServer, encoding: str
) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>' + envelope(get_user())
    assert_client_fault(post(server, body, {"Content-Type": "text/xml"}))


TOO_LONG = {
    "1 MB attribute": envelope(get_user(more=f'<a b="{"x" * 1_000_000}"/>')),
    "1 MB password": envelope(login(password="x" * 1_000_000)),
    "100,000 elements deep": "<a>" * 100_000 + "</a>" * 100_000,
    "10,000 whole extended attributes": envelope(
        login(more="<extendedAttributes>" + "<item><name>n</name><value>v</value></item>" * 10_000)
    ),
}


@pytest.mark.parametrize("body", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_a_message_over_the_limit_is_refused_unread(server: RunningServer, body: str) -> None:
    assert_http_refusal(post(server, body), 413)


def test_a_long_attribute_within_the_limit_is_overlooked(server: RunningServer) -> None:
    reply = post(server, envelope(get_user(more=f'<a b="{"x" * 250_000}"/>')))
    assert (reply.status, reply.value("firstName")) == (200, "Bo")


PASSWORDS = {
    "empty": "",
    "73 bytes": "correct horse".ljust(73, "x"),
    "73 bytes of two each": "ø" * 36 + "x",
    "1000 bytes": "correct horse".ljust(1000),
    "200,000 bytes": "correct horse" * 15_000,
    "with a trailing space": "correct horse ",
    "with quotes": "' OR '1'='1",
    "with a format": "%s%n{0}${x}",
}


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS.keys())
def test_an_unusual_password_is_an_ordinary_wrong_one(
    server: RunningServer, secrets: Secrets, password: str
) -> None:
    if password:
        secrets.keep(password)
    reply = post(server, envelope(login(password=password)))
    assert (reply.status, reply.value("successful")) == (200, "false")
    assert (reply.value("errorCode"), reply.value("errorMessage")) == ("5", "Invalid login")


LOGINS = {
    "combining accent": "bo\u0301@example.com",
    "precomposed accent": "b\u00f3@example.com",
    "right-to-left mark": "bo@example.com\u200f",
    "right-to-left override": "\u202ebo@example.com",
    "zero width space": "b\u200bo@example.com",
    "trailing space": "bo@example.com ",
    "leading space": " bo@example.com",
    "no-break space": "bo@example.com\u00a0",
    "newline": "bo@example.com\n",
    "full width": "\uff42\uff4f@example.com",
    "per cent": "%",
    "pattern": "bo@example.co_",
    "apostrophe": "'",
    "injection": "x' OR '1'='1' --",
    "backslash": "bo@example.com\\",
    "written as a NUL": "bo@example.com\\0",
    "percent NUL": "bo@example.com%00",
    "C1 control": "bo@example.com\x85",
    "astral": "bo\U0001f600@example.com",
    "noncharacter": "bo@example.com\ufdd0",
    "empty": "",
    "100,000 characters": "bo" * 50_000,
}


@pytest.mark.parametrize("name", LOGINS.values(), ids=LOGINS.keys())
def test_an_unusual_login_is_nobodys(server: RunningServer, secrets: Secrets, name: str) -> None:
    if len(name) > 8:
        secrets.keep(name)
    reply = post(server, envelope(login(login=name)))
    assert (reply.status, reply.value("successful")) == (200, "false")
    assert reply.value("errorMessage") == "Invalid login"
    profile = post(server, envelope(get_user(login=name)))
    assert (profile.status, profile.value("errorMessage")) == (200, "User not found")


def test_a_session_is_used_and_refused_without_a_trace(
    server: RunningServer, secrets: Secrets
) -> None:
    accepted = post(server, envelope(login()))
    assert accepted.value("successful") == "true"
    token = secrets.keep(accepted.xml.findtext(".//item[name='crmSession']/value") or "")
    good = post(server, envelope(validate_session(token)))
    assert good.value("successful") == "true"
    for wrong in (token[:-6] + "AAAAAA", "no-such-session", "a.b.c.d.e", "é\u200f" * 5, "x" * 9999):
        reply = post(server, envelope(validate_session(secrets.keep(wrong))))
        assert (reply.status, reply.value("successful")) == (200, "false")
