"""What the database user may do: too little, or more than is needed.

Where an engine does not say it for certain, nothing is said."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ..sources.fields import Column
from .examined import Examined, MappedTable, tables_of
from .findings import Finding, found

__all__ = ["is_refusal", "rights"]

_WRITES: Final = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
_HARMLESS: Final = frozenset(
    {"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "EXECUTE", "LOCK TABLES", "PROCESS"}
    | {"CREATE TEMPORARY TABLES", "REFERENCES", "BINLOG MONITOR", "REPLICATION CLIENT"}
)
"""What a MariaDB user may have beside reading that changes nothing."""
_GRANT: Final = re.compile(
    r"GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<schema>\*|`(?:[^`]|``)+`)\."
    r"(?P<table>\*|`(?:[^`]|``)+`) TO .*?(?P<option>WITH GRANT OPTION)?$"
)


def is_refusal(error: DBAPIError) -> bool:
    """Whether the database says that its user may not do this."""
    cause = error.orig
    if getattr(cause, "sqlstate", None) == "42501":
        return True
    numbers = (1044, 1045, 1142, 1143, 1227, 1370)
    return isinstance(cause, Exception) and cause.args[:1] in [(n,) for n in numbers]


def rights(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """What is missing, and what is more than the settings need."""
    engine = connection.dialect.name
    if engine == "sqlite":
        said = _of_file(examined)
    elif engine == "postgresql":
        said = list(_of_postgresql(connection, examined))
    elif engine in ("mysql", "mariadb"):
        said = list(_of_mariadb(connection, examined))
    else:
        return
    yield from said
    if not said:
        yield found("rights", "database user", "may do what is needed, and no more that matters")


def _needed(examined: Examined, table: MappedTable) -> set[str]:
    """The rights on a table that are needed beside SELECT."""
    needed = {"INSERT"} if table.inserts else set()
    if table.key == "" and examined.rehashes:
        needed.add("UPDATE")
    if (table.schema, table.name) in examined.writes:
        needed.add("INSERT")
    return needed


def _why(right: str) -> str:
    return "for new accounts" if right == "INSERT" else "for passwords.rehash"


def _missing(name: str, right: str) -> Finding:
    return found("right_missing", name, f"the database user lacks {right}, {_why(right)}")


def _wide(what: list[str]) -> Iterator[Finding]:
    if what:
        yield found(
            "rights_wide",
            "database user",
            f"may do more than is needed: {'; '.join(dict.fromkeys(what))}",
        )


def _of_file(examined: Examined) -> list[Finding]:
    name = examined.database.engine.url.database or ""
    path = Path(re.sub(r"^file:|\?.*$", "", name))
    if not (examined.creates or examined.rehashes) or not path.is_file():
        return []
    return [
        found("right_missing", str(place.name), "cannot be written, and new accounts or hashes are")
        for place in (path, path.absolute().parent)
        if not os.access(place, os.W_OK)
    ]


_ROLE: Final = text(
    "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles"
    " WHERE rolname = current_user"
)
_ROLE_MAY: Final = ("is a superuser", "may make roles", "may make databases", "")
_RELATION: Final = text("SELECT to_regclass(:name)::oid")
_OF_TABLE: Final = text("SELECT has_table_privilege(CAST(:oid AS oid), :right)")
_OF_SOME: Final = text("SELECT has_any_column_privilege(CAST(:oid AS oid), :right)")
_OF_COLUMN: Final = text("SELECT has_column_privilege(CAST(:oid AS oid), :column, :right)")
_HIDDEN: Final = text(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname = :name AND n.nspname = COALESCE(:schema, 'public')"
    " AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT has_schema_privilege(n.oid, 'USAGE')"
)
_MAKES_TABLES: Final = text(
    "SELECT n.nspname FROM pg_namespace n WHERE n.nspname = ANY(current_schemas(false))"
    " AND has_schema_privilege(n.oid, 'CREATE')"
)


def _of_postgresql(connection: Connection, examined: Examined) -> Iterator[Finding]:
    role = connection.execute(_ROLE).one()
    wide = [what for has, what in zip(role, _ROLE_MAY, strict=True) if has and what]
    tables = [] if role.rolsuper else [t for t in tables_of(examined) if not t.is_query]
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table in tables:
        whole = ".".join(quote(part) for part in (table.schema, table.name) if part)
        oid = connection.scalar(_RELATION, {"name": whole})
        if oid is None:
            for schema in connection.scalars(_HIDDEN, {"name": table.name, "schema": table.schema}):
                what = f"the database user lacks USAGE of the schema {schema}"
                yield found("right_missing", table.name, what)
            continue

        def may(statement: Any, right: str, oid: object = oid, **more: str) -> bool:
            return bool(connection.scalar(statement, {"oid": oid, "right": right, **more}))

        for column in table.columns:
            if not may(_OF_COLUMN, "SELECT", column=column):
                yield found(
                    "right_missing", f"{table.name}.{column}", "the database user may not SELECT it"
                )
        needed = _needed(examined, table)
        if "INSERT" in needed and not may(_OF_SOME, "INSERT"):
            yield _missing(table.name, "INSERT")
        password = examined.mapping.password
        if "UPDATE" in needed and isinstance(password, Column):
            place = f"{table.name}.{password.name}"
            if not may(_OF_COLUMN, "UPDATE", column=password.name):
                yield _missing(place, "UPDATE")
            elif may(_OF_TABLE, "UPDATE"):
                wide.append(f"UPDATE of all of {table.name}, not of {password.name} alone")
        more = [
            right
            for right in _WRITES
            if right not in needed
            and may(_OF_SOME if right in ("INSERT", "UPDATE") else _OF_TABLE, right)
        ]
        if more:
            wide.append(f"{', '.join(more)} on {table.name}")
    if tables and not examined.holds_ledger:
        wide += [f"make tables in {schema}" for schema in connection.scalars(_MAKES_TABLES)]
    yield from _wide(wide)


class _Grants:
    """What SHOW GRANTS says. `certain`: there is nothing in it that is not understood."""

    def __init__(self, lines: list[str]) -> None:
        self.certain = True
        self.all: list[tuple[str, str, dict[str, bool]]] = []
        """Schema and table (or "*"), and each right: whether it is on all columns."""
        for line in lines:
            if line.startswith(("GRANT PROXY", "SET DEFAULT ROLE")):
                continue
            match = _GRANT.match(re.sub(r" IDENTIFIED .*?(?= WITH GRANT|$)", "", line))
            if match is None:  # a role, whose rights are listed only while it is used
                self.certain = False
                continue
            given = dict(_split(match["rights"]))
            if match["option"]:
                given["GRANT OPTION"] = True
            names = (match[n].strip("`").replace("``", "`") for n in ("schema", "table"))
            schema, table = names
            self.all.append((schema, table, given))

    def on(self, schema: str, table: str) -> dict[str, bool]:
        """The rights on one table, wherever they are given."""
        merged: dict[str, bool] = {}
        for in_schema, on_table, given in self.all:
            if _fits(in_schema, schema, on_table) and on_table in ("*", table):
                for right, whole in given.items():
                    merged[right] = merged.get(right, False) or whole
        return merged


def _split(rights: str) -> Iterator[tuple[str, bool]]:
    for one in re.findall(r"[^,(]+(?:\([^)]*\))?", rights):
        name, columns, _ = one.partition("(")
        if name.strip():
            yield name.strip().upper(), not columns


def _fits(pattern: str, schema: str, table: str) -> bool:
    """Whether a grant's schema is meant: it may have wildcards where it is on all tables."""
    if pattern in ("*", schema):
        return True
    if table != "*":
        return False
    parts = re.findall(r"\\.|.", pattern)
    wild = {"_": ".", "%": ".*"}
    return bool(
        re.fullmatch("".join(wild.get(p) or re.escape(p.lstrip("\\")) for p in parts), schema)
    )


