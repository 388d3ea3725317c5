"""Cutting off clients that take too long to send a request.

The HTTP server bounds the time for headers, not for a body, and a thread that waits inside
`wsgi.input.read` cannot be interrupted from Python. The kernel can: after `shutdown` the
read returns short at once, and the application answers 408. Which connection a thread reads
from the server does not say either; the kernel's counts of bytes received and sent tell it,
near enough."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .body import Reads

__all__ = ["ConnectionGuard"]

# `struct tcp_info` of linux/tcp.h: __u64 tcpi_bytes_received (4.1), tcpi_bytes_sent (4.19).
_RECEIVED_AT: Final = 128
_SENT_AT: Final = 200
_SIZE: Final = _SENT_AT + 8
_ESTABLISHED: Final = 1
_DESCRIPTORS: Final = "/proc/self/fd"
_GRACE: Final = 2.0
"""Seconds in which a call whose time is up is answered with a Fault."""


@dataclass(slots=True)
class _Connection:
    """What was seen of one connection; times are of `time.monotonic`.

    `moved_at` is when bytes last came or went. `asking_since` is when bytes came for which
    nothing was sent yet: a request arrives, or is answered. None between two requests."""

    sent: int
    received: int
    moved_at: float
    asking_since: float | None = None
    is_cut: bool = False

    @property
    def since(self) -> float:
        """When its present state began."""
        return self.moved_at if self.asking_since is None else self.asking_since


class ConnectionGuard:
    """Watches the connections that were accepted on `port` of this process.

    When `reads` of bodies last longer than `body_seconds`, as many connections are cut off,
    the oldest first: of those that send still, or that have stood still for longer than a
    call takes to be answered. Nothing is done where the kernel is not Linux."""

    def __init__(
        self,
        port: int,
        reads: Reads,
        *,
        body_seconds: float,
        call_seconds: float,
        interval: float = 0.5,
    ) -> None:
        self._port = port
        self._reads = reads
        self._body_seconds = body_seconds
        self._call_seconds = call_seconds
        self._interval = interval
        self._connections: dict[int, _Connection] = {}

    def start(self) -> None:
        """Watch for ever, in a thread of its own; to be called after the server's fork."""
        if sys.platform == "linux":
            threading.Thread(target=self._watch, name="connection-guard", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(self._interval)
            with contextlib.suppress(OSError):  # out of descriptors, say: the next look may do
                self.look()

    def look(self) -> int:
        """Look at every connection once; how many were cut off."""
        seen: dict[int, _Connection] = {}
        with contextlib.ExitStack() as stack:
            late: list[tuple[_Connection, socket.socket, int]] = []
            for name in os.listdir(_DESCRIPTORS):
                with contextlib.suppress(OSError):
                    sock = stack.enter_context(_borrowed(int(name)))
                    if self._is_ours(sock):
                        inode = os.fstat(sock.fileno()).st_ino
                        seen[inode] = connection = self._seen(inode, sock)
                        if self._is_late(connection):
                            late.append((connection, sock, inode))
            late.sort(key=lambda found: found[0].since)
            del late[self._reads.longer_than(self._body_seconds) :]
            for connection, sock, inode in late:
                connection.is_cut = True
                with contextlib.suppress(OSError):
                    if os.fstat(sock.fileno()).st_ino == inode:  # not another's by now
                        sock.shutdown(socket.SHUT_RD)
        self._connections = seen
        return len(late)

    def _is_ours(self, sock: socket.socket) -> bool:
        internet = sock.family in (socket.AF_INET, socket.AF_INET6)
        return (
            internet
            and sock.type == socket.SOCK_STREAM
            and bool(sock.getsockname()[1] == self._port)
            and _info(sock)[0] == _ESTABLISHED
        )

    def _seen(self, inode: int, sock: socket.socket) -> _Connection:
        """What is known of a connection, brought up to date."""
        now, info = time.monotonic(), _info(sock)
        received, sent = _count(info, _RECEIVED_AT), _count(info, _SENT_AT)
        connection = self._connections.get(inode)
        if connection is None:
            return _Connection(sent, received, now, now if received and not sent else None)
        if sent != connection.sent:
            return _Connection(sent, received, now)
        if received != connection.received:
            connection.received, connection.moved_at = received, now
            if connection.asking_since is None:
                connection.asking_since = now
        return connection

    def _is_late(self, connection: _Connection) -> bool:
        """Whether it may be one whose body is still read; see the class."""
        now = time.monotonic()
        if connection.is_cut or now - connection.since < self._body_seconds:
            return False
        return (
            connection.moved_at - connection.since >= self._body_seconds
            or now - connection.moved_at >= self._call_seconds + _GRACE
            or connection.asking_since is None
        )


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """A socket object on one of the server's own descriptors; raises OSError if it is no socket.

    Nothing is duplicated and nothing closed: closing any descriptor of a file, a duplicate
    too, drops every lock that the process holds on it, and SQLite's files are among those
    that are passed by here."""
    sock = socket.socket(fileno=descriptor)
    try:
        yield sock
    finally:
        sock.detach()


def _info(sock: socket.socket) -> bytes:
    """The kernel's `struct tcp_info`; raises OSError where it lacks what we count."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    if len(info) < _SIZE:
        raise OSError("the kernel does not count the bytes of a connection")
    return info


def _count(info: bytes, offset: int) -> int:
    return int(struct.unpack_from("=Q", info, offset)[0])
