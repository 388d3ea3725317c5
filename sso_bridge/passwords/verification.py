"""Verifies passwords against stored hashes and makes new ones: the port `Passwords`."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

from ..core.alarms import PASSWORD_FORMAT_UNKNOWN
from ..core.deadline import Deadline
from ..core.ports import Observer
from ..core.turn import TURN
from ..errors import BridgeError, ConfigurationError, CreationRefused
from .pool import HashPool
from .schemes import SCHEMES, Limits, Maker, Scheme, StoredHash, UnusableHash, read
from .schemes.work import LONGEST_PASSWORD
from .shape import is_locked, shape
from .usual import Sample, UsualHash

__all__ = ["PasswordHashes", "cost_of", "identify"]

_PLACEHOLDER = b"placeholder"
"""Computed in place of a password that cannot be right; its result is thrown away."""

_SHORTEST_WHOLE = 72
"""Bytes that every maker takes; the dummy is not about the password's end."""


class PasswordHashes:
    """One source's passwords. Several share one `pool`.

    A password is its UTF-8 bytes as they came: not trimmed, not normalised, because the
    makers of stored hashes did neither. An empty one, one over `longest_password` bytes,
    one with NUL (where C libraries stop reading; XML cannot carry it) and one that is not
    Unicode (a lone surrogate) never verify and are never stored.

    `prepare` makes of a password the bytes that hashes are computed of instead, without NUL, or
    nothing if it is nobody's; its time is no matter. What it makes may not be longer either.
    `rehash` is whether `renewed` ever makes a hash."""

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
        prepare: Callable[[bytes], bytes] | None = None,
        rehash: bool = False,
    ) -> None:
        self._pool, self._observer, self._maker = pool, observer, maker
        self._limits, self._schemes = limits or Limits(), schemes
        self._longest = longest_password
        self._prepare, self._rehash = prepare, rehash
        self._usual = UsualHash(sample, self._limits, schemes)

    def check_room(self, deadline: Deadline) -> None:
        """See the port."""
        self._pool.check_room(deadline)

    def verify(
        self, password: str, stored: str | None, deadline: Deadline, *, not_before: float = 0.0
    ) -> bool:
        """Whether `password` fits `stored`; see the port.

        Whatever `stored` is, one hash is computed, in the same queue: itself if it can
        be, else one of the usual cost, whose result is thrown away."""
        self._usual.learn(deadline)
        candidate, _ = self._candidate(password)
        found = self._read(stored)
        _wait_until(not_before)
        if found is not None:
            try:
                fits = self._pool.run(found.fits, candidate or _PLACEHOLDER, deadline, _kind(found))
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
        made = self._pool.run(self._maker.make, candidate, deadline, type(self._maker))
        try:
            known = read(made, self._limits, self._schemes) is not None
        except UnusableHash as error:
            raise ConfigurationError(f"a login would refuse new passwords: {error}") from None
        if not known:
            raise ConfigurationError("a login would refuse new passwords: unknown scheme")
        return made

    def renewed(self, password: str, stored: str, deadline: Deadline) -> str | None:
        """A new hash of `password`, which was verified against `stored`, where that is of another
        scheme than new hashes or costs less.

        None if it need not be, or `rehash` is off, or it cannot be now: no time, a full queue, a
        password that the scheme does not take. Never raises."""
        if not self._rehash or self._is_met_by(stored):
            return None
        try:
            made = self.hash(password, deadline)
        except BridgeError:
            return None
        # Else every login would make another one.
        return made if self._is_met_by(made) else None

    def _is_met_by(self, stored: str) -> bool:
        try:
            found = read(stored, self._limits, self._schemes)
        except UnusableHash:
            return False
        return found is not None and self._maker.is_met_by(found)

    def identify(self, stored: str | None) -> str | None:
        """As the function of that name, with this source's own schemes too."""
        return identify(stored, self._schemes)

    def cost_of(self, stored: str) -> float | None:
        """As the function of that name, with this source's own schemes and limits."""
        return cost_of(stored, self._limits, self._schemes)

    def _candidate(self, password: str) -> tuple[bytes | None, str]:
        """The bytes to hash, or None and what is wrong with them."""
        try:
            candidate = password.encode("utf-8")
        except UnicodeEncodeError:
            return None, "is not Unicode text"
        if not candidate:
            return None, "is empty"
        too_long = f"is longer than {self._longest} bytes of UTF-8"
        if len(candidate) > self._longest:
            return None, too_long
        if b"\0" in candidate:
            return None, "contains a NUL character"
        if self._prepare is not None:
            candidate = self._prepare(candidate)
            if len(candidate) > self._longest:
                return None, too_long
        return (candidate, "") if candidate else (None, "is empty")

    def _read(self, stored: str | None) -> StoredHash | None:
        try:
            found = None if stored is None else read(stored, self._limits, self._schemes)
        except UnusableHash as error:
            self._alarm(str(error))
            return None
        # After the schemes: a salt may well begin as a mark of "no password" does.
        if stored is None or (found is None and is_locked(stored)):
            self._observer.step("there is no stored hash to verify")
        elif found is None:
            self._alarm(shape(stored))
        return found

    def _alarm(self, details: str) -> None:
        self._observer.alarm(PASSWORD_FORMAT_UNKNOWN, details)

    def _compute_for_nobody(self, candidate: bytes, deadline: Deadline) -> None:
        usual = self._usual.hash
        if usual is not None:
            try:
                self._pool.run(usual.fits, candidate, deadline, _kind(usual))
                return
            except UnusableHash:
                # One that this machine cannot do after all. No user has it here, and nobody's
                # alarm is due: a new hash takes its place.
                pass
        self._pool.run(self._maker.make, candidate[:_SHORTEST_WHOLE], deadline, type(self._maker))


def _wait_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        TURN.give_back()  # for good, as the pool does
        time.sleep(left)


def _kind(found: StoredHash) -> Hashable:
    """What decides how long it takes: not the hash itself, which holds a secret."""
    return found.scheme, found.cost


def identify(stored: str | None, schemes: Sequence[Scheme] = SCHEMES) -> str | None:
    """The label of the scheme of `stored`, such as "bcrypt", even if it is corrupt or too
    costly; "locked" for an empty one and the usual marks of "no password"; None if there
    is none or no scheme knows it. For counting; it holds no part of the hash."""
    if stored is None:
        return None
    try:
        found = read(stored, Limits(), schemes)
    except UnusableHash as error:
        return error.scheme
    if found is None:
        return "locked" if is_locked(stored) else None
    return found.scheme


def cost_of(
    stored: str, limits: Limits | None = None, schemes: Sequence[Scheme] = SCHEMES
) -> float | None:
    """Seconds that one verification of `stored` takes on this machine, by doing it once with a
    password of no matter; None if no login would compute it. Takes that long."""
    try:
        found = read(stored, limits or Limits(), schemes)
        if found is None:
            return None
        began = time.perf_counter()
        found.fits(_PLACEHOLDER)
    except (UnusableHash, MemoryError):
        return None
    return time.perf_counter() - began
