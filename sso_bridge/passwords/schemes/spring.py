"""Spring Security's own encoders behind `{id}`: PBKDF2, StandardPasswordEncoder (`{sha256}`) and
MessageDigestPasswordEncoder (`{MD5}`, `{SHA-1}`, `{SHA-256}`, with their salt in braces again).

Only with the id: hex digits alone do not say whose they are. `{noop}`, which is no hash, is never
accepted. Facts: Spring Security's PasswordEncoderFactories and the encoders it names."""

from __future__ import annotations

import hmac
import re
from functools import partial

from .contract import Limits, StoredHash, UnusableHash
from .pbkdf2 import pbkdf2
from .rounds import DIGESTS, digest, repeated
from .salted import bare

__all__ = ["Spring"]

_PBKDF2 = {
    "pbkdf2": ("sha1", 8, 185_000),
    "pbkdf2@SpringSecurity_v5_8": ("sha256", 16, 310_000),
}
"""Digest, bytes of the salt and iterations, which the stored text does not say. The result has
32 bytes in both."""
_PBKDF2_SIZE = 32
_STANDARD_SALT, _STANDARD_ROUNDS = 8, 1024
_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256"}
_PREFIX = re.compile(
    r"\{(?:noop\}|(sha256|pbkdf2(?:@SpringSecurity_v5_8)?|MD5|SHA-1|SHA-256)\}"
    r"(\{[^{}]*\})?([0-9a-f]+)$)"
)
"""Base64 after the braces is LDAP's."""


class Spring:
    """The ids that are Spring's alone; those of other formats are in braces.py."""

    def __init__(self, allow_weak: bool = False) -> None:
        self._allow_weak = allow_weak

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        whole = _PREFIX.match(stored)
        if whole is None:
            return None
        kind, salt, rest = whole.groups()
        if kind is None:
            raise UnusableHash("spring-noop", "a password in clear text is never accepted")
        if kind in _PBKDF2:
            return _pbkdf2(kind, rest, limits)
        if kind == "sha256":
            return _standard(rest)
        return self._message_digest(_DIGESTS[kind], salt, rest)

    def _message_digest(self, algorithm: str, braced: str | None, rest: str) -> StoredHash:
        """The digest of the password and the salt, whose braces are part of it."""
        name = f"spring-salted-{algorithm}"
        expected = _blob(name, rest, DIGESTS[algorithm])
        if braced is None:
            return bare(algorithm, expected, self._allow_weak)
        compute, salt = digest(algorithm), braced.encode("ascii")
        return StoredHash(
            name, (), lambda word: hmac.compare_digest(compute(word + salt), expected)
        )


def _pbkdf2(kind: str, rest: str, limits: Limits) -> StoredHash:
    algorithm, length, iterations = _PBKDF2[kind]
    name = f"spring-pbkdf2-{algorithm}"
    blob = _blob(name, rest, length + _PBKDF2_SIZE)
    return pbkdf2(name, algorithm, blob[:length], iterations, blob[length:], limits)


def _standard(rest: str) -> StoredHash:
    """SHA-256 of salt and password, and of that, 1,024 times in all."""
    name = "spring-sha256"
    blob = _blob(name, rest, _STANDARD_SALT + DIGESTS["sha256"])
    return StoredHash(name, (), partial(_standard_fits, blob))


def _standard_fits(blob: bytes, password: bytes) -> bool:
    salt, expected = blob[:_STANDARD_SALT], blob[_STANDARD_SALT:]
    computed = repeated(digest("sha256"), salt + password, _STANDARD_ROUNDS)
    return hmac.compare_digest(computed, expected)


def _blob(name: str, rest: str, size: int) -> bytes:
    if len(rest) != 2 * size:
        raise UnusableHash(name)
    return bytes.fromhex(rest)
