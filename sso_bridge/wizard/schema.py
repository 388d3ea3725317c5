"""What a database declares: its tables and views, their columns, keys and references."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Inspector, inspect, types
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchTableError, SAWarning, SQLAlchemyError

from ..core.deadline import Deadline
from ..database import Database
from ..database.indexes import TableKeys, keys_of
from ..errors import ConfigurationError, SourceUnavailable

__all__ = [
    "ColumnFacts",
    "Kind",
    "Progress",
    "Reference",
    "TableFacts",
    "attempt",
    "open_database",
    "read",
    "reading",
]

_T = TypeVar("_T")
Kind = Literal["text", "integer", "boolean", "time", "number", "bytes", "uuid", "untyped", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """A column as it is declared. `aware` is of a time with a zone; `renewed` of one that the
    engine sets anew at each change of the row."""

    name: str
    kind: Kind
    nullable: bool
    unique: bool = False
    indexed: bool = False
    aware: bool = False
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of one column."""

    column: str
    schema: str | None
    table: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table or view. `schema` is None in the default one."""

    name: str
    schema: str | None
    is_view: bool
    columns: Mapping[str, ColumnFacts]
    primary_key: tuple[str, ...]
    references: tuple[Reference, ...]

    @property
    def shown(self) -> str:
        """Its name, as people write it."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"

    @property
    def key(self) -> ColumnFacts | None:
        """The primary key, if it is one column."""
        return self.columns.get(self.primary_key[0]) if len(self.primary_key) == 1 else None


def open_database(url: str, call_seconds: float) -> Database:
    """The database at `url`, never to be written. Raises ConfigurationError."""
    what = "the database"
    try:
        parsed = make_url(url)
    except ArgumentError:
        return Database(url, what=what)  # which says what is wrong with it
    name = parsed.database
    if parsed.get_backend_name() == "sqlite":
        if not name or name == ":memory:" or name.startswith("file:"):
            raise ConfigurationError(
                f"{what}: give the path of a SQLite file, as sqlite:////var/lib/shop/users.db"
            )
        if not Path(name).is_file():
            raise ConfigurationError(f"{what}: there is no file {name}; correct the path")
        read_only = {"mode": "ro", "uri": "true"}
        url = (
            parsed.set(database=f"file:{quote(str(Path(name).absolute()))}")
            .update_query_dict(read_only)
            .render_as_string(hide_password=False)
        )
    return Database(
        url, what=what, unavailable=SourceUnavailable, pool_size=2, call_seconds=call_seconds
    )


@contextmanager
def reading(database: Database, seconds: float) -> Iterator[Connection]:
    """A connection that cannot write, where the engine can be told so."""
    with database.connection(Deadline(seconds)) as connection:
        engine = connection.dialect.name
        if engine == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        elif engine in ("mysql", "mariadb"):
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
        elif engine == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only=ON")
        yield connection


@contextmanager
def attempt(connection: Connection) -> Iterator[None]:
    """A query that may fail, without an end to the transaction that it is in."""
    if connection.dialect.name != "postgresql":
        yield
        return
    with connection.begin_nested():
        yield


Progress = Callable[[Sequence[tuple[str, bool]], int, str], Iterable[tuple[str, bool]]]
"""Tells how far through something one is, where that may take long."""


def read(
    connection: Connection, schemas: Sequence[str], progress: Progress | None = None
) -> tuple[TableFacts, ...]:
    """Everything in the default schema and in `schemas`, in the order of the names. What cannot be
    described (a view of a table that is gone) is left out. Raises ConfigurationError for a schema
    that there is not."""
    inspector = inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of types and indexes it does not know
        default = inspector.default_schema_name
        others = [name for name in dict.fromkeys(schemas) if name != default]
        if others:
            known = inspector.get_schema_names()
            for name in others:
                if name not in known:
                    raise ConfigurationError(
                        f"--schema {name}: there is no such schema, or it may not be looked into"
                    )
        return tuple(
            facts
            for schema in [None, *others]
            for name, is_view in _counted(_names(inspector, schema), progress)
            if (facts := _facts(connection, inspector, name, schema, is_view)) is not None
        )


def _counted(
    names: Sequence[tuple[str, bool]], progress: Progress | None
) -> Iterable[tuple[str, bool]]:
    return names if progress is None else progress(names, len(names), "tables")


def _names(inspector: Inspector, schema: str | None) -> list[tuple[str, bool]]:
    names = [(name, False) for name in sorted(inspector.get_table_names(schema=schema))]
    views = sorted(inspector.get_view_names(schema=schema))
    if inspector.dialect.name == "postgresql":
        views += sorted(inspector.get_materialized_view_names(schema=schema))
    return names + [(name, True) for name in views]


def _facts(
    connection: Connection, inspector: Inspector, name: str, schema: str | None, is_view: bool
) -> TableFacts | None:
    try:
        declared = inspector.get_columns(name, schema=schema)
    except (NoSuchTableError, SQLAlchemyError):
        return None
    keys = _told(lambda: keys_of(connection, name, schema), TableKeys())
    references: list[Any] = _told(lambda: inspector.get_foreign_keys(name, schema=schema), [])
    return TableFacts(
        name=name,
        schema=schema,
        is_view=is_view,
        columns={
            c["name"]: ColumnFacts(
                name=c["name"],
                kind=kind_of(c["type"]),
                nullable=bool(c["nullable"]) and c["name"] not in keys.primary,
                unique=keys.is_unique(c["name"]),
                indexed=c["name"] in keys.leading,
                aware=bool(getattr(c["type"], "timezone", False)),
                renewed="on update" in str(c.get("default") or "").lower(),
            )
            for c in declared
        },
        primary_key=keys.primary,
        references=tuple(
            Reference(f["constrained_columns"][0], f["referred_schema"], f["referred_table"], t[0])
            for f in references
            if len(f["constrained_columns"]) == 1 and (t := f["referred_columns"] or [""])
        ),
    )


def _told(ask: Callable[[], _T], absent: _T) -> _T:
    """What the database tells, or `absent` of what it cannot tell, such as of a view's keys."""
    try:
        return ask()
    except (NoSuchTableError, NotImplementedError, SQLAlchemyError):
        return absent


def kind_of(declared: types.TypeEngine[Any]) -> Kind:
    """What may be in a column of a type."""
    if isinstance(declared, types.NullType):
        return "untyped"
    if isinstance(declared, types.Boolean) or (
        isinstance(declared, types.Integer) and getattr(declared, "display_width", 0) == 1
    ):
        return "boolean"
    if isinstance(declared, mysql.BIT) and declared.length in (None, 1):
        return "boolean"
    kinds: tuple[tuple[type[Any], Kind], ...] = (
        (types.Integer, "integer"),
        (types.Uuid, "uuid"),
        (types.DateTime, "time"),
        (types.Date, "time"),
        (types._Binary, "bytes"),
        (types.String, "text"),
        (types.Numeric, "number"),
    )
    for of, kind in kinds:
        if isinstance(declared, of):
            return kind
    return "text" if type(declared).__name__ == "CITEXT" else "other"
