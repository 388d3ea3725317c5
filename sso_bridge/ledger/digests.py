"""The keyed hashes that the ledger compares instead of what they stand for."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

from ..core import erid as erids
from ..core.model import Fingerprint

__all__ = ["Digests", "Uniqueness"]

Uniqueness = Literal["canonical", "exact"]


class Digests:
    """Hashes under one key. `uniqueness` says whether ERIDs that could be mistaken for each
    other have one digest."""

    def __init__(self, key: bytes, uniqueness: Uniqueness) -> None:
        self._key = key
        self._fold = uniqueness == "canonical"

    def _of(self, kind: str, *parts: str) -> str:
        message = "\0".join((kind, *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256).hex()

    def check(self) -> str:
        """A hash by which the key is known again."""
        return self._of("check")

    def derived(self, purpose: str) -> bytes:
        """A key for another purpose, the same wherever this one is."""
        return bytes.fromhex(self._of("derived", purpose))

    def subject(self, source: str, subject: str) -> str:
        """Of a person, by the key of their source."""
        return self._of("subject", source, subject)

    def erid(self, erid: str) -> str:
        """Of an ERID: the same for all that may not be told apart."""
        return self._of("erid", erids.canonical(erid) if self._fold else erid)

    def login(self, source: str, login: str) -> str:
        """Of a login in its canonical form."""
        return self._of("login", source, login)

    def secret(self, source: str, secret: bytes) -> str:
        """By which the secret of a source is known again."""
        return self._of("secret", source, secret.hex())

    def seal(self, source: str, subject: str, fingerprint: Fingerprint) -> str:
        """A fingerprint: 16 hex digits for its columns and 48, or none, for its values."""
        columns = self._of("columns", fingerprint.columns)[:16]
        if fingerprint.values is None:
            return f"{columns}:"
        values = self._of("values", source, subject, fingerprint.values)[:48]
        return f"{columns}:{values}"
