"""An HTTP client that sends whatever bytes it is told to, and reads the answer."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lxml import etree

from tests.running import RunningServer

from .messages import SOAP11, SOAP12

PATH: Final = "/RemoteUserManagement"
PATIENCE: Final = 15.0
"""Seconds after which a test says that the server hangs."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    def value(self, name: str) -> str | None:
        """The text of the first element with this local name; None if there is none."""
        found = self.xml.xpath("//*[local-name() = $name]", name=name)
        assert isinstance(found, list)
        element = found[0] if found else None
        return (element.text or "") if isinstance(element, etree._Element) else None

    @property
    def fault_code(self) -> str:
        """The local name of the Fault's code; "" if the answer is no Fault."""
        if not self.headers.get("content-type", "").split(";")[0].endswith("xml"):
            return ""
        code = self.value("faultcode")
        if code is None and self.xml.find(f".//{{{SOAP12}}}Fault") is not None:
            code = self.value("Value")
        return (code or "").rpartition(":")[2]


class _Reader(io.BufferedReader):
    """What was read ahead of one answer stays here for the next."""

    def close(self) -> None: ...


class Connection:
    """One connection; closed at the end of a `with` block."""

    def __init__(self, server: RunningServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), PATIENCE)
        self._reader = _Reader(socket.SocketIO(self.socket, "r"))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send as much as the server takes: it may answer and close before the end."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def reply(self, method: str = "POST") -> Reply:
        """The next answer, an interim "100 Continue" passed over."""
        response = http.client.HTTPResponse(self.socket, method=method)
        response.fp = self._reader
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
        return Reply(response.status, headers, body)

    def rest(self) -> bytes:
        """Whatever else the server sends until it ends the connection."""
        try:
            return self._reader.read()
        except ConnectionError:
            return b""

    def is_closed_by_server(self) -> bool:
        """Whether the server ends the connection without another byte; waits for it."""
        return self.rest() == b""


def request(
    body: bytes | str = b"",
    *,
    method: str = "POST",
    path: str = PATH,
    version: str = "1.1",
    headers: Mapping[str, str] | None = None,
    length: bool = True,
) -> bytes:
    """The bytes of a request. Each of `headers` replaces the usual one."""
    data = body.encode() if isinstance(body, str) else body
    usual = {"Host": "localhost", "Content-Type": "text/xml; charset=utf-8"}
    if length:
        usual["Content-Length"] = str(len(data))
    lines = [f"{name}: {value}" for name, value in {**usual, **(headers or {})}.items()]
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""])
    return head.encode("utf-8") + data


def chunked(data: bytes, size: int = 1000) -> bytes:
    """`data` in chunks, the last and empty one included."""
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def exchange(server: RunningServer, data: bytes, method: str = "POST") -> Reply:
    """The answer to `data`, on a connection of its own."""
    with Connection(server) as connection:
        connection.send(data)
        return connection.reply(method)


def post(
    server: RunningServer, body: bytes | str, headers: Mapping[str, str] | None = None
) -> Reply:
    """The answer to a POST of `body`."""
    return exchange(server, request(body, headers=headers))


def assert_client_fault(reply: Reply) -> None:
    """A SOAP 1.1 Fault that says: the message is at fault."""
    assert (reply.status, reply.fault_code) == (500, "Client"), reply
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    assert reply.xml.find(f"./{{{SOAP11}}}Body/{{{SOAP11}}}Fault") is not None


def assert_http_refusal(reply: Reply, *statuses: int) -> None:
    """One of these statuses, a line of plain text if any, and nothing internal."""
    assert reply.status in statuses, reply
    assert reply.body.count(b"\n") <= 1
    assert b"Traceback" not in reply.body
