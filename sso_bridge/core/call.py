"""One call: who asks, what for, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ..errors import Rejected
from .deadline import Deadline
from .model import UserKey
from .ports import Attempt

__all__ = ["ANYBODY", "Call", "Caller", "NotAllowed"]


class NotAllowed(Rejected):
    """The caller may not ask this, or not of this site."""

    text = "The caller may not do this"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `name` is for the log; of `sites` and `operations` None is all."""

    name: str
    sites: frozenset[str] | None = None
    operations: frozenset[str] | None = None

    def may(self, operation: str) -> bool:
        """Whether they may ask this of their sites; it is named without "Request"."""
        return self.operations is None or operation in self.operations


_NOBODY: Final = UserKey()

ANYBODY: Final = Caller("")
"""Where no caller is configured."""


@dataclass(slots=True)
class Call:
    """One call under way. `id` is in the log, in the answer's header and in a Fault; `operation`
    and `site`, a siteID, are "" until they are known. `about` is the key that was sent, and then
    that of the answer: it is personal data. `attempt` is the try of a password in it, if that is
    counted."""

    id: str
    deadline: Deadline
    caller: Caller = ANYBODY
    operation: str = ""
    site: str = ""
    about: UserKey = field(default=_NOBODY, repr=False)
    attempt: Attempt | None = None
