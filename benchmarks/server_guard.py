"""Close connections on which the server has sent nothing for too long (Linux).

None of the WSGI servers bounds the time a client may take over a request body, and a thread that
is inside ``wsgi.input.read`` cannot be interrupted from Python.  The kernel can: after
``shutdown`` on the socket, the read returns short at once.  Which sockets is decided from the
kernel's own count of bytes sent on each connection: if it has not moved for ``limit`` seconds,
the client is slow with its headers or its body, is silent, or sits on an idle keep-alive
connection.  All of them may go; a call that is being worked on must be bounded below ``limit`` by
the application itself.

No server object is touched, so this works with any of them, with TLS and without.  A sweep takes
one more descriptor at a time: the limit on open files must be above the server's connections.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time

# Offset of ``__u64 tcpi_bytes_sent`` in ``struct tcp_info`` (linux/tcp.h, Linux 4.19 and later).
_BYTES_SENT_AT = 200
_ESTABLISHED = 1

#: For each socket, by inode: bytes sent so far, and the time since when that has not changed.
_Seen = dict[int, tuple[int, float]]


def _bytes_sent(sock: socket.socket) -> int | None:
    """Return how many bytes were sent on an established TCP connection, else None."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_SENT_AT + 8)
    except OSError:
        return None
    if len(info) < _BYTES_SENT_AT + 8 or info[0] != _ESTABLISHED:
        return None
    return int(struct.unpack_from("=Q", info, _BYTES_SENT_AT)[0])


def _borrow(descriptor: int) -> socket.socket | None:
    """Return a socket object on a descriptor of the server, None if it is no socket.

    The caller detaches it.  Nothing is duplicated: closing any descriptor of a file drops every
    lock that the process holds on it, an sqlite database's among them.
    """
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        return None


class ConnectionGuard:
    """Watch the connections accepted on one port of this process."""

    def __init__(self, port: int, limit: float, interval: float = 1.0) -> None:
        """Close after ``limit`` seconds without a byte sent; look every ``interval`` seconds."""
        self.port = port
        self.limit = limit
        self.interval = interval
        self._seen: _Seen = {}

    def start(self) -> None:
        """Run for ever in a daemon thread; call it in the worker, after the fork."""
        threading.Thread(target=self._run, name="connection-guard", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(self.interval)
            with contextlib.suppress(OSError):  # out of descriptors: try again, never give up
                self.sweep()

    def sweep(self) -> int:
        """Look at every connection once; return how many were shut down."""
        now, shut = time.monotonic(), 0
        seen: _Seen = {}
        for name in os.listdir("/proc/self/fd"):
            sock = _borrow(int(name))
            if sock is not None:
                try:
                    shut += self._judge(sock, now, seen)
                finally:
                    sock.detach()
        self._seen = seen
        return shut

    def _judge(self, sock: socket.socket, now: float, seen: _Seen) -> bool:
        """Remember one socket in ``seen``, or shut it down and return True."""
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        sent = _bytes_sent(sock)
        if sent is None:
            return False
        try:
            if sock.getsockname()[1] != self.port:
                return False
            inode = os.fstat(sock.fileno()).st_ino
            before = self._seen.get(inode)
            since = before[1] if before is not None and before[0] == sent else now
            seen[inode] = (sent, since)
            if now - since < self.limit:
                return False
            # First only our reading side, so that the application's 408 can still go out; when
            # the connection is still there one interval later, both sides.
            late = now - since >= self.limit + self.interval
            sock.shutdown(socket.SHUT_RDWR if late else socket.SHUT_RD)
        except OSError:
            return False
        return True
