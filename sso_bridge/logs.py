"""How log lines are written: one a line, to standard error, as JSON or for people."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import orjson

__all__ = ["LEVELS", "Event", "Log", "configure"]

LEVELS: Final = ("debug", "info", "warning", "error")
"""The severities, least first."""
_ROOM_SECONDS: Final = 0.05
_DEAF_SECONDS: Final = 1.0


class Event(Protocol):
    """Writes one line: what happened, and facts about it by name."""

    def __call__(self, event: str, /, **facts: Any) -> None:
        """See the class."""


class _Pipe:
    """A pipe or a socket whose reader may hang. A line waits for room for a moment at most and is
    lost then; so are those of the next second that find no room, without waiting."""

    def __init__(self, number: int, send: Callable[[bytes], int | None]) -> None:
        self._number, self._send = number, send
        self._deaf_until = 0.0

    def write(self, line: bytes) -> None:
        """Raises OSError if nobody is there to read it."""
        if self._is_sent(line) or time.monotonic() < self._deaf_until:
            return
        room = select.poll()
        room.register(self._number, select.POLLOUT)
        room.poll(_ROOM_SECONDS * 1000)
        if not self._is_sent(line):
            self._deaf_until = time.monotonic() + _DEAF_SECONDS

    def _is_sent(self, line: bytes) -> bool:
        try:
            return self._send(line) is not None
        except BlockingIOError:
            return False

    def flush(self) -> None:
        """Nothing is kept back."""


def _stream() -> Any:
    """Where lines go to: standard error, without waiting for ever for whoever reads it. None if
    there is none."""
    out: Any = getattr(sys.stderr, "buffer", None)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = out.fileno()
        mode = os.fstat(number).st_mode
        if stat.S_ISFIFO(mode):  # opened anew: what is not to wait is not to be so for others
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
            file = io.FileIO(os.open(f"/proc/self/fd/{number}", flags), "w")
            return _Pipe(file.fileno(), file.write)
        if stat.S_ISSOCK(mode):
            sock = socket.socket(fileno=os.dup(number))
            return _Pipe(sock.fileno(), lambda line: sock.send(line, socket.MSG_DONTWAIT))
    # With `python -u` it is a raw file, which may take a part of a line.
    if isinstance(out, io.RawIOBase):  # and this does not close it when it goes
        return io.BufferedWriter(io.FileIO(out.fileno(), "wb", closefd=False))
    return out


class Log:
    """Writes what is at least of `level` to standard error, as it is when this is made.

    `form` is "json" or "console". A line that cannot be written (the disk is full, nobody reads
    the pipe any more, or not for now) is lost; no call fails for that. Every call writes a line, so
    a line is made in one step."""

    def __init__(self, level: str = "info", form: str = "json") -> None:
        self._render = _json if form == "json" else _for_people
        self._second = (0, "")
        """The one that it is, and as it is written."""
        self._out = _stream()
        self.level = level
        self.debug, self.info, self.warning, self.error = (
            self._writer(one) if place >= LEVELS.index(level) else _silent
            for place, one in enumerate(LEVELS)
        )

    def _writer(self, level: str) -> Event:
        def write(event: str, /, **facts: Any) -> None:
            facts["event"] = event
            facts["level"] = level
            facts["timestamp"] = self._now()
            if self._out is not None:
                try:  # not `suppress`: this is done for each call
                    self._out.write(self._render(facts))
                    self._out.flush()
                except (OSError, ValueError):
                    pass

        return write

    def _now(self) -> str:
        """UTC, ISO 8601, microseconds."""
        now = time.time()
        second, written = self._second
        if second != int(now):
            second = int(now)
            written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second, written
        return f"{written}.{int((now - second) * 1e6):06d}Z"


def configure() -> None:
    """How libraries are heard in this process: from WARNING on, whatever our own level is, since
    below that some of them write what they work on."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def _silent(event: str, /, **facts: Any) -> None:
    """Nothing."""


def _json(facts: dict[str, Any]) -> bytes:
    try:
        line = orjson.dumps(facts, default=repr, option=orjson.OPT_APPEND_NEWLINE)
        if line.isascii() or line[:-1].decode().isprintable():
            return line  # else it may turn the direction of what a terminal shows
    except orjson.JSONEncodeError:  # half of a surrogate pair, say
        pass
    return f"{json.dumps(facts, default=repr)}\n".encode()


def _for_people(facts: dict[str, Any]) -> bytes:
    when, level, event = (facts.pop(name) for name in ("timestamp", "level", "event"))
    told = " ".join(f"{name}={_shown(value)}" for name, value in facts.items())
    return f"{when} {level:7} {event:8} {told}".rstrip().encode(errors="replace") + b"\n"


def _shown(value: object) -> str:
    """As it is where that is one plain word, else with quotes and escapes."""
    if isinstance(value, dict):
        return ",".join(f"{name}:{_shown(one)}" for name, one in value.items())
    text = str(value)
    plain = text.isprintable() and text and not set(text) & set(' "=')
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
