"""What a suite is told, and how it looks at what a source gives."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

import pytest

from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import Address, Lookup, NewUser, Profile, Record
from ..core.ports import UserSource
from ..core.soundness import unsound
from .facts import Known

__all__ = ["Basis", "accept", "at_once", "keys_of", "missing"]

_AT_ONCE: Final = 8


class Basis:
    """What the tests of a source share; see `SourceSuite`."""

    login_rule: ClassVar[LoginRule] = LoginRule.EXACT
    creates: ClassVar[bool] = False
    rehashes: ClassVar[bool] = False
    seconds: ClassVar[float] = 5.0

    @pytest.fixture
    def source(self) -> UserSource:
        """The source that is tested."""
        raise NotImplementedError("override the fixture `source`: it returns your source")

    @pytest.fixture
    def known(self) -> Sequence[Known]:
        """Two of its users, or more."""
        raise NotImplementedError("override the fixture `known`: it returns two users or more")

    @pytest.fixture
    def shared_key(self) -> Lookup | None:
        """A login, ERID or primary key that two rows have; None if that cannot be."""
        return None

    @pytest.fixture
    def outage(self) -> AbstractContextManager[object] | None:
        """Breaks what the source asks, inside the block; None if there is no way to."""
        return None

    @pytest.fixture
    def newcomer(self) -> NewUser:
        """Somebody whom the source does not have. What is in the profile must be kept."""
        login = f"sso-bridge-{uuid.uuid4().hex[:12]}@example.com"
        password_hash = f"$2b$04${uuid.uuid4().hex}abcdefghijklmnopqrstu"
        return NewUser(login=login, password_hash=password_hash, erid=str(uuid.uuid4()))

    def _time(self) -> Deadline:
        return Deadline(self.seconds)

    def _found(self, source: UserSource, key: Lookup, *, profile: bool = False) -> Record:
        found = source.find(key, self._time(), profile=profile)
        assert found is not None, f"{key.kind} {key.value!r} finds nobody"
        return found

    def _check(self, one: Known, found: Record, how: str) -> None:
        assert found.subject == one.subject, how
        assert found.login == one.login, how
        assert set(one.other_logins) <= set(found.other_logins), how
        assert one.erid is None or found.erid == one.erid, how
        same = one.password_hash is None or found.password_hash == one.password_hash
        assert same, f"{how}: another password hash"

    def _has(self, record: Record, key: Lookup) -> bool:
        """Whether `record` has just this key."""
        if key.kind == "subject":
            return record.subject == key.value
        if key.kind == "erid":
            return record.erid == key.value
        logins = (record.login, *record.other_logins)
        return any(one is not None and self.login_rule.same(one, key.value) for one in logins)

    def _is_newcomer(self, record: Record, newcomer: NewUser) -> None:
        assert unsound(record) is None
        assert record.login == newcomer.login
        assert record.password_hash == newcomer.password_hash, "another password hash"
        assert record.erid in (None, newcomer.erid)
        assert record.active, "a new user may come in"


def accept(record: Record) -> None:
    """What a bridge does that has nothing against it."""


def keys_of(one: Known) -> list[Lookup]:
    """Every key that is theirs."""
    keys = [Lookup("subject", one.subject)]
    keys += [Lookup("login", login) for login in (one.login, *one.other_logins)]
    return keys if one.erid is None else [*keys, Lookup("erid", one.erid)]


def missing(
    expected: Profile | Address | None, found: Profile | Address | None, of: str = ""
) -> list[str]:
    """What of `expected` is something else in `found`."""
    wrong: list[str] = []
    for name, cell in expected._asdict().items() if expected is not None else ():
        other = getattr(found, name, None)
        if isinstance(cell, Address):
            wrong += missing(cell, other, f"{name}.")
        elif cell is not None and cell != other:
            wrong.append(f"{of}{name}")
    return wrong


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)`, `work(1)` … return, begun together in threads."""
    gate = threading.Barrier(_AT_ONCE)

    def one(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, range(_AT_ONCE)))
