"""The trail as a file: appended to by any process of this machine, one at a time.

Nothing that is in it is ever changed, so it may be a file that the system lets nobody change
(`chattr +a`). Whatever was done to it in between (it was renamed, cut, or its last line is
torn because a writer was killed) is taken note of in the next record."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .chain import GENESIS, Chain, Link, stated
from .head import Head, HeadFile

__all__ = ["OtherKey", "Record", "TrailFile"]

Record = tuple[str, Mapping[str, Any]]
"""What happened, and facts about it by name."""

_TAIL: Final = 1 << 20
"""Bytes at the end of a file, among which its last record is looked for."""


class OtherKey(Exception):
    """The trail has another key."""


class TrailFile:
    """The trail at `path`, in files of about `most_bytes`. Not to be shared by threads."""

    def __init__(self, path: Path, chain: Chain, most_bytes: int) -> None:
        self.path = path
        self._chain = chain
        self._most_bytes = most_bytes
        self._head = HeadFile(path, chain)
        self._number: int | None = None
        self.link = GENESIS
        """Where the trail stood after this process last appended to it."""

    def check(self) -> None:
        """Raises OSError unless it can be opened for writing, and OtherKey if it was begun with
        another key: nobody could verify it then."""
        with self._head.locked():
            self._opened()
            if self._head.has_other_key():
                raise OtherKey

    def append(self, records: Sequence[Record]) -> int:
        """How many of `records` were written, the first ones. If that is not all, there is no
        room for more now, and the others may be tried again later. Raises OSError if it cannot be
        opened, or not one could be written."""
        with self._head.locked() as head:
            number = self._opened()
            link, notes, broken = self._found(number, head)
            if head is not None and head.size >= self._most_bytes and not notes:
                number = self._rotated(link)
                notes = [_continued(link)]
            before, lines = link, []
            for event, facts in [*notes, *records]:
                line, link = self._chain.line(link, event, facts)
                lines.append(line + b"\n")
            data = (b"\n" if broken else b"") + b"".join(lines)
            written, error = _write(number, data)
            whole = data[:written].count(b"\n") - broken
            if whole > 0:
                self._say(number, lines[whole - 1], data[:written])
            else:
                self.link = before
            if error is not None and whole <= len(notes):
                raise error
            return max(0, whole - len(notes))

    def sync(self) -> None:
        """Wait until what was appended is on the disk. Raises OSError."""
        if self._number is not None:
            os.fsync(self._number)

    def close(self) -> None:
        """Give back the files."""
        self._head.close()
        if self._number is not None:
            os.close(self._number)
            self._number = None

    def _opened(self) -> int:
        """The file that has the name now; made if there is none."""
        if self._number is not None:
            try:
                if os.path.samestat(os.stat(self.path), os.fstat(self._number)):
                    return self._number
            except FileNotFoundError:
                pass
            os.close(self._number)
            self._number = None
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._number = os.open(self.path, flags, 0o600)
        return self._number

    def _rotated(self, link: Link) -> int:
        """A new file; the old one is named after the time and its last record."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        old = self.path.with_name(f"{self.path.stem}-{now}-{link.number}{self.path.suffix}")
        os.rename(self.path, old)
        return self._opened()

    def _found(self, number: int, head: Head | None) -> tuple[Link, list[Record], bool]:
        """Where the chain stands, what must be taken note of before anything else, and whether
        the last line has no end."""
        status = os.fstat(number)
        size = status.st_size
        if head is not None and (head.size, head.file) == (size, status.st_ino):
            return head.link, [], False
        if size == 0:
            return (
                (GENESIS, [("begin", {})], False)
                if head is None
                else (head.link, [_continued(head.link)], False)
            )
        from_head = head is not None and head.file == status.st_ino and head.size < size
        start = head.size if from_head and head is not None else max(0, size - _TAIL)
        tail = os.pread(number, size - start, start)
        *lines, torn = tail.split(b"\n")
        notes: list[Record] = []
        if from_head and head is not None:  # a writer ended between the trail and its head
            link = self._followed(head.link, lines)
        else:
            link = next((seen for line in reversed(lines) if (seen := stated(line))), GENESIS)
            if head is None:
                notes.append(("head_lost", {}))
            elif link != head.link:
                notes.append(("end_lost", {"found": link.number}))
                link = head.link
        if torn:
            notes.append(("torn", {"hash": hashlib.sha256(torn).hexdigest()}))
        return link, notes, bool(torn)

    def _followed(self, link: Link, lines: Sequence[bytes]) -> Link:
        for line in lines:
            if self._chain.follows(link.chain, line):
                link = stated(line) or link
        return link

    def _say(self, number: int, last: bytes, written: bytes) -> None:
        status = os.fstat(number)
        torn = len(written) - (written.rfind(b"\n") + 1)
        link = stated(last[:-1])
        assert link is not None
        self.link = link
        self._head.say(Head(link.number, link.chain, status.st_size - torn, status.st_ino))


def _continued(link: Link) -> Record:
    """The first record of every file but the first."""
    return "continued", {"after": link.chain}


def _write(number: int, data: bytes) -> tuple[int, OSError | None]:
    """How many bytes were written, and why not all were."""
    written = 0
    while written < len(data):
        try:
            written += os.write(number, data[written:])
        except OSError as error:
            return written, error
    return written, None
