"""The crypt(3) family: MD5 `$1$`, SHA-256 `$5$`, SHA-512 `$6$`, yescrypt `$y$` and old DES.

Facts: crypt(5) of libxcrypt; Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512"."""

from __future__ import annotations

import re
from functools import partial

from .contract import Limits, StoredHash, UnusableHash, within
from .libcrypt import crypt_fits

__all__ = ["DesCrypt", "Md5Crypt", "ShaCrypt", "Yescrypt"]

_MD5 = re.compile(r"\$1\$[^$:*!\\\s]{0,8}\$[./0-9A-Za-z]{22}")
_SHA = re.compile(
    r"\$[56]\$(?:rounds=([1-9]\d{0,9})\$)?[^$:*!\\\s]{0,16}\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})"
)
_LONGEST_COSTS = {"5": 8, "6": 6}
"""How many times as long a round of SHA-256 and SHA-512 takes for the longest password that the
library takes: nearly two of it are hashed in each."""
_DES = re.compile(r"[./0-9A-Za-z]{13}")
_YESCRYPT = re.compile(
    r"\$y\$j([./0-9A-Za-z])([./0-9A-Za-j])\$[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43}"
)
_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Md5Crypt:
    """Always 1,000 rounds, less than a millisecond."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if not stored.startswith("$1$"):
            return None
        if not _MD5.fullmatch(stored):
            raise UnusableHash("md5-crypt")
        return StoredHash("md5-crypt", (), partial(crypt_fits, "md5-crypt", stored))


class ShaCrypt:
    """5,000 rounds where none are written. The limit is for the longest password."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if not stored.startswith(("$5$", "$6$")):
            return None
        name, size = ("sha256-crypt", 43) if stored[1] == "5" else ("sha512-crypt", 86)
        whole = _SHA.fullmatch(stored)
        if whole is None or len(whole[2]) != size:
            raise UnusableHash(name)
        most = limits.crypt_rounds // _LONGEST_COSTS[stored[1]]
        rounds = within(name, "rounds", int(whole[1] or 5000), most)
        return StoredHash(name, (rounds,), partial(crypt_fits, name, stored))


class Yescrypt:
    """Its settings are the flavour j, log2 of N less 1, and r less 1, one digit each.

    That is all that crypt_gensalt(3) writes; a string with more of them is refused."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if not stored.startswith("$y$"):
            return None
        whole = _YESCRYPT.fullmatch(stored)
        if whole is None:
            raise UnusableHash("yescrypt")
        n, r = 1 << (_DIGITS.index(whole[1]) + 1), _DIGITS.index(whole[2]) + 1
        if n * r < 1024:  # libxcrypt makes none so small, and cannot compute some of them
            raise UnusableHash("yescrypt")
        within("yescrypt", "memory in KiB", n * r // 8, limits.memory_kib)
        return StoredHash("yescrypt", (n, r), partial(_yescrypt_fits, stored))


def _yescrypt_fits(stored: str, password: bytes) -> bool:
    try:
        return crypt_fits("yescrypt", stored, password)
    except UnusableHash:
        # libxcrypt says the same of a bad salt and of no memory. A small hash with this
        # salt tells them apart: it is refused too if the salt is bad.
        crypt_fits("yescrypt", "$y$j75$" + stored.split("$", 3)[3], password)
        raise MemoryError("yescrypt: no memory") from None


class DesCrypt:
    """The oldest: 8 characters of 7 bits count, because that is what its makers took.

    It has no prefix, so it comes last in the list."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        if not _DES.fullmatch(stored):
            return None
        return StoredHash("des-crypt", (), partial(crypt_fits, "des-crypt", stored))
