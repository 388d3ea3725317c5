"""What people are called where they must not be named: in the log and in the trail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

__all__ = ["Pseudonyms"]

_BYTES: Final = 8
"""Enough to tell some hundred million people apart."""


class Pseudonyms:
    """Keyed hashes, 16 hex digits: the same for one person in every line of every node that has
    the key, and of no use to whoever does not have it.

    `key` is asked until it gives one: the ledger's is not known before the ledger answers. Until
    then, and for nobody, a pseudonym is ""."""

    def __init__(self, key: Callable[[], bytes | None]) -> None:
        self._key = key
        self._hashes: dict[bytes, hashlib.blake2b] = {}

    def erid(self, erid: str | None) -> str:
        """Of the person with this ERID."""
        return self._of(b"erid", erid)

    def login(self, login: str | None) -> str:
        """Of this login, whoever has it; its letter case does not count."""
        return self._of(b"login", None if login is None else login.lower())

    def _of(self, kind: bytes, value: str | None) -> str:
        if value is None:
            return ""
        begun = self._hashes.get(kind)
        if begun is None:
            key = self._key()
            if key is None:
                return ""
            key = hashlib.blake2b(key).digest()
            begun = hashlib.blake2b(key=key, digest_size=_BYTES, person=kind)
            self._hashes[kind] = begun
        made = begun.copy()
        made.update(value.encode("utf-8", "surrogatepass"))
        return made.hexdigest()
