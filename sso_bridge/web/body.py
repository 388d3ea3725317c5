"""Reading the body of a request: bounded in length and in time, whatever the client does."""

from __future__ import annotations

import contextlib
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

__all__ = ["Reads", "before_discarding", "read_body"]

_PIECE = 64 * 1024
_MOST_DISCARDED = 4 * 1024 * 1024


class Reads:
    """The reads of request bodies that are under way, so that somebody can see to them."""

    def __init__(self) -> None:
        self._begun: dict[int, float] = {}

    def __enter__(self) -> None:
        """This thread begins to read one."""
        self._begun[threading.get_ident()] = time.monotonic()

    def __exit__(self, *raised: object) -> None:
        """It has read it, or failed to."""
        del self._begun[threading.get_ident()]

    def longer_than(self, seconds: float) -> int:
        """How many have lasted so long already."""
        begun_before = time.monotonic() - seconds
        return sum(begun <= begun_before for begun in tuple(self._begun.values()))


def read_body(environ: dict[str, Any], *, most: int, seconds: float) -> bytes:
    """The body, decoded from gzip or deflate, `most` bytes at most before and after.

    Raises Werkzeug's RequestEntityTooLarge (without reading, where the length is announced),
    RequestTimeout, UnsupportedMediaType for another coding, BadRequest for a length that is
    none or a body that is shorter or broken."""
    length = _announced(environ)
    if length is not None and length > most:
        raise RequestEntityTooLarge(f"the body is longer than {most} bytes")
    raw = _read(environ["wsgi.input"], length, most, time.monotonic() + seconds)
    return _decoded(raw, environ.get("HTTP_CONTENT_ENCODING", "").strip().lower(), most)


def before_discarding(
    answer: Iterable[bytes], environ: dict[str, Any], reads: Reads
) -> Iterator[bytes]:
    """`answer`, and when that is sent, the rest of the request is read and dropped, within bounds.

    A client that writes all of a request before it reads would otherwise find a broken
    connection in place of the answer. One that waits for "100 Continue" is not asked for more."""
    yield from answer
    left = 0 if "HTTP_EXPECT" in environ else _MOST_DISCARDED
    with reads, contextlib.suppress(OSError, ValueError):
        while left > 0 and (piece := environ["wsgi.input"].read(_PIECE)):
            left -= len(piece)


def _announced(environ: dict[str, Any]) -> int | None:
    """The Content-Length; None for a chunked body, 0 for neither."""
    text = environ.get("CONTENT_LENGTH") or ""
    if not text:
        return None if environ.get("HTTP_TRANSFER_ENCODING") else 0
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadRequest("Content-Length is not a number")
    return int(text)


def _read(stream: Any, length: int | None, most: int, ends: float) -> bytes:
    """`length` bytes, or all there are. A read may wait for ever; `guard` sees to it that it
    does not, and what it then returns is too late here."""
    pieces: list[bytes] = []
    left = most + 1 if length is None else length
    while left > 0:
        try:
            piece = stream.read(min(left, _PIECE))
        except (OSError, ValueError):
            raise ClientDisconnected("the body broke off") from None
        if time.monotonic() > ends:
            raise RequestTimeout("the body did not arrive in time")
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    if length is None and left <= 0:
        raise RequestEntityTooLarge(f"the body is longer than {most} bytes")
    if length is not None and left > 0:
        raise BadRequest("the body is shorter than its Content-Length")
    return b"".join(pieces)


def _decoded(raw: bytes, coding: str, most: int) -> bytes:
    """`raw` without its content coding; inflating stops at `most`."""
    if coding in ("", "identity"):
        return raw
    if coding in ("gzip", "x-gzip"):
        return _inflated(raw, zlib.MAX_WBITS | 16, most)
    if coding == "deflate":
        zlib_header = len(raw) >= 2 and raw[0] & 0x0F == 8 and (raw[0] << 8 | raw[1]) % 31 == 0
        return _inflated(raw, zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS, most)
    raise UnsupportedMediaType("the Content-Encoding is none of gzip, deflate")


def _inflated(raw: bytes, window: int, most: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        data = inflater.decompress(raw, most + 1)
    except zlib.error:
        raise BadRequest("the body is not in the Content-Encoding it announces") from None
    if len(data) > most:
        raise RequestEntityTooLarge(f"the body inflates to more than {most} bytes")
    if not inflater.eof or inflater.unused_data:
        raise BadRequest("the compressed body is cut short, or has something behind it")
    return data
