"""How a request is carried: methods, lengths, codings, clients that do not behave."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.running import RunningServer

from .client import (
    PATIENCE,
    Connection,
    Reply,
    assert_client_fault,
    assert_http_refusal,
    chunked,
    exchange,
    post,
    request,
)
from .conftest import BODY_SECONDS, THREADS
from .messages import envelope, get_user, login

pytestmark = pytest.mark.xdist_group("survival")

GET_USER = envelope(get_user()).encode()
LIMIT = 262_144


def assert_answered(reply: Reply) -> None:
    assert (reply.status, reply.value("firstName")) == (200, "Bo"), reply


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("GET", 200),
        ("HEAD", 200),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
        ("OPTIONS", 405),
        ("TRACE", 405),
        ("BREW", 405),
    ],
)
def test_every_method_has_an_answer(server: RunningServer, method: str, status: int) -> None:
    reply = exchange(server, request(method=method, length=False), method)
    assert reply.status == status
    if status == 405:
        assert reply.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "GET"])
def test_a_method_with_a_body_it_should_not_have(server: RunningServer, method: str) -> None:
    reply = exchange(server, request(GET_USER, method=method), method)
    assert reply.status in (200, 405)


def test_head_is_get_without_the_body(server: RunningServer) -> None:
    path = "/RemoteUserManagement?wsdl"
    with Connection(server) as connection:
        connection.send(request(method="HEAD", path=path) + request(GET_USER))
        head = connection.reply("HEAD")
        assert (head.status, head.body) == (200, b"")
        assert_answered(connection.reply())


@pytest.mark.parametrize("path", ["/", "//RemoteUserManagement", "/RemoteUserManagement/", "/%00"])
def test_a_call_to_another_path_is_refused(server: RunningServer, path: str) -> None:
    assert_http_refusal(exchange(server, request(GET_USER, path=path)), 404, 405)


@pytest.mark.parametrize(
    "length",
    ["-1", "abc", "1e3", "0x10", "99999999999999999999999", "10, 11", "", " "],
    ids=["negative", "letters", "float", "hex", "too large", "two values", "empty", "blank"],
)
def test_a_wrong_content_length_is_refused(server: RunningServer, length: str) -> None:
    reply = exchange(server, request(GET_USER, headers={"Content-Length": length}))
    if reply.fault_code:
        assert_client_fault(reply)
    else:
        assert_http_refusal(reply, 400, 413)


def test_two_different_content_lengths_are_refused(server: RunningServer) -> None:
    wrong = request(GET_USER).replace(b"Content-Length", b"Content-Length: 5\r\nContent-Length")
    assert_http_refusal(exchange(server, wrong), 400)


def test_no_content_length_is_an_empty_body(server: RunningServer) -> None:
    assert_client_fault(exchange(server, request(GET_USER, length=False)))


def test_a_body_shorter_than_its_length_is_refused(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(request(GET_USER, headers={"Content-Length": str(len(GET_USER) + 9)}))
        connection.socket.shutdown(socket.SHUT_WR)
        assert_http_refusal(connection.reply(), 400)


def test_a_body_longer_than_its_length_is_not_read_on(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(request(GET_USER, headers={"Content-Length": str(len(GET_USER) - 9)}))
        assert_client_fault(connection.reply())
        rest = connection.rest()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")


def test_a_length_beside_chunks_cannot_smuggle_a_request(server: RunningServer) -> None:
    smuggled = request(envelope(get_user("gone@example.com")))
    both = {"Transfer-Encoding": "chunked", "Content-Length": "4"}
    with Connection(server) as connection:
        connection.send(request(chunked(GET_USER), headers=both) + smuggled)
        reply = connection.reply()
        if reply.status != 400:
            assert_answered(reply)
        assert connection.is_closed_by_server()


def in_chunks(body: bytes) -> bytes:
    return request(chunked(body), headers={"Transfer-Encoding": "chunked"}, length=False)


def test_a_chunked_upload_is_read(server: RunningServer) -> None:
    assert_answered(exchange(server, in_chunks(GET_USER)))


@pytest.mark.parametrize("broken", [b"zz\r\n", b"-5\r\nhello\r\n", b"fffffffffffffffff\r\n"])
def test_broken_chunks_are_refused(server: RunningServer, broken: bytes) -> None:
    whole = in_chunks(GET_USER)
    cut = whole[: whole.index(b"\r\n\r\n") + 4]
    reply = exchange(server, cut + broken)
    if reply.fault_code:
        assert_client_fault(reply)
    else:
        assert_http_refusal(reply, 400)


def padded(size: int) -> bytes:
    return GET_USER + b" " * (size - len(GET_USER))


def test_a_body_of_exactly_the_limit_is_read(server: RunningServer) -> None:
    assert_answered(post(server, padded(LIMIT)))
    assert_answered(exchange(server, in_chunks(padded(LIMIT))))


@pytest.mark.parametrize("size", [LIMIT + 1, 1_000_000, 10_000_000])
def test_a_body_over_the_limit_is_refused(server: RunningServer, size: int) -> None:
    assert_http_refusal(post(server, padded(size)), 413)


def test_a_chunked_body_over_the_limit_is_refused(server: RunningServer) -> None:
    assert_http_refusal(exchange(server, in_chunks(padded(LIMIT + 1))), 413)


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(request(headers={"Content-Length": str(LIMIT + 1)}))
        assert_http_refusal(connection.reply(), 413)


def test_a_chunked_body_is_refused_before_it_ends(server: RunningServer) -> None:
    endless = in_chunks(padded(LIMIT + 70_000)).removesuffix(b"0\r\n\r\n")
    with Connection(server) as connection:
        connection.send(endless)
        assert_http_refusal(connection.reply(), 413)


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


CODINGS: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    ("gzip", "gzip", gzip.compress),
    ("x-gzip", "X-GZip", gzip.compress),
    ("deflate", "deflate", zlib.compress),
    ("raw deflate", "deflate", raw_deflate),
]


@pytest.fixture(params=CODINGS, ids=[name for name, _, _ in CODINGS])
def coding(request: pytest.FixtureRequest) -> tuple[str, Callable[[bytes], bytes]]:
    _, name, compress = request.param
    return name, compress


Coding = tuple[str, Callable[[bytes], bytes]]


def test_a_compressed_body_is_read(server: RunningServer, coding: Coding) -> None:
    name, compress = coding
    assert_answered(post(server, compress(GET_USER), {"Content-Encoding": name}))


def test_a_bomb_is_refused(server: RunningServer, coding: Coding) -> None:
    name, compress = coding
    bomb = compress(b" " * 20_000_000)
    assert len(bomb) < LIMIT
    assert_http_refusal(post(server, bomb, {"Content-Encoding": name}), 413)


@pytest.mark.parametrize("damage", ["cut", "noise", "twice", "plain"])
def test_a_damaged_compressed_body_is_refused(
    server: RunningServer, coding: Coding, damage: str
) -> None:
    name, compress = coding
    whole = compress(GET_USER)
    body = {"cut": whole[:-5], "noise": b"\xff" * 99, "twice": whole * 2, "plain": GET_USER}[damage]
    assert_http_refusal(post(server, body, {"Content-Encoding": name}), 400)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "aes128gcm"])
def test_another_coding_is_refused(server: RunningServer, coding: str) -> None:
    assert_http_refusal(post(server, GET_USER, {"Content-Encoding": coding}), 415)


@pytest.mark.parametrize("media_type", ["application/json", "text/html", "multipart/related", "/"])
def test_another_media_type_is_refused(server: RunningServer, media_type: str) -> None:
    assert_http_refusal(post(server, GET_USER, {"Content-Type": media_type}), 415)


ACTIONS = ['""', "", "Login", '"urn:RemoteUserManagement"', '"wrong', "http://a/b#c", "\u00e9"]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_soap_action_does_not_matter(server: RunningServer, action: str) -> None:
    assert_answered(post(server, GET_USER, {"SOAPAction": action}))


def test_100_continue_is_said_when_the_body_is_wanted(server: RunningServer) -> None:
    whole = request(GET_USER, headers={"Expect": "100-continue"})
    with Connection(server) as connection:
        connection.send(whole[: -len(GET_USER)])
        assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(GET_USER)
        assert_answered(connection.reply())


def test_100_continue_is_not_said_when_it_is_not(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(
            request(headers={"Expect": "100-continue", "Content-Length": str(LIMIT + 1)})
        )
        assert connection.socket.recv(12) == b"HTTP/1.1 413"


def test_http_1_0_is_answered_and_closed(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(request(GET_USER, version="1.0").replace(b"Host: localhost\r\n", b""))
        assert_answered(connection.reply())
        assert connection.is_closed_by_server()


def test_connection_close_is_honoured(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(request(GET_USER, headers={"Connection": "close"}))
        reply = connection.reply()
        assert_answered(reply)
        assert reply.headers["connection"] == "close"
        assert connection.is_closed_by_server()


def test_a_connection_is_kept_after_a_fault(server: RunningServer) -> None:
    with Connection(server) as connection:
        for _ in range(3):
            connection.send(request("<a/>"))
            assert connection.reply().status == 400
            connection.send(request(GET_USER))
            assert_answered(connection.reply())


def test_requests_sent_ahead_are_answered_in_order(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send((request(GET_USER) + request("<a/>")) * 3)
        assert [connection.reply().status for _ in range(6)] == [200, 400] * 3


HEADS = {
    "a thousand headers": b"".join(b"X-%d: y\r\n" % n for n in range(1000)),
    "a header of 1 MB": b"X-Long: " + b"y" * 1_000_000 + b"\r\n",
    "bytes that are no text": b"Authorization: Basic \xff\xfe\r\nX-Odd: \x80\r\n",
    "NUL in a header": b"X-Nul: a\0b\r\n",
    "a folded header": b"X-Fold: a\r\n b\r\n",
    "a space before the colon": b"X-Space : a\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_odd_headers_are_overlooked_or_refused(server: RunningServer, head: bytes) -> None:
    reply = exchange(server, request(GET_USER).replace(b"Host:", head + b"Host:"))
    if reply.status == 200:
        assert_answered(reply)
    else:
        assert_http_refusal(reply, 400, 431)


@pytest.mark.parametrize(
    "line", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 50 + b"\r\n\r\n"]
)
def test_what_is_not_http_is_refused(server: RunningServer, line: bytes) -> None:
    with Connection(server) as connection:
        connection.send(line)
        connection.socket.shutdown(socket.SHUT_WR)
        received = connection.socket.recv(1000)
        assert received.startswith(b"HTTP/1.1 400") or received == b""


@pytest.mark.parametrize("abrupt", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95, 1.0], ids=lambda share: f"after {share:.0%}")
def test_a_client_that_hangs_up_harms_nobody(
    server: RunningServer, share: float, abrupt: bool
) -> None:
    whole = request(envelope(login()))
    with ExitStack() as connections:
        for _ in range(5):
            connection = connections.enter_context(Connection(server))
            connection.send(whole[: int(len(whole) * share)])
            if abrupt:
                connection.socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
    assert_answered(post(server, GET_USER))


def drip(connections: list[Connection], seconds: float) -> None:
    """Send one more byte on each connection every second, for so long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for connection in connections:
            connection.send(b" ")
        time.sleep(1)


