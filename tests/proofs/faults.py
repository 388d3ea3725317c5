"""Faults to plant, so that it is seen that the proofs find them."""

from __future__ import annotations

import os
import signal
from typing import Any

from sqlalchemy import MetaData, UniqueConstraint, text

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.directory import Found
from sso_bridge.core.model import Binding, Person
from sso_bridge.ledger import claims
from sso_bridge.ledger.schema import ENTRY
from sso_bridge.wiring import Parts
from tests.proofs.town import SOURCES, Town

__all__ = [
    "drop_uniqueness",
    "forget_bindings",
    "lose_users",
    "never_resume",
    "short_leases",
    "short_leases_and_sudden_deaths",
]


def drop_uniqueness(town: Town) -> None:
    """A ledger that looks up and then inserts, and has no constraint to stop a second one."""
    loose = ENTRY.to_metadata(MetaData())
    loose.constraints = {c for c in loose.constraints if not isinstance(c, UniqueConstraint)}
    with town.ledger() as engine:
        loose.drop(engine)
        loose.create(engine)


def lose_users(town: Town) -> None:
    """A user database that comes back from a crash without every third user."""
    with town.users() as engine, engine.begin() as connection:
        for source in SOURCES:
            connection.execute(text(f"DELETE FROM users_{source} WHERE id % 3 = 0"))


def short_leases(parts: Parts) -> None:
    """No fault: the claims of the dead end soon, so that a test need not wait for them."""
    claims._GRACE_SECONDS = 0.3


def forget_bindings(parts: Parts) -> None:
    """A ledger that says that it recorded what it did not."""
    short_leases(parts)

    def bind(person: Person, erid: str, deadline: Deadline, **more: Any) -> Binding:
        return Binding(person, erid, more["origin"], more.get("created", False), more.get("seal"))

    parts.ledger.bind = bind  # type: ignore[method-assign]


def short_leases_and_sudden_deaths(parts: Parts) -> None:
    """No fault either: a process dies at the worst moment, between user and ERID."""
    short_leases(parts)

    def dying(found: Found, minted: str, deadline: Deadline) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    parts.guard.newborn = dying  # type: ignore[method-assign]


def never_resume(parts: Parts) -> None:
    """Claims that do not tell that a creation was cut short."""
    short_leases(parts)
    claim = parts.ledger.claim

    def first(source: str, login: str, deadline: Deadline) -> claims.SqlClaim:
        taken = claim(source, login, deadline)
        taken._resumed = False
        return taken

    parts.ledger.claim = first  # type: ignore[method-assign]
