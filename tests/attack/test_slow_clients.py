"""Clients that send a little of a head now and then, to keep connections for ever.

tests/survival/test_transport.py has those that are slow with a body, or send nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.running import RunningServer
from tests.survival.client import PATIENCE, post
from tests.survival.messages import envelope, get_user

pytestmark = pytest.mark.xdist_group("attack")

MANY = 200
"""Several times the threads of a worker."""


@pytest.fixture
def slow(server: RunningServer) -> Iterator[list[socket.socket]]:
    """Connections on which a head has begun."""
    with ExitStack() as stack:
        connections = []
        for _ in range(MANY):
            sock = socket.create_connection((server.host, server.port), PATIENCE)
            connections.append(stack.enter_context(sock))
            sock.sendall(b"POST /RemoteUserManagement HTTP/1.1\r\nHost: localhost\r\n")
        yield connections


def dropped(sock: socket.socket) -> bool:
    """Whether the server has ended it; sends one more byte of the head if not."""
    sock.setblocking(False)
    with suppress(BlockingIOError):
        try:
            if not sock.recv(1000):
                return True
        except ConnectionError:
            return True
    try:
        sock.send(b"X")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def test_heads_that_drip_hold_nobody_up_and_are_ended(
    server: RunningServer, slow: list[socket.socket]
) -> None:
    begun = time.monotonic()
    left = slow
    while left and time.monotonic() - begun < 40:
        asked = time.monotonic()
        reply = post(server, envelope(get_user()))
        assert (reply.status, reply.value("firstName")) == (200, "Bo")
        assert time.monotonic() - asked < PATIENCE
        left = [sock for sock in left if not dropped(sock)]
        time.sleep(0.5)
    assert left == [], f"{len(left)} of {MANY} heads are still waited for"
