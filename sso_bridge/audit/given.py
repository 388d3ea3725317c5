"""What an audit is given: the sources, and what the ledger has to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..core.erid import EridRule
from ..core.logins import LoginRule
from ..core.model import Fingerprint, Person
from ..database import Database
from ..passwords import SCHEMES, Limits, Scheme
from ..sources import Mapping

__all__ = ["AuditedSource", "Bound", "Ended", "Seal"]


@dataclass(frozen=True, slots=True)
class AuditedSource:
    """One user database. `strategy` is only reported.

    `guarded` is False where the guard is off: there the column is what is answered, whatever
    the ledger holds, and nobody looks at fingerprints. `schemes` and `limits` are those that its
    logins are verified with."""

    name: str
    database: Database
    mapping: Mapping
    strategy: str
    logins: LoginRule = LoginRule.EXACT
    erids: EridRule = field(default_factory=EridRule)
    guarded: bool = True
    schemes: Sequence[Scheme] = SCHEMES
    limits: Limits = field(default_factory=Limits)


class Bound(NamedTuple):
    """What the ledger holds of one person. `from_column`: the ERID came from the column, which
    must then still hold it; a person with another origin is answered with the ledger's, whatever
    the column holds. `seal` is the sealed fingerprint, None if none was taken."""

    source: str
    subject: str
    erid: str
    from_column: bool = True
    seal: str | None = None


class Ended(Protocol):
    """Those whose ERID an operator took back."""

    def subject(self, source: str, subject: str) -> bool:
        """Whether the person is one of them."""

    def erid(self, erid: str) -> bool:
        """Whether the ERID is nobody's now; only an operator can give it away again."""


Seal = Callable[[Person, Fingerprint], str]
"""A fingerprint as the ledger keeps it: a hash of its columns, a colon, a hash of its values."""
