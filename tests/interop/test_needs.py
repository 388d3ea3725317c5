"""What foreign SOAP stacks need of the WSDL, and what the server must put up with from them.

Found by trying many stacks on many variants of this contract. Of the WSDL:

1. It is one document that refers to no other.
2. The schema of the shared types stands before that of the messages, which imports it by its
   namespace and names no place for it.
3. A message's element has a type without a name; the shared types have names, since callers send
   them as `xsi:type`.
4. An operation's name is not that of its element: a stack that finds `LoginRequest` as the
   operation takes it for a wrapped one, and waits for a `LoginRequestResponse`.
5. Messages are document/literal with one part that names an element. There is a port for each
   version of SOAP, that of 1.1 first, since many stacks take the first.
6. Children are in no namespace, in a sequence, optional and nillable; and answers keep to that
   order, without which some stacks do not read them.
7. Answers say no `xsi:type`, which makes some stacks hand over an object in place of a string.

Of the server:

8. Children are read in a namespace or in none.
9. SOAPAction may be absent, empty, without quotes, or name the operation, another one, or the
   service.
10. HTTP/1.0 is answered in kind.
11. `Expect: 100-continue` is answered before the body is sent.
12. The `action` of SOAP 1.2's media type may be empty.
13. `Connection: close` is honoured.
14. The headers and the body of an answer leave in one piece: else a connection that is kept alive
    waits some 40 ms for each answer, since one end delays what the other waits for.
15. An envelope of SOAP 1.2 has the prefix `soap`, the only one by which node's `soap` knows it:
    else that hands over "false", which is true, and a list of one as no list."""

from __future__ import annotations

import socket
import urllib.request
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from lxml import etree

from sso_bridge.soap.contract import OPERATIONS, PATH, Operation
from sso_bridge.soap.namespaces import (
    COMMON,
    RUM,
    SOAP11_ENVELOPE,
    SOAP12_ENVELOPE,
    WSDL,
    WSDL_SOAP11,
    WSDL_SOAP12,
    XSD,
    XSI,
)

pytestmark = pytest.mark.xdist_group("interop")
N = {"w": WSDL, "s": XSD, "soap11": WSDL_SOAP11, "soap12": WSDL_SOAP12}
SECONDS = 20.0
LOGIN = "<loginID>demo@example.com</loginID>"
ENVELOPES = {"text/xml": SOAP11_ENVELOPE, "application/soap+xml": SOAP12_ENVELOPE}


@pytest.fixture(scope="module")
def wsdl(demo_url: str) -> etree._Element:
    """What the server shows."""
    with urllib.request.urlopen(f"{demo_url}?wsdl", timeout=SECONDS) as answer:
        assert answer.headers.get_content_type() == "text/xml"
        return etree.fromstring(answer.read())


def found(element: etree._Element, path: str) -> list[str]:
    """The values of the attributes, or the names of the elements, at an XPath."""
    values = element.xpath(path, namespaces=N)
    assert isinstance(values, list)
    return [v.tag if isinstance(v, etree._Element) else str(v) for v in values]


def test_1_it_is_one_document(wsdl: etree._Element) -> None:
    assert found(wsdl, "//w:import | //s:include | //s:redefine") == []
    assert found(wsdl, "//@*[local-name() = 'schemaLocation']") == []


def test_2_the_shared_types_come_first(wsdl: etree._Element) -> None:
    assert found(wsdl, "w:types/s:schema/@targetNamespace") == [COMMON, RUM]
    assert found(wsdl, f"//s:schema[@targetNamespace='{RUM}']/s:import/@*") == [COMMON]
    assert found(wsdl, f"//s:schema[@targetNamespace='{COMMON}']/s:import") == []


def test_3_messages_have_types_without_names_and_shared_types_have_them(
    wsdl: etree._Element,
) -> None:
    messages = f"//s:schema[@targetNamespace='{RUM}']"
    assert len(found(wsdl, f"{messages}/s:element[not(@type)]/s:complexType[not(@name)]")) == 10
    assert found(wsdl, f"{messages}/s:complexType | {messages}/s:element/@type") == []
    assert found(wsdl, f"//s:schema[@targetNamespace='{COMMON}']/s:complexType/@name") == [
        "UserKey",
        "ExtendedAttributesInfo",
        "ExtendedAttributesInfoArray",
        "AddressInfo",
        "UserInfo",
    ]


