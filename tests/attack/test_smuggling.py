"""A proxy and the server agree where each request ends; so does the server with itself."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.nodes.cluster import PORT, loopback
from tests.nodes.proxies import PROXIES, Proxy
from tests.running import RunningServer, running_server
from tests.survival.client import request
from tests.survival.conftest import configuration
from tests.survival.messages import envelope, get_user

from .smuggling import BEHIND, HIDDEN_OPERATION, VECTORS, Wire, wire

pytestmark = pytest.mark.xdist_group("smuggling")

QUIET = 0.7
"""Seconds without another byte after which a connection is left."""
PATIENCE = 20.0
GET_USER = envelope(get_user())

Connect = Callable[[], socket.socket]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that nobody else asks, so that its log tells what came."""
    with running_server(configuration(tmp_path_factory.mktemp("smuggling"))) as server:
        yield server


def throw(connect: Connect, sent: bytes) -> None:
    """Send it, and an honest request behind it; whatever is answered."""
    with suppress(OSError), connect() as sock:
        sock.settimeout(QUIET)
        sock.sendall(sent)
        sock.sendall(request(GET_USER))
        while sock.recv(65_536):
            pass


def throw_all(connect: Connect, vectors: Iterable[bytes]) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda sent: throw(connect, sent), vectors))


def answer(connect: Connect) -> bytes:
    """All that comes back for an honest request."""
    with connect() as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(request(GET_USER, headers={"Connection": "close"}))
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def hidden_calls(server: RunningServer) -> int:
    """How many hidden requests were answered so far."""
    lines = [json.loads(line) for line in server.log_text().splitlines() if line.startswith("{")]
    return [line.get("operation") for line in lines].count(HIDDEN_OPERATION)


def test_the_server_never_answers_a_request_inside_another(server: RunningServer) -> None:
    def connect() -> socket.socket:
        return socket.create_connection((server.host, server.port), PATIENCE)

    vectors = {name: sent for name, sent in VECTORS.items() if name not in BEHIND}
    before = hidden_calls(server)
    throw_all(connect, vectors.values())
    assert b"Bo" in answer(connect)
    if hidden_calls(server) == before:
        return
    ran = []  # which?
    for name, sent in vectors.items():
        before = hidden_calls(server)
        throw(connect, sent)
        if hidden_calls(server) > before:
            ran.append(name)
    pytest.fail(f"a hidden request ran, of {ran}")


@pytest.fixture(params=PROXIES)
def front(
    request: pytest.FixtureRequest, tmp_path: Path, server: RunningServer
) -> Iterator[tuple[Proxy, Wire]]:
    """A proxy with the file of `deploy/`, in front of the server; between them, a wire."""
    with (
        wire((server.host, server.port)) as between,
        PROXIES[request.param](
            tmp_path / "proxy", (f"{loopback()}.1", PORT), [between.address, between.address]
        ) as proxy,
    ):
        yield proxy, between


def test_no_request_is_smuggled_past_a_proxy(front: tuple[Proxy, Wire]) -> None:
    proxy, between = front
    context = ssl.create_default_context(cafile=proxy.ca)

    def connect() -> socket.socket:
        plain = socket.create_connection(proxy.address, PATIENCE)
        return context.wrap_socket(plain, server_hostname="localhost")

    assert b"Bo" in answer(connect)
    throw_all(connect, VECTORS.values())
    assert between.out_of_step() == []
    for _ in range(10):  # on whatever connections there are to the server by now
        found = answer(connect)
        assert found.count(b"HTTP/1.1 200") == 1
        assert b"Bo" in found
    assert between.out_of_step() == []
    assert between.asked() > 10


def test_a_hidden_request_would_be_noticed(server: RunningServer) -> None:
    with wire((server.host, server.port)) as between:

        def connect() -> socket.socket:
            return socket.create_connection(between.address, PATIENCE)

        own = request(GET_USER, headers={"X-Forwarded-For": "127.0.0.1"})
        throw(connect, own)
        assert len(between.out_of_step()) == 1
