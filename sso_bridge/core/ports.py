"""What the core needs from the world: one small contract for each room that serves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .deadline import Deadline
from .model import Binding, Fingerprint, Identity, Lookup, NewUser, Person, Record

if TYPE_CHECKING:
    from .call import Call

__all__ = [
    "Attempt",
    "Claim",
    "Ledger",
    "Observer",
    "PasswordTransit",
    "Passwords",
    "Replays",
    "SessionFormat",
    "SessionIssuer",
    "Throttle",
    "Tracer",
    "Trail",
    "UserSource",
]


class UserSource(Protocol):
    """The client's user database, whatever it looks like."""

    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        """The one user that `key` names, or None if there is none.

        Without `profile` the profile in the record may be left empty. Raises
        IdentityAlarm if several rows are named, SourceUnavailable for an outage,
        DeadlineExceeded."""

    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        """Insert `user` and return the row as it was read back; None if the database says
        that the login (or another unique value) is taken.

        `accept` sees the row before it is committed and may raise to undo it. Nothing is
        left behind by a failure. Raises SourceUnavailable for an outage, IdentityAlarm
        if the row that was read back is not the one that was written."""

    def replace_hash(self, subject: str, old: str, new: str, deadline: Deadline) -> bool:
        """Store `new` as the password hash of the user `subject` if it is `old` now; whether it was
        done. Asked only where the configuration says `rehash`. Raises SourceUnavailable,
        IdentityAlarm if the database refuses it, DeadlineExceeded."""

    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        """Up to `count` stored hashes, to learn which scheme most users have."""

    def check(self, deadline: Deadline) -> None:
        """Raises SourceUnavailable unless the database answers."""


class Claim(Protocol):
    """The right to create one login, held by one caller at a time on all nodes."""

    @property
    def resumed(self) -> bool:
        """Whether an earlier creation of the same login began and was never finished."""

    def confirm(self, deadline: Deadline) -> None:
        """Raises Busy if the lease ended and another caller has taken over."""

    def finish(self, deadline: Deadline) -> None:
        """The account is complete, or will not be made: forget the claim."""

    def abandon(self) -> None:
        """It is not known how far the creation came: let the next caller resume it at once.

        Never raises. A claim of a process that died is resumed when its lease ends."""


class Ledger(Protocol):
    """Which person has which ERID, for ever.

    What is not given back as None or raised as an alarm may be remembered: an ERID
    changes hands by an operator's command alone. Raises LedgerUnavailable for an outage."""

    def binding(self, person: Person, deadline: Deadline) -> Binding | None:
        """The ERID that `person` has; None if none was ever given.

        Raises IdentityAlarm if an operator took it back."""

    def made_here(self, person: Person, deadline: Deadline) -> bool:
        """Whether this bridge made the account of `person`. Another node may just have marked it
        so: no is never an answer from memory. Raises as `binding`."""

    def holder(self, erid: str, deadline: Deadline) -> Person | None:
        """Who has exactly this ERID, or None if nobody does."""

    def bind(
        self,
        person: Person,
        erid: str,
        deadline: Deadline,
        *,
        origin: str,
        seal: str | None = None,
        created: bool = False,
    ) -> Binding:
        """Give `erid` to `person` unless they have one; the binding that is now in force, which
        another node may have made meanwhile with another ERID.

        `created` marks an account that this bridge made. Raises IdentityAlarm if another
        person has or had this ERID, or one that could be mistaken for it."""

    def reseal(self, binding: Binding, seal: str, deadline: Deadline) -> Binding:
        """`binding` with a seal, where it has none or one over other columns. If another caller
        sealed it meanwhile, the binding with that seal instead."""

    def seal(self, person: Person, fingerprint: Fingerprint) -> str:
        """`fingerprint` as keyed hashes of its columns and of its values (nothing if there are
        none), with a colon between."""

    def saw_login(self, person: Person, login: str, deadline: Deadline) -> bool:
        """Note that `login`, in its canonical form, is `person`'s; whether it was another's."""

    def claim(self, source: str, login: str, deadline: Deadline) -> Claim:
        """Become the only one who may create `login` in `source`; waits for whoever is.

        Raises Busy when the deadline comes first."""

    def check(self, deadline: Deadline) -> None:
        """Raises LedgerUnavailable unless the ledger answers."""


