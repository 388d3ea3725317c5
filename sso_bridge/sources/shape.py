"""What the database itself declares about a table or query; asked for once and remembered."""

from __future__ import annotations

import warnings
from typing import Any, Final, Protocol

from sqlalchemy import Connection, FromClause, false, inspect, select, text, types
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import NoSuchTableError, SAWarning

from ..database.indexes import TableKeys, keys_of, whole_name
from ..errors import SourceUnavailable
from .keys import Dynamic

__all__ = ["QueryShape", "Shape", "TableShape"]


class Shape(Protocol):
    """The columns of one table, view or query."""

    def type_of(self, connection: Connection, name: str) -> types.TypeEngine[Any]:
        """The type of a column; raises SourceUnavailable if there is none of that name."""

    def is_key(self, connection: Connection, name: str) -> bool:
        """Whether the database keeps a column unique, and equal values look equal in it: a
        column without a type may hold both 1 and '1'."""

    def collation(self, connection: Connection, name: str) -> str:
        """The name of the column's collation, in lower case, where the engine has it and it
        matters: of MariaDB and MySQL; "nocase" of SQLite if an index has it; "citext", or the
        locale of a nondeterministic collation, of PostgreSQL. Otherwise ""."""


class TableShape:
    """A table or view. `source` names the source in errors.

    Nothing is asked before the first call, so the database may be down at start."""

    def __init__(self, table: str, schema: str | None, *, source: str) -> None:
        self._table, self._schema, self._source = table, schema, source
        self._types: dict[str, types.TypeEngine[Any]] = {}
        self._keys: TableKeys | None = None
        self._collations: dict[str, str] = {}

    def type_of(self, connection: Connection, name: str) -> types.TypeEngine[Any]:
        """See `Shape`."""
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
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # of types it does not know
                columns = inspect(connection).get_columns(self._table, schema=self._schema)
        except NoSuchTableError:
            raise SourceUnavailable(
                f"source {self._source!r}: there is no table {self._table!r}"
            ) from None
        return {c["name"]: c["type"] for c in columns}

    def is_key(self, connection: Connection, name: str) -> bool:
        """See `Shape`."""
        if isinstance(self.type_of(connection, name), types.NullType):
            return False
        if self._keys is None:
            self._keys = keys_of(connection, self._table, self._schema)
        return self._keys.is_unique(name)

    def collation(self, connection: Connection, name: str) -> str:
        """See `Shape`."""
        if name not in self._collations:
            self._collations[name] = _collation(connection, self._table, self._schema, name).lower()
        return self._collations[name]


_POSTGRESQL_TYPES: Final[dict[int, types.TypeEngine[Any]]] = {
    16: types.Boolean(),
    17: types.LargeBinary(),
    **dict.fromkeys((20, 21, 23), types.BigInteger()),
    **dict.fromkeys((25, 1042, 1043), types.String()),
    1700: types.Numeric(),
    2950: types.Uuid(),
}
"""By the object identifiers that pg_type has them under."""
_MYSQL_TEXTS: Final = (249, 250, 251, 252, 253, 254)
_MYSQL_BINARY: Final = 63
"""The character set of what is no text: BINARY and BLOB have the numbers of CHAR and TEXT."""
_MYSQL_TYPES: Final[dict[int, types.TypeEngine[Any]]] = {
    **dict.fromkeys((1, 2, 3, 8, 9), types.BigInteger()),
    **dict.fromkeys((0, 246), types.Numeric()),
    16: mysql.BIT(),
    **dict.fromkeys(_MYSQL_TEXTS, types.String()),
}
"""By the numbers of the client protocol (enum_field_types)."""


class QueryShape:
    """A query: its types are those that the driver tells of an empty result."""

    def __init__(self, rows: FromClause, *, source: str) -> None:
        self._rows, self._source = rows, source
        self._types: dict[str, types.TypeEngine[Any]] = {}

    def type_of(self, connection: Connection, name: str) -> types.TypeEngine[Any]:
        """See `Shape`."""
        if not self._types:
            result = connection.execute(select(*self._rows.c).where(false()))
            told = result.cursor.description if result.cursor is not None else ()
            fields = getattr(getattr(result.cursor, "_result", None), "fields", [None] * len(told))
            self._types = {
                c.name: types.LargeBinary()
                if getattr(field, "charsetnr", None) == _MYSQL_BINARY and about[1] in _MYSQL_TEXTS
                else _told(connection.dialect.name, about[1])
                for c, about, field in zip(self._rows.c, told, fields, strict=True)
            }
            result.close()
        return self._types[name]

    def is_key(self, connection: Connection, name: str) -> bool:
        """See `Shape`."""
        return False

    def collation(self, connection: Connection, name: str) -> str:
        """See `Shape`."""
        return ""


def _told(engine: str, code: Any) -> types.TypeEngine[Any]:
    if engine == "sqlite":
        return Dynamic()
    known = _POSTGRESQL_TYPES if engine == "postgresql" else _MYSQL_TYPES
    try:
        return known.get(code, types.NullType())
    except TypeError:
        return types.NullType()


_MYSQL_COLLATION: Final = text(
    "SELECT COALESCE(collation_name, '') FROM information_schema.columns"
    " WHERE table_name = :table AND column_name = :name"
    " AND table_schema = COALESCE(:schema, database())"
)
_POSTGRESQL_COLLATION: Final = text(
    """
    SELECT CASE WHEN t.typname = 'citext' THEN 'citext' WHEN c.collisdeterministic THEN ''
        ELSE COALESCE(to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'colllocale', '') END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation c ON c.oid = a.attcollation
    WHERE a.attrelid = to_regclass(:whole) AND a.attname = :name
    """
)
_SQLITE_COLLATIONS: Final = text(
    "SELECT x.coll FROM pragma_index_list(:table) l, pragma_index_xinfo(l.name) x"
    " WHERE x.seqno = 0 AND x.name = :name"
)


def _collation(connection: Connection, table: str, schema: str | None, name: str) -> str:
    engine = connection.dialect.name
    asked = {"table": table, "schema": schema, "name": name}
    if engine in ("mysql", "mariadb"):
        return str(connection.scalar(_MYSQL_COLLATION, asked) or "")
    if engine == "postgresql":
        whole = whole_name(connection, table, schema)
        return str(connection.scalar(_POSTGRESQL_COLLATION, {"whole": whole, "name": name}) or "")
    if engine == "sqlite":
        collations = {str(c) for c in connection.scalars(_SQLITE_COLLATIONS, asked)}
        return "nocase" if "NOCASE" in collations else ""
    return ""
