"""What a record looks like as a line, and how each is chained to the one before it.

    {"n":17,"time":"2026-11-30T10:15:00.123Z","event":"call",…,"chain":"64 hex digits"}

`chain` is a hash of the chain before and of everything on the line that is left of it, byte by
byte. With a key it is one that only those can compute who have the key."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = ["GENESIS", "Chain", "Link", "stated"]

_LINE: Final = re.compile(rb'(\{"n":(\d{1,18}),.*),"chain":"([0-9a-f]{64})"\}', re.DOTALL)


class Link(NamedTuple):
    """Where a chain stands: the number of a record, from 1 on, and its `chain`."""

    number: int
    chain: str


GENESIS: Final = Link(0, "0" * 64)
"""Before the first record."""


class Chain:
    """Makes and checks links. `key` may have any length; None is no key."""

    def __init__(self, key: bytes | None) -> None:
        self._key = b"" if key is None else hashlib.blake2b(key).digest()
        self.key_id = self.mac("which key it is")[:16]
        """Tells the key from others, and nothing else of it."""

    def line(self, before: Link, event: str, facts: Mapping[str, Any]) -> tuple[bytes, Link]:
        """A record as a line without its end, and where the chain stands then."""
        number = before.number + 1
        record = {"n": number, "time": _now(), "event": event, **facts}
        body = json.dumps(record, separators=(",", ":")).encode()[:-1]
        chain = self._of(before.chain, body)
        return body + b',"chain":"' + chain.encode() + b'"}', Link(number, chain)

    def follows(self, before: str, line: bytes) -> bool:
        """Whether `line` is a record that comes right after the one with the chain `before`."""
        found = _LINE.fullmatch(line)
        return found is not None and hmac.compare_digest(
            self._of(before, found[1]), found[3].decode()
        )

    def mac(self, text: str) -> str:
        """A hash of something that is no record."""
        return self._of("", text.encode())

    def _of(self, before: str, body: bytes) -> str:
        made = hashlib.blake2b(before.encode(), key=self._key, digest_size=32)
        made.update(b"\n" + body)
        return made.hexdigest()


def stated(line: bytes) -> Link | None:
    """The number and chain that a line says it has, true or not; None if it is no record."""
    found = _LINE.fullmatch(line)
    return None if found is None else Link(int(found[2]), found[3].decode())


def _now() -> str:
    """UTC, ISO 8601, milliseconds."""
    now = time.time()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{whole}.{int(now % 1 * 1000):03d}Z"
