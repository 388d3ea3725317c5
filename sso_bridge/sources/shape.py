"""What the database itself declares about a mapped table; asked for once and remembered."""

from __future__ import annotations

import warnings
from typing import Any

from sqlalchemy import Connection, inspect, types
from sqlalchemy.exc import NoSuchTableError, SAWarning

from ..errors import SourceUnavailable

__all__ = ["TableShape", "indexes", "is_unique"]


class TableShape:
    """The types and keys of one table or view. `source` names the source in errors.

    Nothing is asked before the first call, so the database may be down at start."""

    def __init__(self, table: str, schema: str | None, *, source: str) -> None:
        self._table, self._schema, self._source = table, schema, source
        self._types: dict[str, types.TypeEngine[Any]] = {}
        self._keys: dict[str, bool] = {}

    def type_of(self, connection: Connection, name: str) -> types.TypeEngine[Any]:
        """The type of a column; raises SourceUnavailable if there is none of that name."""
        types_of = self._types or self._ask(connection)
        if name not in types_of:
            self._types = {}
            raise SourceUnavailable(
                f"source {self._source!r}: table {self._table!r} has no column {name!r} "
                f"among its {len(types_of)}"
            )
        self._types = types_of
        return types_of[name]

    def _ask(self, connection: Connection) -> dict[str, types.TypeEngine[Any]]:
        try:
            columns = inspect(connection).get_columns(self._table, schema=self._schema)
        except NoSuchTableError:
            raise SourceUnavailable(
                f"source {self._source!r}: there is no table {self._table!r}"
            ) from None
        return {c["name"]: c["type"] for c in columns}

    def is_key(self, connection: Connection, name: str) -> bool:
        """Whether the database keeps a column unique, and equal values look equal in it: a
        column without a type may hold both 1 and '1'."""
        if name not in self._keys:
            typed = not isinstance(self.type_of(connection, name), types.NullType)
            self._keys[name] = typed and is_unique(connection, self._table, self._schema, name)
        return self._keys[name]


def is_unique(connection: Connection, table: str, schema: str | None, name: str) -> bool:
    """Whether a primary key, unique constraint or unique index is on just this column."""
    inspector = inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of indexes on expressions
        constraints: list[Any] = [
            inspector.get_pk_constraint(table, schema=schema).get("constrained_columns"),
            *(c["column_names"] for c in inspector.get_unique_constraints(table, schema=schema)),
            *(
                i["column_names"]
                for i in indexes(connection, table, schema)
                if i["unique"] and not _is_partial(i)
            ),
        ]
    return [name] in constraints


def indexes(connection: Connection, table: str, schema: str | None) -> list[Any]:
    """The indexes of a table. SQLite keeps a constraint as one that reflection leaves out, and
    finds not every constraint in the text of the table."""
    inspector = inspect(connection)
    if connection.dialect.name == "sqlite":
        return list(inspector.get_indexes(table, schema=schema, include_auto_indexes=True))
    return list(inspector.get_indexes(table, schema=schema))


def _is_partial(index: Any) -> bool:
    """Whether an index holds some of the rows only."""
    return any(str(key).endswith("_where") for key in index.get("dialect_options", {}))
