"""One digest with a salt: Django's `md5$salt$…` and `sha1$salt$…`, Werkzeug's `sha256$salt$…`
(an HMAC with the salt as its key), and bare digests without any salt.

Both wrote `md5$` and `sha1$`, so either computation counts. All of them are quick to try out by
whoever steals them."""

from __future__ import annotations

import hmac
import re

from .contract import Limits, StoredHash, UnusableHash, only_where_allowed
from .rounds import DIGESTS, digest

__all__ = ["Bare", "Salted"]

_NAMES = "|".join(DIGESTS)
_PREFIX = re.compile(rf"({_NAMES})\$")
_WHOLE = re.compile(rf"(?:{_NAMES})\$([^$]*)\$([0-9a-f]+)")
_BARE = re.compile(r"[0-9a-fA-F]+")
_BARE_KINDS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


class Salted:
    """`digest$salt$hex`. An empty salt is none."""

    def __init__(self, allow_weak: bool = False) -> None:
        self._allow_weak = allow_weak

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        prefix = _PREFIX.match(stored)
        if prefix is None:
            return None
        algorithm = prefix[1]
        name = f"salted-{algorithm}"
        whole = _WHOLE.fullmatch(stored)
        if whole is None or len(whole[2]) != 2 * DIGESTS[algorithm]:
            raise UnusableHash(name)
        salt, expected = whole[1].encode("ascii"), bytes.fromhex(whole[2])
        if not salt:
            return bare(algorithm, expected, self._allow_weak)
        compute = digest(algorithm)

        def fits(password: bytes) -> bool:
            as_django = hmac.compare_digest(compute(salt + password), expected)
            as_werkzeug = hmac.compare_digest(hmac.digest(salt, password, algorithm), expected)
            return as_django or as_werkzeug

        return StoredHash(name, (), fits)


class Bare:
    """MD5, SHA-1, SHA-256 and SHA-512 in hex, and nothing else in the column."""

    def __init__(self, allow_weak: bool = False) -> None:
        self._allow_weak = allow_weak

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        algorithm = _BARE_KINDS.get(len(stored))
        if algorithm is None or not _BARE.fullmatch(stored):
            return None
        return bare(algorithm, bytes.fromhex(stored), self._allow_weak)


def bare(algorithm: str, expected: bytes, allow_weak: bool) -> StoredHash:
    """The digest of the password alone; raises UnusableHash unless that is allowed."""
    name = f"bare-{algorithm}"
    only_where_allowed(name, allow_weak)
    compute = digest(algorithm)
    return StoredHash(name, (), lambda word: hmac.compare_digest(compute(word), expected))
