"""bcrypt, as OpenBSD ($2b$), PHP ($2y$), older ($2a$) and once faulty ($2x$) makers write it.

bcrypt takes 72 bytes and every maker of old cut a longer password there without a word, so
a long password is verified by its first 72 bytes. A new hash of a longer one is refused:
whoever knew its beginning would know enough."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import bcrypt

from ...errors import CreationRefused
from .contract import Limits, StoredHash, UnusableHash, within
from .libcrypt import crypt_fits

__all__ = ["Bcrypt", "BcryptMaker", "bcrypt_fits"]

LENGTH = 72
"""Bytes of a password that bcrypt takes."""

_PREFIX = re.compile(r"(bcrypt\$|bcrypt_sha256\$)?(?=\$2[abxy]\$)")
_WHOLE = re.compile(r"\$2([abxy])\$(\d\d)\$[./A-Za-z0-9]{53}")


class Bcrypt:
    """Also Django's two: one only puts a name before it, the other hashes SHA-256 in hex."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        prefix = _PREFIX.match(stored)
        if prefix is None:
            return None
        hashed_first = prefix[1] == "bcrypt_sha256$"
        name = "django-bcrypt-sha256" if hashed_first else "bcrypt"
        encoded = stored[prefix.end() :]
        whole = _WHOLE.fullmatch(encoded)
        if whole is None or not 4 <= int(whole[2]) <= 31:
            raise UnusableHash(name)
        cost = within(name, "cost", int(whole[2]), limits.bcrypt_cost)
        compute = _fits_2x if whole[1] == "x" else bcrypt_fits

        def fits(password: bytes) -> bool:
            if hashed_first:
                password = hashlib.sha256(password).hexdigest().encode("ascii")
            return compute(name, encoded, password[:LENGTH])

        return StoredHash(name, (cost,), fits)


def bcrypt_fits(name: str, encoded: str, password: bytes) -> bool:
    """Whether `password`, of 72 bytes at most and without NUL, fits `encoded`.

    Raises UnusableHash if the library does not take `encoded`."""
    try:
        return bcrypt.checkpw(password, encoded.encode("ascii"))
    except ValueError:
        raise UnusableHash(name) from None


def _fits_2x(name: str, encoded: str, password: bytes) -> bool:
    """$2x$ marks hashes of crypt_blowfish before 1.1, which took bytes above 127 wrongly.

    Only crypt(3) still computes those; of ASCII all makers make the same."""
    if password.isascii():
        return bcrypt_fits(name, encoded, password)
    return crypt_fits(name, encoded, password)


@dataclass(frozen=True, slots=True)
class BcryptMaker:
    """$2b$ by default, which all read today; `ident` "2y" is what PHP writes. About 0.25 s."""

    cost: int = 12
    ident: str = "2b"
    cuts: bool = False
    """Whether what is longer than bcrypt takes is cut: where it is a digest of the password, whose
    first 72 bytes are as good as all of it."""

    def make(self, password: bytes) -> str:
        """See `Maker`."""
        if len(password) > LENGTH and not self.cuts:
            raise CreationRefused(
                f"bcrypt takes passwords of {LENGTH} bytes of UTF-8; the one sent is longer"
            )
        salt = bcrypt.gensalt(self.cost, b"2b").decode("ascii")
        made = bcrypt.hashpw(password[:LENGTH], f"${self.ident}{salt[3:]}".encode("ascii"))
        return made.decode("ascii")

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        within("bcrypt", "cost", self.cost, limits.bcrypt_cost)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`."""
        return stored.scheme == "bcrypt" and stored.cost >= (self.cost,)