def test_4_no_operation_is_called_like_an_element(wsdl: etree._Element) -> None:
    operations = found(wsdl, "w:portType/w:operation/@name")
    assert sorted(operations) == sorted(
        ["Login", "GetUser", "GetUserProfile", "ValidateSession", "CreateUserProfile"]
    )
    assert not set(operations) & set(found(wsdl, "//s:schema/s:element/@name"))


def test_5_every_message_is_one_element_and_soap11_has_the_first_port(
    wsdl: etree._Element,
) -> None:
    assert len(found(wsdl, "w:message[count(w:part) = 1]/w:part[@element and not(@type)]")) == 10
    assert len(found(wsdl, "w:message")) == 10
    for soap in ("soap11", "soap12"):
        assert found(wsdl, f"//{soap}:binding/@style") == ["document"]
        assert set(found(wsdl, f"//{soap}:operation/@style")) == {"document"}
        assert set(found(wsdl, f"//{soap}:body/@use")) == {"literal"}
    assert found(wsdl, "w:service/w:port/*[@location]") == [
        f"{{{WSDL_SOAP11}}}address",
        f"{{{WSDL_SOAP12}}}address",
    ]


def test_5_every_port_has_the_address_that_answers(wsdl: etree._Element, demo_url: str) -> None:
    assert found(wsdl, "w:service/w:port/*/@location") == [demo_url, demo_url]


def test_6_children_are_unqualified_optional_and_in_sequence(wsdl: etree._Element) -> None:
    assert found(wsdl, "//s:schema/@elementFormDefault") == ["unqualified"] * 2
    assert found(wsdl, "//s:all | //s:choice | //s:any | //@form") == []
    children = "//s:sequence/s:element"
    assert set(found(wsdl, f"{children}[not(@minOccurs='0' and @nillable='true')]/@name")) == {
        "successful"
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_6_and_7_answers_keep_the_order_and_say_no_type(
    wsdl: etree._Element, demo_url: str, operation: Operation
) -> None:
    request, response = operation.request, operation.response
    key = f"<userKey>{LOGIN}</userKey>"
    inside = f"<userInfo>{key}</userInfo>" if request.startswith("Create") else key
    body = f'<r:{request} xmlns:r="{RUM}">{inside}<password>123123</password></r:{request}>'
    status, _, answer = post(demo_url, body.encode())
    assert status == 200
    root = etree.fromstring(answer)
    assert root.tag == f"{{{RUM}}}{response}"
    declared = found(wsdl, f"//s:schema/s:element[@name='{response}']//s:sequence/s:element/@name")
    sent = [str(child.tag) for child in root]
    assert sent == [name for name in declared if name in sent]
    for parent in root.iter():
        assert f"{{{XSI}}}type" not in parent.attrib
        within = {"userKey": "UserKey", "userInfo": "UserInfo"}.get(str(parent.tag))
        if within is not None:
            order = found(wsdl, f"//s:complexType[@name='{within}']/s:sequence/s:element/@name")
            children = [str(child.tag) for child in parent]
            assert children == [name for name in order if name in children]


def fetch(children: str = LOGIN, *, media_type: str = "text/xml", prefix: str = "") -> bytes:
    """A request for a profile, with `prefix` before the name of userKey."""
    envelope = ENVELOPES[media_type]
    return (
        f'<e:Envelope xmlns:e="{envelope}" xmlns:r="{RUM}" xmlns:c="{COMMON}"><e:Body>'
        f"<r:GetUserRequest><{prefix}userKey>{children}</{prefix}userKey></r:GetUserRequest>"
        "</e:Body></e:Envelope>"
    ).encode()


def connected(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 80), SECONDS)


