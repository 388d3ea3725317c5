"""Which user is meant: from the keys of a request to one person and their row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from ..errors import IdentityAlarm, InvalidMessage, Rejected, UserNotFound
from .alarms import AMBIGUOUS_KEY, CONFLICTING_KEYS
from .call import NotAllowed
from .deadline import Deadline
from .keys import is_plain
from .model import Lookup, Person, Record, UserKey
from .ports import Ledger, Observer
from .site import Site, Source
from .strategies import COLUMN

__all__ = ["Directory", "Found", "UnknownSite"]


class UnknownSite(Rejected):
    """The request names no site or company that is served here, or none at all."""

    text = "userKey names no site that is served here"


@dataclass(frozen=True, slots=True)
class Found:
    """One user, found under a site."""

    site: Site
    record: Record

    @property
    def person(self) -> Person:
        """Who this is, for ever."""
        source = self.site.source
        return Person(source.name, self.record.subject, source.company or "")


class Directory:
    """Finds people across the configured sites.

    `default` is the site of a request that names none; None if there is no such site.
    Digital River's precedence for a key is userID; ERID with siteID; ERID with companyID;
    loginID with siteID. Our userID is the ERID, so the first three are one look-up. An ERID without
    siteID is looked up on the default site first, and then on the others on its source, of which
    one has to have the user and no other."""

    def __init__(
        self, sites: Sequence[Site], *, default: Site | None, ledger: Ledger, observer: Observer
    ) -> None:
        self._default = default
        self._serve(sites)
        self._ledger = ledger
        self._observer = observer
        self._trusting = {site.source.name for site in sites if site.source.trusts_column}
        self._has_companies = any(site.source.company for site in sites)
        self._is_limited = False

    def _serve(self, sites: Iterable[Site]) -> None:
        self.sites = {site.id: site for site in sites}
        self._all = tuple(self.sites.values())
        self._alone = {site.id: (site,) for site in self._all}

    def limited_to(self, ids: Collection[str]) -> Directory:
        """The same with those sites alone: users of others are nobody, and a key that names another
        site, or a company without any of these, raises NotAllowed, whether there is one or not."""
        limited = copy(self)
        limited._serve(site for site in self._all if site.id in ids)
        limited._is_limited = True
        return limited

    def site(self, key: UserKey) -> Site:
        """The one site that `key` names, by default the default one; raises UnknownSite."""
        return self._one_of(self._served(key))

    def _one_of(self, sites: Sequence[Site]) -> Site:
        if len(sites) == 1:
            return sites[0]
        if self._default in sites:
            assert self._default is not None
            return self._default
        raise UnknownSite("several sites are served and userKey/siteID names none of them")

    def asked(self, key: UserKey) -> Site:
        """The site in whose words `find` of `key` is refused; raises UnknownSite.

        An ERID names its user without a site, and then the first that is served speaks."""
        sites = self._served(key)
        if self._default in sites or (key.user_id, key.external_reference_id) == (None, None):
            return self._one_of(sites)
        return sites[0]

    def find(self, key: UserKey, deadline: Deadline, *, profile: bool = False) -> Found:
        """The one user whom all of `key` names.

        Raises UserNotFound; IdentityAlarm if the keys disagree or the data is not sound;
        Rejected if `key` names no user at all."""
        erid = self._erid_sent(key)
        if erid is not None:
            found = self._by_erid(key, erid, deadline, profile)
        elif key.login_id is not None:
            site = self.site(key)
            found = self.lookup(site, Lookup("login", key.login_id), deadline, profile=profile)
        else:
            raise InvalidMessage(
                "userKey names nobody; it needs a userID, an externalReferenceID or a loginID"
            )
        self.agree(found, key)
        return found

    def lookup(
        self, site: Site, key: Lookup, deadline: Deadline, *, profile: bool = False
    ) -> Found:
        """The user of `site` with one look-up value; raises UserNotFound, IdentityAlarm."""
        if key.kind == "erid":
            sent = UserKey(external_reference_id=key.value, site_id=site.id)
            return self._by_erid(sent, key.value, deadline, profile)
        record = self._row(site, key, deadline, profile)
        if record is None:
            raise UserNotFound(f"no row of source {site.source.name!r} has that {key.kind}")
        return Found(site, record)

    def agree(self, found: Found, key: UserKey) -> None:
        """Raises IdentityAlarm unless every login and company in `key` is that of `found`."""
        source, sent = found.site.source, key.login_id
        logins = [
            one for one in (found.record.login, *found.record.other_logins) if one is not None
        ]
        if sent is not None and not any(source.login_rule.same(sent, one) for one in logins):
            raise IdentityAlarm(CONFLICTING_KEYS, "loginID is another user's than the other keys")
        if None not in (key.company_id, source.company) and key.company_id != source.company:
            raise IdentityAlarm(CONFLICTING_KEYS, "companyID is not the company of the site")

    def _served(self, key: UserKey) -> Sequence[Site]:
        """The sites that `key` leaves possible, never none."""
        sites: Sequence[Site] = self._all
        if key.site_id is not None:
            sites = self._alone.get(key.site_id, ())
        elif key.company_id is not None and self._has_companies:
            sites = [site for site in self._all if site.source.company == key.company_id]
        if not sites and self._is_limited:
            raise NotAllowed("siteID or companyID is none of the caller's")
        if not sites:
            raise UnknownSite("siteID or companyID is not configured")
        return sites

    @staticmethod
    def _erid_sent(key: UserKey) -> str | None:
        """The ERID of `key`, which userID is another name for."""
        if key.external_reference_id not in (None, key.erid):
            raise IdentityAlarm(CONFLICTING_KEYS, "userID and externalReferenceID differ")
        return key.erid

    def _by_erid(self, key: UserKey, erid: str, deadline: Deadline, profile: bool) -> Found:
        """The user with `erid`: whom the ledger names, else whom one source's column names."""
        if not is_plain(erid):
            raise UserNotFound("no ERID is like that")
        sites = self._served(key)
        person = None
        if not self._trusting or any(s.source.name not in self._trusting for s in sites):
            person = self._ledger.holder(erid, deadline)
        if person is not None and person.source not in self._trusting:
            self._observer.step("the ledger knows the ERID", source=person.source)
            by_subject = Lookup("subject", person.subject)
            found = self._of_source(sites, person.source, by_subject, deadline, profile)
            if found is None:
                raise UserNotFound("the ledger's user is gone, or not of this site")
            return found
        return self._by_column(sites, erid, deadline, profile)

    def _by_column(
        self, sites: Sequence[Site], erid: str, deadline: Deadline, profile: bool
    ) -> Found:
        """The user with `erid` in the ERID column of exactly one source."""
        found: list[Found] = []
        for name in dict.fromkeys(s.source.name for s in sites if s.source.strategy.name == COLUMN):
            one = self._of_source(sites, name, Lookup("erid", erid), deadline, profile)
            if one is not None:
                found.append(one)
        if not found:
            raise UserNotFound("nobody has that ERID")
        if len(found) > 1:
            raise IdentityAlarm(AMBIGUOUS_KEY, "users of several sources have one ERID")
        return found[0]

    def _of_source(
        self, sites: Sequence[Site], source: str, key: Lookup, deadline: Deadline, profile: bool
    ) -> Found | None:
        """The user of `source` with `key`, under that one of `sites` whose user it is; None if none
        of them has such a user. The default site comes before all others.

        Raises UnknownSite if several others have one."""
        on_it = [site for site in sites if site.source.name == source]
        if self._default in on_it:
            assert self._default is not None
            row = self._row(self._default, key, deadline, profile)
            if row is not None:
                return Found(self._default, row)
            on_it = [] if self._default.has_all else [s for s in on_it if s is not self._default]
        found = None
        for site in on_it:
            row = self._row(site, key, deadline, profile)
            if row is not None and found is not None:
                raise UnknownSite("the user is of several sites, and none was named")
            if row is not None:
                found = Found(site, row)
        return found

    def _row(self, site: Site, key: Lookup, deadline: Deadline, profile: bool) -> Record | None:
        source: Source = site.source
        if not is_plain(key.value):
            return None
        record = site.users.find(key, deadline, profile=profile)
        self._observer.step(
            f"looked up by {key.kind}",
            source=source.name,
            row="none" if record is None else "one",
        )
        return record
