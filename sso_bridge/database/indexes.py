"""What keeps the rows of a table apart and what finds them: its keys and indexes, read once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Inspector, inspect, text
from sqlalchemy.exc import SAWarning

__all__ = ["TableKeys", "keys_of", "whole_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKeys:
    """`primary`: the columns of the primary key as it is declared, in order. `unique`: the sets of
    columns that no two rows have in common; none where the engine does not hold to it. `leading`:
    columns that come first in an index that finds equal values among all rows. `lowered`: columns
    whose lower() comes first in one. `caseless`: columns in which no two rows differ by the case
    of A to Z alone."""

    primary: tuple[str, ...] = ()
    unique: frozenset[frozenset[str]] = frozenset()
    leading: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()
    caseless: frozenset[str] = frozenset()

    def is_unique(self, column: str) -> bool:
        """Whether no two rows have the same in this column alone."""
        return frozenset({column}) in self.unique


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """An index of all rows. `columns` has None for an expression, `first` the text of one that
    comes first. `finds`: it finds equal values. `nocase`: its first column is without case."""

    unique: bool
    columns: tuple[str | None, ...]
    first: str = ""
    finds: bool = True
    nocase: bool = False


def keys_of(connection: Connection, table: str, schema: str | None) -> TableKeys:
    """The keys of a table; of a view, none. Raises NoSuchTableError."""
    inspector = inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of indexes that it does not understand
        primary = inspector.get_pk_constraint(table, schema=schema)
        constraints = inspector.get_unique_constraints(table, schema=schema)
        invalid = _invalid(connection, table, schema)
        if connection.dialect.name == "sqlite":
            indexes = list(_of_sqlite(connection, table, schema))
        else:
            indexes = list(_reflected(inspector, table, schema, invalid))
    names = tuple(primary.get("constrained_columns") or ())
    declared = [] if primary.get("name") in invalid else [names]
    declared += [tuple(c["column_names"]) for c in constraints if c["name"] not in invalid]
    lowered = [(index, name) for index in indexes if (name := _lowered(index, inspector, table))]
    keeps = _keeps_keys(connection, table, schema)
    alone = [(i, i.columns[0]) for i in indexes if len(i.columns) == 1 and i.unique and keeps]
    sets = [*declared, *(index.columns for index in indexes if index.unique)] if keeps else []
    return TableKeys(
        primary=names,
        unique=frozenset(
            frozenset(name for name in columns if name is not None)
            for columns in sets
            if columns and None not in columns
        ),
        leading=frozenset(
            columns[0]
            for columns in [*declared, *(index.columns for index in indexes if index.finds)]
            if columns and columns[0] is not None
        ),
        lowered=frozenset(name for index, name in lowered if index.finds),
        caseless=frozenset(
            [name for index, name in alone if index.nocase and name is not None]
            + [name for one, name in lowered if any(one is index for index, _ in alone)]
        ),
    )


def whole_name(connection: Connection, table: str, schema: str | None) -> str:
    """A table with its schema, quoted, as PostgreSQL's to_regclass takes it."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    return ".".join(quote(part) for part in (schema, table) if part)


_HEIRS: Final = text(
    "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent"
    " WHERE i.inhparent = to_regclass(:whole) AND c.relkind = 'r'"
)
_MYSQL_ENGINE: Final = text(
    "SELECT engine FROM information_schema.tables"
    " WHERE table_name = :table AND table_schema = COALESCE(:schema, database())"
)


def _keeps_keys(connection: Connection, table: str, schema: str | None) -> bool:
    """Whether what a table declares unique is: not where others inherit from it, or an engine only
    takes note of keys."""
    engine = connection.dialect.name
    if engine == "postgresql":
        return not connection.scalar(_HEIRS, {"whole": whole_name(connection, table, schema)})
    if engine in ("mysql", "mariadb"):
        kept = connection.scalar(_MYSQL_ENGINE, {"table": table, "schema": schema})
        return kept is None or str(kept).lower() in ("innodb", "myisam", "aria")
    return True


_INVALID: Final = text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE i.indrelid = to_regclass(:whole) AND NOT i.indisvalid"
)


def _invalid(connection: Connection, table: str, schema: str | None) -> set[str]:
    """The names of indexes that were never completed, which are also those of their constraints.
    One that is deferred is not among them: what is committed keeps to it."""
    if connection.dialect.name != "postgresql":
        return set()
    whole = whole_name(connection, table, schema)
    return {str(name) for name in connection.scalars(_INVALID, {"whole": whole})}


def _reflected(
    inspector: Inspector, table: str, schema: str | None, invalid: set[str]
) -> Iterator[_Index]:
    for index in inspector.get_indexes(table, schema=schema):
        options: dict[str, Any] = dict(index.get("dialect_options", {}))
        if index["name"] in invalid or any(key.endswith("_where") for key in options):
            continue
        kinds = [options[key] for key in options if key.endswith(("_using", "_prefix"))]
        columns = tuple(index["column_names"])
        expressions = index.get("expressions") or [""]
        yield _Index(
            unique=bool(index["unique"]),
            columns=columns,
            first="" if columns[:1] != (None,) else str(expressions[0]),
            finds=all(str(kind).lower() in ("btree", "hash") for kind in kinds),
        )


_SQLITE_INDEXES: Final = text(
    'SELECT l.name, l."unique", x.name, x.coll, m.sql'
    " FROM pragma_index_list(:table, :schema) l JOIN pragma_index_xinfo(l.name, :schema) x"
    " LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = l.name AND :schema IS NULL"
    " WHERE x.key AND NOT l.partial ORDER BY l.name, x.seqno"
)


def _of_sqlite(connection: Connection, table: str, schema: str | None) -> Iterator[_Index]:
    """Asked of SQLite itself: reflection leaves out expressions, and reads from the text of a
    statement whether an index has all rows."""
    rows = connection.execute(_SQLITE_INDEXES, {"table": table, "schema": schema}).all()
    for _, keys in groupby(rows, key=lambda row: row[0]):
        columns = list(keys)
        _, unique, first, collation, sql = columns[0]
        yield _Index(
            unique=bool(unique),
            columns=tuple(column[2] for column in columns),
            first=str(sql or "").partition("(")[2] if first is None else "",
            nocase=str(collation).upper() == "NOCASE",
        )


_LOWER: Final = re.compile(
    r"""[\s(]*lower[\s(]*
    (?:"(?P<quoted>(?:[^"]|"")+)"|`(?P<ticked>[^`]+)`|\[(?P<boxed>[^\]]+)\]|(?P<plain>\w+))
    (?:\s*\))?(?:::[a-z ]+)?(?:\s+collate\s+"C")?\s*\)(?=[\s)]*(?:$|,|asc\b|desc\b))""",
    re.IGNORECASE | re.VERBOSE,
)
"""How engines write lower() of a column and nothing else; PostgreSQL with a cast or a collation."""


def _lowered(index: _Index, inspector: Inspector, table: str) -> str | None:
    """The column that an index has in lower case; None if it has none so."""
    match = _LOWER.match(index.first)
    if match is None or match.lastgroup is None:
        return None
    name = match[match.lastgroup].replace('""', '"')
    if inspector.dialect.name != "sqlite":
        return name
    known = [str(column["name"]) for column in inspector.get_columns(table)]
    return next((one for one in known if one.lower() == name.lower()), None)
