"""A source that keeps everything to the contract, over rows in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sso_bridge.core.alarms import AMBIGUOUS_KEY
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.model import Lookup, NewUser, Profile, Record
from sso_bridge.errors import IdentityAlarm, SourceUnavailable


def row(subject: str, login: str, **more: object) -> Record:
    """A row with a hash and a profile."""
    return Record(
        subject=subject,
        login=login,
        erid=f"E-{subject}",
        password_hash=f"$2b$04$Hash{subject}",
        profile=Profile(first_name=login.title(), email=f"{login}@example.com"),
        **more,  # type: ignore[arg-type]
    )


@dataclass(eq=False)
class Remembered:
    """Implements `core.ports.UserSource`. Each method is one that a wrong source gets wrong."""

    rows: list[Record] = field(
        default_factory=lambda: [
            row("1", "bob", other_logins=("robert",)),
            row("2", "eve"),
            row("17", "ida", active=False),
            row("18", "twin"),
            row("19", "twin"),
        ],
        repr=False,
    )
    is_broken: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        self.ask(deadline)
        found = [one for one in list(self.rows) if self.has(one, key)]
        if len(found) > 1:
            return self.several(found)
        return self.shown(found[0], profile) if found else self.nobody(key)

    def has(self, record: Record, key: Lookup) -> bool:
        logins = (record.login, *record.other_logins)
        return {
            "subject": record.subject == key.value,
            "login": key.value in logins,
            "erid": record.erid == key.value,
        }[key.kind]

    def several(self, found: Sequence[Record]) -> Record:
        raise IdentityAlarm(AMBIGUOUS_KEY, "two rows")

    def nobody(self, key: Lookup) -> Record | None:
        return None

    def shown(self, record: Record, profile: bool) -> Record:
        return record if profile else replace(record, profile=Profile())

    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        self.ask(deadline)
        with self.lock:
            if any(user.login in (one.login, *one.other_logins) for one in self.rows):
                return None
            made = self.made(user)
            accept(made)
            self.rows.append(made)
        return made

    def made(self, user: NewUser) -> Record:
        return Record(
            subject=str(100 + len(self.rows)),
            login=user.login,
            erid=user.erid,
            password_hash=user.password_hash,
            profile=user.profile,
        )

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> bool:
        self.ask(deadline)
        with self.lock:
            for place, one in enumerate(self.rows):
                if one.subject == subject and self.fits(one, old):
                    self.rows[place] = replace(one, password_hash=new)
                    return True
        return False

    def fits(self, record: Record, old: str) -> bool:
        return record.password_hash == old

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        self.ask(deadline)
        return [one.password_hash for one in self.rows if one.password_hash][:count]

    def check(self, deadline: Deadline) -> None:
        self.ask(deadline)

    def ask(self, deadline: Deadline) -> None:
        deadline.left()
        if self.is_broken:
            raise SourceUnavailable("does not answer")

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.is_broken = True
        yield
        self.is_broken = False
