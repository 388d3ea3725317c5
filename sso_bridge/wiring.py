"""The composition root: settings in, the whole bridge out."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from .config import model as settings_of
from .config.model import Settings
from .config.sessions import JwtSession, TableSession
from .config.source import Fixed, Made
from .config.source import Source as SourceSettings
from .core.bridge import Bridge
from .core.creation import Creation
from .core.deadline import Deadline
from .core.directory import Directory
from .core.logins import LoginRule
from .core.ports import Observer, SessionFormat, SessionIssuer
from .core.sessions import Sessions
from .core.site import EridStrategy, ProfileSession, Site, Source, Wording
from .database import Database
from .errors import ConfigurationError, LedgerUnavailable, SourceUnavailable
from .ledger import SqlLedger
from .passwords import MAKERS, HashPool, PasswordHashes
from .sessions import (
    Encryption,
    JwtFormat,
    JwtIssuer,
    Signature,
    TableFormat,
    TableIssuer,
    TokenTable,
)
from .soap.contract import wsdl
from .soap.server import Endpoint
from .sources import (
    ActiveRule,
    AddressTable,
    Column,
    Constant,
    ExtendedAttribute,
    Generated,
    SqlSource,
)
from .sources import (
    Mapping as Declared,
)
from .sources.mapping import Field
from .web import Callers, Credential, Observation, WebApplication
from .web.health import Health
from .web.page import Page

__all__ = ["Parts", "application", "assemble", "database_url", "mapping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The bridge and what it is made of, for the tools that look inside."""

    settings: Settings
    bridge: Bridge
    directory: Directory
    sites: Mapping[str, Site]
    sources: Mapping[str, SqlSource]
    databases: Mapping[str, Database]
    ledger: SqlLedger
    issuers: Mapping[str, SessionIssuer]
    pool: HashPool


def assemble(settings: Settings, folder: Path, observer: Observer) -> Parts:
    """Build everything below HTTP. `folder` is where relative SQLite files are.

    Opens no connection: databases may be down now. Raises ConfigurationError."""
    call_seconds = settings.server.call_seconds
    databases = {
        name: Database(
            database_url(declared.url.get_secret_value(), folder),
            what=f"source {name!r}",
            unavailable=SourceUnavailable,
            pool_size=declared.pool_size,
            call_seconds=call_seconds,
        )
        for name, declared in settings.sources.items()
    }
    ledger = _ledger(settings, folder)
    pool = HashPool(_hash_workers(settings), settings.hashing.waiting)
    sources: dict[str, SqlSource] = {}
    known: dict[str, Source] = {}
    for name, declared in settings.sources.items():
        rule = LoginRule(declared.login_match)
        users = SqlSource(databases[name], mapping(declared), name=name, login_rule=rule)
        sources[name] = users
        email = declared.profile.get("email")
        known[name] = Source(
            name=name,
            users=users,
            passwords=PasswordHashes(
                pool=pool,
                observer=observer,
                sample=users.password_hashes,
                maker=MAKERS[declared.passwords.scheme](),
            ),
            strategy=EridStrategy(declared.erid.strategy),
            login_rule=rule,
            company=declared.company,
            email_is_login=email == declared.login,
        )
    formats: dict[str, SessionFormat] = {}
    issuers: dict[str, SessionIssuer] = {}
    for name, session in settings.sessions.items():
        used_to_issue = any(site.issue == name for site in settings.sites.values())
        formats[name], issuer = _session(name, session, databases, used_to_issue)
        if issuer is not None:
            issuers[name] = issuer
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
        sessions=Sessions(directory),
        creation=Creation(ledger),
        observer=observer,
    )
    return Parts(
        settings=settings,
        bridge=bridge,
        directory=directory,
        sites=sites,
        sources=sources,
        databases=databases,
        ledger=ledger,
        issuers=issuers,
        pool=pool,
    )


def application(
    settings: Settings, folder: Path, *, url: str, metrics_directory: str | None = None
) -> WebApplication:
    """The WSGI application; `url` is the endpoint's public address."""
    observation = Observation(multiprocess_directory=metrics_directory)
    parts = assemble(settings, folder, observation)
    checks: dict[str, Callable[[Deadline], None]] = {
        f"source {name}": source.check for name, source in parts.sources.items()
    }
    checks["ledger"] = parts.ledger.check
    server = settings.server
    return WebApplication(
        endpoint=Endpoint(parts.bridge),
        callers=_callers(settings, observation),
        observation=observation,
        health=Health(checks),
        page=Page(public_url=url),
        contract=wsdl(url),
        max_body_bytes=server.max_body_bytes,
        body_seconds=server.body_seconds,
        call_seconds=server.call_seconds,
    )


