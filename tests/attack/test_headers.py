"""What a request says of itself beside its body: no part of it gets into an answer."""

from __future__ import annotations

import re

import pytest

from tests.running import RunningServer
from tests.survival.client import (
    PATH,
    Connection,
    Reply,
    assert_http_refusal,
    exchange,
    post,
    request,
)
from tests.survival.messages import envelope, get_user

pytestmark = pytest.mark.xdist_group("attack")

GET_USER = envelope(get_user())
MARK = "evil-f00d"
SAID = ("Server", "Date", "Connection", "Content-Length")
"""Headers of an answer that are HTTP's own business."""

HEADERS = {
    "Host": f"{MARK}.example",
    "X-Call-Id": MARK,
    "X-Request-Id": MARK,
    "X-Forwarded-Host": f"{MARK}.example",
    "X-Forwarded-For": f"{MARK}, 6.6.6.6",
    "X-Forwarded-Proto": MARK,
    "X-Forwarded-Prefix": f"/{MARK}",
    "X-Original-URL": f"/{MARK}",
    "X-Rewrite-URL": f"/{MARK}",
    "X-HTTP-Method-Override": MARK,
    "Forwarded": f'for="{MARK}";host={MARK}.example',
    "Origin": f"https://{MARK}.example",
    "Referer": f"https://{MARK}.example",
    "Cookie": f"a={MARK}",
    "User-Agent": MARK,
    "Accept": MARK,
    "Accept-Language": MARK,
    "SOAPAction": MARK,
    "Via": MARK,
    "traceparent": f"00-{MARK}-{MARK}-01",
}


def assert_unmarked(reply: Reply) -> None:
    assert MARK not in str(reply.headers)
    assert MARK.encode() not in reply.body


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_gets_into_an_answer(server: RunningServer, name: str) -> None:
    said = {name: HEADERS[name]}
    answer = post(server, GET_USER, said)
    assert (answer.status, answer.value("firstName")) == (200, "Bo")
    assert_unmarked(answer)
    assert_unmarked(post(server, "<a/>", said))
    for path in (f"{PATH}?wsdl", PATH, "/health/ready", "/nowhere"):
        assert_unmarked(exchange(server, request(method="GET", path=path, headers=said), "GET"))


@pytest.mark.parametrize("host", ["evil.example", "10.1.2.3:1", "a b", "[::1]:8080", "", "a@b/c"])
def test_the_contract_has_the_address_of_the_configuration(
    server: RunningServer, host: str
) -> None:
    found = exchange(
        server,
        request(method="GET", path=f"{PATH}?wsdl", headers={"Host": host}, length=False),
        "GET",
    )
    if found.status == 200:
        places = set(re.findall(rb'location="([^"]*)"', found.body))
        assert len(places) == 1
        assert b"127.0.0.1:8080" in places.pop() or server.url.encode() in found.body
        if host:
            assert f"//{host}".encode() not in found.body
    else:
        assert_http_refusal(found, 400)


def test_a_whole_address_as_the_path_changes_nothing(server: RunningServer) -> None:
    for path in (f"http://{MARK}.example{PATH}", f"http://{MARK}.example{PATH}?wsdl"):
        method = "GET" if "?" in path else "POST"
        reply = exchange(server, request(GET_USER, method=method, path=path), method)
        assert_unmarked(reply)
        assert reply.status in (200, 400, 404, 405)


PATHS = [
    f"{PATH}%0d%0aX-Evil:%20{MARK}",
    f"{PATH}?a=%0d%0aX-Evil:%20{MARK}",
    f"/%2e%2e/%2e%2e/etc/passwd?{MARK}",
    f"/../{MARK}",
    f"/metrics/../{MARK}",
    f"{PATH};{MARK}",
    f"{PATH}/{MARK}",
    f"/{MARK}%00",
    f"/{MARK}\u00e9",
    f"//{MARK}",
    f"/\\{MARK}",
    f"{PATH}?wsdl={MARK}",
    f"{PATH}?xsd=../../{MARK}",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_gets_into_an_answer_or_out_of_the_folder(server: RunningServer, path: str) -> None:
    for method in ("GET", "POST"):
        reply = exchange(server, request(GET_USER, method=method, path=path), method)
        assert_unmarked(reply)
        assert "x-evil" not in reply.headers
        assert b"root:" not in reply.body


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "PROPFIND", "POSTPOST", "post", "G\u00cbT"])
def test_an_odd_method_is_refused_and_not_repeated(server: RunningServer, method: str) -> None:
    with Connection(server) as connection:
        connection.send(request(method=method, headers={"X-Mark": MARK}, length=False))
        reply = connection.reply("TRACE")
    assert reply.status in (400, 404, 405, 501)
    assert_unmarked(reply)


def test_the_id_of_a_call_is_the_servers_own_and_never_the_same(server: RunningServer) -> None:
    ids = {
        post(server, GET_USER, {"X-Call-Id": "0000000000000000"}).headers["x-call-id"]
        for _ in range(5)
    }
    assert len(ids) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)


def test_answers_are_not_to_be_kept(server: RunningServer) -> None:
    assert post(server, GET_USER).headers["cache-control"] == "no-store"


def test_more_header_lines_than_anybody_sends_are_refused(server: RunningServer) -> None:
    many = b"".join(b"X-%d: y\r\n" % n for n in range(50_000))
    with Connection(server) as connection:
        connection.send(request(GET_USER).replace(b"Host:", many + b"Host:"))
        answer = connection.rest()
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
