"""Requests exactly as Digital River publishes them, in each shape, over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from lxml import etree

from sso_bridge.soap.contract import schema
from sso_bridge.soap.namespaces import COMMON, RUM, SOAP11_ENVELOPE, SOAP12_ENVELOPE, XSD, XSI
from tests.running import RunningServer

pytestmark = pytest.mark.xdist_group("end_to_end")

KEY_FIELDS = ("userID", "externalReferenceID", "companyID", "loginID", "siteID")
ENVELOPES = {"soap11": SOAP11_ENVELOPE, "soap12": SOAP12_ENVELOPE, "plain": None}
MEDIA = {"soap11": "text/xml", "soap12": "application/soap+xml", "plain": "text/xml"}


def text(name: str, value: str | None) -> str:
    """A string as Digital River sends it: its type on it, nil where there is none."""
    opening = f'<{name} xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xsi:type="xsd:string"'
    return f'{opening} xsi:nil="true"/>' if value is None else f"{opening}>{value}</{name}>"


def user_key(**given: str) -> str:
    fields = "".join(text(name, given.get(name)) for name in KEY_FIELDS)
    return (
        f'<userKey xmlns:xsi="{XSI}" xmlns:ns2="{COMMON}" xsi:type="ns2:UserKey">{fields}</userKey>'
    )


ATTRIBUTES = (
    f'<extendedAttributes xmlns:xsi="{XSI}" xmlns:ns3="{COMMON}" '
    'xsi:type="ns3:ExtendedAttributesInfoArray" xsi:nil="true"/>'
)


def message(name: str, children: str, shape: str) -> bytes:
    body = f'<ns1:{name} xmlns:ns1="{RUM}">{children}{ATTRIBUTES}</ns1:{name}>'
    if ENVELOPES[shape] is not None:
        body = (
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPES[shape]}"><soapenv:Body>{body}'
            "</soapenv:Body></soapenv:Envelope>"
        )
    return body.encode()


def post(server: RunningServer, name: str, children: str, shape: str) -> etree._Element:
    """The answer's message, checked for its shape, its Content-Type and against the schema."""
    request = urllib.request.Request(
        server.url, message(name, children, shape), {"Content-Type": MEDIA[shape]}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.headers.get_content_type() == MEDIA[shape]
        root = etree.fromstring(answer.read())
    if ENVELOPES[shape] is not None:
        assert root.tag == f"{{{ENVELOPES[shape]}}}Envelope"
        root = root[0][0]
    assert root.tag == f"{{{RUM}}}{name.removesuffix('Request')}Response"
    schema().assertValid(etree.fromstring(etree.tostring(root)))
    return root


@pytest.fixture(params=list(ENVELOPES))
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_login_is_answered_as_published(server: RunningServer, shape: str) -> None:
    children = user_key(loginID="demo@example.com") + text("password", "123123")
    answer = post(server, "LoginRequest", children, shape)
    assert answer.findtext("successful") == "true"
    assert answer.findtext("userKey/loginID") == "demo@example.com"
    assert answer.findtext("userKey/siteID") == "demo"
    assert answer.findtext("userKey/externalReferenceID")
    names = [item.findtext("name") for item in answer.iterfind("extendedAttributes/item")]
    assert "crmSession" in names


def test_a_refused_login_is_answered_as_published(server: RunningServer, shape: str) -> None:
    children = user_key(loginID="demo@example.com") + text("password", "no")
    answer = post(server, "LoginRequest", children, shape)
    assert answer.findtext("successful") == "false"
    assert answer.findtext("errorCode") == "5"
    assert answer.findtext("errorMessage") == "Invalid login"


@pytest.mark.parametrize("name", ["GetUserRequest", "GetUserProfileRequest"])
def test_a_profile_is_answered_as_published(server: RunningServer, shape: str, name: str) -> None:
    children = user_key(loginID="demo@example.com") + text("sessionToken", None)
    answer = post(server, name, children, shape)
    assert answer.findtext("userInfo/email") == "demo@example.com"
    assert answer.findtext("errorMessage") == ""
    (attribute,) = answer.iterfind("extendedAttributes/item")
    assert attribute.findtext("name") == "hasAcceptedTermsNConditions"
    assert attribute.findtext("value") == "yes"


def test_an_inactive_user_is_answered_as_published(server: RunningServer, shape: str) -> None:
    answer = post(server, "GetUserRequest", user_key(loginID="gone@example.com"), shape)
    info = answer.find("userInfo")
    assert info is not None
    assert info.get(f"{{{XSI}}}nil") == "true"
    assert answer.findtext("errorMessage") == "User not active"


def test_every_operation_gives_one_person_one_key(server: RunningServer, shape: str) -> None:
    children = user_key(loginID="bo@example.com") + text("password", "correct horse")
    login = post(server, "LoginRequest", children, shape)
    erid = login.findtext("userKey/externalReferenceID") or ""
    token = next(
        item.findtext("value")
        for item in login.iterfind("extendedAttributes/item")
        if item.findtext("name") == "crmSession"
    )
    session = post(
        server, "ValidateSessionRequest", user_key() + text("sessionToken", token), shape
    )
    by_erid = user_key(externalReferenceID=erid, siteID="demo") + text("sessionToken", None)
    profile = post(server, "GetUserProfileRequest", by_erid, shape)
    keys = [
        [(field.tag, field.text) for field in found]
        for found in (
            login.find("userKey"),
            session.find("userKey"),
            profile.find("userInfo/userKey"),
        )
        if found is not None
    ]
    assert len(keys) == 3
    assert keys[0] == keys[1] == keys[2]


def test_a_fault_comes_in_the_shape_that_was_sent(server: RunningServer, shape: str) -> None:
    request = urllib.request.Request(
        server.url, message("LogoutRequest", "", shape), {"Content-Type": MEDIA[shape]}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    root = etree.fromstring(caught.value.read())
    namespace = ENVELOPES[shape] or SOAP11_ENVELOPE
    assert caught.value.code == (500 if shape == "soap11" else 400)
    assert root.tag == f"{{{namespace}}}{'Fault' if shape == 'plain' else 'Envelope'}"
