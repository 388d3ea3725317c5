"""A SELECT that is compiled once, and then run as the driver would be used by hand.

SQLAlchemy makes the SQL, converts values and cells, owns the connections and knows what an error
means; what it does anew for every execution takes several times as long as SQLite needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Select

from .failures import as_sqlalchemy

__all__ = ["Statement"]


class Statement:
    """`select` for the engine of `connection`. Its parameters are those without a value."""

    def __init__(self, select: Select[Any], connection: Connection) -> None:
        self.select = select
        self._dialect = dialect = connection.dialect
        compiled: Any = select.compile(dialect=dialect)
        open_ones = [name for name, mark in compiled.binds.items() if mark.required]
        expanded = compiled.construct_expanded_state(dict.fromkeys(open_ones))
        self.sql: str = expanded.statement
        self._positions: Sequence[str] | None = expanded.positiontup
        self._convert: dict[str, Callable[[Any], Any]] = {
            name: convert
            for name, mark in compiled.binds.items()
            if (convert := mark.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._convert |= expanded.processors
        self._given = {
            name: self._bound(name, None if name in open_ones else value)
            for name, value in expanded.parameters.items()
        }
        self._types = [cell.type for cell in select.selected_columns]
        self._cells: list[tuple[int, Callable[[Any], Any]]] | None = None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Sequence[Any]]:
        """The rows with these values of the parameters. Raises as `Connection.execute` does."""
        parameters: Any = {**self._given, **values}
        if self._convert:
            for name in self._convert.keys() & values.keys():
                parameters[name] = self._convert[name](values[name])
        if self._positions is not None:
            parameters = tuple([parameters[name] for name in self._positions])
        events = connection.engine.dispatch
        cursor: Any = None
        try:
            cursor = connection.connection.cursor()
            for told in events.before_cursor_execute:
                told(connection, cursor, self.sql, parameters, None, False)
            cursor.execute(self.sql, parameters)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            for told in events.after_cursor_execute:
                told(connection, cursor, self.sql, parameters, None, False)
            if self._cells is None:
                self._cells = self._converted(cursor.description)
            cursor.close()
        except self._dialect.loaded_dbapi.Error as error:
            raise self._failed(connection, cursor, error) from None
        except BaseException:
            self._close(cursor)
            raise
        return [self._row(row) for row in rows] if self._cells else list(rows)

    def _bound(self, name: str, value: Any) -> Any:
        convert = self._convert.get(name)
        return value if convert is None else convert(value)

    def _converted(self, description: Sequence[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
        """Which cells are converted, and how."""
        return [
            (place, convert)
            for place, (kind, told) in enumerate(zip(self._types, description, strict=True))
            if (
                convert := kind.dialect_impl(self._dialect).result_processor(self._dialect, told[1])
            )
            is not None
        ]

    def _row(self, row: Sequence[Any]) -> Sequence[Any]:
        cells = list(row)
        for place, convert in self._cells or ():
            cells[place] = convert(cells[place])
        return cells

    def _failed(self, connection: Connection, cursor: Any, error: Any) -> Exception:
        """`error` as SQLAlchemy has it. A connection that was lost is not used again."""
        lost = self._dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        if lost:
            connection.invalidate(error)
        else:
            self._close(cursor)
        return as_sqlalchemy(error, self._dialect, lost=lost)

    def _close(self, cursor: Any) -> None:
        """Close a cursor that failed, here and now. An error's traceback keeps it until garbage is
        collected, and the sqlite3 of Python 3.11 then has whoever collects wait for the connection,
        which may be another call's that waits for the file."""
        if cursor is not None:
            with suppress(self._dialect.loaded_dbapi.Error):
                cursor.close()
