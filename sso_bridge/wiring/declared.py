"""From what the settings declare about a database to what the rooms below understand."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ..config.source import Erid, Fixed, Made
from ..config.source import Source as SourceSettings
from ..core import strategies
from ..errors import ConfigurationError
from ..sources import (
    ActiveRule,
    AddressTable,
    Column,
    Constant,
    ExtendedAttribute,
    Generated,
    Mapping,
)
from ..sources.mapping import Field

__all__ = ["database_url", "mapping", "place", "secret_of", "strategy", "table_identity"]

_SHORTEST_SECRET = 32
"""Characters of a secret that hashes are keyed with."""


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


def place(declared: SourceSettings) -> dict[str, str]:
    """Where the people of a source are and how they are known, by the names of settings.

    Hosts do not count: a server may be moved. Of a SQLite file the name counts, not the folder."""
    try:
        name = make_url(declared.url.get_secret_value()).database or ""
    except ArgumentError:
        name = ""
    return {
        "url (the database's name)": name.replace("\\", "/").rpartition("/")[2],
        "schema": declared.db_schema or "",
        "table": declared.table,
        "subject": declared.subject,
        "erid.fingerprint": ", ".join(declared.erid.fingerprint),
    }


def table_identity(url: str, folder: Path, schema: str | None, table: str) -> tuple[object, ...]:
    """What two settings have in common that mean one table, however they spell its database.

    Users and drivers do not count. Aliases of a host are not seen through."""
    try:
        parsed = make_url(database_url(url, folder))
    except ArgumentError:
        return (url, schema, table)
    engine, name = parsed.get_backend_name(), parsed.database
    engine = "mysql" if engine == "mariadb" else engine
    if engine == "sqlite" and name and not name.startswith("file:") and name != ":memory:":
        name = str(Path(name).resolve())
    default = {"sqlite": "main", "postgresql": "public", "mysql": name}.get(engine)
    port = parsed.port or {"postgresql": 5432, "mysql": 3306}.get(engine)
    host = "localhost" if parsed.host in (None, "", "127.0.0.1", "::1") else parsed.host
    return (engine, host, port, name, schema or default, table)


def strategy(name: str, declared: Erid) -> strategies.Strategy:
    """Where the ERIDs of the source `name` come from."""
    if declared.strategy == "derived":
        return strategies.Derived(
            name, secret_of(f"sources.{name}.erid.secret", declared.secret) or b""
        )
    if declared.strategy == "imported":
        return strategies.Imported(mints=declared.newcomers == "minted")
    return strategies.Column() if declared.strategy == "column" else strategies.Minted()


def secret_of(key: str, secret: SecretStr | None) -> bytes | None:
    """The secret in the setting `key`, None if it is unset; raises ConfigurationError for one that
    could be guessed."""
    if secret is None:
        return None
    value = secret.get_secret_value().encode()
    if len(value) < _SHORTEST_SECRET:
        raise ConfigurationError(
            f"{key}: is shorter than {_SHORTEST_SECRET} characters; make a random one, for "
            "example with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def mapping(declared: SourceSettings) -> Mapping:
    """What the settings declare, as the source understands it."""
    active, addresses = declared.active, declared.addresses
    return Mapping(
        table=declared.table,
        schema=declared.db_schema,
        subject=declared.subject,
        login=declared.login,
        password=declared.password,
        erid=declared.erid.column,
        fingerprint=declared.erid.fingerprint,
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


def _field(declared: str | Fixed) -> Field:
    return Column(declared) if isinstance(declared, str) else Constant(declared.value)


def _text(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
