"""What is declared about one site: where its users are and how it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ..errors import Refused
from .erid import EridRule
from .logins import LoginRule
from .model import LookupKind, Refusal
from .ports import Passwords, PasswordTransit, SessionFormat, SessionIssuer, UserSource
from .strategies import COLUMN, Strategy

__all__ = ["GuardMode", "InClear", "ProfileSession", "Site", "Source", "Wording"]


class GuardMode(Enum):
    """What happens when the ledger and the user database disagree about a person: no answer
    and an alarm; the alarm alone; nothing, and then a column is not compared at all."""

    ENFORCE = "enforce"
    OBSERVE = "observe"
    OFF = "off"


class ProfileSession(Enum):
    """What GetUser does with a session token: not look, refuse a bad one, insist on one."""

    IGNORED = "ignored"
    CHECKED = "checked"
    REQUIRED = "required"


class InClear:
    """Implements `core.ports.PasswordTransit` where nothing was agreed: TLS is all there is."""

    def opened(self, sent: str) -> Sequence[str]:
        """As it is."""
        return (sent,)

    def certain(self, sent: str) -> str:
        """As it is."""
        return sent


@dataclass(frozen=True, slots=True)
class Wording:
    """The code and text of one refusal, in a site's own words."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One user database, and what every site on it shares."""

    name: str
    users: UserSource
    passwords: Passwords
    strategy: Strategy
    erids: EridRule = field(default_factory=EridRule)
    guard: GuardMode = GuardMode.ENFORCE
    login_rule: LoginRule = LoginRule.EXACT
    company: str | None = None
    email_is_login: bool = False
    rehashes: bool = False

    @property
    def trusts_column(self) -> bool:
        """Whether the ERID is whatever the column holds, and no ledger is asked."""
        return self.guard is GuardMode.OFF and self.strategy.name == COLUMN


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One Digital River site.

    `narrowed` finds those users of the source only that are the site's; None if all are.
    `token_attributes` are the extended attributes that may hold a session token.
    `issuer` makes the token that a login hands out as `issued_attribute`; it names the user by
    `issued_names`."""

    id: str
    source: Source
    narrowed: UserSource | None = None
    transit: PasswordTransit = field(default_factory=InClear)
    sessions: tuple[SessionFormat, ...] = ()
    token_attributes: tuple[str, ...] = ()
    issuer: SessionIssuer | None = None
    issued_attribute: str = "crmSession"
    issued_names: LookupKind = "subject"
    profile_session: ProfileSession = ProfileSession.IGNORED
    creates: bool = False
    wording: Mapping[str, Wording] = field(default_factory=dict)

    @property
    def users(self) -> UserSource:
        """The users of the site."""
        return self.source.users if self.narrowed is None else self.narrowed

    @property
    def has_all(self) -> bool:
        """Whether every user of the source is the site's."""
        return self.users is self.source.users

    def refusal(self, error: Refused) -> Refusal:
        """`error` in this site's words, the published ones unless configured otherwise."""
        own = self.wording.get(error.kind)
        if own is None:
            return Refusal(error.kind, error.code, error.text)
        return Refusal(error.kind, own.code, own.text)