class Passwords(Protocol):
    """Verifies and makes password hashes, a bounded number at a time."""

    def check_room(self, deadline: Deadline) -> None:
        """Raises Busy if a login would be refused now, whoever it is about: nothing need be done
        for it. DeadlineExceeded if the time is up."""

    def verify(
        self, password: str, stored: str | None, deadline: Deadline, *, not_before: float = 0.0
    ) -> bool:
        """Whether `password` fits `stored`. None, an unknown format or too costly a hash is
        False, after a dummy verification of the usual cost. What is computed begins at
        `not_before`, by `time.monotonic`, or later. Raises Busy, DeadlineExceeded."""

    def renewed(self, password: str, stored: str, deadline: Deadline) -> str | None:
        """A new hash to store in place of `stored`, which `password` fits; None if `stored` is as
        it should be, or there is no time for it now."""

    def hash(self, password: str, deadline: Deadline) -> str:
        """A new hash in the configured scheme. Raises Busy, DeadlineExceeded."""


class PasswordTransit(Protocol):
    """What was agreed about passwords on their way here, beside TLS."""

    def opened(self, sent: str) -> Sequence[str]:
        """The passwords that `sent` may be, likeliest first, and "" for what is none.

        Always as many, so that verifying them in turn takes a time that tells nothing of a
        password that is wrong. Never raises; tells the operator if it can be none."""

    def certain(self, sent: str) -> str:
        """The one password that `sent` is; "" if it is none, or which is not certain. Otherwise
        as `opened`."""


class SessionFormat(Protocol):
    """One kind of session token."""

    def verify(self, token: str, site: str, deadline: Deadline) -> Identity | None:
        """Whom `token` names; None if it is not of this format or unknown to it.

        Raises InvalidSession for a token that is of this format and not good."""


class SessionIssuer(Protocol):
    """Makes session tokens that its SessionFormat accepts."""

    def issue(self, person: Lookup, site: str, deadline: Deadline) -> str:
        """A fresh token for the user that `person` names."""


class Attempt(Protocol):
    """A password of one login that may be tried now. It counts as wrong until more is known."""

    def succeeded(self) -> None:
        """It was right: all tries of this login before it are forgotten."""

    def undo(self) -> None:
        """It was not decided whether it is right: as if it had not been tried."""


class Throttle(Protocol):
    """How often what may be tried. It has no outages: it counts elsewhere then, and alarms."""

    def admit(self, operation: str, caller: str, site: str) -> bool:
        """Count a call; whether there was anything to count. Raises Throttled if there were too
        many of late."""

    def attempt(self, source: str, login: str) -> Attempt | None:
        """Count a try of the password of `login`, in its canonical form, whether there is such a
        user or not; None if they are not counted. Raises LoginThrottled if it has to wait."""


class Tracer(Protocol):
    """Somebody who follows a call from the store through this bridge."""

    def note(self, call: Call, outcome: str, status: int, parent: str | None, state: str) -> None:
        """A call was just answered, with this HTTP status; what it did is in its deadline. `parent`
        and `state` are what its caller sent as `traceparent` and `tracestate`."""


class Trail(Protocol):
    """The audit trail: what happened, so that nobody can take it out again unseen."""

    def note(self, event: str, *, wait: bool, **facts: Any) -> None:
        """One record more; never given a secret or personal data. `wait` until it is in the file,
        but not for long. Never raises: what cannot be written is an alarm, and no call fails."""


class Replays(Protocol):
    """What was used once and may not be used again."""

    def is_first(self, mark: bytes, seconds: float) -> bool:
        """Whether `mark` comes for the first time in so many seconds; from now on it has come.
        Raises Busy if no more can be remembered."""


class Observer(Protocol):
    """Where the core says what happened; never given a secret or personal data."""

    def alarm(self, kind: str, details: str) -> None:
        """Something an operator must look at; `kind` is one of `core.alarms`."""

    def notice(self, kind: str, details: str) -> None:
        """Something worth knowing that is as it may be; `kind` is one of `core.alarms`."""

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        """A throttle decided, by what `storage` says: "allowed" or "refused"; `kind` is "login",
        "caller", "site" or "all"."""

    def step(self, what: str, **facts: str) -> None:
        """What the call just found out, for an operator who is trying one call by hand."""
