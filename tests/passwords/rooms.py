"""The room under test with cheap makers, and what the tests watch it through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sso_bridge.core.deadline import Deadline
from sso_bridge.passwords import SCHEMES, HashPool, Limits, Maker, PasswordHashes, Scheme
from sso_bridge.passwords.schemes import StoredHash, read
from sso_bridge.passwords.schemes.pbkdf2 import Pbkdf2Maker

CHEAP = Pbkdf2Maker(iterations=7)


class Alarms:
    """An Observer that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.steps: list[tuple[str, dict[str, str]]] = []

    def alarm(self, kind: str, details: str) -> None:
        self.seen.append((kind, details))

    def notice(self, kind: str, details: str) -> None:
        raise AssertionError("passwords are not noted")

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        raise AssertionError("passwords are throttled elsewhere")

    def step(self, what: str, **facts: str) -> None:
        self.steps.append((what, facts))


class Counted:
    """All real schemes, behind one that records each hash when it is computed."""

    def __init__(self, schemes: Sequence[Scheme] = SCHEMES) -> None:
        self._schemes = schemes
        self.computed: list[tuple[str, tuple[int, ...]]] = []
        self.passwords: list[bytes] = []

    def read(self, stored: str, limits: Limits) -> StoredHash | None:
        found = read(stored, limits, self._schemes)
        if found is None:
            return None

        def fits(password: bytes) -> bool:
            self.computed.append((found.scheme, found.cost))
            self.passwords.append(password)
            return found.fits(password)

        return StoredHash(found.scheme, found.cost, fits)


class CountedMaker:
    def __init__(self, maker: Maker = CHEAP) -> None:
        self._maker = maker
        self.made = 0

    def make(self, password: bytes) -> str:
        self.made += 1
        return self._maker.make(password)

    def check(self, limits: Limits) -> None:
        self._maker.check(limits)

    def is_met_by(self, stored: StoredHash) -> bool:
        return self._maker.is_met_by(stored)


def nothing_stored(count: int, deadline: Deadline) -> Sequence[str]:
    return ()


class Room:
    """A `PasswordHashes` and its surroundings."""

    def __init__(
        self,
        pool: HashPool,
        *,
        sample: Callable[[int, Deadline], Sequence[str]] = nothing_stored,
        maker: Maker = CHEAP,
        limits: Limits | None = None,
        longest_password: int = 4096,
        schemes: Sequence[Scheme] = SCHEMES,
        prepare: Callable[[bytes], bytes] | None = None,
        rehash: bool = False,
    ) -> None:
        self.alarms = Alarms()
        self.counted = Counted(schemes)
        self.maker = CountedMaker(maker)
        self.hashes = PasswordHashes(
            pool=pool,
            observer=self.alarms,
            sample=sample,
            maker=self.maker,
            limits=limits,
            schemes=[self.counted],
            longest_password=longest_password,
            prepare=prepare,
            rehash=rehash,
        )

    def verify(self, password: str, stored: str | None, seconds: float = 20.0) -> bool:
        return self.hashes.verify(password, stored, Deadline(seconds))

    def renewed(self, password: str, stored: str, seconds: float = 20.0) -> str | None:
        return self.hashes.renewed(password, stored, Deadline(seconds))

    def hash(self, password: str, seconds: float = 20.0) -> str:
        return self.hashes.hash(password, Deadline(seconds))
