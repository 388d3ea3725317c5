"""The right to create one login, held by one caller at a time on all nodes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ..core.deadline import Deadline
from ..core.turn import TURN
from ..database import Database
from ..errors import Busy, DeadlineExceeded, Unavailable
from .schema import CLAIM

__all__ = ["SqlClaim"]

_POLL_SECONDS = 0.02
_GRACE_SECONDS = 5.0
"""A lease outlives its holder's deadline by this much, for clocks that differ between nodes."""
_LONGEST_SECONDS = 3600.0 + 2 * _GRACE_SECONDS
"""No lease ends later than this, `server.call_seconds` being an hour at most: one that seems to was
written while a clock was ahead, and would stand in the way until then."""


class SqlClaim:
    """A row of the claim table, owned by one caller until its lease ends.

    Implements `core.ports.Claim`."""

    def __init__(self, database: Database, digest: str, owner: str, *, resumed: bool) -> None:
        self._database = database
        self._mine = (CLAIM.c.login_digest == digest) & (CLAIM.c.owner == owner)
        self._resumed = resumed

    @property
    def resumed(self) -> bool:
        """Whether an earlier creation of the same login began and was never finished."""
        return self._resumed

    @classmethod
    def take(
        cls,
        database: Database,
        digest: str,
        deadline: Deadline,
        *,
        clock: Callable[[], float],
    ) -> SqlClaim:
        """Own the claim to the login with this digest, waiting for another owner; raises Busy at
        the deadline."""
        owner = uuid.uuid4().hex
        try:
            while True:
                lease_ends = clock() + deadline.left() + _GRACE_SECONDS
                if cls._first(database, digest, owner, lease_ends, deadline):
                    return cls(database, digest, owner, resumed=False)
                if cls._next(database, digest, owner, lease_ends, clock(), deadline):
                    return cls(database, digest, owner, resumed=True)
                with TURN.lent():
                    time.sleep(min(_POLL_SECONDS, deadline.left()))
        except DeadlineExceeded:
            raise Busy("another creation of the same login is under way") from None

    @staticmethod
    def _first(
        database: Database, digest: str, owner: str, lease_ends: float, deadline: Deadline
    ) -> bool:
        """Whether nobody had the claim, and now `owner` has."""
        row = {"login_digest": digest, "owner": owner, "lease_ends": lease_ends}
        try:
            database.write(deadline, lambda c: c.execute(insert(CLAIM).values(row)))
        except IntegrityError:
            return False
        return True

    @staticmethod
    def _next(
        database: Database,
        digest: str,
        owner: str,
        lease_ends: float,
        now: float,
        deadline: Deadline,
    ) -> bool:
        """Whether the last owner's lease was over, and now the claim is `owner`'s. An owner who is
        still at it notices, see `confirm`."""
        over = (CLAIM.c.login_digest == digest) & or_(
            CLAIM.c.lease_ends < now,
            CLAIM.c.lease_ends > now + _LONGEST_SECONDS,
            CLAIM.c.owner == "",
        )
        take = update(CLAIM).where(over).values(owner=owner, lease_ends=lease_ends)
        return database.write(deadline, lambda c: bool(c.execute(take).rowcount))

    def confirm(self, deadline: Deadline) -> None:
        """Raises Busy if the lease ended and another caller has taken over."""
        with self._database.connection(deadline) as connection:
            if connection.execute(select(CLAIM.c.owner).where(self._mine)).first() is None:
                raise Busy("another caller has taken over the creation")

    def finish(self, deadline: Deadline) -> None:
        """Forget the claim."""
        self._database.write(deadline, lambda c: c.execute(delete(CLAIM).where(self._mine)))

    def abandon(self) -> None:
        """Let the next caller resume at once; never raises."""
        try:
            give_up = update(CLAIM).where(self._mine).values(owner="", lease_ends=0.0)
            self._database.write(Deadline(1.0), lambda c: c.execute(give_up))
        except Unavailable:
            return  # the lease will end by itself
