"""Argon2 (RFC 9106) in its PHC string, which Django stores with "argon2" before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import (
    HashingError,
    InvalidHashError,
    VerificationError,
    VerifyMismatchError,
)
from argon2.low_level import Type, hash_secret_raw, verify_secret

from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["Argon2", "Argon2Cost", "Argon2Maker", "raw_argon2"]

_PREFIX = re.compile(r"(?:argon2)?(?=\$(argon2id|argon2i|argon2d)\$)")
_WHOLE = re.compile(r"\$argon2[id]{1,2}\$(?:v=\d+\$)?[mtp=,\d]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_VERSIONS = (16, 18, 19)
"""18 is what argon2-cffi calls a string without a version, which the library takes as 16."""


class Argon2:
    """Argon2i, Argon2d and Argon2id, of version 1.0 or 1.3."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """See `Scheme`."""
        prefix = _PREFIX.match(stored)
        if prefix is None:
            return None
        name, encoded = prefix[1], stored[prefix.end() :]
        try:
            found = extract_parameters(encoded)
        except InvalidHashError:
            raise UnusableHash(name) from None
        if not _WHOLE.fullmatch(encoded) or found.version not in _VERSIONS:
            raise UnusableHash(name)
        cost = Argon2Cost(found.memory_cost, found.time_cost, found.parallelism)
        cost.check(name, limits)
        return StoredHash(name, cost, lambda password: _fits(name, encoded, found.type, password))


class Argon2Cost(NamedTuple):
    """What decides how long an argon2 takes."""

    memory_kib: int
    passes: int
    lanes: int

    def check(self, name: str, limits: Limits) -> None:
        """Raises UnusableHash if it is above `limits`."""
        memory = within(name, "memory in KiB", self.memory_kib, limits.memory_kib)
        within(name, "memory times passes", memory * self.passes, limits.argon2_work_kib)
        within(name, "parallelism", self.lanes, limits.argon2_lanes)


def raw_argon2(
    name: str,
    kind: Type,
    password: bytes,
    salt: bytes,
    cost: Argon2Cost,
    size: int,
    version: int = 19,
) -> bytes:
    """`size` bytes of argon2, for schemes with a notation of their own.

    Raises as `StoredHash.fits`."""
    try:
        return hash_secret_raw(
            password, salt, cost.passes, cost.memory_kib, cost.lanes, size, kind, version
        )
    except HashingError as error:
        raise _meaning(name, error) from None


def _fits(name: str, encoded: str, kind: Type, password: bytes) -> bool:
    try:
        return verify_secret(encoded.encode("ascii"), password, kind)
    except VerifyMismatchError:
        return False
    except VerificationError as error:
        raise _meaning(name, error) from None


def _meaning(name: str, error: Exception) -> Exception:
    """The library says both "corrupt" and "no memory" with one class and a text."""
    if "emory alloc" in str(error) or "thread" in str(error).lower():
        return MemoryError(f"{name}: {error}")
    return UnusableHash(name)


@dataclass(frozen=True, slots=True)
class Argon2Maker:
    """Argon2id. The defaults are RFC 9106's second choice with one lane, so that a hash
    takes one core and no more: about 0.2 s."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 1

    def make(self, password: bytes) -> str:
        """See `Maker`."""
        hasher = PasswordHasher(self.passes, self.memory_kib, self.lanes)
        try:
            return hasher.hash(password)
        except HashingError as error:
            raise MemoryError(f"argon2id: {error}") from None

    def check(self, limits: Limits) -> None:
        """See `Maker`."""
        Argon2Cost(self.memory_kib, self.passes, self.lanes).check("argon2id", limits)

    def is_met_by(self, stored: StoredHash) -> bool:
        """See `Maker`. More memory may stand for passes."""
        if stored.scheme != "argon2id":
            return False
        memory, passes, _ = stored.cost
        return memory * passes >= self.memory_kib * self.passes
