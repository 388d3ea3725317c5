"""Envelopes that say two things at once: one reading, or none."""

from __future__ import annotations

import socket

import pytest

from sso_bridge.core.model import GetUser, Login
from sso_bridge.errors import Rejected
from tests.running import RunningServer
from tests.survival.client import assert_client_fault, assert_http_refusal, post
from tests.survival.messages import (
    RUM,
    SOAP11,
    SOAP12,
    envelope,
    get_user,
    login,
    message,
    validate_session,
)

from .reading import read

pytestmark = pytest.mark.xdist_group("attack")

OTHER = get_user("gone@example.com")
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"


@pytest.mark.parametrize(
    "action",
    [
        f"{RUM}/CreateUserProfile",
        "CreateUserProfileRequest",
        '"ValidateSession"',
        '"urn:a"\t"urn:b"',
        "GetUser, Login",
    ],
)
def test_the_body_says_what_is_asked_and_not_the_action(server: RunningServer, action: str) -> None:
    soap11 = post(server, envelope(get_user()), {"SOAPAction": action})
    assert (soap11.status, soap11.value("firstName")) == (200, "Bo")
    soap12 = post(
        server,
        envelope(get_user(), SOAP12),
        {"Content-Type": f"application/soap+xml; action={action.split()[0]}"},
    )
    assert (soap12.status, soap12.value("firstName")) == (200, "Bo")


def test_the_content_type_of_one_version_does_not_change_the_other(server: RunningServer) -> None:
    reply = post(server, envelope(get_user()), {"Content-Type": "application/soap+xml"})
    assert (reply.status, reply.value("firstName")) == (200, "Bo")
    assert reply.headers["content-type"].startswith("text/xml")


def around(inside: str) -> str:
    return f'<e:Envelope xmlns:e="{SOAP11}" xmlns:u="{WSU}">{inside}</e:Envelope>'


BODY = f"<e:Body>{get_user()}</e:Body>"
TWO_READINGS = {
    "two Bodies": around(BODY * 2),
    "an empty Body first": around(f"<e:Body/>{BODY}"),
    "two Headers": around(f"<e:Header/><e:Header/>{BODY}"),
    "a Body in the Header only": around(f"<e:Header>{BODY}</e:Header>"),
    "a Body in a wrapper": around(f"<wrapper>{BODY}</wrapper>"),
    "a Body in a Body": around(f"<e:Body>{BODY}</e:Body>"),
    "an Envelope in a Body": around(f"<e:Body>{envelope(get_user())}</e:Body>"),
    "a Body of the other version": around(f'<b:Body xmlns:b="{SOAP12}">{get_user()}</b:Body>'),
    "a Body of no namespace": around(f"<Body>{get_user()}</Body>"),
    "two requests": around(f"<e:Body>{get_user()}{OTHER}</e:Body>"),
    "a request beside something else": around(f"<e:Body><a/>{get_user()}</e:Body>"),
    "a request in a wrapper": around(f"<e:Body><a>{get_user()}</a></e:Body>"),
    "a request in a request of another namespace": around(
        f'<e:Body><q:LoginRequest xmlns:q="urn:q">{get_user()}</q:LoginRequest></e:Body>'
    ),
    "a key that is a reference": around(
        "<e:Body>" + message("GetUserRequest", '<userKey href="#k"/>') + "</e:Body>"
        '<userKey u:Id="k"><loginID>bo@example.com</loginID></userKey>'
    ),
    "two keys": envelope(
        message(
            "GetUserRequest",
            "<userKey><loginID>bo@example.com</loginID></userKey>"
            "<userKey><loginID>gone@example.com</loginID></userKey>",
        )
    ),
    "two logins": envelope(
        message(
            "GetUserRequest",
            "<userKey><loginID>bo@example.com</loginID><loginID>gone@example.com</loginID></userKey>",
        )
    ),
    "one login by two names": envelope(
        message(
            "GetUserRequest",
            "<userKey><loginID>bo@example.com</loginID>"
            f'<q:loginID xmlns:q="{RUM}">gone@example.com</q:loginID></userKey>',
        )
    ),
    "a login in a login": envelope(
        message(
            "GetUserRequest",
            "<userKey><loginID>bo@example.com<loginID>gone@example.com</loginID></loginID></userKey>",
        )
    ),
    "two passwords": envelope(login(more="<password>x</password>")),
    "a nil password that has one": envelope(
        login().replace(
            "<password>",
            '<password xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">',
        )
    ),
}


@pytest.mark.parametrize("body", TWO_READINGS.values(), ids=TWO_READINGS.keys())
def test_what_could_be_read_in_two_ways_is_not_read(body: str) -> None:
    with pytest.raises(Rejected):
        read(body)


