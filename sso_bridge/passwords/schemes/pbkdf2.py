"""PBKDF2 (RFC 8018) in the notations of passlib, Django, Werkzeug and LDAP servers."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error, unhexlify
from collections.abc import Callable
from dataclasses import dataclass

from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["DjangoPbkdf2Maker", "Pbkdf2", "Pbkdf2Maker", "pbkdf2"]


def _adapted_base64(text: str) -> bytes:
    """passlib's: "." for "+" and no padding."""
    return b64decode(text.replace(".", "+") + "=" * (-len(text) % 4), validate=True)


def _base64(text: str) -> bytes:
    return b64decode(text, validate=True)


def _text(text: str) -> bytes:
    return text.encode("ascii")


@dataclass(frozen=True, slots=True)
class _Notation:
    prefix: re.Pattern[str]
    """Names the digest in its one group; without one it is SHA-1, as in passlib."""
    whole: re.Pattern[str]
    """Iterations, salt and digest in its three groups."""
    label: str
    salt: Callable[[str], bytes]
    digest: Callable[[str], bytes]


_NOTATIONS = (
    _Notation(
        re.compile(r"\$pbkdf2(?:-(sha256|sha512))?\$"),
        re.compile(r"\$[^$]+\$(\d{1,12})\$([^$]*)\$([^$]+)"),
        "pbkdf2-",
        _adapted_base64,
        _adapted_base64,
    ),
    _Notation(
        re.compile(r"pbkdf2_(sha1|sha256)\$"),
        re.compile(r"[^$]+\$(\d{1,12})\$([^$]+)\$([^$]+)"),
        "django-pbkdf2-",
        _text,
        _base64,
    ),
    _Notation(
        re.compile(r"pbkdf2:(sha1|sha224|sha256|sha384|sha512):"),
        re.compile(r"[^$]+:(\d{1,12})\$([^$]+)\$([^$]+)"),
        "werkzeug-pbkdf2-",
        _text,
        unhexlify,
    ),
    _Notation(
        re.compile(r"\{PBKDF2(?:-(SHA1|SHA256|SHA512))?\}(?=\d{1,12}\$)", re.IGNORECASE),
        re.compile(r"\{[^}]+\}(\d{1,12})\$([^$]*)\$([^$]+)"),
        "ldap-pbkdf2-",
        _adapted_base64,
        _adapted_base64,
    ),
)


class Pbkdf2:
    """With SHA-1 or a kind of SHA-2."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        for notation in _NOTATIONS:
            prefix = notation.prefix.match(stored)
            if prefix is not None:
                return _read(stored, notation, (prefix[1] or "sha1").lower(), limits)
        return None


def _read(stored: str, notation: _Notation, algorithm: str, limits: Limits) -> StoredHash:
    name = notation.label + algorithm
    whole = notation.whole.fullmatch(stored)
    if whole is None or int(whole[1]) < 1:
        raise UnusableHash(name)
    try:
        salt, digest = notation.salt(whole[2]), notation.digest(whole[3])
    except (Error, ValueError):
        raise UnusableHash(name) from None
    # A digest cut short would be fitted by more passwords than its own.
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise UnusableHash(name)
    return pbkdf2(name, algorithm, salt, int(whole[1]), digest, limits)


def pbkdf2(
    name: str, algorithm: str, salt: bytes, iterations: int, digest: bytes, limits: Limits
) -> StoredHash:
    """The hash whose result is `digest`, however long that is.

    Raises UnusableHash if it is above `limits`: a result longer than one digest of `algorithm`
    costs the iterations several times."""
    size = len(digest)
    times = -(-size // hashlib.new(algorithm, usedforsecurity=False).digest_size)
    within(name, "iterations", iterations, limits.pbkdf2_iterations // times)

    def fits(password: bytes) -> bool:
        try:
            computed = hashlib.pbkdf2_hmac(algorithm, password, salt, iterations, size)
        except ValueError:
            raise UnusableHash(name, "refused by this machine's OpenSSL") from None
        return hmac.compare_digest(computed, digest)

    return StoredHash(name, (iterations, times) if times > 1 else (iterations,), fits)


@dataclass(frozen=True, slots=True)
class Pbkdf2Maker:
    """passlib's `$pbkdf2-sha256$`, with the iterations OWASP asks for: about 0.3 s."""

    iterations: int = 600_000

    def make(self, password: bytes) -> str:
        """See `Maker`."""
        salt = secrets.token_bytes(16)
        digest = hashlib.pbkdf2_hmac("sha256", password, salt, self.iterations)
        written = [
            b64encode(x).decode("ascii").rstrip("=").replace("+", ".") for x in (salt, digest)
        ]
        return f"$pbkdf2-sha256${self.iterations}${written[0]}${written[1]}"

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        within("pbkdf2-sha256", "iterations", self.iterations, limits.pbkdf2_iterations)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`."""
        return stored.scheme == "pbkdf2-sha256" and stored.cost >= (self.iterations,)


@dataclass(frozen=True, slots=True)
class DjangoPbkdf2Maker:
    """Django's default hasher, with the iterations of Django 5.2: about 0.5 s."""

    iterations: int = 1_000_000

    def make(self, password: bytes) -> str:
        """See `Maker`."""
        salt = secrets.token_hex(16)
        digest = hashlib.pbkdf2_hmac("sha256", password, salt.encode("ascii"), self.iterations)
        return f"pbkdf2_sha256${self.iterations}${salt}${b64encode(digest).decode('ascii')}"

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        within("django-pbkdf2-sha256", "iterations", self.iterations, limits.pbkdf2_iterations)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`."""
        return stored.scheme == "django-pbkdf2-sha256" and stored.cost >= (self.iterations,)
