"""Verifies passwords against stored hashes and makes new ones: the port `Passwords`."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.alarms import PASSWORD_FORMAT_UNKNOWN
from ..core.deadline import Deadline
from ..core.ports import Observer
from ..errors import ConfigurationError, CreationRefused
from .pool import HashPool
from .schemes import SCHEMES, Limits, Maker, Scheme, StoredHash, UnusableHash, read
from .shape import is_locked, shape
from .usual import Sample, UsualHash

__all__ = ["PasswordHashes", "identify"]

LONGEST_PASSWORD = 4096
"""Bytes of UTF-8; passlib's limit, and four times the characters of any sane one."""

_PLACEHOLDER = b"placeholder"
"""Computed in place of a password that cannot be right; its result is thrown away."""

_SHORTEST_WHOLE = 72
"""Bytes that every maker takes; the dummy is not about the password's end."""


class PasswordHashes:
    """One source's passwords. Several share one `pool`.

    A password is its UTF-8 bytes as they came: not trimmed, not normalised, because the
    makers of stored hashes did neither. An empty one, one over `longest_password` bytes,
    one with NUL (where C libraries stop reading; XML cannot carry it) and one that is not
    Unicode (a lone surrogate) never verify and are never stored."""

    def __init__(
        self,
        *,
        pool: HashPool,
        observer: Observer,
        sample: Sample,
        maker: Maker,
        limits: Limits | None = None,
        schemes: Sequence[Scheme] = SCHEMES,
        longest_password: int = LONGEST_PASSWORD,
    ) -> None:
        self._pool, self._observer, self._maker = pool, observer, maker
        self._limits, self._schemes = limits or Limits(), schemes
        self._longest = longest_password
        self._usual = UsualHash(sample, self._limits, schemes)

    def verify(self, password: str, stored: str | None, deadline: Deadline) -> bool:
        """Whether `password` fits `stored`; see the port.

        Whatever `stored` is, one hash is computed, in the same queue: itself if it can
        be, else one of the usual cost, whose result is thrown away."""
        self._usual.learn(deadline)
        candidate, _ = self._candidate(password)
        found = self._read(stored)
        if found is not None:
            try:
                fits = self._pool.run(found.fits, candidate or _PLACEHOLDER, deadline)
            except UnusableHash as error:
                self._alarm(str(error))
            else:
                self._observer.step("computed the stored hash", scheme=found.scheme)
                return fits and candidate is not None
        self._compute_for_nobody(candidate or _PLACEHOLDER, deadline)
        return False

    def hash(self, password: str, deadline: Deadline) -> str:
        """A new hash; see the port. Raises CreationRefused for a password that cannot be
        stored whole, ConfigurationError if the hash made would be refused at login."""
        candidate, objection = self._candidate(password)
        if candidate is None:
            raise CreationRefused(f"the password {objection}")
        made = self._pool.run(self._maker.make, candidate, deadline)
        try:
            known = read(made, self._limits, self._schemes) is not None
        except UnusableHash as error:
            raise ConfigurationError(f"a login would refuse new passwords: {error}") from None
        if not known:
            raise ConfigurationError("a login would refuse new passwords: unknown scheme")
        return made

    def _candidate(self, password: str) -> tuple[bytes | None, str]:
        """The bytes to hash, or None and what is wrong with them."""
        try:
            candidate = password.encode("utf-8")
        except UnicodeEncodeError:
            return None, "is not Unicode text"
        if not candidate:
            return None, "is empty"
        if len(candidate) > self._longest:
            return None, f"is longer than {self._longest} bytes of UTF-8"
        if b"\0" in candidate:
            return None, "contains a NUL character"
        return candidate, ""

    def _read(self, stored: str | None) -> StoredHash | None:
        if stored is None or is_locked(stored):
            self._observer.step("there is no stored hash to verify")
            return None
        try:
            found = read(stored, self._limits, self._schemes)
        except UnusableHash as error:
            self._alarm(str(error))
            return None
        if found is None:
            self._alarm(shape(stored))
        return found

    def _alarm(self, details: str) -> None:
        self._observer.alarm(PASSWORD_FORMAT_UNKNOWN, details)

    def _compute_for_nobody(self, candidate: bytes, deadline: Deadline) -> None:
        usual = self._usual.hash
        if usual is not None:
            try:
                self._pool.run(usual.fits, candidate, deadline)
                return
            except UnusableHash:
                pass
        self._pool.run(self._maker.make, candidate[:_SHORTEST_WHOLE], deadline)


def identify(stored: str | None, schemes: Sequence[Scheme] = SCHEMES) -> str | None:
    """The label of the scheme of `stored`, such as "bcrypt", even if it is corrupt or too
    costly; "locked" for an empty one and the usual marks of "no password"; None if there
    is none or no scheme knows it. For counting; it holds no part of the hash."""
    if stored is None:
        return None
    if is_locked(stored):
        return "locked"
    try:
        found = read(stored, Limits(), schemes)
    except UnusableHash as error:
        return error.scheme
    return found.scheme if found is not None else None
