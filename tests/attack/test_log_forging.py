"""What a sender chooses is in no log line, and what is in one stays in it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from sso_bridge.logs import Log
from tests.running import running_server
from tests.survival.client import PATH, Connection, exchange, post, request
from tests.survival.conftest import configuration
from tests.survival.messages import RUM, envelope, message

pytestmark = pytest.mark.xdist_group("attack")

MARK = "f0rged"
FORGED = (
    f'\n{{"event":"alarm","kind":"{MARK}"}}\r\n\x1b[2J\x1b]0;{MARK}\x07\u202e{MARK}\u2028\x85\x00'
)
SENT = "".join(c for c in FORGED if c not in "\x1b\x07\x00")
"""As much of it as XML can carry."""
FIELDS = {
    "login": "<userKey><loginID>{}</loginID></userKey><password>x</password>",
    "password": "<userKey><loginID>bo@example.com</loginID></userKey><password>{}</password>",
    "user": "<userKey><userID>{}</userID></userKey>",
    "ERID": "<userKey><externalReferenceID>{}</externalReferenceID></userKey>",
    "company": "<userKey><loginID>bo@example.com</loginID><companyID>{}</companyID></userKey>",
    "site": "<userKey><loginID>bo@example.com</loginID><siteID>{}</siteID></userKey>",
    "token": "<sessionToken>{}</sessionToken>",
    "attribute": "<userKey><loginID>bo@example.com</loginID></userKey><extendedAttributes><item>"
    "<name>{}</name><value>{}</value></item></extendedAttributes>",
    "profile": "<userInfo><userKey><loginID>{}</loginID></userKey><firstName>{}</firstName>"
    "</userInfo><password>{}</password>",
    "unknown child": "<{0}/>",
}
REQUESTS = ("LoginRequest", "GetUserRequest", "ValidateSessionRequest", "CreateUserProfileRequest")


def assert_honest(log: str) -> None:
    """Each line is one that the server wrote, and nothing of a sender's is in it."""
    assert MARK not in log
    assert not set(log) & set("\x1b\x07\x00\u202e\u2028\x85\r")


def test_nothing_of_a_request_is_in_a_log(tmp_path: Path) -> None:
    with running_server(configuration(tmp_path)) as server:
        for name in REQUESTS:
            for children in FIELDS.values():
                body = message(name, children.replace("{0}", MARK).replace("{}", escape(SENT)))
                post(server, envelope(body))
                post(server, envelope(body).replace(RUM, f"urn:{MARK}"))
        printable = f'{MARK}","event":"{MARK}'
        for header in (
            *("Authorization", "Content-Type", "Content-Encoding", "X-Forwarded-For", "Host"),
            *("User-Agent", "Forwarded", "traceparent", "tracestate", "X-Call-Id", "SOAPAction"),
        ):
            for value in (printable, f"Basic {printable}", f'text/xml; charset="{MARK}\u00e9"'):
                post(server, envelope(""), {header: value})
        for path in (f"/{MARK}", f"{PATH}?{MARK}", f"/{MARK}%0a%1b[2J"):
            exchange(server, request(method="GET", path=path), "GET")
            exchange(server, request(method="POST", path=path), "POST")
        with Connection(server) as connection:
            connection.send(f"{MARK} \x1b[2J\r\n\r\n".encode())
            connection.rest()
        server.stop()
        log = server.log_text()
    assert_honest(log)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {line["event"] for line in lines} >= {"call", "refused", "step"}


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_value_stays_in_its_line(form: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    Log("debug", form).error("failed", details=FORGED, why=f"half \ud800 {FORGED}", plain="ø")
    written = capfdbinary.readouterr().err
    assert written.count(b"\n") == 1
    line = written.decode()
    assert line[:-1].isprintable()
    if form == "json":
        assert json.loads(line)["details"] == FORGED
