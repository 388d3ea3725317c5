"""What a hash scheme is: it reads a stored hash, or says that it is not its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Limits", "Maker", "Scheme", "StoredHash", "UnusableHash", "within"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one stored hash may cost; a costlier one is refused, not computed.

    The defaults let through every default of the schemes' own libraries several times
    over, and keep one computation to a few seconds of one core."""

    memory_kib: int = 256 * 1024
    """argon2, scrypt, yescrypt: memory of one computation, in KiB."""

    argon2_work_kib: int = 4 * 1024 * 1024
    """argon2: memory times passes, in KiB; about a second for each 1,048,576."""

    argon2_lanes: int = 16
    """argon2: its `p`, which is also how many threads its library starts."""

    bcrypt_cost: int = 15
    """bcrypt: log2 of the rounds; 12 takes about 0.25 s and each further one doubles it."""

    scrypt_work: int = 2**23
    """scrypt: N times r times p; about half a second for each 1,048,576."""

    pbkdf2_iterations: int = 5_000_000
    """PBKDF2: iterations; about half a second for each 1,000,000 of SHA-256."""

    crypt_rounds: int = 5_000_000
    """`$5$` and `$6$` of crypt(3): rounds; about half a second for each 1,000,000."""


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


class UnusableHash(Exception):
    """A hash of a known scheme that is corrupt, too costly, or that this machine cannot do.

    Never leaves this room. `reason` names parameters; it holds no part of salt or digest."""

    def __init__(self, scheme: str, reason: str = "corrupt") -> None:
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


def within(scheme: str, what: str, value: int, limit: int) -> int:
    """`value`; raises UnusableHash if it is above `limit`."""
    if value > limit:
        raise UnusableHash(scheme, f"{what} is {value}, above the limit of {limit}")
    return value
