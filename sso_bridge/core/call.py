"""One call: who asks, what for, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .deadline import Deadline
from .model import UserKey

__all__ = ["ANYBODY", "Call", "Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `name` is for the log; of `sites` and `operations` None is all."""

    name: str
    sites: frozenset[str] | None = None
    operations: frozenset[str] | None = None

    def may(self, operation: str, site: str) -> bool:
        """Whether they may ask this of that site; an operation is named without "Request"."""
        return (self.operations is None or operation in self.operations) and (
            self.sites is None or site in self.sites
        )


_NOBODY: Final = UserKey()

ANYBODY: Final = Caller("")
"""Where no caller is configured."""


@dataclass(slots=True)
class Call:
    """One call under way. `id` is in the log, in the answer's header and in a Fault; `operation`
    and `site`, a siteID, are "" until they are known. `about` is the key that was sent, and then
    that of the answer: it is personal data."""

    id: str
    deadline: Deadline
    caller: Caller = ANYBODY
    operation: str = ""
    site: str = ""
    about: UserKey = field(default=_NOBODY, repr=False)
