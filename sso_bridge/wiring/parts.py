"""Everything below HTTP, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config import Settings
from ..config import model as settings_of
from ..config.sessions import JwtSession, TableSession
from ..config.source import Source as SourceSettings
from ..core.bridge import Bridge
from ..core.creation import Creation
from ..core.directory import Directory
from ..core.erid import EridRule
from ..core.guard import Guard
from ..core.logins import LoginRule
from ..core.ports import Observer, PasswordTransit, SessionFormat, SessionIssuer, UserSource
from ..core.sessions import Sessions
from ..core.site import GuardMode, InClear, ProfileSession, Site, Source, Wording
from ..database import Database
from ..errors import ConfigurationError, SourceUnavailable
from ..ledger import Memory, SqlLedger
from ..passwords import HashPool, cores
from ..sources import SqlSource
from ..throttle import Throttle
from .callers import check_callers
from .declared import database_url, filters, mapping, strategy
from .factory import made_by_factory
from .ledger import declared_ledger, ledger_database
from .passwords import password_hashes
from .separation import check_separation
from .throttle import throttle
from .tokens import tokens
from .transit import agreements

__all__ = ["Parts", "assemble", "source_database", "sql_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The bridge and what it is made of, for the tools that look inside."""

    settings: Settings
    bridge: Bridge
    directory: Directory
    sites: Mapping[str, Site]
    declared: Mapping[str, Source]
    sources: Mapping[str, UserSource]
    databases: Mapping[str, Database]
    guard: Guard
    ledger: SqlLedger
    issuers: Mapping[str, SessionIssuer]
    pool: HashPool
    throttle: Throttle


def assemble(settings: Settings, folder: Path, observer: Observer) -> Parts:
    """Build everything below HTTP. `folder` is where relative SQLite files are.

    Opens no connection: databases may be down now. Raises ConfigurationError."""
    check_separation(settings, folder)
    check_callers(settings)
    databases = {
        name: source_database(settings, folder, name)
        for name, declared in settings.sources.items()
        if isinstance(declared, SourceSettings)
    }
    ledger = SqlLedger(
        ledger_database(settings, folder),
        declared_ledger(settings),
        memory=Memory(settings.ledger.remember, settings.ledger.watch_seconds),
    )
    guard = Guard(ledger, observer)
    pool = HashPool(
        _hash_workers(settings),
        settings.hashing.waiting,
        longest_wait=settings.hashing.wait_seconds,
    )
    users = {name: _users(settings, folder, name, databases) for name in settings.sources}
    known = {
        name: _source(name, settings, users[name], pool, observer) for name in settings.sources
    }
    formats, issuers = tokens(settings, databases)
    transits = agreements(settings, observer)
    sites = {
        site_id: _site(site_id, site, known, formats, issuers, settings.sessions, transits)
        for site_id, site in settings.sites.items()
    }
    default = settings.default()
    directory = Directory(
        list(sites.values()),
        default=None if default is None else sites[default],
        ledger=ledger,
        observer=observer,
    )
    bridge = Bridge(
        directory=directory,
        guard=guard,
        sessions=Sessions(directory),
        creation=Creation(ledger, guard),
        observer=observer,
    )
    return Parts(
        settings=settings,
        bridge=bridge,
        directory=directory,
        sites=sites,
        declared=known,
        sources=users,
        databases=databases,
        guard=guard,
        ledger=ledger,
        issuers=issuers,
        pool=pool,
        throttle=throttle(settings, observer),
    )


def source_database(
    settings: Settings,
    folder: Path,
    name: str,
    *,
    call_seconds: float | None = None,
    replica: bool = False,
) -> Database:
    """The database of a source, or its `replica`. `call_seconds` bounds a statement where it is not
    the setting of that name. Raises ConfigurationError for a source that is not a database."""
    declared = sql_settings(settings, name)
    url = declared.replica_url if replica else declared.url
    assert url is not None
    return Database(
        database_url(url.get_secret_value(), folder),
        what=f"source {name!r}" + " (replica)" * replica,
        unavailable=SourceUnavailable,
        pool_size=declared.pool_size,
        call_seconds=call_seconds or settings.server.call_seconds,
    )


def sql_settings(settings: Settings, name: str) -> SourceSettings:
    """The settings of a source that is a database; raises ConfigurationError for another."""
    declared = settings.sources[name]
    if isinstance(declared, SourceSettings):
        return declared
    raise ConfigurationError(
        f"sources.{name}: is a program (factory), and this needs a database that it can read"
    )


def _users(
    settings: Settings, folder: Path, name: str, databases: Mapping[str, Database]
) -> UserSource:
    declared = settings.sources[name]
    if not isinstance(declared, SourceSettings):
        return made_by_factory(name, declared)
    has_replica = declared.replica_url is not None
    return SqlSource(
        databases[name],
        mapping(declared),
        name=name,
        login_rule=LoginRule(declared.login_match),
        replica=source_database(settings, folder, name, replica=True) if has_replica else None,
    )


def _source(
    name: str, settings: Settings, users: UserSource, pool: HashPool, observer: Observer
) -> Source:
    declared = settings.sources[name]
    sql = declared if isinstance(declared, SourceSettings) else None
    return Source(
        name=name,
        users=users,
        passwords=password_hashes(
            name,
            declared.passwords,
            pool=pool,
            observer=observer,
            sample=users.password_hashes,
        ),
        strategy=strategy(name, declared.erid),
        erids=EridRule(declared.erid.max_length, declared.erid.pattern),
        guard=GuardMode(declared.erid.guard),
        login_rule=LoginRule(declared.login_match),
        company=declared.company,
        email_is_login=sql is not None and sql.profile.get("email") == sql.login_columns()[0][0],
        rehashes=declared.passwords.rehash,
    )


def _site(
    site_id: str,
    declared: settings_of.Site,
    sources: Mapping[str, Source],
    formats: Mapping[str, SessionFormat],
    issuers: Mapping[str, SessionIssuer],
    sessions: Mapping[str, JwtSession | TableSession],
    transits: Mapping[str, PasswordTransit],
) -> Site:
    refusals = declared.refusals
    source = sources[declared.source]
    users = source.users
    wording = {kind: getattr(refusals, kind) for kind in type(refusals).model_fields}
    return Site(
        id=site_id,
        source=source,
        narrowed=users.within(filters(declared.filter)) if isinstance(users, SqlSource) else None,
        transit=InClear()
        if declared.password_encryption is None
        else transits[declared.password_encryption],
        sessions=tuple(formats[name] for name in declared.sessions),
        token_attributes=declared.token_attributes,
        issuer=None if declared.issue is None else issuers[declared.issue],
        issued_attribute=declared.issue_as,
        issued_names="subject" if declared.issue is None else sessions[declared.issue].names,
        profile_session=ProfileSession(declared.profile_session),
        creates=declared.create,
        wording={kind: Wording(w.code, w.text) for kind, w in wording.items()},
    )


def _hash_workers(settings: Settings) -> int:
    """Hashes that one worker process computes at a time."""
    if settings.hashing.workers is not None:
        return settings.hashing.workers
    share = cores() // settings.server.workers
    return max(1, min(share, settings.server.threads // 4))
