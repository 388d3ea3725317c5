"""The Security header of a message: what it may hold, and the Faults of WS-Security."""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from sso_bridge import wiring
from sso_bridge.config.load import settings_from
from sso_bridge.soap.envelope import Shape
from sso_bridge.soap.namespaces import (
    SOAP11_ACTOR_NEXT,
    SOAP11_ENVELOPE,
    SOAP12_ENVELOPE,
    WSS_BASE64,
    WSS_TOKEN,
    WSSE,
    WSU,
)

from .test_answers import GET_USER, MEDIA_TYPES, NAMESPACES, in_shape, message_of, post

SECRET: Final = "the token's secret"
NUMBERS: Final = itertools.count()
SHAPES = [Shape.SOAP11, Shape.SOAP12]


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Client:
    """The application, for a caller who sends a UsernameToken and nothing else."""
    tables = tomllib.loads((folder / "demo.toml").read_text(encoding="utf-8"))
    caller = {"username_token": "dr", "username_token_password": SECRET}
    tables["callers"] = {
        "dr": {**caller, "username_token_type": "any"},
        "digest": {**caller, "username_token": "digest"},
    }
    settings, _ = settings_from(tables, folder / "demo.toml")
    return Client(wiring.application(settings, folder, url="http://localhost/RemoteUserManagement"))


def user(name: str = "dr") -> str:
    return f"<w:Username>{name}</w:Username>"


def text(password: str = SECRET) -> str:
    return f'<w:Password Type="{WSS_TOKEN}#PasswordText">{password}</w:Password>'


def digest(nonce: bytes | None = None, created: str | None = None, password: str = SECRET) -> str:
    """Password, Nonce and Created, never the same twice."""
    nonce = str(next(NUMBERS)).encode() if nonce is None else nonce
    created = datetime.now(UTC).isoformat() if created is None else created
    hashed = hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    return (
        f'<w:Password Type="{WSS_TOKEN}#PasswordDigest">{b64encode(hashed).decode()}</w:Password>'
        f"<w:Nonce>{b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
    )


def security(content: str, attributes: str = "") -> str:
    return (
        f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}" {attributes}>'
        f"<w:UsernameToken>{content}</w:UsernameToken></w:Security>"
    )


def send(http: Client, header: str, shape: Shape = Shape.SOAP11) -> TestResponse:
    body = in_shape(shape, GET_USER, f"<s:Header>{header}</s:Header>" if header else "")
    return post(http, body, MEDIA_TYPES[shape])


def code(answer: TestResponse, shape: Shape = Shape.SOAP11) -> str:
    """What the Fault says, with the namespace of its prefix; "" for an answer."""
    message = message_of(shape, answer.data)
    places = {Shape.SOAP11: "faultcode", Shape.SOAP12: ".//{*}Subcode/{*}Value"}
    found = message.find(places[shape])
    if found is None:
        return ""
    prefix, _, name = (found.text or "").partition(":")
    return f"{{{found.nsmap[prefix]}}}{name}"


FAILED, INVALID = f"{{{WSSE}}}FailedAuthentication", f"{{{WSSE}}}InvalidSecurity"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("must", ["", 's:mustUnderstand="1"'])
def test_a_good_token_is_understood_also_if_it_must_be(
    guarded: Client, shape: Shape, must: str
) -> None:
    for content in (user() + digest(), user() + text(), digest() + user("digest")):
        answer = send(guarded, security(content, must), shape)
        assert answer.status_code == 200
        assert b"Dana" in answer.data


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_that_proves_nothing_gets_the_fault_of_the_standard(
    guarded: Client, shape: Shape
) -> None:
    for header in ("", security(user() + text("wrong")), security(user("digest") + text())):
        answer = send(guarded, header, shape)
        assert code(answer, shape) == FAILED
        assert answer.status_code == {Shape.SOAP11: 500, Shape.SOAP12: 400}[shape]
        assert b"could not be authenticated or authorized" in answer.data
        assert b"Dana" not in answer.data
        assert SECRET.encode() not in answer.data


def test_the_fault_of_a_header_has_no_detail(guarded: Client) -> None:
    """SOAP 1.1, 4.4: one would say that the Body is at fault."""
    answer = send(guarded, "")
    assert message_of(Shape.SOAP11, answer.data).find("detail") is None
    assert answer.headers["X-Call-Id"].encode() in answer.data


def test_a_message_without_an_envelope_has_no_token(guarded: Client) -> None:
    answer = post(guarded, GET_USER, "text/xml")
    assert answer.status_code == 400
    assert b"FailedAuthentication" in answer.data


def test_a_token_is_good_once_for_the_whole_application(guarded: Client) -> None:
    header = security(user() + digest())
    assert [code(send(guarded, header)) for _ in range(2)] == ["", FAILED]


