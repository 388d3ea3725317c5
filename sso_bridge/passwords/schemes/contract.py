"""What a hash scheme is: it reads a stored hash, or says that it is not its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = [
    "CORRUPT",
    "MEMORY_MIB",
    "SECONDS",
    "Limits",
    "Maker",
    "Scheme",
    "StoredHash",
    "UnusableHash",
    "only_where_allowed",
    "within",
]


ARGON2_A_SECOND = 1024 * 1024
SCRYPT_A_SECOND = 2 * 1024 * 1024
PBKDF2_A_SECOND = 2_000_000
CRYPT_A_SECOND = 2_000_000
DIGESTS_A_SECOND = 1_000_000
BCRYPT_12_SECONDS = 0.25
"""What one core of a server of 2020 does: KiB times passes of argon2; N times r times p of
scrypt; iterations of PBKDF2 with SHA-256; rounds of SHA-crypt; digests of a few bytes, one after
another, made in Python; and the seconds of bcrypt with cost 12. Limits are the same on every
machine, so that a hash is not refused on a slow one only."""

SECONDS = 2.5
MEMORY_MIB = 256
"""The limits where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one stored hash may cost; a costlier one is refused, not computed.

    The defaults let through every default of the schemes' own libraries several times
    over, and keep one computation to `SECONDS` of one core."""

    memory_kib: int = MEMORY_MIB * 1024
    """argon2, scrypt, yescrypt: memory of one computation, in KiB."""

    argon2_work_kib: int = int(SECONDS * ARGON2_A_SECOND)
    """argon2: memory times passes, in KiB."""

    argon2_lanes: int = 16
    """argon2: its `p`. It is computed in one thread all the same."""

    bcrypt_cost: int = 15
    """bcrypt: log2 of the rounds; each further one doubles the time."""

    scrypt_work: int = int(SECONDS * SCRYPT_A_SECOND)
    """scrypt: N times r times p."""

    pbkdf2_iterations: int = int(SECONDS * PBKDF2_A_SECOND)
    """PBKDF2: iterations, times the digests that its result is long."""

    crypt_rounds: int = int(SECONDS * CRYPT_A_SECOND)
    """`$5$` and `$6$` of crypt(3): rounds with a short password. A hash may have so many that the
    longest password takes no longer."""

    digest_rounds: int = int(SECONDS * DIGESTS_A_SECOND)
    """phpass, Drupal and declared digests: digests of a few bytes, one after another. Longer ones
    count as several (see work.py), and all of them with the longest password."""

    @classmethod
    def of(cls, seconds: float, memory_mib: int) -> Limits:
        """Limits of about `seconds` on one core, and of `memory_mib`."""
        bcrypt = 12 + math.floor(math.log2(seconds / BCRYPT_12_SECONDS))
        return cls(
            memory_kib=memory_mib * 1024,
            argon2_work_kib=int(seconds * ARGON2_A_SECOND),
            bcrypt_cost=min(max(bcrypt, 4), 31),
            scrypt_work=int(seconds * SCRYPT_A_SECOND),
            pbkdf2_iterations=int(seconds * PBKDF2_A_SECOND),
            crypt_rounds=int(seconds * CRYPT_A_SECOND),
            digest_rounds=int(seconds * DIGESTS_A_SECOND),
        )


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A stored hash that can be computed. It holds the secret in a closure: no repr."""

    scheme: str
    """A label for metrics and reports, such as "argon2id"."""

    cost: tuple[int, ...]
    """What decides how long it takes. Equal schemes and costs take equally long."""

    fits: Callable[[bytes], bool] = field(repr=False, compare=False)
    """Whether a password of UTF-8 without NUL fits, compared in constant time.

    Takes its time with the GIL released. Raises UnusableHash if the library will not
    compute it after all, MemoryError if there is no memory to."""


CORRUPT = "corrupt"


class UnusableHash(Exception):
    """A hash of a known scheme that is corrupt, too costly, or that this machine cannot do.

    Never leaves this room. `reason` names parameters; it holds no part of salt or digest."""

    def __init__(self, scheme: str, reason: str = CORRUPT) -> None:
        super().__init__(f"{scheme}: {reason}")
        self.scheme = scheme
        self.reason = reason


class Scheme(Protocol):
    """Reads the stored hashes of one family."""

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        """`stored` made ready for verification; None if it is not of this family.

        `stored` is printable ASCII. Raises UnusableHash if it is of this family and no good, or
        above `limits`. Computes nothing."""


class Maker(Protocol):
    """Makes new hashes in one scheme."""

    def make(self, password: bytes) -> str:
        """A new hash, as the source stores it, of UTF-8 without NUL; the GIL is released.

        Raises CreationRefused for a password that the scheme cannot take whole,
        MemoryError if there is no memory to compute it."""

    def check(self, limits: Limits) -> None:
        """Raises UnusableHash if a new hash would be above `limits`. Computes nothing."""

    def is_met_by(self, stored: StoredHash) -> bool:
        """Whether `stored` is of this scheme and costs no less than a new hash would."""


def within(scheme: str, what: str, value: int, limit: int) -> int:
    """`value`; raises UnusableHash if it is above `limit`."""
    if value > limit:
        raise UnusableHash(scheme, f"{what} is {value}, above the limit of {limit}")
    return value


def only_where_allowed(scheme: str, allowed: bool) -> None:
    """Raises UnusableHash for a hash without salt and cost, unless it was allowed."""
    if not allowed:
        raise UnusableHash(scheme, "has no salt; it is verified only where allow_weak = true")
