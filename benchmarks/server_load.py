"""Load generator: keep-alive POSTs on a few plain sockets, as many as asked for, then exit.

Runs as a process of its own (``server_load.py PORT CALLS CONNECTIONS PATH BODYFILE``), so that
its CPU time is never counted with the server's.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

HOST = "127.0.0.1"


class _Client:
    """One connection: sends a call, collects its answer."""

    def __init__(self, port: int, message: bytes) -> None:
        self.message = message
        self.sock = socket.create_connection((HOST, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = b""

    def send(self) -> None:
        self.answer = b""
        self.sock.sendall(self.message)

    def receive(self) -> bool:
        """Read what is there; return True when the answer is complete."""
        piece = self.sock.recv(65536)
        if not piece:
            raise ConnectionError(f"connection closed after {self.answer[:80]!r}")
        self.answer += piece
        head, separator, body = self.answer.partition(b"\r\n\r\n")
        if not separator:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"unexpected answer {head[:80]!r}")
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at < 0:
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(lower[at + 15 :].split(b"\r\n", 1)[0])


def drive(port: int, calls: int, connections: int, message: bytes) -> None:
    """Make ``calls`` calls, spread over ``connections`` connections."""
    selector = selectors.DefaultSelector()
    sent = done = 0
    for _ in range(min(connections, calls)):
        client = _Client(port, message)
        selector.register(client.sock, selectors.EVENT_READ, client)
        client.send()
        sent += 1
    while done < calls:
        for key, _ in selector.select(30):
            client = key.data
            if not client.receive():
                continue
            done += 1
            if sent < calls:
                client.send()
                sent += 1


def run(port: int, calls: int, connections: int, path: str, body: Path) -> float:
    """Run two load processes and return the seconds both together took."""
    share = [str(calls // 2), str(connections // 2), path, str(body)]
    began = time.monotonic()
    command = [sys.executable, __file__, str(port), *share]
    processes = [subprocess.Popen(command) for _ in range(2)]
    statuses = [process.wait() for process in processes]
    if any(statuses):
        raise RuntimeError(f"the load on port {port} failed")
    return time.monotonic() - began


def main() -> None:
    """Be one load process."""
    port, calls, connections, path, body_file = sys.argv[1:]
    body = Path(body_file).read_bytes()
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: text/xml; charset=utf-8\r\n"
    message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    drive(int(port), int(calls), int(connections), message)


if __name__ == "__main__":
    main()
