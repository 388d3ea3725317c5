"""The index that would help a look-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, column, types
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import iterate

from ..core.logins import LoginRule
from ..database.indexes import keys_of
from ..sources.fields import Column
from ..sources.kinds import AsText, base_of, equal
from ..sources.mapping import LoginColumn
from ..sources.matching import fitting_collation
from ..sources.shape import TableShape
from ..sources.tables import Tables
from .examined import Examined

__all__ = ["computed_in", "index_of", "login_index_of", "statement_of"]


def computed_in(statement: Select[Any]) -> FunctionElement[Any] | None:
    """What a statement compares that a function makes of a column; None if it does not."""
    where = statement.whereclause
    parts = () if where is None else iterate(where)
    computed = (part for part in parts if isinstance(part, FunctionElement))
    return next((part for part in computed if not isinstance(part, AsText)), None)


def _computed_of(connection: Connection, computes: FunctionElement[Any], table: str) -> str:
    """The same, as an index is made on it."""
    compiled = computes.compile(connection, compile_kwargs={"literal_binds": True})
    quoted = connection.dialect.identifier_preparer.quote(table)
    return str(compiled).replace(f"{quoted}.", "")


def _quoted(connection: Connection, schema: str | None, name: str) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in (schema, name) if part)


def statement_of(
    connection: Connection, schema: str | None, table: str, columns: Sequence[str], inner: str = ""
) -> str:
    """CREATE INDEX, on the columns or on `inner`."""
    quote = connection.dialect.identifier_preparer.quote
    name = "_".join([table, *columns]).lower().replace(" ", "_")[:50]
    name += "_folded" if inner else ""
    on = inner or ", ".join(map(quote, columns))
    return f"CREATE INDEX {quote(name)} ON {_quoted(connection, schema, table)} ({on})"


def index_of(connection: Connection, examined: Examined, alias: str, columns: Sequence[str]) -> str:
    """The index that would help to find rows of what the statement calls `alias`."""
    mapping = examined.mapping
    addresses = mapping.addresses
    tables = Tables.of_users(mapping, source="")
    joins = {f"j_{of}": (join, of, tables) for of, join in mapping.joins.items()}
    if addresses is not None:
        columns_of = [Column(ours) for join in addresses.joins.values() for _, ours in join.on]
        theirs = Tables.of_addresses(addresses, columns_of, source="")
        joins |= {f"j_{of}": (join, of, theirs) for of, join in addresses.joins.items()}
    if alias in joins:
        join, of, own = joins[alias]
        kinds = [
            (name, own.type_of(connection, Column(name, of)), own.type_of(connection, Column(ours)))
            for name, ours in join.on
        ]
        return _joined_index(connection, join.schema, join.table, kinds)
    for of, pairs in mapping.pairs.items():
        if alias == f"p_{of}":
            kind = TableShape(pairs.table, pairs.schema, source="").type_of(connection, pairs.user)
            subject = tables.type_of(connection, Column(mapping.subject))
            return _joined_index(
                connection, pairs.schema, pairs.table, [(pairs.user, kind, subject)]
            )
        if alias == pairs.table:
            return statement_of(connection, pairs.schema, pairs.table, [pairs.user])
    if addresses is not None and alias == addresses.table:
        return statement_of(connection, addresses.schema, addresses.table, columns)
    if alias == mapping.table and mapping.select is None:
        return statement_of(connection, mapping.schema, mapping.table, columns)
    return f"{alias}, which is behind a view or query; index what {', '.join(columns)} comes from"


def _joined_index(
    connection: Connection,
    schema: str | None,
    table: str,
    on: Sequence[tuple[str, types.TypeEngine[Any], types.TypeEngine[Any]]],
) -> str:
    """The index for rows that are joined by columns, each with its type and that of the other."""
    names = [name for name, _, _ in on]
    unlike, parts = [], []
    for name, kind, other in on:
        same = equal(column(name), base_of(kind), column("other"), base_of(other))
        left, right = same.get_children()
        parts.append(str(left.compile(dialect=connection.dialect)))
        nobody_knows = isinstance(kind, types.NullType) or isinstance(other, types.NullType)
        if not nobody_knows and any(isinstance(side, AsText) for side in (left, right)):
            unlike.append(name)
    plain = statement_of(connection, schema, table, names)
    if connection.dialect.name == "postgresql":
        computed = ", ".join(parts)
        is_plain = plain.endswith(f" ({computed})")
        return plain if is_plain else statement_of(connection, schema, table, names, computed)
    if not unlike:
        return plain
    return (
        f"{', '.join(unlike)} of {table} is of another type than what it is compared with; give "
        f"both one type and run {plain}"
    )


def login_index_of(
    connection: Connection, examined: Examined, login: LoginColumn, alias: str, statement: Any
) -> str:
    """The same for a login, which is compared by the site's rule."""
    mapping, rule, engine = examined.mapping, examined.rule, connection.dialect.name
    if alias != mapping.table or mapping.select is not None or login.folded is not None:
        return index_of(connection, examined, alias, [login.folded or login.name])
    name, schema = mapping.table, mapping.schema
    helps = []
    if login.name not in keys_of(connection, name, schema).leading:
        helps.append(statement_of(connection, schema, name, [login.name]))
    text = isinstance(
        Tables.of_users(mapping, source="").type_of(connection, Column(login.name)),
        (types.String, types.NullType),
    )
    computes = None if statement is None else computed_in(statement)
    if rule is LoginRule.EXACT or not text or computes is None:
        return "; ".join(helps)
    computed = _computed_of(connection, computes, mapping.table)
    if engine == "postgresql" or (engine, rule) == ("sqlite", LoginRule.ASCII_CASE):
        helps.append(statement_of(connection, schema, name, [login.name], computed))
        return "; ".join(helps)
    folded = "a further column with the login in lower case, an index on it, and `folded`"
    if engine == "sqlite":
        return f"no index helps login_match = {rule.value} here; take ascii_case, or {folded}"
    fitting = fitting_collation(connection, rule)
    if fitting is None:
        return f"no index of this server helps login_match = {rule.value}; take {folded}"
    return (
        "no index helps while the column's collation sees what login_match ignores; give it "
        f"{fitting} and an index, or {folded}"
    )