def head(body: bytes, *headers: str, version: str = "1.1") -> bytes:
    lines = [
        f"POST {PATH} HTTP/{version}",
        "Host: localhost",
        f"Content-Length: {len(body)}",
        *(headers or ["Content-Type: text/xml"]),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the body of the next answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    before, _, body = received.partition(b"\r\n\r\n")
    first, *lines = before.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (li.partition(": ") for li in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        piece = connection.recv(65536)
        assert piece, body
        body += piece
    return int(first.split()[1]), headers, body


def post(url: str, body: bytes, *headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(connected(url)) as connection:
        connection.sendall(head(body, *headers) + body)
        return read_answer(connection)


def is_dana(answer: tuple[int, dict[str, str], bytes]) -> bool:
    return answer[0] == 200 and b"<firstName>Dana<" in answer[2]


@pytest.mark.parametrize("outer", ["", "r:", "c:"], ids=["none", "messages", "types"])
@pytest.mark.parametrize("inner", ["", "r:", "c:"], ids=["none", "messages", "types"])
def test_8_children_may_be_qualified(demo_url: str, outer: str, inner: str) -> None:
    children = LOGIN.replace("loginID", f"{inner}loginID")
    assert is_dana(post(demo_url, fetch(children, prefix=outer)))


@pytest.mark.parametrize(
    "header",
    [
        "SOAPAction:",
        'SOAPAction: ""',
        "SOAPAction: GetUser",
        'SOAPAction: "GetUser"',
        'SOAPAction: "Login"',
        "SOAPAction: RemoteUserManagementService",
        f'SOAPAction: "{RUM}/GetUser"',
        "X-No: SOAPAction",
    ],
)
def test_9_the_soap_action_is_free(demo_url: str, header: str) -> None:
    assert is_dana(post(demo_url, fetch(), "Content-Type: text/xml", header))


def test_10_http_1_0_is_answered(demo_url: str) -> None:
    with closing(connected(demo_url)) as connection:
        connection.sendall(head(fetch(), version="1.0") + fetch())
        answer = read_answer(connection)
        assert connection.recv(1) == b"", "it is closed after the answer"
    assert is_dana(answer)
    assert "transfer-encoding" not in answer[1]


def test_11_a_client_that_asks_is_told_to_continue(demo_url: str) -> None:
    with closing(connected(demo_url)) as connection:
        connection.sendall(head(fetch(), "Content-Type: text/xml", "Expect: 100-continue"))
        told = b""
        while not told.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            assert piece, told
            told += piece
        assert told.startswith(b"HTTP/1.1 100 ")
        connection.sendall(fetch())
        assert is_dana(read_answer(connection))


@pytest.mark.parametrize(
    "parameters", ["charset=utf-8; action=", 'charset=utf-8; action=""', "action=; charset=utf-8"]
)
def test_12_the_action_may_be_empty(demo_url: str, parameters: str) -> None:
    body = fetch(media_type="application/soap+xml")
    answer = post(demo_url, body, f"Content-Type: application/soap+xml; {parameters}")
    assert is_dana(answer)
    assert answer[1]["content-type"].startswith("application/soap+xml")


def test_13_a_connection_is_closed_for_who_asks_and_kept_for_others(demo_url: str) -> None:
    with closing(connected(demo_url)) as connection:
        for _ in range(3):
            connection.sendall(head(fetch()) + fetch())
            assert is_dana(read_answer(connection))
        connection.sendall(head(fetch(), "Content-Type: text/xml", "Connection: close") + fetch())
        answer = read_answer(connection)
        assert connection.recv(1) == b""
    assert is_dana(answer)
    assert answer[1]["connection"] == "close"


def test_14_an_answer_leaves_in_one_piece(demo_url: str) -> None:
    with closing(connected(demo_url)) as connection:
        for _ in range(20):
            connection.sendall(head(fetch()) + fetch())
            piece = connection.recv(65536)
            before, _, body = piece.partition(b"\r\n\r\n")
            length = int(before.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert len(body) == length


def test_15_an_envelope_of_soap_1_2_has_the_prefix_that_is_known(demo_url: str) -> None:
    media_type = "application/soap+xml"
    for children in (LOGIN, "<siteID>no such site</siteID>"):
        body = fetch(children, media_type=media_type)
        root = etree.fromstring(post(demo_url, body, f"Content-Type: {media_type}")[2])
        assert (root.prefix, root.nsmap["soap"]) == ("soap", SOAP12_ENVELOPE)
