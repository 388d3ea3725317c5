"""Every error this package raises on purpose, and what each looks like from outside.

    BridgeError
    ├── Refused                    an ordinary answer that says no (HTTP 200)
    │   ├── InvalidLogin           unknown, wrong password, locked, inactive: all alike
    │   ├── LoginThrottled         too many wrong passwords: this one was not even looked at
    │   ├── UserNotActive          the profile of an inactive user was asked for
    │   ├── UserNotFound           no user has that key
    │   ├── InvalidUserKey         the keys of a request disagree, or one names two people
    │   ├── InvalidSession         no token that was sent is good
    │   ├── LoginTaken             a new account would take somebody's login
    │   └── CreationRefused        this site takes no new accounts, or not this one
    ├── Rejected                   a Client (Sender) Fault: the message, not we, is wrong
    │   └── InvalidMessage         cannot be understood
    ├── Unavailable                a Server (Receiver) Fault: try again later
    │   ├── SourceUnavailable      the user database is down, slow, full or read-only
    │   ├── LedgerUnavailable      likewise the ledger of ERIDs
    │   ├── DeadlineExceeded       the call's time is up
    │   ├── Busy                   a bounded queue is full
    │   └── Throttled              more calls than a configured rate allows
    ├── IdentityAlarm              an answer could name the wrong person: never answered
    ├── NotPossible                the ledger does not allow what an operator asked for
    └── ConfigurationError         said to the operator, who can mend it

`Refused.kind` names the wording a site may configure; its `code` and `text` are Digital
River's published ones where there are such. What `Rejected` and `Unavailable` say in
`text` goes over the wire; `details` goes to the log only, and holds no secret and no
personal data either.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BridgeError",
    "Busy",
    "ConfigurationError",
    "CreationRefused",
    "DeadlineExceeded",
    "IdentityAlarm",
    "InvalidLogin",
    "InvalidMessage",
    "InvalidSession",
    "InvalidUserKey",
    "LedgerUnavailable",
    "LoginTaken",
    "LoginThrottled",
    "NotPossible",
    "Refused",
    "Rejected",
    "SourceUnavailable",
    "Throttled",
    "Unavailable",
    "UserNotActive",
    "UserNotFound",
]


class BridgeError(Exception):
    """The root. `details` is for the log; it never goes over the wire."""

    text: ClassVar[str] = "The request could not be served"

    def __init__(self, details: str = "") -> None:
        super().__init__(details or self.text)
        self.details = details


class Refused(BridgeError):
    """An ordinary answer that says no: `code` and `text` are its published wording."""

    kind: ClassVar[str]
    code: ClassVar[str] = "5"


class InvalidLogin(Refused):
    """Unknown user, wrong password, locked or inactive: all look the same outside."""

    kind, text = "invalid_login", "Invalid login"


class LoginThrottled(Refused):
    """Too many wrong passwords for this login of late: it is not said whether this one is right,
    and not known either. The published text is that of a login refused "for whatever reason"."""

    kind, text = "login_throttled", "Invalid login"


class UserNotActive(Refused):
    """The profile of an inactive user was asked for."""

    kind, text = "user_not_active", "User not active"


class UserNotFound(Refused):
    """No user of the site has the key that was asked for."""

    kind, text = "user_not_found", "User not found"


class InvalidUserKey(Refused):
    """The keys of one request name different people, or one key names several."""

    kind, text = "invalid_user_key", "Invalid user key"


class InvalidSession(Refused):
    """No session token was sent, or none that was sent is good for this site."""

    kind, text = "invalid_session", "Invalid session"


class LoginTaken(Refused):
    """The login of a new account belongs to somebody."""

    kind, text = "login_taken", "Email already used"


class CreationRefused(Refused):
    """The site takes no new accounts, or the one sent lacks a login or a password."""

    kind, text = "creation_refused", "Account cannot be created"


class Rejected(BridgeError):
    """The caller's message is at fault; sending it again will not help."""

    text = "The request is not valid"


class InvalidMessage(Rejected):
    """The message cannot be understood. `details` is sent: it must quote no value."""


class Unavailable(BridgeError):
    """We could not serve the call now; sending it again later may help.

    `may_be_repeated` says that what was undone may be tried again at once."""

    text = "The service is temporarily unavailable"
    may_be_repeated = False


class SourceUnavailable(Unavailable):
    """The user database is down, slow, full, read-only or not as it was configured."""

    text = "The user database is temporarily unavailable"


class LedgerUnavailable(Unavailable):
    """The ledger of ERIDs is down, slow, full or read-only."""

    text = "The identity ledger is temporarily unavailable"


class DeadlineExceeded(Unavailable):
    """The time for this call is up."""

    text = "The request could not be answered in time"


class Busy(Unavailable):
    """A bounded queue is full; nothing was tried."""

    text = "The service is busy"


class Throttled(Unavailable):
    """More calls came than a configured rate allows; nothing was tried."""

    text = "Too many calls; try again later"


class IdentityAlarm(BridgeError):
    """The data would let an answer name the wrong person, so there is none.

    `kind` is one of the fixed names in `sso_bridge.core.alarms`; it becomes a metric
    label and a log field. The bridge turns it into the operation's refusal."""

    def __init__(self, kind: str, details: str = "") -> None:
        super().__init__(details)
        self.kind = kind


class NotPossible(BridgeError):
    """The ledger does not allow what an operator asked for; `details` says why."""


class ConfigurationError(BridgeError):
    """The configuration is at fault; the message names the key and the remedy."""