ONE_READING = {
    "a signed copy in the Header": around(
        f'<e:Header><signed u:Id="body">{OTHER}</signed></e:Header>'
        f'<e:Body u:Id="body">{get_user()}</e:Body>'
    ),
    "a whole Envelope in the Header": around(f"<e:Header>{envelope(OTHER)}</e:Header>{BODY}"),
    "another request after the Body": around(f"{BODY}{OTHER}"),
    "another request before the Body": around(f"{OTHER}{BODY}"),
    "the Header after the Body": around(f"{BODY}<e:Header><a/></e:Header>"),
    "the same Id everywhere": around(
        "<e:Body u:Id='a' id='a'>"
        + message(
            "GetUserRequest",
            "<userKey u:Id='a' id='a'><loginID id='a'>bo@example.com</loginID></userKey>"
            "<extra id='a'><loginID>gone@example.com</loginID></extra>",
        )
        + "</e:Body>"
    ),
    "a key of another namespace": envelope(
        get_user(more='<q:userKey xmlns:q="urn:q"><loginID>gone@example.com</loginID></q:userKey>')
    ),
    "a login outside the key": envelope(get_user(more="<loginID>gone@example.com</loginID>")),
    "an actor that is somebody else": around(
        f"<e:Header><a e:mustUnderstand='1' e:actor='urn:x'/></e:Header>{BODY}"
    ),
    "an encodingStyle": around(BODY).replace(
        "<e:Body>", f'<e:Body e:encodingStyle="{SOAP11}encoding/">'
    ),
    "a type that is another": envelope(
        get_user().replace(
            "<userKey>",
            '<userKey xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="LoginRequest">',
        )
    ),
}


@pytest.mark.parametrize("body", ONE_READING.values(), ids=ONE_READING.keys())
def test_what_has_one_reading_means_the_request_in_the_body(body: str) -> None:
    asked = read(body)
    assert isinstance(asked, GetUser)
    assert asked.key.login_id == "bo@example.com"


def test_a_block_that_must_be_understood_is_not_passed_over_by_another_spelling() -> None:
    for value in ("1", " 1 ", "true", "\n1\n"):
        header = f"<e:Header><a e:mustUnderstand='{value}'/></e:Header>"
        with pytest.raises(Rejected):
            read(around(header + BODY))


def test_a_child_of_a_login_does_not_make_it_another_operation() -> None:
    asked = read(envelope(login(more="<sessionToken>t</sessionToken><userInfo/>")))
    assert isinstance(asked, Login)


def test_a_message_with_attachments_is_refused(server: RunningServer) -> None:
    parts = (
        "--x\r\nContent-Type: text/xml\r\nContent-ID: <a>\r\n\r\n"
        f"{envelope(get_user())}\r\n--x\r\nContent-ID: <b>\r\n\r\n{envelope(OTHER)}\r\n--x--\r\n"
    )
    for kind in ("multipart/related", "application/xop+xml", "multipart/form-data"):
        headers = {"Content-Type": f'{kind}; boundary=x; type="text/xml"; start="<a>"'}
        assert_http_refusal(post(server, parts, headers), 415)
    assert_client_fault(post(server, parts))


def test_an_answer_goes_to_whoever_asked_and_nowhere_else(server: RunningServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        elsewhere = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        blocks = "".join(
            f'<a:{name} xmlns:a="{WSA}"><a:Address>{elsewhere}</a:Address></a:{name}>'
            for name in ("ReplyTo", "FaultTo", "From", "AcksTo")
        )
        header = f"<e:Header>{blocks}</e:Header>"
        good = post(server, envelope(get_user(), header=header))
        assert (good.status, good.value("firstName")) == (200, "Bo")
        assert_client_fault(post(server, envelope("<a/>", header=header)))
        token = validate_session(f"{elsewhere}jwks.json")
        assert post(server, envelope(token, header=header)).value("successful") == "false"
        listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_header_as_large_as_a_message_may_be_is_passed_over(server: RunningServer) -> None:
    header = "<e:Header>" + "<a>b</a>" * 30_000 + "</e:Header>"
    reply = post(server, envelope(get_user(), header=header))
    assert (reply.status, reply.value("firstName")) == (200, "Bo")


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
def test_a_fault_is_not_much_larger_than_what_it_is_about(
    server: RunningServer, namespace: str
) -> None:
    block = '<q:a xmlns:q="u" e:mustUnderstand="1"/>'
    header = f"<e:Header>{block * 6000}</e:Header>"
    sent = envelope(get_user(), namespace, header)
    reply = post(server, sent)
    assert reply.fault_code == "MustUnderstand"
    assert len(reply.body) < 2 * len(sent)