def database_url(url: str, folder: Path) -> str:
    """`url` with the path of a relative SQLite file made absolute, from `folder`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return url
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or name in (None, "", ":memory:"):
        return url
    assert name is not None
    if name.startswith("file:"):
        return url
    return parsed.set(database=str(folder / name)).render_as_string(hide_password=False)


def mapping(declared: SourceSettings) -> Declared:
    """What the settings declare, as the source understands it."""
    active, addresses = declared.active, declared.addresses
    return Declared(
        table=declared.table,
        schema=declared.db_schema,
        subject=declared.subject,
        login=declared.login,
        password=declared.password,
        erid=declared.erid.column,
        active=None
        if active is None
        else ActiveRule(
            column=active.column, values=tuple(map(_text, active.values)), null=active.null
        ),
        profile={name: _field(f) for name, f in declared.profile.items()},
        shipping={name: _field(f) for name, f in declared.shipping.items()},
        billing={name: _field(f) for name, f in declared.billing.items()},
        addresses=None
        if addresses is None
        else AddressTable(
            table=addresses.table,
            schema=addresses.db_schema,
            user=addresses.user,
            kind=addresses.kind,
            shipping=addresses.shipping,
            billing=addresses.billing,
            fields={name: _field(f) for name, f in addresses.fields.items()},
        ),
        attributes=tuple(
            ExtendedAttribute(
                name,
                Constant(a.value or "") if a.column is None else Column(a.column),
                a.type,
            )
            for name, a in declared.attributes.items()
        ),
        create={
            name: Generated(value.make) if isinstance(value, Made) else value
            for name, value in declared.create_values.items()
        },
    )


def _hash_workers(settings: Settings) -> int:
    """Hashes that one worker process computes at a time."""
    if settings.hashing.workers is not None:
        return settings.hashing.workers
    share = (os.cpu_count() or 1) // settings.server.workers
    return max(1, min(share, settings.server.threads // 4))


def _field(declared: str | Fixed) -> Field:
    return Column(declared) if isinstance(declared, str) else Constant(declared.value)


def _text(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _ledger(settings: Settings, folder: Path) -> SqlLedger:
    """The ledger. A SQLite file of its own gets a durable journal; one shared with a source is
    the client's, and keeps the client's."""
    url = database_url(settings.ledger.url.get_secret_value(), folder)
    shared = any(
        database_url(s.url.get_secret_value(), folder) == url for s in settings.sources.values()
    )
    return SqlLedger(
        Database(
            url,
            what="ledger",
            unavailable=LedgerUnavailable,
            pool_size=settings.ledger.pool_size,
            call_seconds=settings.server.call_seconds,
            durable=not shared,
        )
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


def _session(
    name: str,
    declared: JwtSession | TableSession,
    databases: Mapping[str, Database],
    must_issue: bool,
) -> tuple[SessionFormat, SessionIssuer | None]:
    """The format, and the issuer if these settings allow one; a public key does not."""
    try:
        build = _jwt(declared) if isinstance(declared, JwtSession) else _table(declared, databases)
    except ConfigurationError as error:
        raise ConfigurationError(f"sessions.{name}: {error.details}") from None
    session_format, issue = build
    try:
        return session_format, issue()
    except ConfigurationError as error:
        if must_issue:
            raise ConfigurationError(f"sessions.{name}: {error.details}") from None
        return session_format, None


def _jwt(declared: JwtSession) -> tuple[SessionFormat, Callable[[], SessionIssuer]]:
    signature = encryption = None
    if declared.signing_key is not None:
        signature = Signature(
            keys=[declared.signing_key.get_secret_value()], algorithms=declared.signing_algorithms
        )
    if declared.encryption_key is not None:
        encryption = Encryption(
            keys=[declared.encryption_key.get_secret_value()],
            algorithms=declared.encryption_algorithms,
            contents=declared.contents,
        )
    session_format = JwtFormat(
        signature=signature,
        encryption=encryption,
        issuer=declared.issuer,
        audience=declared.audience,
        names=declared.names,
        subject_claim=declared.subject_claim,
        site_claim=declared.site_claim,
        require_site=declared.require_site,
        leeway_seconds=declared.leeway_seconds,
    )
    issue = partial(
        JwtIssuer,
        signature=signature,
        encryption=encryption,
        issuer=declared.issuer,
        audience=declared.audience,
        lifetime_seconds=declared.lifetime_seconds,
        names=declared.names,
        subject_claim=declared.subject_claim,
        site_claim=declared.site_claim,
    )
    return session_format, issue


def _table(
    declared: TableSession, databases: Mapping[str, Database]
) -> tuple[SessionFormat, Callable[[], SessionIssuer]]:
    table = TokenTable(
        table=declared.table,
        token_column=declared.token_column,
        hashing=declared.hashing,
        user_column=declared.user_column,
        names=declared.names,
        schema=declared.db_schema,
        expiry_column=declared.expiry_column,
        expiry_kind=declared.expiry_kind,
        no_expiry_is_valid=declared.no_expiry_is_valid,
        revoked_column=declared.revoked_column,
        revoked_kind=declared.revoked_kind,
        site_column=declared.site_column,
        created_column=declared.created_column,
        created_kind=declared.created_kind,
        max_age_seconds=declared.max_age_seconds,
    )
    database = databases[declared.source]
    issue = partial(
        TableIssuer, database=database, table=table, lifetime_seconds=declared.lifetime_seconds
    )
    return TableFormat(database=database, table=table), issue


def _callers(settings: Settings, observer: Observer) -> Callers:
    """Who may call. Their hashes have a pool of their own: a stranger who guesses at them
    must not take the place of shoppers who sign in."""
    hashes = PasswordHashes(
        pool=HashPool(1, 4),
        observer=observer,
        sample=lambda count, deadline: [],
        maker=MAKERS["argon2id"](),
    )
    call_seconds = settings.server.call_seconds

    def verifier(declared: settings_of.Caller) -> Callable[[str], bool]:
        if declared.password is not None:
            secret = declared.password.get_secret_value().encode()
            return lambda sent: hmac.compare_digest(secret, sent.encode())
        assert declared.password_hash is not None
        stored = declared.password_hash.get_secret_value()
        return lambda sent: hashes.verify(sent, stored, Deadline(call_seconds))

    return Callers([Credential(name, c.user, verifier(c)) for name, c in settings.callers.items()])
