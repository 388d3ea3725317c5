"""Each shape is answered in kind: envelope, Content-Type, status and code of a Fault."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from sso_bridge.errors import BridgeError, Busy, InvalidMessage, SourceUnavailable
from sso_bridge.soap.contract import schema
from sso_bridge.soap.envelope import MustUnderstand, Shape, VersionMismatch
from sso_bridge.soap.faults import fault
from sso_bridge.soap.namespaces import CALL, RUM, SOAP11_ENVELOPE, SOAP12_ENVELOPE, XML, XSI

PATH = "/RemoteUserManagement"
NAMESPACES = {Shape.SOAP11: SOAP11_ENVELOPE, Shape.SOAP12: SOAP12_ENVELOPE}
MEDIA_TYPES = {
    Shape.SOAP11: "text/xml; charset=utf-8",
    Shape.SOAP12: "application/soap+xml; charset=utf-8",
    Shape.PLAIN: "text/xml; charset=utf-8",
}
GET_USER = (
    f'<r:GetUserRequest xmlns:r="{RUM}"><userKey><loginID>demo@example.com</loginID></userKey>'
    "</r:GetUserRequest>"
)


@pytest.fixture(params=Shape, ids=lambda shape: str(shape.value))
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


def in_shape(shape: Shape, message: str, header: str = "") -> str:
    if shape is Shape.PLAIN:
        return message
    return (
        f'<s:Envelope xmlns:s="{NAMESPACES[shape]}">{header}<s:Body>{message}</s:Body></s:Envelope>'
    )


def post(http: Client, body: str | bytes, content_type: str, **headers: str) -> TestResponse:
    return http.post(PATH, data=body, content_type=content_type, headers=headers)


def message_of(shape: Shape, answer: bytes) -> etree._Element:
    """What is inside the envelope of `shape`."""
    root = etree.fromstring(answer)
    if shape is Shape.PLAIN:
        return root
    assert root.tag == f"{{{NAMESPACES[shape]}}}Envelope"
    body = root.find(f"{{{NAMESPACES[shape]}}}Body")
    assert body is not None
    (message,) = body
    return message


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "text/xml; charset=UTF-8",
        'text/xml;charset="utf-8"',
        "TEXT/XML",
        "application/xml",
        "application/soap+xml",
        "application/soap+xml; charset=utf-8; action=",
        'application/soap+xml; action=""; charset=utf-8',
        'application/soap+xml; action="urn:Login"',
        "",
    ],
)
def test_the_body_decides_the_shape_of_the_answer(
    http: Client, shape: Shape, content_type: str
) -> None:
    answer = post(http, in_shape(shape, GET_USER), content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPES[shape])
    message = message_of(shape, answer.data)
    schema().assertValid(etree.fromstring(etree.tostring(message)))
    assert message.findtext("userInfo/firstName") == "Dana"


@pytest.mark.parametrize("action", ['""', "", "Login", '"GetUser"', "http://a/b", '"'])
def test_the_soap_action_is_not_looked_at(http: Client, shape: Shape, action: str) -> None:
    body = in_shape(shape, GET_USER)
    assert post(http, body, "text/xml", SOAPAction=action).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_a_login_in_another_encoding_is_the_same_login(
    http: Client, shape: Shape, encoding: str
) -> None:
    body = in_shape(shape, GET_USER.replace("demo@", "søren@"))
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{body}'.encode(encoding)
    in_header = body.encode(encoding)
    for answer in (
        post(http, declared, "text/xml"),
        post(http, in_header, f"text/xml; charset={encoding}"),
    ):
        assert message_of(shape, answer.data).findtext("userInfo/lastName") == "Ødegård"


def code_and_text(shape: Shape, answer: bytes) -> tuple[str, str]:
    """The local name of the Fault's code, and its text without the call's id; checks the Fault's
    own form."""
    element = message_of(shape, answer)
    namespace = NAMESPACES.get(shape, SOAP11_ENVELOPE)
    assert element.tag == f"{{{namespace}}}Fault"
    if shape is Shape.SOAP12:
        code = element.findtext(f"{{{namespace}}}Code/{{{namespace}}}Value") or ""
        text = element.find(f"{{{namespace}}}Reason/{{{namespace}}}Text")
        assert text is not None
        assert text.get(f"{{{XML}}}lang") == "en"
        reason = text.text
    else:
        detail = [] if code11_is_about_the_header(element) else ["detail"]
        assert [child.tag for child in element] == ["faultcode", "faultstring", *detail]
        code, reason = (element.findtext(part) or "" for part in ("faultcode", "faultstring"))
    prefix, _, name = code.partition(":")
    assert element.nsmap[prefix] == namespace
    return name, (reason or "").partition(" (call ")[0]


def code11_is_about_the_header(fault: etree._Element) -> bool:
    """Then SOAP 1.1 allows no detail (4.4)."""
    code = (fault.findtext("faultcode") or "").rpartition(":")[2]
    return code in ("MustUnderstand", "VersionMismatch")


def call_id_in(fault: etree._Element) -> str:
    """The one that a Fault of any shape names."""
    found = fault.findtext(f"detail/{{{CALL}}}call")
    if found is None:
        found = fault.findtext(f"{{{SOAP12_ENVELOPE}}}Detail/{{{CALL}}}call")
    if found is None:
        found = (fault.findtext("faultstring") or "").partition(" (call ")[2].removesuffix(")")
    return found


TWO_NAMES = {"Sender": "Client", "Receiver": "Server"}
ERRORS: list[tuple[Exception, str, int]] = [
    (InvalidMessage("here"), "Sender", 400),
    (MustUnderstand((etree.QName("urn:h", "a"),)), "MustUnderstand", 500),
    (VersionMismatch(), "VersionMismatch", 500),
    (SourceUnavailable("db.internal:5432"), "Receiver", 500),
    (Busy(), "Receiver", 500),
    (BridgeError("a secret"), "Receiver", 500),
    (ValueError("a secret"), "Receiver", 500),
]


@pytest.mark.parametrize(
    ("error", "code", "status"), ERRORS, ids=[type(error).__name__ for error, _, _ in ERRORS]
)
def test_an_error_becomes_the_fault_of_its_shape(
    shape: Shape, error: Exception, code: str, status: int
) -> None:
    if shape is not Shape.SOAP12:
        code = TWO_NAMES.get(code, code)
    if shape is Shape.SOAP11:
        status = 500
    if shape is Shape.PLAIN and isinstance(error, (MustUnderstand, VersionMismatch)):
        status = 400
    sent_status, body = fault(shape, error, "c<1")
    assert (sent_status, code_and_text(shape, body)[0]) == (status, code)
    assert call_id_in(message_of(shape, body)) == "c<1"
    assert b"secret" not in body
    assert b"5432" not in body


def test_a_rejected_message_is_told_where_it_is_wrong(http: Client, shape: Shape) -> None:
    twice = GET_USER.replace("</userKey>", "</userKey><userKey/>")
    answer = post(http, in_shape(shape, twice), "text/xml")
    assert answer.headers["Content-Type"] == MEDIA_TYPES[shape]
    assert answer.status_code == (500 if shape is Shape.SOAP11 else 400)
    code, text = code_and_text(shape, answer.data)
    assert code == ("Sender" if shape is Shape.SOAP12 else "Client")
    assert text == "The request is not valid: GetUserRequest/userKey occurs twice"


@pytest.mark.parametrize(
    ("content_type", "guess"),
    [("text/xml", Shape.SOAP11), ("application/soap+xml", Shape.SOAP12), ("", Shape.SOAP11)],
)
def test_what_shows_no_shape_gets_that_of_its_content_type(
    http: Client, content_type: str, guess: Shape
) -> None:
    for body in ("", "<", "no XML"):
        answer = post(http, body, content_type)
        assert answer.headers["Content-Type"] == MEDIA_TYPES[guess]
        assert code_and_text(guess, answer.data)[0] in ("Client", "Sender")


def test_a_fault_names_the_call_as_its_header_does(http: Client, shape: Shape) -> None:
    bodies = [in_shape(shape, GET_USER.replace("loginID", "loginId"))]
    if shape is not Shape.PLAIN:
        header = '<s:Header><h:a xmlns:h="urn:h" s:mustUnderstand="1"/></s:Header>'
        bodies.append(in_shape(shape, GET_USER, header))
    for body in bodies:
        answer = post(http, body, "text/xml")
        call_id = answer.headers["X-Call-Id"]
        assert call_id and call_id_in(message_of(shape, answer.data)) == call_id


def test_a_refusal_before_the_call_is_named_as_well(http: Client) -> None:
    answer = post(http, GET_USER, "image/png")
    assert answer.status_code == 415
    assert answer.text.endswith(f"(call {answer.headers['X-Call-Id']})\n")


@pytest.mark.parametrize("soap", NAMESPACES, ids=lambda shape: str(shape.value))
def test_a_header_that_is_not_understood_has_its_own_fault(http: Client, soap: Shape) -> None:
    header = '<s:Header><h:a xmlns:h="urn:h" s:mustUnderstand="1"/></s:Header>'
    answer = post(http, in_shape(soap, GET_USER, header), "text/xml")
    assert (answer.status_code, code_and_text(soap, answer.data)[0]) == (500, "MustUnderstand")
    named = etree.fromstring(answer.data).find(f".//{{{SOAP12_ENVELOPE}}}NotUnderstood")
    if soap is Shape.SOAP12:
        assert named is not None
        prefix, _, name = (named.get("qname") or "").partition(":")
        assert (named.nsmap[prefix], name) == ("urn:h", "a")


def test_a_strange_envelope_is_answered_with_version_mismatch(http: Client) -> None:
    strange = in_shape(Shape.SOAP11, GET_USER).replace(SOAP11_ENVELOPE, "urn:soap-99")
    answer = post(http, strange, "text/xml")
    assert answer.status_code == 500
    assert code_and_text(Shape.SOAP11, answer.data)[0] == "VersionMismatch"


def test_control_characters_of_the_database_do_not_break_an_answer(
    http: Client, folder: Path, shape: Shape
) -> None:
    odd = "A\x00\x07\x1b\ud7ff\ufffe\r\nZ"
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        users.execute(
            "UPDATE users SET last_name = ?, phone = ? WHERE email LIKE 's%'", (odd, "<&>]]>")
        )
    body = in_shape(shape, GET_USER.replace("demo@", "søren@"))
    answer = post(http, body, "text/xml")
    with closing(sqlite3.connect(folder / "users.db")) as users, users:
        users.execute("UPDATE users SET last_name = 'Ødegård' WHERE email LIKE 's%'")
    message = message_of(shape, answer.data)
    schema().assertValid(etree.fromstring(etree.tostring(message)))
    assert message.findtext("userInfo/lastName") == "A\ufffd\ufffd\ufffd\ud7ff\ufffd\r\nZ"
    assert message.findtext("userInfo/homePhone") == "<&>]]>"


def test_no_answer_has_a_type_on_an_element(http: Client, shape: Shape) -> None:
    answer = post(http, in_shape(shape, GET_USER), "text/xml")
    assert f"{{{XSI}}}type".encode() not in answer.data
    assert b":type=" not in answer.data
