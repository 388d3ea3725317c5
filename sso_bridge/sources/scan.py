"""Every user of a source, once, in a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select

from ..core.deadline import Deadline
from ..core.model import Fingerprint, Record
from ..database import Database
from .fields import Column, text_of
from .keys import subject_text
from .mapping import Mapping
from .rows import Filler, RecordReader
from .tables import Tables

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
    other_logins: tuple[str, ...] = ()


def scan_pages(
    database: Database, mapping: Mapping, seconds: float, *, batch: int = BATCH
) -> Iterator[Sequence[Record]]:
    """All rows of the user table in the order of the primary key, in pages of at most `batch`.

    Nothing is open between two pages, so the caller may write into the same database, and take
    its time; each page may take `seconds`. Profiles, addresses and attributes are left
    empty. Rows whose primary key is NULL are left out, and of several that are one to the
    database's collation some may be. Raises SourceUnavailable for an outage, also halfway, and
    DeadlineExceeded."""
    bare = replace(mapping, profile={}, shipping={}, billing={}, addresses=None, attributes=())
    columns = bare.identity()
    reader = RecordReader(bare, columns)
    tables = Tables.of_users(bare, source=database.what)
    subject = tables.element(Column(mapping.subject))
    after: Any = None
    while True:
        with database.connection(Deadline(seconds)) as connection:
            query = tables.query(connection, columns).order_by(subject).limit(batch)
            first = subject.is_not(None) if after is None else subject > after
            rows = connection.execute(query.where(first)).all()
        if not rows:
            return
        yield [reader.record(row) for row in rows]
        after = reader.subject(rows[-1])


def scan_lean(
    database: Database, mapping: Mapping, deadline: Deadline, *, batch: int = BATCH
) -> Iterator[Sequence[Lean]]:
    """The same, several times as quick, for those who need no Record."""
    names = {n: f for n in ("first_name", "last_name") if (f := mapping.profile.get(n)) is not None}
    bare = replace(mapping, profile=names, shipping={}, billing={}, addresses=None, attributes=())
    columns = list(dict.fromkeys([*bare.identity(), *bare.shown()]))
    reader = RecordReader(bare, columns)
    place = reader.place
    erid = None if mapping.erid is None else Column(mapping.erid)
    filler = Filler(
        [erid, mapping.password, names.get("first_name"), names.get("last_name")], columns
    )
    subject = place[Column(mapping.subject)]
    logins = [place[Column(one.name)] for one in mapping.logins]
    states = [place[rule.column] for rule in mapping.active]
    remembers = all(rule.lasts for rule in mapping.active)
    known: dict[tuple[Any, ...], bool] = {}

    def is_active(row: Any) -> bool:
        if not remembers:
            return reader.active(row)
        cells = tuple([row[index] for index in states])
        if cells not in known:
            if len(known) > 100:
                known.clear()
            known[cells] = reader.active(row)
        return known[cells]

    for rows in _stream(database, bare, columns, deadline, batch):
        leans = []
        for row in rows:
            erid_now, password, first, last = filler.fill(row)
            texts = [_text(row[index]) for index in logins]
            if len(texts) > 1:
                texts = [t for t in texts if t is not None] or texts[:1]
            leans.append(
                Lean(
                    "" if row[subject] is None else subject_text(row[subject]),
                    texts[0],
                    erid_now,
                    password,
                    is_active(row) if states else True,
                    first,
                    last,
                    reader.fingerprint(row) if mapping.fingerprint else None,
                    tuple(t for t in texts[1:] if t is not None),
                )
            )
        yield leans


def count(database: Database, mapping: Mapping, deadline: Deadline) -> int:
    """How many rows there are now. Raises as `scan_lean` does."""
    tables = Tables.of_users(mapping, source=database.what)
    with database.connection(deadline) as connection:
        rows = tables.query(connection, [Column(mapping.subject)]).subquery()
        return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _stream(
    database: Database,
    mapping: Mapping,
    columns: Sequence[Column],
    deadline: Deadline,
    batch: int,
) -> Iterator[Sequence[Row[Any]]]:
    tables = Tables.of_users(mapping, source=database.what)
    with database.connection(deadline) as connection:
        query = tables.query(connection, columns)
        with connection.execute(query, execution_options={"yield_per": batch}) as result:
            for rows in result.partitions():
                deadline.left()
                yield rows


def _text(cell: Any) -> str | None:
    return cell if cell is None or type(cell) is str else text_of(cell)
