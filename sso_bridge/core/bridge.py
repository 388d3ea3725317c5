"""The four things Digital River asks. Each answers yes with one person in it, or no with none.

What goes wrong on the way is one of three: a Refused, which is answered in the site's own
words; an IdentityAlarm, which is told to the operator and then refused; a Rejected or
Unavailable, which is raised for the caller to make a Fault of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import (
    BridgeError,
    CreationRefused,
    IdentityAlarm,
    InvalidLogin,
    InvalidSession,
    InvalidUserKey,
    Refused,
    UserNotActive,
    UserNotFound,
)
from .alarms import AMBIGUOUS_KEY, CONFLICTING_KEYS
from .call import Caller
from .creation import Creation
from .deadline import Deadline
from .directory import Directory, Found
from .guard import Guard
from .model import (
    Accepted,
    Attribute,
    CreateUser,
    GetUser,
    Login,
    Lookup,
    ProfileAnswer,
    Refusal,
    UserKey,
    ValidateSession,
)
from .ports import Observer
from .sessions import Sessions
from .site import ProfileSession, Site

__all__ = ["Bridge"]

Yes = TypeVar("Yes")
_RENEWAL_SECONDS = 2.0
"""What a login spends at most on a better hash: the shopper waits meanwhile."""
_FINDING_SECONDS = 0.005
"""What a login spends at least on finding the user: a row that is there takes longer to find, read
and check than one that is not, and whoever measures that often enough knows who has an account."""


class Bridge:
    """The operations, over people, sessions and new accounts."""

    def __init__(
        self,
        *,
        directory: Directory,
        guard: Guard,
        sessions: Sessions,
        creation: Creation,
        observer: Observer,
    ) -> None:
        self._directory = directory
        self._guard = guard
        self._sessions = sessions
        self._creation = creation
        self._observer = observer
        self._limited: dict[frozenset[str], Bridge] = {}

    def of(self, caller: Caller) -> Bridge:
        """What answers `caller`: this, or where they are limited to sites, a bridge that knows of
        these alone, so that they neither learn about a user of another site nor change anything
        about them."""
        if caller.sites is None:
            return self
        limited = self._limited.get(caller.sites)
        if limited is None:
            limited = self._limited[caller.sites] = Bridge(
                directory=self._directory.limited_to(caller.sites),
                guard=self._guard,
                sessions=self._sessions,  # they are of one site each time, and know who shares
                creation=self._creation,
                observer=self._observer,
            )
        return limited

    def asked(self, request: Login | GetUser | ValidateSession | CreateUser) -> Site:
        """The site in whose words `request` is refused; raises UnknownSite, NotAllowed."""
        return self._directory.asked(request.key)

    def login(self, request: Login, deadline: Deadline) -> Accepted | Refusal:
        """RemoteLogin: may this person come in?"""
        site = self._directory.asked(request.key)
        return self._answer(site, InvalidLogin, lambda: self._login(site, request, deadline))

    def get_user(self, request: GetUser, deadline: Deadline) -> ProfileAnswer | Refusal:
        """RemoteUserFetch: the profile behind a key."""
        site = self._directory.asked(request.key)
        return self._answer(site, UserNotFound, lambda: self._get_user(site, request, deadline))

    def validate_session(self, request: ValidateSession, deadline: Deadline) -> Accepted | Refusal:
        """RemoteSessionValidation: whose session is this?"""
        site = self._directory.site(request.key)

        def validate() -> Accepted:
            found = self._sessions.owner(site, request.session_token, request.attributes, deadline)
            if not found.record.active:
                raise InvalidSession("the user is not active")
            self._confirm(found, request.key, deadline)
            return Accepted(self._key(found, request.key, deadline), found.record.attributes)

        return self._answer(site, InvalidSession, validate)

    def create_user(self, request: CreateUser, deadline: Deadline) -> Accepted | Refusal:
        """RemoteCreateUser: a new account, or the same one again for a repeated request."""
        site = self._directory.site(request.key)

        def create() -> Accepted:
            found = self._creation.create(site, request, deadline)
            return Accepted(self._key(found, request.key, deadline), found.record.attributes)

        return self._answer(site, CreationRefused, create)

    def _login(self, site: Site, request: Login, deadline: Deadline) -> Accepted:
        sent = request.password or ""
        # Before anybody is looked for: a refusal costs little then, and the same for all.
        site.source.passwords.check_room(deadline)
        found_by = time.monotonic() + _FINDING_SECONDS
        try:
            found = self._directory.find(request.key, deadline)
        except (UserNotFound, IdentityAlarm):
            self._fitting(site, sent, None, deadline, found_by)
            raise
        stored = found.record.password_hash
        password = self._fitting(found.site, sent, stored, deadline, found_by)
        self._observer.step("verified the password", good=str(password is not None))
        if password is None:
            raise InvalidLogin("wrong password")
        if not found.record.active:
            raise InvalidLogin("the user is not active")
        key = self._key(found, request.key, deadline)
        session = self._session_for(found, key, deadline)
        self._renew(found, password, deadline)
        return Accepted(key, found.record.attributes + session)

    @staticmethod
    def _fitting(
        site: Site, sent: str, stored: str | None, deadline: Deadline, not_before: float
    ) -> str | None:
        """The password that `sent` is, if it fits `stored`. Costs the same if it is none at all;
        `not_before` is as in `Passwords.verify`."""
        for password in site.transit.opened(sent):
            if site.source.passwords.verify(password, stored, deadline, not_before=not_before):
                return password
        return None

    def _renew(self, found: Found, password: str, deadline: Deadline) -> None:
        """Store a better hash of a password that was right, where the source wants that. Nobody is
        kept out because it fails."""
        source, stored = found.site.source, found.record.password_hash
        if not source.rehashes or stored is None:
            return
        try:
            deadline = deadline.within(min(deadline.left() / 2, _RENEWAL_SECONDS))
            renewed = source.passwords.renewed(password, stored, deadline)
            if renewed is not None:
                done = source.users.replace_hash(found.record.subject, stored, renewed, deadline)
                self._observer.step("stored a new password hash", done=str(done))
        except IdentityAlarm as alarm:
            self._observer.alarm(alarm.kind, alarm.details)
        except BridgeError as error:
            self._observer.step("could not store a new password hash", why=error.details)

    def _get_user(self, site: Site, request: GetUser, deadline: Deadline) -> ProfileAnswer:
        found = self._directory.find(request.key, deadline, profile=True)
        if not found.record.active:
            raise UserNotActive
        key = self._key(found, request.key, deadline)
        rule = found.site.profile_session
        if rule is ProfileSession.REQUIRED or (
            rule is ProfileSession.CHECKED
            and self._sessions.tokens(found.site, request.session_token, request.attributes)
        ):
            owner = self._sessions.owner(
                found.site, request.session_token, request.attributes, deadline
            )
            if owner.person != found.person:
                raise IdentityAlarm(CONFLICTING_KEYS, "the session is another user's")
        return ProfileAnswer(key, found.record.profile, found.record.attributes)

    def _confirm(self, found: Found, key: UserKey, deadline: Deadline) -> None:
        """Raises IdentityAlarm unless what else is in `key` names the person found."""
        self._directory.agree(found, key)
        if key.user_id is None and key.external_reference_id is None:
            return
        try:
            named = self._directory.find(key, deadline)
        except UserNotFound:
            named = None
        if named is None or named.person != found.person:
            raise IdentityAlarm(CONFLICTING_KEYS, "the session is another user's than userKey")

    def _key(self, found: Found, asked: UserKey, deadline: Deadline) -> UserKey:
        """The same key in every answer about a person; userID is the ERID."""
        erid = self._guard.erid(found, deadline, asked=asked)
        site = found.site
        return UserKey(erid, erid, site.source.company, found.record.login, site.id)

    @staticmethod
    def _session_for(found: Found, key: UserKey, deadline: Deadline) -> tuple[Attribute, ...]:
        """The session token that a login hands out, if the site does."""
        site = found.site
        if site.issuer is None:
            return ()
        names = {
            "subject": found.record.subject,
            "login": found.record.login,
            "erid": key.external_reference_id,
        }
        person = Lookup(site.issued_names, names[site.issued_names] or "")
        return (Attribute(site.issued_attribute, site.issuer.issue(person, site.id, deadline)),)

    def _answer(self, site: Site, refused: type[Refused], work: Callable[[], Yes]) -> Yes | Refusal:
        """What `work` returns, or the refusal that its failure means to the site.

        `refused` is how the operation says no to what only an operator should know, and
        to a key that names nobody where a login or session was asked for."""
        try:
            return work()
        except IdentityAlarm as alarm:
            self._observer.alarm(alarm.kind, alarm.details)
            key_is_at_fault = alarm.kind in (CONFLICTING_KEYS, AMBIGUOUS_KEY)
            shown = InvalidUserKey if refused is UserNotFound and key_is_at_fault else refused
            return site.refusal(shown())
        except UserNotFound as error:
            self._observer.step("refused", why=error.details)
            return site.refusal(refused())
        except Refused as error:
            self._observer.step("refused", why=error.details)
            return site.refusal(error)
