"""ASP.NET Core Identity's PasswordHasher, versions 2 and 3: PBKDF2 in one piece of base64.

Version 2 is also what ASP.NET Identity and SimpleMembership wrote. Facts: the comment that
PasswordHasher.cs begins with."""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from binascii import Error

from .contract import Limits, StoredHash, UnusableHash
from .pbkdf2 import pbkdf2

__all__ = ["AspNetIdentity"]

_VERSION_2 = re.compile(r"A[A-P][A-Za-z0-9+/]{64}==")
"""49 bytes, the first of them 0."""
_VERSION_3 = re.compile(r"AQAAAA[A-Za-z0-9+/]{54,}={0,2}")
"""A 1, the number of the digest in four bytes, iterations, length of the salt, salt, result."""

_VERSION_2_ITERATIONS = 1000
_DIGESTS = ("sha1", "sha256", "sha512")
_HEAD = struct.Struct(">BIII")
_SALTS = range(16, 129)
_RESULTS = (16, 32, 64)
"""Bytes of a salt and of a result: .NET refuses less than 16 of either."""


class AspNetIdentity:
    """Version 2: SHA-1, 1,000 iterations. Version 3: SHA-1, SHA-256 or SHA-512, any number."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if _VERSION_2.fullmatch(stored):
            return _version_2(b64decode(stored), limits)
        if _VERSION_3.fullmatch(stored):
            return _version_3(stored, limits)
        return None


def _version_2(blob: bytes, limits: Limits) -> StoredHash:
    salt, digest = blob[1:17], blob[17:]
    return pbkdf2("aspnet-identity-v2", "sha1", salt, _VERSION_2_ITERATIONS, digest, limits)


def _version_3(stored: str, limits: Limits) -> StoredHash:
    name = "aspnet-identity-v3"
    try:
        blob = b64decode(stored, validate=True)
        _, number, iterations, length = _HEAD.unpack_from(blob)
        algorithm = _DIGESTS[number]
    except (Error, ValueError, struct.error, IndexError):
        raise UnusableHash(name) from None
    salt, digest = blob[_HEAD.size :][:length], blob[_HEAD.size + length :]
    if iterations < 1 or length not in _SALTS or len(digest) not in _RESULTS:
        raise UnusableHash(name)
    return pbkdf2(name, algorithm, salt, iterations, digest, limits)
