"""Shapes: which one a request has, whose headers must be understood, what may be in a Body."""

from __future__ import annotations

import pytest

from sso_bridge.errors import InvalidMessage
from sso_bridge.soap.contract import OPERATIONS, Operation
from sso_bridge.soap.envelope import (
    MustUnderstand,
    Request,
    Shape,
    VersionMismatch,
    open_envelope,
)
from sso_bridge.soap.namespaces import RUM, SOAP11_ENVELOPE, SOAP12_ENVELOPE
from sso_bridge.soap.parsing import parse

NEXT11 = "http://schemas.xmlsoap.org/soap/actor/next"
ROLE12 = "http://www.w3.org/2003/05/soap-envelope/role/"
MESSAGE = f'<r:LoginRequest xmlns:r="{RUM}"/>'
NAMESPACES = {Shape.SOAP11: SOAP11_ENVELOPE, Shape.SOAP12: SOAP12_ENVELOPE}


def opened(document: str) -> Request:
    return open_envelope(parse(document.encode(), None))


def enveloped(shape: Shape, body: str = MESSAGE, header: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="{NAMESPACES[shape]}" xmlns:h="urn:headers">'
        f"{header}<s:Body>{body}</s:Body></s:Envelope>"
    )


@pytest.fixture(params=[Shape.SOAP11, Shape.SOAP12], ids=lambda shape: str(shape.value))
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
@pytest.mark.parametrize("shape", Shape, ids=lambda shape: str(shape.value))
def test_each_request_is_known_in_each_shape(shape: Shape, operation: Operation) -> None:
    name = operation.request
    message = f'<any:{name} xmlns:any="{RUM}"/>'
    request = opened(message if shape is Shape.PLAIN else enveloped(shape, message))
    assert (request.shape, request.name) == (shape, name)


def test_prefixes_are_free(shape: Shape) -> None:
    document = (
        f'<Envelope xmlns="{NAMESPACES[shape]}"><Header/><Body>'
        f'<LoginRequest xmlns="{RUM}"/></Body></Envelope>'
    )
    assert opened(document).shape is shape


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        MESSAGE * 2,
        MESSAGE + '<multiRef id="a"/>',
        "<LoginRequest/>",
        '<r:LoginRequest xmlns:r="urn:other"/>',
        f'<r:LogoutRequest xmlns:r="{RUM}"/>',
        f'<r:loginrequest xmlns:r="{RUM}"/>',
        f'<r:LoginResponse xmlns:r="{RUM}"/>',
        "<s:Fault/>",
        "<s:Envelope/>",
        f"<wrapped>{MESSAGE}</wrapped>",
    ],
)
def test_a_body_without_one_known_request_is_refused(shape: Shape, body: str) -> None:
    with pytest.raises(InvalidMessage):
        opened(enveloped(shape, body))


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<s:Header/>",
        "<s:Body/><s:Body/>",
        f"<Body>{MESSAGE}</Body>",
        f"<s:Header/><s:Header/><s:Body>{MESSAGE}</s:Body>",
    ],
)
def test_an_envelope_has_one_body_and_at_most_one_header(shape: Shape, inside: str) -> None:
    with pytest.raises(InvalidMessage):
        opened(f'<s:Envelope xmlns:s="{NAMESPACES[shape]}">{inside}</s:Envelope>')


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        "urn:other",
        "http://www.w3.org/2001/12/soap-envelope",
        SOAP11_ENVELOPE.rstrip("/"),
        SOAP12_ENVELOPE + "/",
    ],
)
def test_an_envelope_of_another_version_is_told_so(namespace: str) -> None:
    with pytest.raises(VersionMismatch):
        opened(f'<Envelope xmlns="{namespace}"><Body>{MESSAGE}</Body></Envelope>')


IGNORED = {
    Shape.SOAP11: ["", 's:mustUnderstand="0"', 's:actor="urn:other" s:mustUnderstand="1"'],
    Shape.SOAP12: [
        "",
        's:mustUnderstand="false"',
        's:mustUnderstand="0"',
        f's:role="{ROLE12}none" s:mustUnderstand="1"',
        's:role="urn:other" s:mustUnderstand="true"',
        'mustUnderstand="1"',
    ],
}
INSISTED = {
    Shape.SOAP11: [
        's:mustUnderstand="1"',
        's:actor="" s:mustUnderstand="1"',
        f's:actor="{NEXT11}" s:mustUnderstand="1"',
    ],
    Shape.SOAP12: [
        's:mustUnderstand="1"',
        's:mustUnderstand="true"',
        's:mustUnderstand=" true "',
        f's:role="{ROLE12}next" s:mustUnderstand="1"',
        f's:role="{ROLE12}ultimateReceiver" s:mustUnderstand="true"',
        's:role="" s:mustUnderstand="true"',
    ],
}


@pytest.mark.parametrize(
    ("shape", "attributes"), [(s, a) for s, choices in IGNORED.items() for a in choices]
)
def test_a_header_that_may_be_ignored_is(shape: Shape, attributes: str) -> None:
    header = f"<s:Header><h:one {attributes}>text</h:one><h:two/></s:Header>"
    assert opened(enveloped(shape, header=header)).name == "LoginRequest"


@pytest.mark.parametrize(
    ("shape", "attributes"), [(s, a) for s, choices in INSISTED.items() for a in choices]
)
def test_a_header_that_insists_is_refused_and_named(shape: Shape, attributes: str) -> None:
    header = f"<s:Header><h:one/><h:two {attributes}/></s:Header>"
    with pytest.raises(MustUnderstand) as caught:
        opened(enveloped(shape, header=header))
    assert [str(block) for block in caught.value.blocks] == ["{urn:headers}two"]
