"""phpass's portable hash `$P$` (`$H$` in phpBB), and Drupal's `$S$`, the same over SHA-512.

Each round hashes the password again, so they take no longer one than their makers do.

Facts: Openwall's phpass and Drupal's PhpassHashedPassword. No library that is maintained computes
them with the GIL released."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from .contract import Limits, StoredHash, UnusableHash, within
from .rounds import digest, repeated
from .work import INSTEAD, LONGEST_PASSWORD, digest_work

__all__ = ["Phpass"]

_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX = re.compile(r"(U?)\$([PHS])\$")
_WHOLE = re.compile(r"U?\$[PHS]\$([5-9A-S])([./0-9A-Za-z]{8})([./0-9A-Za-z]+)")
_MD5_LENGTH, _SHA512_LENGTH = 22, 43
"""Characters of a digest. Drupal keeps the first 43 of SHA-512's 86, so that it fits its column."""
_LONGEST_OF_DRUPAL = 512
"""Bytes of a password, also of the MD5 that is hashed in place of a migrated one."""


class Phpass:
    """Also what Drupal made of the MD5 hashes of Drupal 6: `U$S$`, over the MD5 in hex."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        prefix = _PREFIX.match(stored)
        if prefix is None:
            return None
        migrated, is_drupal = prefix[1] == "U", prefix[2] == "S"
        name = "drupal-migrated" if migrated else "drupal-sha512" if is_drupal else "phpass"
        whole = _WHOLE.fullmatch(stored)
        length = _SHA512_LENGTH if is_drupal else _MD5_LENGTH
        if whole is None or len(whole[3]) != length:
            raise UnusableHash(name)
        algorithm, size = ("sha512", 64) if is_drupal else ("md5", 16)
        longest = _LONGEST_OF_DRUPAL if is_drupal else LONGEST_PASSWORD
        work = digest_work(algorithm, size + (2 * 16 if migrated else longest))
        most = int(limits.digest_rounds / work)
        rounds = within(name, "rounds", 1 << _DIGITS.index(whole[1]), most)
        compute, md5 = digest(algorithm), digest("md5")
        salt, expected = whole[2].encode("ascii"), whole[3]

        def fits(password: bytes) -> bool:
            if migrated:
                password = md5(password).hex().encode("ascii")
            too_long = len(password) > longest
            taken = INSTEAD if too_long else password
            computed = _phpass(compute, taken, salt, rounds)[:length]
            return hmac.compare_digest(computed, expected) and not too_long

        return StoredHash(name, (rounds, length), fits)


def _phpass(compute: Callable[[bytes], bytes], password: bytes, salt: bytes, rounds: int) -> str:
    first = compute(salt + password)
    return _written(repeated(lambda previous: compute(previous + password), first, rounds))


def _written(value: bytes) -> str:
    """Three bytes, the lowest first, in four digits of six bits, the lowest first."""
    written = []
    for start in range(0, len(value), 3):
        three = value[start : start + 3]
        number = int.from_bytes(three, "little")
        written += [_DIGITS[number >> 6 * place & 63] for place in range(len(three) + 1)]
    return "".join(written)