def _of_mariadb(connection: Connection, examined: Examined) -> Iterator[Finding]:
    try:
        lines = [str(line) for line in connection.scalars(text("SHOW GRANTS"))]
    except DBAPIError:
        return
    grants = _Grants(lines)
    default = str(connection.scalar(text("SELECT database()")) or "")
    tables = [t for t in tables_of(examined) if not t.is_query]
    needed: set[str] = set()
    for table in tables:
        wanted = _needed(examined, table)
        needed |= wanted
        given = grants.on(table.schema or default, table.name)
        for right in sorted(wanted) if grants.certain and "ALL PRIVILEGES" not in given else []:
            if right not in given:
                yield _missing(table.name, right)
    needed |= {"INSERT"} if examined.writes else set()
    wide = []
    for schema, name, given in grants.all:
        allowed = set(_HARMLESS)
        if schema != "*" and name == "*":
            allowed |= set(given) if examined.holds_ledger else needed
        elif schema != "*":
            mine = [t for t in tables if (t.schema or default, t.name) == (schema, name)]
            if not mine and (None, name) in examined.writes:
                allowed.add("INSERT")
            elif not mine:
                continue  # what it may do elsewhere is nobody's business here
            allowed |= {right for t in mine for right in _needed(examined, t)}
        more = [right for right in given if right not in allowed]
        if more:
            where = {"*": "every database"}.get(schema, f"all of {schema}")
            wide.append(f"{', '.join(more)} on {where if name == '*' else name}")
    yield from _wide(wide)
