"""Requests that are one to one reader and two to another, and a wire that counts what passes.

Each hides a whole second request, `HIDDEN`, where some reading takes it for a part of the first."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from tests.survival.client import PATH, chunked, request
from tests.survival.messages import envelope, get_user, validate_session

__all__ = ["BEHIND", "HIDDEN_OPERATION", "VECTORS", "Wire", "wire"]

HIDDEN_OPERATION: Final = "ValidateSession"
HIDDEN: Final = request(
    envelope(validate_session("hidden")), headers={"X-Forwarded-For": "6.6.6.6"}
)
GET_USER: Final = envelope(get_user()).encode()


def _sent(*headers: str | bytes, body: bytes = b"", method: str = "POST", v: str = "1.1") -> bytes:
    lines = [line.encode() if isinstance(line, str) else line for line in headers]
    start = f"{method} {PATH} HTTP/{v}".encode()
    return b"\r\n".join([start, b"Host: localhost", b"Content-Type: text/xml", *lines, b"", body])


_END: Final = b"0\r\n\r\n"
_BOTH: Final = _END + HIDDEN
"""The end of a chunked body and then the hidden request; or one body, by its length."""
_ALL: Final = f"Content-Length: {len(_BOTH)}"
_CHUNKS: Final = chunked(GET_USER)
_WHOLE: Final = len(GET_USER)


def _encoded(*spelled: str | bytes) -> bytes:
    """A length that covers all, and a Transfer-Encoding spelled oddly."""
    return _sent(_ALL, *spelled, body=_BOTH)


def _long(spelled: str | bytes) -> bytes:
    """A length of the first request, spelled oddly, and the hidden one behind it."""
    return _sent(spelled, body=GET_USER + HIDDEN)


def _chunks(body: bytes) -> bytes:
    return _sent("Transfer-Encoding: chunked", body=body)


_TWO_CODINGS: Final = ("Transfer-Encoding: chunked", "Transfer-Encoding: identity")
VECTORS: Final[dict[str, bytes]] = {
    "CL.TE": _encoded("Transfer-Encoding: chunked"),
    "TE.CL": _sent(
        "Transfer-Encoding: chunked",
        f"Content-Length: {len(b'%x' % len(HIDDEN)) + 2}",
        body=chunked(HIDDEN, len(HIDDEN)),
    ),
    "TE: a tab before": _encoded("Transfer-Encoding:\tchunked"),
    "TE: a space before the colon": _encoded("Transfer-Encoding : chunked"),
    "TE: a vertical tab": _encoded(b"Transfer-Encoding: \x0bchunked"),
    "TE: NUL behind": _encoded(b"Transfer-Encoding: chunked\0"),
    "TE: capitals": _encoded("TRANSFER-ENCODING: CHUNKED"),
    "TE: another word": _encoded("Transfer-Encoding: xchunked"),
    "TE: quotes": _encoded('Transfer-Encoding: "chunked"'),
    "TE: parameters": _encoded("Transfer-Encoding: chunked;a=b"),
    "TE: identity behind": _encoded("Transfer-Encoding: chunked, identity"),
    "TE: identity before": _encoded("Transfer-Encoding: identity, chunked"),
    "TE: twice": _encoded(*_TWO_CODINGS),
    "TE: twice, the other way": _encoded(*reversed(_TWO_CODINGS)),
    "TE: gzip and chunked": _encoded("Transfer-Encoding: gzip, chunked"),
    "TE: an empty one": _encoded("Transfer-Encoding:", "Transfer-Encoding: chunked"),
    "TE: a comma": _encoded("Transfer-Encoding: ,chunked"),
    "TE: an underscore": _encoded("Transfer_Encoding: chunked"),
    "TE: folded": _encoded("Transfer-Encoding:\r\n chunked"),
    "TE: folded into another": _encoded("X: y\r\n Transfer-Encoding: chunked"),
    "TE: after a bare LF": _encoded(b"X: y\nTransfer-Encoding: chunked"),
    "TE: after a bare CR": _encoded(b"X: y\rTransfer-Encoding: chunked"),
    "TE: a bare LF inside": _encoded(b"Transfer-Encoding:\n chunked"),
    "TE: in HTTP/1.0": _sent(_ALL, "Transfer-Encoding: chunked", body=_BOTH, v="1.0"),
    "TE: a letter of another script": _encoded("Transfer-Encoding: chun\u212aed"),
    "TE: named in Connection": _encoded(
        "Transfer-Encoding: chunked", "Connection: Transfer-Encoding, keep-alive"
    ),
    "CL: named in Connection": _sent(
        f"Content-Length: {_WHOLE}",
        "Connection: Content-Length, keep-alive",
        body=GET_USER + HIDDEN,
    ),
    "CL: twice, the first is right": _sent(
        f"Content-Length: {_WHOLE}",
        f"Content-Length: {_WHOLE + len(HIDDEN)}",
        body=GET_USER + HIDDEN,
    ),
    "CL: twice, the second is right": _sent(
        f"Content-Length: {_WHOLE + len(HIDDEN)}",
        f"Content-Length: {_WHOLE}",
        body=GET_USER + HIDDEN,
    ),
    "CL: a list": _long(f"Content-Length: {_WHOLE}, {_WHOLE + len(HIDDEN)}"),
    "CL: a plus": _long(f"Content-Length: +{_WHOLE}"),
    "CL: a minus": _long(f"Content-Length: -{_WHOLE}"),
    "CL: hexadecimal": _long(f"Content-Length: 0x{_WHOLE:x}"),
    "CL: octal": _long(f"Content-Length: 0o{_WHOLE:o}"),
    "CL: an underscore": _long(f"Content-Length: {_WHOLE // 10}_{_WHOLE % 10}"),
    "CL: a space inside": _long(f"Content-Length: {_WHOLE // 10} {_WHOLE % 10}"),
    "CL: a fraction": _long(f"Content-Length: {_WHOLE}.0"),
    "CL: NUL behind": _long(f"Content-Length: {_WHOLE}\0".encode()),
    "CL: a space before the colon": _long(f"Content-Length : {_WHOLE}"),
    "CL: digits of another script": _long(
        "Content-Length: " + "".join(chr(0x660 + int(digit)) for digit in str(_WHOLE))
    ),
    "CL: none": _sent(body=GET_USER + HIDDEN),
    "CL: after a bare LF": _long(f"X: y\nContent-Length: {_WHOLE}".encode()),
    "CL: folded into another": _long(f"X: y\r\n Content-Length: {_WHOLE}"),
    "chunk: an extension with a bare LF": _chunks(b"0;a\n\r\n" + HIDDEN),
    "chunk: a long extension": _chunks(b"0;" + b"a" * 9000 + b"\r\n\r\n" + HIDDEN),
    "chunk: a bare LF behind its size": _chunks(
        b"%x\n" % _WHOLE + GET_USER + b"\n0\n\n" + HIDDEN
    ),
    "chunk: 0x": _chunks(b"0x%x\r\n" % _WHOLE + GET_USER + b"\r\n" + _BOTH),
    "chunk: a plus": _chunks(b"+%x\r\n" % _WHOLE + GET_USER + b"\r\n" + _BOTH),
    "chunk: an underscore": _chunks(b"0_0\r\n\r\n" + HIDDEN),
    "chunk: a space": _chunks(b"%x \r\n" % _WHOLE + GET_USER + b"\r\n0 \r\n\r\n" + HIDDEN),
    "chunk: a size of 2 to the 64": _chunks(b"10000000000000000\r\n\r\n" + HIDDEN),
    "chunk: no end of line behind it": _chunks(b"%x\r\n" % _WHOLE + GET_USER + _BOTH),
    "chunk: a trailer that is a length": _chunks(
        _CHUNKS[:-2] + f"Content-Length: {len(HIDDEN)}\r\n\r\n".encode() + HIDDEN
    ),
    "GET with a body": _sent(f"Content-Length: {len(HIDDEN)}", body=HIDDEN, method="GET"),
    "GET with chunks": _sent("Transfer-Encoding: chunked", body=_BOTH, method="GET"),
    "HEAD with a body": _sent(f"Content-Length: {len(HIDDEN)}", body=HIDDEN, method="HEAD"),
    "an upgrade": _sent(
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        f"Content-Length: {len(HIDDEN)}",
        body=HIDDEN,
    ),
    "a wish to continue": _sent(
        "Expect: 100-continue", f"Content-Length: {len(HIDDEN)}", body=HIDDEN
    ),
    "a path with a line in it": request(GET_USER, path=f"{PATH}%0d%0a%0d%0a").replace(
        b"%0d%0a%0d%0a", b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nX: "
    ),
    "no version": b"POST " + PATH.encode() + b"\r\n" + HIDDEN,
}  # fmt: skip
"""Raw requests, by what is odd about them."""

BEHIND: Final = frozenset(
    {
        "CL: after a bare LF",
        "CL: named in Connection",
        "GET with chunks",
        "chunk: a long extension",
        "chunk: a space",
        "chunk: a trailer that is a length",
    }
)
"""Those in which the hidden request stands behind the first, by RFC 9112, and may be answered: what
is odd about them is only that another reader might think otherwise."""


_OWN: Final = re.compile(rb"(?i)\r\nx-forwarded-for: 127\.|GET /health/")


@dataclass
class Wire:
    """Passes bytes on from `address` to a server, and keeps them, by connection."""

    address: tuple[str, int]
    requests: list[bytearray] = field(default_factory=list)
    answers: list[bytearray] = field(default_factory=list)

    def asked(self) -> int:
        """How many requests of the proxy's own have passed."""
        return sum(len(_OWN.findall(asked)) for asked in self.requests)

    def out_of_step(self) -> list[str]:
        """Connections on which the server has answered more often than the proxy has asked.

        Every request of the proxy's own has a header that it has written, or is a look at the
        server's health; what a client hides has none."""
        wrong = []
        for asked, answered in zip(self.requests, self.answers, strict=True):
            mine = _OWN.findall(asked)
            theirs = re.findall(rb"HTTP/1\.[01] (?!100)\d{3} ", answered)
            if len(theirs) > len(mine):
                wrong.append(f"{len(mine)} asked, {len(theirs)} answered: {bytes(asked)!r}")
        return wrong


@contextmanager
def wire(server: tuple[str, int]) -> Iterator[Wire]:
    """A wire to `server`, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        passing = Wire(listener.getsockname()[:2])
        threading.Thread(target=_accept, args=(listener, server, passing), daemon=True).start()
        yield passing


def _accept(listener: socket.socket, server: tuple[str, int], passing: Wire) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(server)
            asked, answered = bytearray(), bytearray()
            passing.requests.append(asked)
            passing.answers.append(answered)
            for one, other, kept in ((near, far, asked), (far, near, answered)):
                threading.Thread(target=_pass, args=(one, other, kept), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            kept += data
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
