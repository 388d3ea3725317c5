"""Session formats and issuers, from their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ..config import Settings
from ..config.sessions import JwtSession, TableSession
from ..core.ports import SessionFormat, SessionIssuer
from ..database import Database
from ..errors import ConfigurationError
from ..sessions import (
    Encryption,
    JwtFormat,
    JwtIssuer,
    Signature,
    TableFormat,
    TableIssuer,
    TokenTable,
)

__all__ = ["tokens"]


def tokens(
    settings: Settings, databases: Mapping[str, Database]
) -> tuple[dict[str, SessionFormat], dict[str, SessionIssuer]]:
    """Every format, and the issuers of those that can make tokens, by their names."""
    formats: dict[str, SessionFormat] = {}
    issuers: dict[str, SessionIssuer] = {}
    for name, session in settings.sessions.items():
        used_to_issue = any(site.issue == name for site in settings.sites.values())
        formats[name], issuer = _session(name, session, databases, used_to_issue)
        if issuer is not None:
            issuers[name] = issuer
    return formats, issuers


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
