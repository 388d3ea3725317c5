"""Everything below HTTP, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config import Settings
from ..config import model as settings_of
from ..config.sessions import JwtSession, TableSession
from ..core.bridge import Bridge
from ..core.creation import Creation
from ..core.directory import Directory
from ..core.erid import EridRule
from ..core.guard import Guard
from ..core.logins import LoginRule
from ..core.ports import Observer, SessionFormat, SessionIssuer
from ..core.sessions import Sessions
from ..core.site import GuardMode, ProfileSession, Site, Source, Wording
from ..database import Database
from ..errors import SourceUnavailable
from ..ledger import Memory, SqlLedger
from ..passwords import MAKERS, HashPool, PasswordHashes, cores
from ..sources import SqlSource
from .declared import database_url, mapping, strategy
from .ledger import declared_ledger, ledger_database
from .separation import check_separation
from .tokens import tokens

__all__ = ["Parts", "assemble", "source_database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The bridge and what it is made of, for the tools that look inside."""

    settings: Settings
    bridge: Bridge
    directory: Directory
    sites: Mapping[str, Site]
    declared: Mapping[str, Source]
    sources: Mapping[str, SqlSource]
    databases: Mapping[str, Database]
    guard: Guard
    ledger: SqlLedger
    issuers: Mapping[str, SessionIssuer]
    pool: HashPool


def assemble(settings: Settings, folder: Path, observer: Observer) -> Parts:
    """Build everything below HTTP. `folder` is where relative SQLite files are.

    Opens no connection: databases may be down now. Raises ConfigurationError."""
    check_separation(settings, folder)
    databases = {name: source_database(settings, folder, name) for name in settings.sources}
    ledger = SqlLedger(
        ledger_database(settings, folder),
        declared_ledger(settings),
        memory=Memory(settings.ledger.remember, settings.ledger.watch_seconds),
    )
    guard = Guard(ledger, observer)
    pool = HashPool(_hash_workers(settings), settings.hashing.waiting)
    users = {
        name: SqlSource(
            databases[name],
            mapping(declared),
            name=name,
            login_rule=LoginRule(declared.login_match),
        )
        for name, declared in settings.sources.items()
    }
    known = {
        name: _source(name, settings, users[name], pool, observer) for name in settings.sources
    }
    formats, issuers = tokens(settings, databases)
    sites = {
        site_id: _site(site_id, site, known, formats, issuers, settings.sessions)
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
    )


def source_database(
    settings: Settings, folder: Path, name: str, *, call_seconds: float | None = None
) -> Database:
    """The database of a source. `call_seconds` bounds a statement where it is not the setting
    of that name."""
    declared = settings.sources[name]
    return Database(
        database_url(declared.url.get_secret_value(), folder),
        what=f"source {name!r}",
        unavailable=SourceUnavailable,
        pool_size=declared.pool_size,
        call_seconds=call_seconds or settings.server.call_seconds,
    )


def _source(
    name: str, settings: Settings, users: SqlSource, pool: HashPool, observer: Observer
) -> Source:
    declared = settings.sources[name]
    return Source(
        name=name,
        users=users,
        passwords=PasswordHashes(
            pool=pool,
            observer=observer,
            sample=users.password_hashes,
            maker=MAKERS[declared.passwords.scheme](),
        ),
        strategy=strategy(name, declared.erid),
        erids=EridRule(declared.erid.max_length, declared.erid.pattern),
        guard=GuardMode(declared.erid.guard),
        login_rule=LoginRule(declared.login_match),
        company=declared.company,
        email_is_login=declared.profile.get("email") == declared.login,
    )


def _site(
    site_id: str,
    declared: settings_of.Site,
    sources: Mapping[str, Source],
    formats: Mapping[str, SessionFormat],
    issuers: Mapping[str, SessionIssuer],
    sessions: Mapping[str, JwtSession | TableSession],
) -> Site:
    refusals = declared.refusals
    wording = {kind: getattr(refusals, kind) for kind in type(refusals).model_fields}
    return Site(
        id=site_id,
        source=sources[declared.source],
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
