"""One call: who asks, what for, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import Rejected
from .deadline import Deadline
from .model import UserKey
from .ports import Attempt

__all__ = [
    "ANYBODY",
    "Call",
    "Caller",
    "FailedAuthentication",
    "NotAllowed",
    "Unproven",
    "UsernameToken",
]


class NotAllowed(Rejected):
    """The caller may not ask this, or not of this site."""

    text = "The caller may not do this"


class FailedAuthentication(Rejected):
    """What the message shows does not prove who calls. The text is WS-Security's, and not why."""

    text = "The security token could not be authenticated or authorized"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `name` is for the log; of `sites` and `operations` None is all."""

    name: str
    sites: frozenset[str] | None = None
    operations: frozenset[str] | None = None

    def may(self, operation: str) -> bool:
        """Whether they may ask this of their sites; it is named without "Request"."""
        return self.operations is None or operation in self.operations


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """The UsernameToken of WS-Security in a message. Of a digest `password` is SHA-1 of nonce,
    time and password as Base64; otherwise it is the password, and the others may be missing."""

    user: str
    password: str = field(repr=False)
    is_digest: bool
    nonce: bytes = b""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Unproven(Caller):
    """Somebody whose message has to prove who they are, and who may do nothing until then.

    `prove` takes the message's token, None if it has none, and raises FailedAuthentication."""

    prove: Callable[[UsernameToken | None], Caller] = field(repr=False, kw_only=True)


_NOBODY: Final = UserKey()

ANYBODY: Final = Caller("")
"""Where no caller is configured."""


@dataclass(slots=True)
class Call:
    """One call under way. `id` is in the log, in the answer's header and in a Fault; `operation`
    and `site`, a siteID, are "" until they are known. `about` is the key that was sent, and then
    that of the answer: it is personal data. `attempt` is the try of a password in it, if that is
    counted. `stranger` is the address of a call whose caller is not proven, "" of all others."""

    id: str
    deadline: Deadline
    caller: Caller = ANYBODY
    operation: str = ""
    site: str = ""
    about: UserKey = field(default=_NOBODY, repr=False)
    attempt: Attempt | None = None
    stranger: str = ""