SLOW = {
    "with a length": request(headers={"Content-Length": "1000"}),
    "in chunks": request(headers={"Transfer-Encoding": "chunked"}, length=False) + b"ffff\r\n",
}


@pytest.mark.parametrize("head", SLOW.values(), ids=SLOW.keys())
def test_slow_clients_are_cut_off_and_others_answered(server: RunningServer, head: bytes) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(Connection(server)) for _ in range(THREADS + 8)]
        for connection in slow:
            connection.send(head)
        dripping = threading.Thread(target=drip, args=(slow, BODY_SECONDS + 2))
        dripping.start()
        begun = time.monotonic()
        assert_answered(post(server, GET_USER))
        waited = time.monotonic() - begun
        dripping.join()
        assert waited < BODY_SECONDS + 3
        for connection in slow[:THREADS]:
            reply = connection.reply()
            if reply.fault_code:
                assert_client_fault(reply)
            else:
                assert_http_refusal(reply, 400, 408)
            assert connection.is_closed_by_server()


def test_clients_that_stand_still_are_cut_off(server: RunningServer) -> None:
    with Connection(server) as silent, Connection(server) as headless, Connection(server) as stuck:
        headless.send(request(GET_USER)[:40])
        stuck.send(request(GET_USER)[:-40])
        assert_answered(post(server, GET_USER))
        assert stuck.reply().status == 408
        assert stuck.is_closed_by_server()
        assert headless.socket.recv(20) in (b"", b"HTTP/1.1 408 Request")
        assert silent.is_closed_by_server()


def test_one_refused_that_stays_on_the_line_holds_no_thread_for_long(
    server: RunningServer,
) -> None:
    head = request(headers={"Content-Length": str(LIMIT + 1)})
    with ExitStack() as stack:
        refused = [stack.enter_context(Connection(server)) for _ in range(THREADS + 1)]
        begun = time.monotonic()
        for connection in refused:
            connection.send(head)
        assert refused[0].reply().status == 413
        assert_answered(post(server, GET_USER))
        assert time.monotonic() - begun < PATIENCE
