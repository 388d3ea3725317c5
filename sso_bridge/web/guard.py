"""Cutting off clients that take too long to send a request.

The HTTP server bounds the time for headers, not for a body, and a thread that waits inside
`wsgi.input.read` cannot be interrupted from Python. The kernel can: after `shutdown` the
read returns short at once, and the application answers 408. Which connection that is, the
server does not say either; the kernel's counts of bytes received and sent do."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final

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

    `asking_since` is when bytes came for which nothing was sent yet: a request is being
    sent, or answered. None while the connection is idle, which the server looks after."""

    sent: int
    received: int
    received_at: float
    asking_since: float | None = None


class ConnectionGuard:
    """Watches the connections that were accepted on `port` of this process.

    A request has `body_seconds` to arrive, then `call_seconds` to be answered. So one that
    still arrives after the first is cut off, and so is one that has stood still for longer
    than any call takes. Nothing is done where the kernel is not Linux."""

    def __init__(
        self, port: int, *, body_seconds: float, call_seconds: float, interval: float = 0.5
    ) -> None:
        self._port = port
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
        cut = 0
        for name in os.listdir(_DESCRIPTORS):
            with contextlib.suppress(OSError), _duplicate(int(name)) as sock:
                if self._is_ours(sock):
                    inode = os.fstat(sock.fileno()).st_ino
                    seen[inode] = connection = self._seen(inode, sock)
                    if self._is_late(connection):
                        sock.shutdown(socket.SHUT_RD)
                        cut += 1
        self._connections = seen
        return cut

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
            return _Connection(sent, received, now, now if received else None)
        if sent != connection.sent:
            return _Connection(sent, received, now)
        if received != connection.received:
            connection.received, connection.received_at = received, now
            if connection.asking_since is None:
                connection.asking_since = now
        return connection

    def _is_late(self, connection: _Connection) -> bool:
        now, since = time.monotonic(), connection.asking_since
        if since is None or now - since < self._body_seconds:
            return False
        still_arrives = connection.received_at - since >= self._body_seconds
        return still_arrives or now - connection.received_at >= self._call_seconds + _GRACE


def _duplicate(descriptor: int) -> socket.socket:
    """A socket object on a duplicate of the server's descriptor: whatever the server does with
    its own meanwhile, the socket that is judged is the one that is cut off."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _info(sock: socket.socket) -> bytes:
    """The kernel's `struct tcp_info`; raises OSError where it lacks what we count."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    if len(info) < _SIZE:
        raise OSError("the kernel does not count the bytes of a connection")
    return info


def _count(info: bytes, offset: int) -> int:
    return int(struct.unpack_from("=Q", info, offset)[0])
