"""Behaviour checks that need one connection each: what a server does with a given message."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from server_process import HOST, ServerProcess
from server_standin import MAX_BODY

POST = b"POST /-probe/%s HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Seen:
    """What a client saw: everything that came, and whether the server closed the connection."""

    data: bytes
    closed: bool
    reset: bool = False

    @property
    def status(self) -> str:
        """Return the (last) status code, or how the connection ended without one."""
        codes = [part[:3].decode() for part in self.data.split(b"HTTP/1.1 ")[1:]]
        codes += [part[:3].decode() for part in self.data.split(b"HTTP/1.0 ")[1:]]
        return codes[-1] if codes else "closed" if self.closed else "nothing"

    @property
    def facts(self) -> dict[str, object]:
        """Return what the probe application saw."""
        start = self.data.find(b"{")
        facts: dict[str, object] = json.loads(self.data[start:]) if start >= 0 else {}
        return facts


def exchange(port: int, *parts: bytes, wait: float = 0.5, half_close: bool = False) -> Seen:
    """Send ``parts``, then collect until the server closes or is silent for ``wait`` seconds."""
    data, reset = b"", False
    with socket.create_connection((HOST, port)) as client:
        client.settimeout(wait)
        try:
            for part in parts:
                client.sendall(part)
            if half_close:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            reset = True
        while True:
            try:
                piece = client.recv(65536)
            except TimeoutError:
                return Seen(data, closed=False, reset=reset)
            except OSError:
                return Seen(data, closed=True, reset=True)
            if not piece:
                return Seen(data, closed=True, reset=reset)
            data += piece


def _then(seen: Seen) -> str:
    """Describe an answer: status code, then what became of the connection."""
    if seen.status in ("closed", "nothing"):
        return seen.status
    return f"{seen.status}, {'reset' if seen.reset else 'closed' if seen.closed else 'kept'}"


def connection_handling(port: int) -> dict[str, str]:
    """Keep-alive, close, HTTP/1.0 and HEAD."""
    hello = b"GET /-probe/hello HTTP/1.1\r\nHost: x\r\n\r\n"
    twice = exchange(port, hello, hello)
    close = exchange(port, hello.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    old = exchange(port, b"GET /-probe/hello HTTP/1.0\r\n\r\n")
    head = exchange(port, hello.replace(b"GET", b"HEAD"))
    no_body = head.status == "200" and head.data.endswith(b"\r\n\r\n")
    return {
        "two calls on one connection": "yes" if twice.data.count(b"HTTP/1.1 200") == 2 else "no",
        "Connection: close honoured": "yes" if close.closed else "no",
        "HTTP/1.0": _then(old),
        "HEAD: body withheld": "yes" if no_body else "no",
    }


def refused_bodies(port: int) -> dict[str, str]:
    """Let the application answer 413 from the headers alone."""
    head = POST % b"refuse" + b"Content-Length: 8000000\r\n"
    unsent = exchange(port, head + b"\r\n", wait=1.0)
    expecting = exchange(port, head + b"Expect: 100-continue\r\n\r\n", wait=1.0)
    sending = exchange(port, head + b"\r\n", b"x" * 8000000, wait=1.0)
    early = "" if b" 100 " not in expecting.data else " after a 100"
    return {
        "413 before the body is sent": _then(unsent),
        "413 to Expect: 100-continue": _then(expecting) + early,
        "413 while 8 MB are being sent": _then(sending),
    }


def read_bodies(port: int) -> dict[str, str]:
    """Bodies the application reads: expected, chunked, cut off."""
    expect = exchange(
        port, POST % b"read" + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n", wait=0.5
    )
    chunked = POST % b"read" + b"Transfer-Encoding: chunked\r\n\r\n"
    small = exchange(port, chunked + b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n")
    large = exchange(port, chunked, (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 2)
    cut = exchange(port, POST % b"read" + b"Content-Length: 50\r\n\r\nabc", half_close=True)
    cut_chunk = exchange(port, chunked + b"4\r\nabcd\r\n", half_close=True)
    flag = " (input_terminated)" if small.facts.get("terminated") else " (no input_terminated)"

    def shortened(seen: Seen) -> str:
        facts = seen.facts
        if "got" not in facts:
            return f"no answer: {_then(seen)}"
        return f"{facts['error']}" if facts["error"] else f"looks complete, {facts['got']} bytes"

    return {
        "Expect: 100-continue answered": "yes" if b" 100 " in expect.data else "no",
        "chunked body read to its end": "yes" + flag if small.facts.get("got") == 7 else "no",
        "app stops reading at a limit": _then(large),
        "Content-Length body cut off": shortened(cut),
        "chunked body cut off": shortened(cut_chunk),
        "process environment in environ": (
            "yes" if small.facts.get("leaks_process_environment") else "no"
        ),
    }


def wrong_framing(port: int) -> dict[str, str]:
    """Messages whose length is contradictory or no length at all."""
    cases = {
        "Content-Length: -5": b"Content-Length: -5\r\n\r\nhello",
        "Content-Length: abc": b"Content-Length: abc\r\n\r\nhello",
        "two different Content-Length": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Transfer-Encoding + Content-Length": (
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ),
        "bytes after the body": b"Content-Length: 2\r\n\r\nhello\r\n\r\n",
        "200 headers": b"X-H%d: v\r\n" * 200 % tuple(range(200)) + b"Content-Length: 0\r\n\r\n",
        "one header of 64 KB": b"X-H: " + b"v" * MAX_BODY + b"\r\nContent-Length: 0\r\n\r\n",
        "no Host header": b"Content-Length: 0\r\n\r\n",
    }
    found = {}
    for name, rest in cases.items():
        start = POST % b"read"
        if name == "no Host header":
            start = start.replace(b"Host: x\r\n", b"")
        found[name] = _then(exchange(port, start + rest))
    return found


def delays(port: int) -> dict[str, str]:
    """Median time of keep-alive calls one after another; 40 ms would betray two TCP sends."""
    times = []
    with socket.create_connection((HOST, port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(31):
            began = time.monotonic()
            client.sendall(POST % b"read" + b"Content-Length: 3\r\n\r\n")
            client.sendall(b"abc")
            data = b""
            while not data.endswith(b"}"):
                data += client.recv(65536)
            times.append(time.monotonic() - began)
    return {"keep-alive call, median": f"{sorted(times)[15] * 1000:.1f} ms"}


def hang_ups(server: ServerProcess) -> dict[str, str]:
    """Twenty clients that leave before their answer: what is logged, what stays open."""
    files, before = server.open_files(), len(server.output())

    def leave() -> None:
        with socket.create_connection((HOST, server.port)) as client:
            client.sendall(b"GET /-probe/sleep?0.3 HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.1)

    threads = [threading.Thread(target=leave) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(1.5)
    new, kept = server.output()[before:], server.open_files() - files
    logged = "traceback" if "Traceback" in new else f"{len(new.splitlines())} lines"
    return {"20 clients hang up": f"log: {logged}, {max(0, kept)} descriptors left"}


MESSAGE_CHECKS: tuple[Callable[[int], dict[str, str]], ...] = (
    connection_handling,
    refused_bodies,
    read_bodies,
    wrong_framing,
    delays,
)
