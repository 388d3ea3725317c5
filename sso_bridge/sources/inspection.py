"""Is a declared mapping true of the database, and are its look-ups quick and unambiguous?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Inspector,
    column,
    func,
    inspect,
    or_,
    select,
)
from sqlalchemy import table as named_table
from sqlalchemy.exc import NoSuchTableError, SAWarning

from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..database import Database
from .fields import Column, columns_of
from .mapping import Mapping
from .shape import indexes, is_unique

__all__ = ["Finding", "examine", "examine_table"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one place of the configuration. `error`: not safe to serve."""

    severity: Literal["error", "warning", "ok"]
    place: str
    text: str


def examine(
    database: Database, mapping: Mapping, rule: LoginRule, deadline: Deadline, *, creates: bool
) -> list[Finding]:
    """Everything worth saying about the mapping; raises SourceUnavailable for an outage."""
    with database.connection(deadline) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of indexes it cannot reflect; see below
        found = list(_columns(connection, mapping.table, mapping.schema, mapping.own_columns()))
        if any(f.severity == "error" for f in found):
            return found
        table = inspect(connection)
        found += _keys(connection, table, mapping, rule)
        if creates:
            found += _creation(table, mapping)
        addresses = mapping.addresses
        if addresses is not None:
            names = [c.name for f in addresses.fields.values() for c in columns_of(f) if not c.of]
            columns = [c for c in (addresses.user, addresses.column, *names) if c]
            told = list(_columns(connection, addresses.table, addresses.schema, columns))
            found += told
            if all(f.severity == "ok" for f in told) and not _leads(
                connection, addresses.table, addresses.schema, addresses.user
            ):
                place = f"{addresses.table}.{addresses.user}"
                found.append(Finding("warning", place, "has no index: every profile reads it all"))
    return found


def examine_table(
    database: Database, name: str, schema: str | None, key: str, others: Sequence[str], d: Deadline
) -> list[Finding]:
    """The same for a table of which one column is looked up."""
    with database.connection(d) as connection:
        found = list(_columns(connection, name, schema, [key, *others]))
        if not any(f.severity == "error" for f in found):
            found += _key(connection, inspect(connection), name, schema, key, "error", "a token")
    return found


def _columns(
    connection: Connection, name: str, schema: str | None, columns: Sequence[str]
) -> Iterator[Finding]:
    """Which of `columns` the table lacks, or that it has them all."""
    try:
        present = {c["name"] for c in inspect(connection).get_columns(name, schema=schema)}
    except NoSuchTableError:
        yield Finding("error", name, "there is no such table or view; correct `table`")
        return
    missing = [c for c in dict.fromkeys(columns) if c not in present]
    for absent in missing:
        yield Finding("error", f"{name}.{absent}", "there is no such column")
    if not missing:
        yield Finding("ok", name, f"has all {len(dict.fromkeys(columns))} mapped columns")


def _keys(
    connection: Connection, table: Inspector, mapping: Mapping, rule: LoginRule
) -> Iterator[Finding]:
    """Whether what identifies a user is unique and quick to find."""
    name, schema = mapping.table, mapping.schema
    yield from _key(
        connection, table, name, schema, mapping.subject, "error", "a user's primary key"
    )
    yield from _key(
        connection,
        table,
        name,
        schema,
        mapping.login,
        "warning",
        "a login",
        look_up=rule is LoginRule.EXACT,
    )
    if mapping.erid is not None:
        yield from _key(connection, table, name, schema, mapping.erid, "warning", "an ERID")
    if rule is LoginRule.ASCII_CASE and not _folded_is_quick(connection, table, mapping):
        yield Finding(
            "warning",
            f"{name}.{mapping.login}",
            f"login_match = ascii_case reads the whole table for every login; "
            f"CREATE INDEX … ON {name} (lower({mapping.login}))",
        )


def _key(
    connection: Connection,
    table: Inspector,
    name: str,
    schema: str | None,
    key: str,
    severity: Literal["error", "warning"],
    what: str,
    *,
    look_up: bool = True,
) -> Iterator[Finding]:
    place = f"{name}.{key}"
    if name in table.get_view_names(schema=schema):
        text = (
            f"is a view's column: make sure that no two rows share {what}, and that it is indexed"
        )
        yield Finding("warning", place, text)
        return
    if is_unique(connection, name, schema, key):
        yield Finding("ok", place, "is unique and indexed")
        return
    yield Finding(severity, place, f"has no unique constraint: two rows may share {what}")
    if look_up and not _leads(connection, name, schema, key):
        yield Finding("warning", place, "has no index: every look-up reads the whole table")


def _leads(connection: Connection, name: str, schema: str | None, key: str) -> bool:
    """Whether `key` is the first column of an index."""
    table = inspect(connection)
    primary = table.get_pk_constraint(name, schema=schema).get("constrained_columns") or []
    indexed: list[Any] = [
        primary,
        *(i["column_names"] for i in indexes(connection, name, schema)),
        *(c["column_names"] for c in table.get_unique_constraints(name, schema=schema)),
    ]
    return any(list(columns)[:1] == [key] for columns in indexed)


def _folded_is_quick(connection: Connection, table: Inspector, mapping: Mapping) -> bool:
    """Whether lower(login) is indexed: by SQLite's own plan, elsewhere by the index's text."""
    if connection.dialect.name == "sqlite":
        login: ColumnClause[str] = column(mapping.login)
        users = named_table(mapping.table, login, schema=mapping.schema)
        wanted: ColumnElement[bool] = or_(login == "x", func.lower(login).in_(["x", "y"]))
        query = select(login).select_from(users).where(wanted)
        sql = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
        return not any(str(row[-1]).startswith("SCAN") for row in plan)
    wanted_text = f"lower({mapping.login})"
    return any(
        wanted_text in str(expression).replace('"', "").replace("::text", "")
        for index in table.get_indexes(mapping.table, schema=mapping.schema)
        for expression in index.get("expressions", [])
    )


def _creation(table: Inspector, mapping: Mapping) -> Iterator[Finding]:
    """Which columns a new row would lack a value for."""
    written = {mapping.login, mapping.erid, *mapping.create, *(f.column for f in mapping.filters)}
    written |= {c.name for c in columns_of(mapping.password)}
    written |= {rule.column.name for rule in mapping.active if not rule.column.of}
    optional = {f.name for f in mapping.profile.values() if isinstance(f, Column)}
    for declared in table.get_columns(mapping.table, schema=mapping.schema):
        name = declared["name"]
        has_default = declared.get("default") is not None or declared.get("autoincrement") is True
        primary = name == mapping.subject
        if declared["nullable"] or has_default or primary or name in written:
            continue
        place = f"{mapping.table}.{name}"
        if name in optional:
            yield Finding("warning", place, "is NOT NULL: a creation that sends none is refused")
        else:
            yield Finding(
                "error", place, "is NOT NULL, has no default and no value; add it to create_values"
            )
