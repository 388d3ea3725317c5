"""Argon2 (RFC 9106) in its PHC string, which Django stores with "argon2" before it."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import NamedTuple

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import HashingError, InvalidHashError
from argon2.low_level import Type, core, error_to_str, ffi

from .contract import Limits, StoredHash, UnusableHash, within

__all__ = ["Argon2", "Argon2Cost", "Argon2Maker", "raw_argon2"]

_PREFIX = re.compile(r"(?:argon2)?(?=\$(argon2id|argon2i|argon2d)\$)")
_WHOLE = re.compile(
    r"\$argon2[id]{1,2}\$(?:v=\d+\$)?[mtp=,\d]+\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
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
        whole = _WHOLE.fullmatch(encoded)
        if whole is None or found.version not in _VERSIONS:
            raise UnusableHash(name)
        try:
            salt, digest = (b64decode(part + "=" * (-len(part) % 4)) for part in whole.groups())
        except Error:
            raise UnusableHash(name) from None
        version = 19 if found.version == 19 else 16
        cost = Argon2Cost(found.memory_cost, found.time_cost, found.parallelism)
        cost.check(name, limits)

        def fits(password: bytes) -> bool:
            computed = raw_argon2(name, found.type, password, salt, cost, len(digest), version)
            return hmac.compare_digest(computed, digest)

        return StoredHash(name, cost, fits)


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
    """`size` bytes of argon2, which the notations of several schemes hold.

    The lanes are computed one after another: one thread for each, as the library's own functions
    do it, would give one login several times the share of the processors that it is to have.

    Raises as `StoredHash.fits`."""
    made = ffi.new("uint8_t[]", size)
    code = core(
        ffi.new(
            "argon2_context *",
            {
                "out": made,
                "outlen": size,
                "pwd": ffi.from_buffer("uint8_t[]", password),
                "pwdlen": len(password),
                "salt": ffi.from_buffer("uint8_t[]", salt),
                "saltlen": len(salt),
                "t_cost": cost.passes,
                "m_cost": cost.memory_kib,
                "lanes": cost.lanes,
                "threads": 1,
                "version": version,
            },
        ),
        kind.value,
    )
    if code:
        raise _meaning(name, error_to_str(code))
    return bytes(ffi.buffer(made))


def _meaning(name: str, error: str) -> Exception:
    """The library says both "corrupt" and "no memory" with a text."""
    if "emory alloc" in error or "thread" in error.lower():
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
