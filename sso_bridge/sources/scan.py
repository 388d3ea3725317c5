"""Every user of a source, once, in a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Row, column, func, select, table

from ..core.deadline import Deadline
from ..core.model import Fingerprint, Record
from ..database import Database
from .keys import subject_text
from .mapping import Column, Mapping, text_of
from .rows import RecordReader

__all__ = ["BATCH", "Lean", "count", "scan_lean", "scan_pages"]

BATCH = 2000
"""Rows fetched at a time."""


class Lean(NamedTuple):
    """What there is to check of one user, as text; the fields are those of a Record."""

    subject: str
    login: str | None
    erid: str | None
    password_hash: str | None
    active: bool
    first_name: str | None
    last_name: str | None
    fingerprint: Fingerprint | None


def scan_pages(
    database: Database, mapping: Mapping, seconds: float, *, batch: int = BATCH
) -> Iterator[Sequence[Record]]:
    """All rows of the user table in the order of the primary key, in pages of at most `batch`.

    Nothing is open between two pages, so the caller may write into the same database, and take
    its time; each page may take `seconds`. Profiles, addresses and attributes are left
    empty. Rows whose primary key is NULL are left out, and of several that are one to the
    database's collation some may be. Raises SourceUnavailable for an outage, also halfway, and
    DeadlineExceeded."""
    bare = replace(
        mapping, profile={}, shipping={}, billing={}, addresses=None, attributes=(), create={}
    )
    columns = bare.columns()
    reader = RecordReader(bare, columns)
    users = table(mapping.table, *(column(c) for c in columns), schema=mapping.schema)
    subject = users.c[mapping.subject]
    page = select(*(users.c[c] for c in columns)).order_by(subject).limit(batch)
    query = page.where(subject.is_not(None))
    while True:
        with database.connection(Deadline(seconds)) as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        yield [reader.record(row) for row in rows]
        query = page.where(subject > reader.subject(rows[-1]))


def scan_lean(
    database: Database, mapping: Mapping, deadline: Deadline, *, batch: int = BATCH
) -> Iterator[Sequence[Lean]]:
    """The same, several times as quick, for those who need no Record."""
    profile = mapping.profile
    names = [
        field.name if isinstance(field, Column) else None
        for field in (profile.get("first_name"), profile.get("last_name"))
    ]
    active = mapping.active
    wanted = [mapping.subject, mapping.login, mapping.password, mapping.erid]
    wanted += [None if active is None else active.column, *names]
    columns = list(dict.fromkeys(n for n in (*wanted, *mapping.fingerprint) if n is not None))
    fingerprint = RecordReader(mapping, columns).fingerprint
    # A column that is not mapped is read from a cell that is always NULL.
    subject, login, password, erid, state, first, last = (
        len(columns) if name is None else columns.index(name) for name in wanted
    )
    known: dict[Any, bool] = {None: True if active is None else active.holds(None)}

    def is_active(cell: Any) -> bool:
        if active is None:
            return True
        if len(known) > 100:
            known.clear()
        held = known[cell] = active.holds(cell)
        return held

    for rows in _stream(database, mapping, columns, deadline, batch):
        yield [
            Lean(
                "" if row[subject] is None else subject_text(row[subject]),
                _text(row[login]),
                _text(row[erid]),
                _text(row[password]),
                known[row[state]] if row[state] in known else is_active(row[state]),
                _text(row[first]),
                _text(row[last]),
                fingerprint(cells) if mapping.fingerprint else None,
            )
            for cells in rows
            for row in ((*cells, None),)
        ]


def count(database: Database, mapping: Mapping, deadline: Deadline) -> int:
    """How many rows there are now. Raises as `scan_lean` does."""
    users = table(mapping.table, column(mapping.subject), schema=mapping.schema)
    with database.connection(deadline) as connection:
        return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def _stream(
    database: Database, mapping: Mapping, columns: Sequence[str], deadline: Deadline, batch: int
) -> Iterator[Sequence[Row[Any]]]:
    users = table(mapping.table, *(column(c) for c in columns), schema=mapping.schema)
    query = select(*(users.c[c] for c in columns))
    with (
        database.connection(deadline) as connection,
        connection.execution_options(yield_per=batch).execute(query) as result,
    ):
        for rows in result.partitions():
            deadline.left()
            yield rows


def _text(cell: Any) -> str | None:
    return cell if cell is None or type(cell) is str else text_of(cell)
