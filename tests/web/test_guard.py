"""Which connection is cut off when a body does not arrive."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sso_bridge.web.body import Reads
from sso_bridge.web.guard import ConnectionGuard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guard works on Linux only")

BODY_SECONDS = 0.3


class Room:
    """A server's side of some connections, and the guard that watches them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._address = self._listener.getsockname()
        self.reads = Reads()
        self.guard = ConnectionGuard(
            self._address[1], self.reads, body_seconds=BODY_SECONDS, call_seconds=60
        )

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """A new connection, both ends."""
        client = self._stack.enter_context(socket.create_connection(self._address))
        server, _ = self._listener.accept()
        server.settimeout(5)
        return client, self._stack.enter_context(server)

    def read(self, server: socket.socket) -> threading.Thread:
        """Read from `server` until the client, or the guard, ends it; as an application would."""

        def read() -> None:
            with self.reads:
                while server.recv(100):
                    pass

        thread = threading.Thread(target=read)
        thread.start()
        return thread

    def drip(self, *clients: socket.socket, seconds: float) -> int:
        """Send a byte now and then; how many connections the guard cuts off meanwhile."""
        cut, ends = 0, time.monotonic() + seconds
        while time.monotonic() < ends:
            for client in clients:
                client.send(b"x")
            time.sleep(0.05)
            cut += self.guard.look()
        return cut


@pytest.fixture
def room() -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(stack)


def test_a_slow_body_is_cut_off_and_its_reader_freed(room: Room) -> None:
    client, server = room.connect()
    reader = room.read(server)
    assert room.drip(client, seconds=3 * BODY_SECONDS) == 1
    reader.join(5)
    assert not reader.is_alive()
    server.sendall(b"408")
    assert client.recv(3) == b"408"


def test_nothing_is_cut_off_while_no_body_is_late(room: Room) -> None:
    sending, _ = room.connect()
    answered, server = room.connect()
    answered.send(b"request")
    assert room.drip(sending, seconds=2 * BODY_SECONDS) == 0
    server.sendall(b"answer")
    assert room.drip(sending, seconds=2 * BODY_SECONDS) == 0


def test_as_many_are_cut_off_as_are_late_and_the_oldest_first(room: Room) -> None:
    old, old_server = room.connect()
    reader = room.read(old_server)
    assert room.drip(old, seconds=BODY_SECONDS / 3) == 0
    young, young_server = room.connect()
    assert room.drip(old, young, seconds=3 * BODY_SECONDS) == 1
    reader.join(5)
    assert not reader.is_alive()
    assert young_server.recv(1) == b"x"


def test_a_call_that_is_worked_on_is_not_cut_off(room: Room) -> None:
    """Its request has arrived, and a call may take longer than a body."""
    calling, at_work = room.connect()
    calling.send(b"a whole request")
    assert at_work.recv(100)
    time.sleep(0.1)
    slow, slow_server = room.connect()
    reader = room.read(slow_server)
    assert room.drip(slow, seconds=3 * BODY_SECONDS) == 1
    reader.join(5)
    at_work.setblocking(False)
    with pytest.raises(BlockingIOError):
        at_work.recv(1)
