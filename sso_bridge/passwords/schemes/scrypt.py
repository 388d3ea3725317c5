"""scrypt (RFC 7914) in three notations: passlib's, Werkzeug's (its default) and Django's."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error, unhexlify
from dataclasses import dataclass

from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["Scrypt", "ScryptMaker"]

_PASSLIB = re.compile(
    r"\$scrypt\$ln=(?P<ln>\d{1,2}),r=(?P<r>\d{1,6}),p=(?P<p>\d{1,6})"
    r"\$(?P<salt>[^$]*)\$(?P<digest>[^$]+)"
)
_WERKZEUG = re.compile(
    r"scrypt:(?P<n>\d{1,12}):(?P<r>\d{1,6}):(?P<p>\d{1,6})\$(?P<salt>[^$]+)\$(?P<digest>[^$]+)"
)
_DJANGO = re.compile(
    r"scrypt\$(?P<n>\d{1,12})\$(?P<salt>[^$]+)\$(?P<r>\d{1,6})\$(?P<p>\d{1,6})\$(?P<digest>[^$]+)"
)
_NOTATIONS = {
    "$scrypt$": ("scrypt", _PASSLIB, 32),
    "scrypt:": ("werkzeug-scrypt", _WERKZEUG, 64),
    "scrypt$": ("django-scrypt", _DJANGO, 64),
}
"""Each prefix with its label, its whole and the bytes of its digest.

A digest cut short would be fitted by more passwords than its own, so its size is fixed."""


class Scrypt:
    """Any N, r and p."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        for prefix, (name, whole, size) in _NOTATIONS.items():
            if stored.startswith(prefix):
                return _read(name, whole.fullmatch(stored), size, limits)
        return None


def _read(name: str, whole: re.Match[str] | None, size: int, limits: Limits) -> StoredHash:
    if whole is None:
        raise UnusableHash(name)
    found = whole.groupdict()
    n = 1 << int(found["ln"]) if "ln" in found else int(found["n"])
    r, p = int(found["r"]), int(found["p"])
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise UnusableHash(name)
    within(name, "memory in KiB", n * r // 8, limits.memory_kib)
    within(name, "N times r times p", n * r * p, limits.scrypt_work)
    try:
        salt, digest = _salt_and_digest(name, found["salt"], found["digest"])
    except (Error, ValueError):
        raise UnusableHash(name) from None
    if len(digest) != size:
        raise UnusableHash(name)

    def fits(password: bytes) -> bool:
        return hmac.compare_digest(_compute(name, password, salt, (n, r, p), size), digest)

    return StoredHash(name, (n, r, p), fits)


def _salt_and_digest(name: str, salt: str, digest: str) -> tuple[bytes, bytes]:
    if name == "scrypt":
        return _unpadded(salt), _unpadded(digest)
    if name == "werkzeug-scrypt":
        return salt.encode("ascii"), unhexlify(digest)
    return salt.encode("ascii"), b64decode(digest, validate=True)


def _unpadded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def _compute(
    name: str, password: bytes, salt: bytes, cost: tuple[int, int, int], size: int
) -> bytes:
    n, r, p = cost
    memory = 128 * r * (n + p + 2) + 1024 * 1024
    try:
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=size)
    except ValueError as error:
        # OpenSSL says "malloc failure" with the same class as a bad combination of N, r, p.
        if "malloc" in str(error):
            raise MemoryError(f"{name}: no memory") from None
        raise UnusableHash(name) from None


@dataclass(frozen=True, slots=True)
class ScryptMaker:
    """passlib's `$scrypt$`, at OWASP's second choice: 64 MiB and about 0.4 s."""

    ln: int = 16
    r: int = 8
    p: int = 2

    def make(self, password: bytes) -> str:
        """See `Maker`."""
        salt = secrets.token_bytes(16)
        digest = _compute("scrypt", password, salt, (1 << self.ln, self.r, self.p), 32)
        written = [b64encode(x).decode("ascii").rstrip("=") for x in (salt, digest)]
        return f"$scrypt$ln={self.ln},r={self.r},p={self.p}${written[0]}${written[1]}"
