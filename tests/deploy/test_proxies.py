"""The proxies' files of `deploy/`, in front of servers that misbehave."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.backend import Backend, backend
from tests.nodes.cluster import PORT, loopback
from tests.nodes.proxies import PROXIES, Nginx, Proxy

ENDPOINT = "/RemoteUserManagement"
IMPATIENT = {
    "nginx": [
        ("proxy_read_timeout 7s", "proxy_read_timeout 1s"),
        ("upstream_timeout 3s", "upstream_timeout 500ms"),
    ],
    "haproxy": [("timeout server 7s", "timeout server 1s")],
}


MOST_SENT = {"nginx": 4, "haproxy": 2}
"""How often one call is sent at most: nginx does not count a failure on a connection that it had
kept open, but asks no line of its file twice."""


@dataclass
class Front:
    """A proxy in front of two backends."""

    proxy: Proxy
    one: Backend
    two: Backend

    def connect(self, *, at_most: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.proxy.ca)
        if at_most is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = at_most
        plain = socket.create_connection(self.proxy.address, 15)
        return context.wrap_socket(plain, server_hostname="localhost")

    def ask(
        self,
        method: str = "POST",
        path: str = ENDPOINT,
        body: bytes | None = b"<a/>",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        with self.connect() as sock:
            connection = http.client.HTTPConnection("localhost")
            connection.sock = sock
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()

    @property
    def seen(self) -> int:
        """How many calls came to the backends."""
        return len(self.one.calls) + len(self.two.calls)


Make = Callable[..., Front]


@pytest.fixture(params=PROXIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(name: str, tmp_path: Path) -> Iterator[Make]:
    """Starts a proxy in front of two backends that behave as is said."""
    with ExitStack() as stack:

        def started(*changes: tuple[str, str], **behaviour: Any) -> Front:
            addresses = loopback()
            backends = [
                stack.enter_context(backend(f"{addresses}.{n}", **behaviour)) for n in (2, 3)
            ]
            kind = PROXIES[name]
            at = [b.address for b in backends]
            front = kind(tmp_path / "proxy", (f"{addresses}.1", PORT), at, changes=changes)
            return Front(stack.enter_context(front), *backends)

        yield started


def test_a_call_that_a_node_breaks_off_is_sent_to_another_once(name: str, make: Make) -> None:
    front = make()
    front.one.breaks_off = True
    for _ in range(4):
        assert front.ask() == (200, b"an answer")
    assert front.one.calls, "no call came to the node that breaks off"
    front.two.breaks_off = True
    before = front.seen
    assert front.ask()[0] in (502, 503)
    assert front.seen - before <= MOST_SENT[name]


def test_nodes_that_have_failed_are_asked_when_there_are_no_others(make: Make) -> None:
    front = make(breaks_off=True)
    for _ in range(6):
        assert front.ask()[0] in (502, 503)
    front.one.breaks_off = front.two.breaks_off = False
    for _ in range(6):
        assert front.ask() == (200, b"an answer")


def test_a_node_that_is_gone_is_passed_over(make: Make) -> None:
    front = make()
    front.proxy.reload([front.one.address, ("127.0.0.1", 1)])
    for _ in range(6):
        assert front.ask() == (200, b"an answer")


def test_what_takes_too_long_is_not_asked_twice(name: str, make: Make) -> None:
    front = make(*IMPATIENT[name], seconds=3.0)
    assert front.ask()[0] == 504
    assert front.seen == 1


@pytest.mark.parametrize("status", [500, 503])
def test_an_answer_that_is_a_failure_is_passed_on(status: int, make: Make) -> None:
    front = make(status=status)
    assert front.ask() == (status, b"an answer")
    assert front.seen == 1


def test_what_clients_say_of_themselves_is_not_passed_on(make: Make) -> None:
    front = make()
    told = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Proto": "gopher",
        "Forwarded": "for=10.9.9.9",
        "X_Forwarded_For": "10.9.9.9",
        "ClientCert": "10.9.9.9",
    }
    assert front.ask(headers=told)[0] == 200
    (headers,) = front.one.calls + front.two.calls
    assert "10.9.9.9" not in str(headers)
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-for"].startswith("127.")


@pytest.mark.parametrize("path", ["/", "/metrics", "/health/ready", "/health/live", "/x"])
def test_the_nodes_own_pages_are_not_for_everybody(path: str, make: Make) -> None:
    front = make()
    assert front.ask("GET", path, None)[0] == 404


def test_the_contract_is(make: Make) -> None:
    assert make().ask("GET", f"{ENDPOINT}?wsdl", None) == (200, f"got {ENDPOINT}?wsdl".encode())


def test_a_body_that_is_too_long_is_refused_before_a_node_hears_of_it(make: Make) -> None:
    front = make()
    assert front.ask(body=b"x" * 262_144) == (200, b"an answer")
    assert front.ask(headers={"Content-Length": "262145"}, body=b"x" * 20_000)[0] == 413
    assert front.seen == 1


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_old_tls_is_not_spoken(make: Make) -> None:
    front = make()
    with front.connect() as sock:
        assert sock.version() in ("TLSv1.2", "TLSv1.3")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        front.connect(at_most=ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize("name", [Nginx.name], indirect=True)
def test_no_body_is_written_to_a_disk(make: Make) -> None:
    front = make()
    assert front.ask(body=b"x" * 262_144)[0] == 200
    assert "temporary file" not in front.proxy.log_text()


@pytest.mark.parametrize("name", [Nginx.name], indirect=True)
def test_a_body_on_a_disk_would_be_noticed(make: Make) -> None:
    front = make(("client_body_buffer_size 256k", "client_body_buffer_size 8k"))
    assert front.ask(body=b"x" * 262_144)[0] == 200
    assert "temporary file" in front.proxy.log_text()


def test_calls_go_on_when_no_node_is_ready(make: Make) -> None:
    """A node says with a Fault what is the matter, or answers for a site that is all right."""
    front = make(ready=503, status=500)
    for _ in range(20):
        assert front.ask() == (500, b"an answer")