UNKNOWN = "<x:Other xmlns:x='urn:other'/>"
STRANGE = [
    pytest.param(security(user() + user() + text()), id="two users"),
    pytest.param(security(user() + text() + text()), id="two passwords"),
    pytest.param(security(user() + digest() + "<w:Nonce>YQ==</w:Nonce>"), id="two nonces"),
    pytest.param(security(user()), id="no password"),
    pytest.param(security(text()), id="no user"),
    pytest.param(security(user() + text() + UNKNOWN), id="more than is known"),
    pytest.param(security(user(f"dr{UNKNOWN}") + text()), id="an element in the user"),
    pytest.param(security(user() + text()) * 2, id="two headers"),
    pytest.param(
        security(f"{user()}{text()}</w:UsernameToken><w:UsernameToken>{user()}{text()}"),
        id="two tokens",
    ),
    pytest.param(security(f"{user()}{text()}</w:UsernameToken>{UNKNOWN}<w:UsernameToken>"), id="x"),
    pytest.param(f'<w:Security xmlns:w="{WSSE}"/>', id="no token"),
    pytest.param(security(user() + text().replace("PasswordText", "Hash")), id="another type"),
    pytest.param(
        security(user() + f'<w:Password Type="{WSS_TOKEN}#PasswordDigest">x</w:Password>'),
        id="a digest of nothing",
    ),
    pytest.param(
        security(user() + digest().replace("<w:Nonce>", "<w:Nonce>!")), id="a nonce that is none"
    ),
    pytest.param(security(user() + digest(b"")), id="an empty nonce"),
    pytest.param(security(user() + digest(b"x" * 257)), id="a long nonce"),
    pytest.param(
        security(user() + digest().replace("<w:Nonce>", '<w:Nonce EncodingType="urn:hex">')),
        id="a nonce in another encoding",
    ),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("header", STRANGE)
def test_a_header_that_is_otherwise_than_it_should_be_is_refused(
    guarded: Client, header: str, shape: Shape
) -> None:
    assert code(send(guarded, header, shape), shape) == INVALID


def test_what_the_standard_leaves_open_is_read(guarded: Client) -> None:
    without_type = f"<w:Password>{SECRET}</w:Password>"
    named = digest().replace("<w:Nonce>", f'<w:Nonce EncodingType="{WSS_BASE64}">')
    spaced = digest().replace("<u:Created>", "<u:Created>\n  ").replace("<w:Nonce>", "<w:Nonce>\n")
    for content in (without_type, named, spaced):
        assert code(send(guarded, security(user() + content))) == ""
    stamped = security(user() + text()).replace(
        "<w:UsernameToken>", "<u:Timestamp><u:Created/></u:Timestamp><w:UsernameToken>"
    )
    assert code(send(guarded, stamped)) == ""


@pytest.mark.parametrize("shape", SHAPES)
def test_a_header_for_somebody_else_is_not_ours(guarded: Client, shape: Shape) -> None:
    role = {Shape.SOAP11: "actor", Shape.SOAP12: "role"}[shape]
    elsewhere = security(user() + text("wrong"), f's:{role}="urn:somebody"')
    assert code(send(guarded, elsewhere, shape), shape) == FAILED
    assert code(send(guarded, elsewhere + security(user() + text()), shape), shape) == ""
    following = {Shape.SOAP11: SOAP11_ACTOR_NEXT, Shape.SOAP12: f"{SOAP12_ENVELOPE}/role/next"}
    for_us = security(user() + text(), f's:{role}="{following[shape]}"')
    assert code(send(guarded, for_us, shape), shape) == ""


def test_another_header_that_must_be_understood_still_is_not(guarded: Client) -> None:
    other = '<x:Other xmlns:x="urn:other" s:mustUnderstand="1"/>'
    answer = send(guarded, security(user() + text()) + other)
    assert code(answer) == f"{{{SOAP11_ENVELOPE}}}MustUnderstand"


@pytest.mark.parametrize("shape", SHAPES)
def test_where_nobody_sends_tokens_the_header_is_passed_over_unless_it_insists(
    http: Client, shape: Shape
) -> None:
    for header in (security(user() + text("wrong")), STRANGE[0].values[0]):
        assert send(http, str(header), shape).status_code == 200
    insisting = send(http, security(user() + text(), 's:mustUnderstand="1"'), shape)
    assert b"MustUnderstand" in insisting.data


def test_the_answer_tells_wrong_users_passwords_and_used_tokens_not_apart(guarded: Client) -> None:
    used = security(user() + digest())
    send(guarded, used)
    headers = [
        used,
        security(user("nobody") + digest()),
        security(user() + digest(password="wrong")),
        security(user() + digest(created="2001-01-01T00:00:00Z")),
    ]
    said = set()
    for header in headers:
        fault = message_of(Shape.SOAP11, send(guarded, header).data)
        told = [etree.tostring(part, method="text", encoding="unicode") for part in fault]
        said.add(tuple(part.split(" (call ")[0] for part in told))
    assert len(said) == 1
    assert NAMESPACES[Shape.SOAP11] not in str(said)
