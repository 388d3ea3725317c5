"""scrypt (RFC 7914) in four notations: passlib's, Werkzeug's (its default), Django's, Spring's."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error, unhexlify
from dataclasses import dataclass

from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["Scrypt", "ScryptMaker", "check_scrypt", "raw_scrypt"]

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
_SPRING = re.compile(
    r"\$(?P<packed>[0-9a-f]{5,6})\$(?P<salt>[A-Za-z0-9+/]+={0,2})\$(?P<digest>[A-Za-z0-9+/]{43}=)"
)
"""log2 of N, r and p are in one number, written in hex: two digits each, but for the first."""

_NOTATIONS = (
    (re.compile(r"\$scrypt\$"), "scrypt", _PASSLIB, 32),
    (re.compile(r"scrypt:"), "werkzeug-scrypt", _WERKZEUG, 64),
    (re.compile(r"scrypt\$"), "django-scrypt", _DJANGO, 64),
    (re.compile(r"\$[0-9a-f]{5,6}\$"), "spring-scrypt", _SPRING, 32),
)
"""Each prefix with its label, its whole and the bytes of its digest.

A digest cut short would be fitted by more passwords than its own, so its size is fixed."""


class Scrypt:
    """Any N, r and p."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        for prefix, name, whole, size in _NOTATIONS:
            if prefix.match(stored):
                return _read(name, whole.fullmatch(stored), size, limits)
        return None


def _read(name: str, whole: re.Match[str] | None, size: int, limits: Limits) -> StoredHash:
    if whole is None:
        raise UnusableHash(name)
    found = whole.groupdict()
    n, r, p = check_scrypt(name, *_cost(found), limits)
    try:
        salt, digest = _salt_and_digest(name, found["salt"], found["digest"])
    except (Error, ValueError):
        raise UnusableHash(name) from None
    if len(digest) != size:
        raise UnusableHash(name)

    def fits(password: bytes) -> bool:
        return hmac.compare_digest(raw_scrypt(name, password, salt, (n, r, p), size), digest)

    return StoredHash(name, (n, r, p), fits)


def _cost(found: dict[str, str]) -> tuple[int, int, int]:
    if "packed" in found:
        packed = int(found["packed"], 16)
        return 1 << (packed >> 16), packed >> 8 & 0xFF, packed & 0xFF
    n = 1 << int(found["ln"]) if "ln" in found else int(found["n"])
    return n, int(found["r"]), int(found["p"])


def check_scrypt(name: str, n: int, r: int, p: int, limits: Limits) -> tuple[int, int, int]:
    """N, r and p; raises UnusableHash if they are none, or above `limits`."""
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise UnusableHash(name)
    within(name, "memory in KiB", n * r // 8, limits.memory_kib)
    within(name, "N times r times p", n * r * p, limits.scrypt_work)
    return n, r, p


def _salt_and_digest(name: str, salt: str, digest: str) -> tuple[bytes, bytes]:
    if name in ("scrypt", "spring-scrypt"):
        return _unpadded(salt), _unpadded(digest)
    if name == "werkzeug-scrypt":
        return salt.encode("ascii"), unhexlify(digest)
    return salt.encode("ascii"), b64decode(digest, validate=True)


def _unpadded(text: str) -> bytes:
    text = text.rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def raw_scrypt(
    name: str, password: bytes, salt: bytes, cost: tuple[int, int, int], size: int
) -> bytes:
    """`size` bytes of scrypt with the `cost` N, r and p. Raises as `StoredHash.fits`."""
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
        digest = raw_scrypt("scrypt", password, salt, (1 << self.ln, self.r, self.p), 32)
        written = [b64encode(x).decode("ascii").rstrip("=") for x in (salt, digest)]
        return f"$scrypt$ln={self.ln},r={self.r},p={self.p}${written[0]}${written[1]}"

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        check_scrypt("scrypt", 1 << self.ln, self.r, self.p, limits)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`."""
        if stored.scheme != "scrypt":
            return False
        return math.prod(stored.cost) >= (1 << self.ln) * self.r * self.p
