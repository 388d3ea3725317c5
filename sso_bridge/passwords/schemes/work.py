"""What digests cost, counted in digests of a few bytes, by the most bytes they can be of.

Anybody can send a long password to a login. So limits hold for the longest that is computed, and
what is longer is refused after the time of a usual one."""

from __future__ import annotations

from typing import Final

__all__ = ["INSTEAD", "LONGEST_PASSWORD", "digest_work"]

LONGEST_PASSWORD: Final = 4096
"""Bytes of UTF-8; phpass's and passlib's limit, and four times the characters of any sane one."""

INSTEAD: Final = b"0123456789abcdef"
"""Computed in place of a password that is too long, for the time that a usual one takes."""

_FURTHER = 0.25
"""Of each further 64 bytes, where the processor has no instructions for it."""
_SHA512 = 1.5
"""Of the first; what SHA-384 and SHA-512 hash is filled up to 128 bytes."""


def digest_work(algorithm: str, size: int) -> float:
    """The work of one digest of `size` bytes, where MD5 of a few bytes is 1."""
    wide = algorithm in ("sha384", "sha512")
    blocks = -(-(size + (17 if wide else 9)) // 64)
    return (_SHA512 if wide else 1) + (blocks - 1) * _FURTHER
