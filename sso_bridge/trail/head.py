"""Where the trail stands, beside it in a small file that every writer locks.

The lock makes sure that one process at a time appends, of workers and commands alike. What the
file says lets the next one go on without reading the trail, also in a new file after the old one
was renamed, and shows when the end of the trail was cut off."""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .chain import Chain, Link

__all__ = ["Head", "HeadFile", "read_head"]

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """The last record, and how long the file was that it is in; `file` tells that from others."""

    n: int
    chain: str
    size: int
    file: int

    @property
    def link(self) -> Link:
        """The last record."""
        return Link(self.n, self.chain)


class HeadFile:
    """The head of the trail at `path`, which is `path` with `.head` behind."""

    def __init__(self, path: Path, chain: Chain) -> None:
        self._path = _beside(path)
        self._chain = chain
        self._number: int | None = None

    @contextmanager
    def locked(self) -> Iterator[Head | None]:
        """What it says, with everybody else kept out until the block ends. Raises OSError."""
        number = self._lock()
        try:
            yield _understood(os.pread(number, _LONGEST, 0), self._chain)
        finally:
            fcntl.flock(number, fcntl.LOCK_UN)

    def say(self, head: Head) -> None:
        """Say another thing; in a block of `locked`. One that cannot be written is found out by
        whoever reads the trail's end."""
        assert self._number is not None
        told = json.dumps(asdict(head))
        signed = {**asdict(head), "key": self._chain.key_id, "mac": self._chain.mac(told)}
        data = json.dumps(signed).encode() + b"\n"
        with suppress(OSError):
            os.pwrite(self._number, data, 0)
            os.ftruncate(self._number, len(data))

    def has_other_key(self) -> bool:
        """Whether the trail was begun with another key; in a block of `locked`. Raises OSError."""
        assert self._number is not None
        try:
            told = json.loads(os.pread(self._number, _LONGEST, 0))["key"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return False  # it says nothing, or nonsense, which is taken note of
        return isinstance(told, str) and told != self._chain.key_id

    def _lock(self) -> int:
        """Lock the file that is there now, were it deleted meanwhile and made anew."""
        while True:
            if self._number is None:
                self._number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._number, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(self._path), os.fstat(self._number)):
                    return self._number
            self.close()

    def close(self) -> None:
        """Give back the file."""
        if self._number is not None:
            os.close(self._number)
            self._number = None


def read_head(path: Path, chain: Chain) -> Head | None:
    """The head of the trail at `path`; None if there is none, or it is not what was written."""
    try:
        with _beside(path).open("rb") as file:
            return _understood(file.read(_LONGEST), chain)
    except OSError:
        return None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.head")


def _understood(data: bytes, chain: Chain) -> Head | None:
    try:
        values = json.loads(data)
        mac = values.pop("mac")
        values.pop("key", None)
        head = Head(**values)
        right = hmac.compare_digest(mac, chain.mac(json.dumps(asdict(head))))
        return head if right else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
