"""New accounts, made once however often and from however many nodes they are asked for.

Digital River repeats a creation whose answer it did not get, for up to two days. A claim
in the ledger lets one caller at a time create a login; it outlives a crash, so that the
repeated request knows the half-told account for its own and answers with it."""

from __future__ import annotations

import unicodedata

from ..errors import CreationRefused, IdentityAlarm, LoginTaken
from . import erid as erids
from .alarms import SUBJECT_REUSED, SUBJECT_UNUSABLE
from .deadline import Deadline
from .directory import Found
from .guard import Guard
from .keys import is_plain
from .model import CreateUser, Lookup, NewUser, Record
from .ports import Claim, Ledger
from .site import Site

__all__ = ["Creation"]

MAX_LOGIN = 255
_UNSEEN = ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")


class Creation:
    """Creates users in the source of a site and gives them their ERID."""

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        self._ledger = ledger
        self._guard = guard

    def create(self, site: Site, request: CreateUser, deadline: Deadline) -> Found:
        """The new user, or the one that the same request made before.

        Raises CreationRefused, LoginTaken."""
        login, password = self._wanted(site, request)
        existing = self._row(site, login, deadline)
        if existing is not None:
            return self._again(site, existing, password, deadline)
        if not password:
            raise CreationRefused("the password could not be decrypted for certain")
        password_hash = site.source.passwords.hash(password, deadline)
        user = NewUser(
            login=login, password_hash=password_hash, erid=erids.mint(), profile=request.profile
        )
        claim = self._claim(site, login, deadline)
        try:
            existing = self._row(site, login, deadline)
            if existing is None:
                return self._insert(site, user, claim, deadline)
        except Exception:  # whatever it was, another caller may go on at once
            claim.abandon()
            raise
        if claim.resumed:
            claim.abandon()
        else:
            claim.finish(deadline)
        return self._again(site, existing, password, deadline)

    def _insert(self, site: Site, user: NewUser, claim: Claim, deadline: Deadline) -> Found:
        """Insert `user` under `claim`. An outage on the way leaves the claim to be resumed."""

        def accept(row: Record) -> None:
            claim.confirm(deadline)
            if not is_plain(row.subject):
                raise IdentityAlarm(SUBJECT_UNUSABLE, f"source {site.source.name!r}")
            if self._ledger.binding(Found(site, row).person, deadline) is not None:
                raise IdentityAlarm(SUBJECT_REUSED, f"source {site.source.name!r}")

        try:
            record = site.users.create(user, deadline, accept)
        except (IdentityAlarm, CreationRefused):
            claim.finish(deadline)
            raise
        if record is None:
            claim.finish(deadline)
            raise LoginTaken("the database has a unique value of the new user already")
        self._guard.newborn(Found(site, record), user.erid, deadline)
        claim.finish(deadline)
        return Found(site, record)

    def _again(self, site: Site, row: Record, password: str, deadline: Deadline) -> Found:
        """`row`, if this bridge made it for the same login and password; else LoginTaken."""
        found = Found(site, row)
        good = site.source.passwords.verify(password, row.password_hash, deadline)
        if not good or not row.active:
            raise LoginTaken("the login is another account's")
        if self._is_ours(found, deadline):
            return found
        claim = self._claim(site, row.login or "", deadline)
        try:
            return self._adopt(found, claim, deadline)
        except Exception:  # whatever it was, another caller may go on at once
            claim.abandon()
            raise

    def _adopt(self, found: Found, claim: Claim, deadline: Deadline) -> Found:
        """`found`, whose login and password are right, if `claim` shows that its creation began
        here and was cut short, or that it was completed while we waited; else LoginTaken."""
        if claim.resumed and not self._is_ours(found, deadline):
            self._guard.newborn(found, erids.mint(), deadline)
        claim.finish(deadline)
        if not self._is_ours(found, deadline):
            raise LoginTaken("the account was not made by this bridge")
        return found

    def _claim(self, site: Site, login: str, deadline: Deadline) -> Claim:
        return self._ledger.claim(
            site.source.name, site.source.login_rule.canonical(login), deadline
        )

    def _is_ours(self, found: Found, deadline: Deadline) -> bool:
        """Whether this bridge made the account of `found`."""
        return self._ledger.made_here(found.person, deadline)

    @staticmethod
    def _row(site: Site, login: str, deadline: Deadline) -> Record | None:
        return site.users.find(Lookup("login", login), deadline)

    @staticmethod
    def _wanted(site: Site, request: CreateUser) -> tuple[str, str]:
        """The login and password to create, both checked; raises CreationRefused. The password is
        "" if what was sent is none by the site's agreement: it fits nothing."""
        key, source = request.key, site.source
        if not site.creates:
            raise CreationRefused("creation is not enabled for the site")
        if key.user_id is not None or key.external_reference_id is not None:
            raise CreationRefused("a new user was sent with a userID or an externalReferenceID")
        if key.company_id is not None and source.company not in (None, key.company_id):
            raise CreationRefused("companyID is not the company of the site")
        email = request.profile.email if source.email_is_login else None
        login = email if key.login_id is None else key.login_id
        if not login or not request.password:
            raise CreationRefused("loginID (or the e-mail that is it) or password is missing")
        if email is not None and not source.login_rule.same(login, email):
            raise CreationRefused("loginID and email differ, and the site keeps one value for both")
        if len(login) > MAX_LOGIN or login != login.strip():
            raise CreationRefused("loginID is too long, or begins or ends with white space")
        if any(unicodedata.category(c) in _UNSEEN for c in login):
            raise CreationRefused("loginID has a control or invisible character")
        return login, site.transit.certain(request.password)
