"""Magento 2's `hash:salt:version`, and chains such as `hash:salt:0:1`: one hash over another.

Versions: 0 is MD5, 1 SHA-256, both of salt and password; 2 and `3_bytes_passes_memory` are
libsodium's argon2id. Facts: Magento's Encryptor."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from argon2.low_level import Type

from .argon2 import Argon2Cost, raw_argon2
from .contract import Limits, StoredHash, UnusableHash
from .rounds import digest

__all__ = ["Magento"]

_VERSION = r"(?:[012]|3_\d{1,3}_\d{1,6}_\d{1,12})"
_WHOLE = re.compile(rf"([0-9a-f]{{32,256}}):([^:]+):({_VERSION}(?::{_VERSION}){{0,3}})")
_INTERACTIVE = (32, 2, 65_536 * 1024)
"""Version 2: libsodium's bytes, passes and bytes of memory for a login."""
_SALT = 16
"""Bytes of a salt of libsodium: a shorter one is repeated, a longer one is cut."""
_DIGESTS = {"0": ("md5", 32), "1": ("sha256", 64)}


@dataclass(frozen=True, slots=True)
class _Link:
    """One hash of a chain: of text to hex digits."""

    label: str
    length: int
    cost: tuple[int, ...]
    compute: Callable[[bytes], bytes]


class Magento:
    """Any chain of up to four."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        whole = _WHOLE.fullmatch(stored)
        if whole is None:
            return None
        salt = whole[2].encode("ascii")
        links = [_link(version, salt, limits) for version in whole[3].split(":")]
        name = "-".join(["magento", *(link.label for link in links)])
        if len(whole[1]) != links[-1].length:
            raise UnusableHash(name)

        def fits(password: bytes) -> bool:
            for link in links:
                password = link.compute(password)
            return hmac.compare_digest(password, whole[1].encode("ascii"))

        return StoredHash(name, sum((link.cost for link in links), ()), fits)


def _link(version: str, salt: bytes, limits: Limits) -> _Link:
    if version in _DIGESTS:
        algorithm, length = _DIGESTS[version]
        compute = digest(algorithm)
        return _Link(algorithm, length, (), lambda text: compute(salt + text).hex().encode("ascii"))
    name = "magento-argon2id"
    size, passes, memory = (
        _INTERACTIVE if version == "2" else map(int, version.removeprefix("3_").split("_"))
    )
    cost = Argon2Cost(memory // 1024, passes, 1)
    cost.check(name, limits)
    if size < 16 or passes < 1 or cost.memory_kib < 8:
        raise UnusableHash(name)
    sodium_salt = (salt * _SALT)[:_SALT]

    def argon2(text: bytes) -> bytes:
        return raw_argon2(name, Type.ID, text, sodium_salt, cost, size).hex().encode("ascii")

    return _Link("argon2id", size * 2, cost, argon2)
