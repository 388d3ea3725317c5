"""Firebase Authentication's scrypt: what scrypt gives encrypts the project's signer key, and that
is the hash. Stored here are salt and hash, in base64, with a colon between.

Facts: README of github.com/firebase/scrypt."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .contract import Limits, StoredHash
from .scrypt import check_scrypt, raw_scrypt

__all__ = ["Firebase"]

_NAME = "firebase-scrypt"
_WHOLE = re.compile(r"([A-Za-z0-9+/_-]+={0,2}):([A-Za-z0-9+/_-]+={0,2})")


class Firebase:
    """One project's. Its parameters are in the Firebase console, beside the list of users."""

    def __init__(
        self, *, signer_key: bytes, salt_separator: bytes, rounds: int, memory_cost: int
    ) -> None:
        self._key, self._separator = signer_key, salt_separator
        self._cost = (1 << memory_cost, rounds, 1)

    def check(self, limits: Limits) -> None:
        """Raises UnusableHash if the project's hashes are above `limits`."""
        check_scrypt(_NAME, *self._cost, limits)

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`. A hash is as long as the signer key."""
        whole = _WHOLE.fullmatch(stored)
        if whole is None:
            return None
        try:
            salt, expected = (
                b64decode(part, b"-_" if set(part) & set("-_") else None, True)
                for part in whole.groups()
            )
        except (Error, ValueError):
            return None
        if len(expected) != len(self._key):
            return None
        cost = check_scrypt(_NAME, *self._cost, limits)

        def fits(password: bytes) -> bool:
            key = raw_scrypt(_NAME, password, salt + self._separator, cost, 64)[:32]
            encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
            computed = encryptor.update(self._key) + encryptor.finalize()
            return hmac.compare_digest(computed, expected)

        return StoredHash(_NAME, cost, fits)
