"""Whose session it is: the tokens of a request, tried against the formats of its site."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import IdentityAlarm, InvalidSession, Rejected, UserNotFound
from .alarms import SESSION_CONFLICT
from .deadline import Deadline
from .directory import Directory, Found
from .model import Attribute, Identity
from .site import Site

__all__ = ["MAX_TOKENS", "Sessions", "TooManyTokens"]

MAX_TOKENS = 8
"""Different tokens that one request may bring; each costs a look-up or a decryption."""


class TooManyTokens(Rejected):
    """The request brings more session tokens than are tried."""

    text = f"more than {MAX_TOKENS} session tokens were sent"


class Sessions:
    """Finds the owner of the session tokens in a request."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        sources: dict[int, set[str]] = {}
        for site in directory.sites.values():
            for session_format in site.sessions:
                sources.setdefault(id(session_format), set()).add(site.source.name)
        self._shared = {key for key, names in sources.items() if len(names) > 1}

    def tokens(
        self, site: Site, session_token: str | None, attributes: Sequence[Attribute]
    ) -> list[str]:
        """The different tokens that were sent, in the sessionToken or a named attribute."""
        sent = [session_token, *(a.value for a in attributes if a.name in site.token_attributes)]
        tokens = list(dict.fromkeys(token for token in sent if token))
        if len(tokens) > MAX_TOKENS:
            raise TooManyTokens
        return tokens

    def owner(
        self,
        site: Site,
        session_token: str | None,
        attributes: Sequence[Attribute],
        deadline: Deadline,
    ) -> Found:
        """The one user whom all good tokens name. A bad token beside a good one is passed over,
        as when a stale cookie travels with a fresh parameter.

        Raises InvalidSession if none is good, IdentityAlarm if good ones disagree."""
        owners: dict[str, Found] = {}
        details = "no session token was sent"
        for token in self.tokens(site, session_token, attributes):
            try:
                identity = self._identify(site, token, deadline)
                found = self._directory.lookup(site, identity.lookup, deadline)
            except UserNotFound:
                details = "the token is good but its user is unknown"
            except InvalidSession as error:
                details = error.details
            else:
                owners[found.record.subject] = found
        if not owners:
            raise InvalidSession(details)
        if len(owners) > 1:
            raise IdentityAlarm(SESSION_CONFLICT, f"{len(owners)} users in one request")
        return next(iter(owners.values()))

    def _identify(self, site: Site, token: str, deadline: Deadline) -> Identity:
        """Whom `token` names; raises InvalidSession unless one format of the site says so.

        A primary key or login is one person's in one source only. Where sites on different
        sources share a format, a token by such a name must say which site it is for."""
        for session_format in site.sessions:
            identity = session_format.verify(token, site.id, deadline)
            if identity is None:
                continue
            if identity.site not in (None, site.id):
                raise InvalidSession("the token is of another site")
            shared = id(session_format) in self._shared
            if shared and identity.site is None and identity.lookup.kind != "erid":
                raise InvalidSession("sites with other users take the token too; it names no site")
            return identity
        raise InvalidSession("no configured format knows the token")
