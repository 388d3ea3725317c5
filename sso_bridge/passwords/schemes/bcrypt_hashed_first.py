"""bcrypt over a digest of the password, so that all of a long password counts.

passlib's `$bcrypt-sha256$` (version 1: SHA-256, version 2: HMAC of it with the salt) and
`$wp$2y$` of WordPress 6.8 (HMAC-SHA384 with a key that all of them share). Django's is with
bcrypt itself."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import CreationRefused
from .bcrypt import BcryptMaker, bcrypt_fits
from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["BcryptHashedFirst", "WordPressMaker"]

_PASSLIB = re.compile(
    r"\$bcrypt-sha256\$(?:v=(?P<version>2),t=(?P<t>2[ab]),r=(?P<r>\d\d?)|(?P<t1>2[ab]),(?P<r1>\d\d?))"
    r"\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})"
)
_WORDPRESS = re.compile(r"\$wp(?P<bcrypt>\$2y\$(?P<r>\d\d)\$[./A-Za-z0-9]{53})")
_WORDPRESS_KEY = b"wp-sha384"
_TRIMMED = b" \t\n\r\0\x0b"
"""What PHP's trim() takes away. WordPress does it to a password that is set, and to one that is
sent; to verify what it made, so must we."""


class BcryptHashedFirst:
    """passlib's and WordPress's."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if stored.startswith("$bcrypt-sha256$"):
            return _passlib(stored, limits)
        if stored.startswith("$wp$"):
            return _wordpress(stored, limits)
        return None


def _passlib(stored: str, limits: Limits) -> StoredHash:
    name = "bcrypt-sha256"
    whole = _PASSLIB.fullmatch(stored)
    if whole is None:
        raise UnusableHash(name)
    ident, cost = whole["t"] or whole["t1"], int(whole["r"] or whole["r1"])
    salt = whole["salt"].encode("ascii")

    def first(password: bytes) -> bytes:
        if whole["version"]:
            return b64encode(hmac.digest(salt, password, "sha256"))
        return b64encode(hashlib.sha256(password).digest())

    encoded = f"${ident}${cost:02}${whole['salt']}{whole['digest']}"
    return _over(name, first, encoded, cost, limits)


def _wordpress(stored: str, limits: Limits) -> StoredHash:
    name = "wordpress-bcrypt"
    whole = _WORDPRESS.fullmatch(stored)
    if whole is None:
        raise UnusableHash(name)
    return _over(name, _wordpress_first, whole["bcrypt"], int(whole["r"]), limits)


def _wordpress_first(password: bytes) -> bytes:
    return b64encode(hmac.digest(_WORDPRESS_KEY, password.strip(_TRIMMED), "sha384"))


def _over(
    name: str, first: Callable[[bytes], bytes], encoded: str, cost: int, limits: Limits
) -> StoredHash:
    if not 4 <= cost <= 31:
        raise UnusableHash(name)
    within(name, "cost", cost, limits.bcrypt_cost)
    return StoredHash(name, (cost,), lambda password: bcrypt_fits(name, encoded, first(password)))


@dataclass(frozen=True, slots=True)
class WordPressMaker:
    """What WordPress 6.8 and later write. About 0.25 s."""

    cost: int = 12

    def make(self, password: bytes) -> str:
        """See `Maker`. White space at the ends does not count, as in WordPress itself."""
        if not password.strip(_TRIMMED):
            raise CreationRefused("the password is nothing but white space")
        return "$wp" + BcryptMaker(self.cost, "2y").make(_wordpress_first(password))

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        within("wordpress-bcrypt", "cost", self.cost, limits.bcrypt_cost)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`."""
        return stored.scheme == "wordpress-bcrypt" and stored.cost >= (self.cost,)
