"""From what the settings declare about a database to what the rooms below understand."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ..config import source as source_settings
from ..config.source import Erid, Made, PythonSource
from ..config.source import Source as SourceSettings
from ..core import strategies
from ..errors import ConfigurationError
from ..sources import (
    ActiveRule,
    AddressTable,
    Column,
    Computed,
    Constant,
    ExtendedAttribute,
    Filter,
    Generated,
    Join,
    LoginColumn,
    Mapping,
    Pairs,
    Select,
)
from ..sources.fields import Field
from ..sources.mapping import Choice

__all__ = ["database_url", "filters", "mapping", "place", "secret_of", "strategy", "table_identity"]

_SHORTEST_SECRET = 32
"""Characters of a secret that hashes are keyed with."""


def database_url(url: str, folder: Path) -> str:
    """`url` with the path of a relative SQLite file made absolute, from `folder`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or name in (None, "", ":memory:"):
        return url
    assert name is not None
    if name.startswith("file:"):
        return url
    return parsed.set(database=str(folder / name)).render_as_string(hide_password=False)


def place(declared: SourceSettings | PythonSource) -> dict[str, str]:
    """Where the people of a source are and how they are known, by the names of settings.

    Hosts do not count: a server may be moved. Of a SQLite file the name counts, not the folder."""
    if isinstance(declared, PythonSource):
        return {"factory": declared.factory}
    try:
        name = make_url(declared.url.get_secret_value()).database or ""
    except (ArgumentError, ValueError):
        name = ""
    return {
        "url (the database's name)": name.replace("\\", "/").rpartition("/")[2],
        "schema": declared.db_schema or "",
        "table": declared.table if declared.select is None else "(select)",
        "subject": declared.subject,
        "erid.fingerprint": ", ".join(declared.erid.fingerprint),
    }


def table_identity(url: str, folder: Path, schema: str | None, table: str) -> tuple[object, ...]:
    """What two settings have in common that mean one table, however they spell its database.

    Users and drivers do not count. Aliases of a host are not seen through."""
    try:
        parsed = make_url(database_url(url, folder))
    except (ArgumentError, ValueError):
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
    return Mapping(
        table=declared.table,
        schema=declared.db_schema,
        select=None if declared.select is None else Select(declared.select, declared.select_values),
        subject=declared.subject,
        logins=tuple(LoginColumn(*one) for one in declared.login_columns()),
        first_login_wins=declared.login_clash == "first",
        password=_field(declared, declared.password),
        filters=filters(declared.filter),
        joins={name: _join(one) for name, one in declared.joins.items()},
        pairs={
            name: Pairs(
                table=one.table,
                schema=one.db_schema,
                user=one.user,
                name=one.name,
                value=one.value,
                order=one.order,
            )
            for name, one in declared.pairs.items()
        },
        erid=declared.erid.column,
        fingerprint=declared.erid.fingerprint,
        active=tuple(
            ActiveRule(
                column=_column(declared, rule.column),
                values=tuple(text for one in rule.values for text in _texts(one)),
                other_than=tuple(text for one in rule.other_than for text in _texts(one)),
                null=rule.null,
                expires=rule.expires,
                locked_until=rule.locked_until,
            )
            for rule in declared.active_rules()
        ),
        empty_is_null=declared.empty_is_null,
        profile={name: _field(declared, f) for name, f in declared.profile.items()},
        shipping={name: _field(declared, f) for name, f in declared.shipping.items()},
        billing={name: _field(declared, f) for name, f in declared.billing.items()},
        addresses=None if declared.addresses is None else _addresses(declared.addresses),
        attributes=tuple(
            ExtendedAttribute(name, _field(declared, a), a.type)
            for name, a in declared.attributes.items()
        ),
        create={
            name: Generated(value.make) if isinstance(value, Made) else value
            for name, value in declared.create_values.items()
        },
    )


def filters(declared: source_settings.Filter) -> tuple[Filter, ...]:
    """Which rows count."""
    made = []
    for column, given in declared.items():
        if isinstance(given, source_settings.FilterRule):
            made.append(
                Filter(
                    column=column, values=given.values, other_than=given.other_than, null=given.null
                )
            )
        else:
            made.append(
                Filter(column=column, values=given if isinstance(given, tuple) else (given,))
            )
    return tuple(made)


def _addresses(declared: source_settings.Addresses) -> AddressTable:
    shipping: str | None
    billing: str | None
    if declared.kind is not None:
        choice, column = "kind", declared.kind
        shipping, billing = declared.shipping, declared.billing
    elif declared.id is not None:
        choice, column = "id", declared.id
        shipping, billing = declared.shipping_id, declared.billing_id
    elif declared.shipping_flag is not None or declared.billing_flag is not None:
        choice, column = "flag", ""
        shipping, billing = declared.shipping_flag, declared.billing_flag
    else:
        choice, column, shipping, billing = "first", "", "", ""
    return AddressTable(
        table=declared.table,
        schema=declared.db_schema,
        user=declared.user,
        choice=cast(Choice, choice),
        column=column,
        shipping=shipping or "",
        billing=billing or "",
        filters=filters(declared.filter),
        joins={name: _join(one) for name, one in declared.joins.items()},
        fields={name: _field(declared, f) for name, f in declared.fields.items()},
    )


def _join(declared: source_settings.Join) -> Join:
    return Join(
        table=declared.table,
        schema=declared.db_schema,
        on=tuple(declared.on.items()),
        filters=filters(declared.filter),
    )


def _column(owner: SourceSettings | source_settings.Addresses, written: str) -> Column:
    """A column of the table itself, or of one of the joins or pairs of `owner`."""
    of, dot, name = written.partition(".")
    pairs = owner.pairs if isinstance(owner, SourceSettings) else {}
    return Column(name, of) if dot and (of in owner.joins or of in pairs) else Column(written)


def _field(
    owner: SourceSettings | source_settings.Addresses, declared: str | source_settings.Computed
) -> Field:
    if isinstance(declared, str):
        return _column(owner, declared)
    if declared.value is not None:
        return Constant(declared.value)
    columns = tuple(_column(owner, name) for name in declared.names())
    made = Computed(
        columns=columns,
        separator=declared.separator,
        cast=declared.cast,
        part=declared.part,
        split=declared.split,
        values=declared.map,
        letters=declared.letters,
        prefix=declared.prefix,
        suffix=declared.suffix,
        default=declared.default,
    )
    return columns[0] if made == Computed(columns=columns[:1]) else made


def _texts(value: str | int | bool) -> tuple[str, ...]:
    """How a column may have it; the first is what a new user gets."""
    if isinstance(value, bool):
        return str(int(value)), str(value).lower()
    return (str(value),)
