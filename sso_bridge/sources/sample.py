"""Some stored password hashes, to learn which scheme most users have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, func, select

from .fields import Column, columns_of
from .mapping import Mapping
from .rows import Filler
from .tables import Tables

__all__ = ["sample_of_hashes"]

_PLACES: Final = 10


def sample_of_hashes(
    connection: Connection, tables: Tables, mapping: Mapping, count: int
) -> Sequence[str]:
    """Up to `count` hashes. Where primary keys are numbers they are of users from all over them:
    the first users alone would tell of the hashes that a site had at its beginning."""
    columns = list(columns_of(mapping.password))
    filler = Filler([mapping.password], columns)
    key = tables.element(Column(mapping.subject))
    query = tables.query(connection, columns).add_columns(key)
    query = query.where(tables.cell(connection, columns[0]).is_not(None))
    # Asked of numbers alone: some engines have no least of other types, such as UUIDs.
    kind = tables.type_of(connection, Column(mapping.subject))
    spread = isinstance(kind, Integer) and tables.is_key(connection, mapping.subject)
    places = _places(connection, key) if spread else []
    parts = [query.where(key >= place).order_by(key) for place in places] or [query]
    found = {
        row[-1]: filler.fill(row[:-1])[0]
        for part in parts
        for row in connection.execute(part.limit(-(-count // len(parts))))
    }
    return [stored for stored in found.values() if stored is not None][:count]


def _places(connection: Connection, key: ColumnElement[Any]) -> Sequence[int]:
    """Where to look from the least key to the greatest; nowhere if there are none."""
    least, most = connection.execute(select(func.min(key), func.max(key))).one()
    if not isinstance(least, int) or not isinstance(most, int):
        return []
    return [least + (most - least) * place // _PLACES for place in range(_PLACES)]
