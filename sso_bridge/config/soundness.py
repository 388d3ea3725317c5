"""Whether the parts of a configuration fit together: names that exist, and nothing that would
make one person of two or two of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .sessions import JwtSession, TableSession
from .source import FilterRule, PythonSource, Source

if TYPE_CHECKING:
    from .model import Settings

__all__ = ["check"]

MOST_HASHES = 16
"""Of callers: a password that is nobody's is compared with all, so that the time it takes does not
tell whether the user is known."""
LONGEST_NAME = 100
"""Characters of a name that the ledger keeps: of a source, of a company."""


def check(settings: Settings) -> None:
    """Raises ValueError for the first thing that does not fit; it names the key and the remedy."""
    _names(settings)
    _sites(settings)
    _sources(settings)
    _sessions(settings)
    _jwts(settings)
    _callers(settings)
    hashing, threads = settings.hashing, settings.server.threads
    if (hashing.workers or max(1, threads // 4)) + hashing.waiting > threads - threads // 4:
        raise ValueError(
            f"hashing.workers and hashing.waiting leave less than a quarter of the {threads} "
            "server.threads to calls without a password; lower them or raise server.threads"
        )


def _names(settings: Settings) -> None:
    for name in settings.sources:
        if not 0 < len(name) <= LONGEST_NAME:
            raise ValueError(f"sources: a name is empty, or longer than {LONGEST_NAME} characters")
    if settings.default_site is not None:
        _known("default_site", settings.default_site, settings.sites)


def _sites(settings: Settings) -> None:
    for site_id, site in settings.sites.items():
        where = f"sites.{site_id}"
        _known(f"{where}.source", site.source, settings.sources)
        if site.filter and isinstance(settings.sources[site.source], PythonSource):
            raise ValueError(f"{where}.filter: needs a source with a database of its own")
        for token in site.sessions:
            _known(f"{where}.sessions", token, settings.sessions)
        if site.password_encryption is not None:
            agreed = site.password_encryption
            _known(f"{where}.password_encryption", agreed, settings.password_encryption)
        if site.issue is not None:
            _known(f"{where}.issue", site.issue, settings.sessions)
        issues = settings.sessions[site.issue] if site.issue is not None else None
        if isinstance(issues, TableSession):
            kept = settings.sources.get(issues.source)
            if isinstance(kept, Source) and kept.read_only:
                raise ValueError(
                    f"{where}.issue: would write a session into sources.{issues.source}, which is "
                    "read_only; issue a token that is signed"
                )
        if site.profile_session != "ignored" and not site.sessions:
            raise ValueError(
                f"{where}.profile_session: needs {where}.sessions; name the tokens to read"
            )


def _callers(settings: Settings) -> None:
    """Who is limited, is limited to what there is; who is told by a certificate or an address, by
    one that reaches us."""
    server, proxies = settings.server, settings.proxies
    for name, caller in settings.callers.items():
        where = f"callers.{name}"
        for site in caller.sites or ():
            _known(f"{where}.sites", site, settings.sites)
        named = set(caller.certificate or ()) - {"*"}
        if named and proxies.certificate_header is None:
            raise ValueError(
                f"{where}.certificate: goes together with proxies.certificate_header: the HTTP "
                "server does not say whose certificate it verified. Let a proxy do it, or write "
                '["*"] for any certificate of server.tls_client_ca'
            )
        if caller.certificate and not (server.tls_client_ca or proxies.certificate_header):
            raise ValueError(
                f"{where}.certificate: nobody asks for certificates; set server.tls_client_ca, or "
                "proxies.certificate_header if a proxy does"
            )
        if caller.networks and proxies.trusted and proxies.address_header is None:
            raise ValueError(
                f"{where}.networks: behind proxies.trusted every call comes from a proxy; set "
                "proxies.address_header"
            )
    hashes = sum(len(caller.password_hash) for caller in settings.callers.values())
    if hashes > MOST_HASHES:
        raise ValueError(
            f"callers: there are more than {MOST_HASHES} password_hash, and a wrong password "
            "costs all of them; give random passwords or tokens instead"
        )


def _sources(settings: Settings) -> None:
    """The password is shown to nobody, and what says who a user is, is not theirs to write."""
    for name, source in settings.sources.items():
        if isinstance(source, PythonSource):
            continue
        secret = set(source.password_columns())
        for key, columns in source.shown():
            if secret.intersection(columns):
                raise ValueError(
                    f"sources.{name}.{key}: is the password column, which must not be shown"
                )
        _filters(settings, name, source)
        if any(s.create and s.source == name for s in settings.sites.values()):
            _creates(name, source)


def _filters(settings: Settings, name: str, source: Source) -> None:
    """A site's filter comes on top of its source's."""
    for site_id, site in settings.sites.items():
        if site.source == name:
            for column in site.filter.keys() & source.filter.keys():
                raise ValueError(
                    f"sites.{site_id}.filter.{column}: sources.{name}.filter has it too; keep one"
                )


def _creates(name: str, source: Source) -> None:
    """What a source needs that takes new users."""
    if source.read_only or source.select is not None:
        key = "read_only" if source.read_only else "select"
        raise ValueError(f"sources.{name}.{key}: takes no new users; set create = false")
    if not isinstance(source.password, str) or source.of(source.password):
        raise ValueError(
            f"sources.{name}.password: a new hash needs one column of the table; set create = false"
        )
    for filtered, given in source.filter.items():
        many = isinstance(given, tuple) and len(given) > 1
        rule = isinstance(given, FilterRule) and given.null is not True
        if (many or rule) and filtered not in source.create_values:
            raise ValueError(
                f"sources.{name}.filter.{filtered}: does not say what a new user has; give it in "
                "create_values, or set create = false"
            )
    ours = {source.subject, source.erid.column, *(rule.column for rule in source.active_rules())}
    for key, columns in source.shown():
        if not key.startswith("attributes."):
            for column in ours.intersection(columns):
                raise ValueError(
                    f"sources.{name}.{key}: a new user could write the column {column!r}; map it "
                    "as an attribute, or set create = false"
                )


def _sessions(settings: Settings) -> None:
    """A primary key or login is one person's in one source; a token must not cross over."""
    for name, session in settings.sessions.items():
        where = f"sessions.{name}"
        if isinstance(session, TableSession):
            _known(f"{where}.source", session.source, settings.sources)
            if isinstance(settings.sources[session.source], PythonSource):
                raise ValueError(f"{where}.source: needs a source with a database of its own")
        if session.names == "erid":
            continue
        sources = {s.source for s in settings.sites.values() if name in (*s.sessions, s.issue)}
        if isinstance(session, TableSession) and session.site_column is not None:
            continue
        if isinstance(session, TableSession) and sources - {session.source}:
            raise ValueError(
                f"{where}: names users of sources.{session.source} by {session.names}, and a site "
                "with other users takes it; give that site a [sessions] entry of its own, or "
                f"set {where}.site_column"
            )
        if len(sources) > 1 and not (isinstance(session, JwtSession) and session.require_site):
            raise ValueError(
                f"{where}: sites with different users take it, and it names users by "
                f'{session.names}; set {where}.require_site = true or names = "erid"'
            )


def _jwts(settings: Settings) -> None:
    """A token that two entries accept is one token: as users of different sources, it would
    name two people."""
    taken: list[tuple[str, JwtSession, set[str]]] = []
    for name, session in settings.sessions.items():
        if not isinstance(session, JwtSession) or session.names == "erid" or session.require_site:
            continue
        sources = {s.source for s in settings.sites.values() if name in (*s.sessions, s.issue)}
        for other_name, other, other_sources in taken:
            if len(sources | other_sources) > 1 and not (
                _differ(session.issuer, other.issuer) or _differ(session.audience, other.audience)
            ):
                raise ValueError(
                    f"sessions.{name}: may take a token of sessions.{other_name}, whose users are "
                    "others; give them different issuers or audiences, or require_site = true"
                )
        taken.append((name, session, sources))


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _known(key: str, name: str, table: Mapping[str, object]) -> None:
    if name not in table:
        there = ", ".join(map(repr, table)) or "none"
        raise ValueError(f"{key}: names {name!r}, which is not configured; there is {there}")
