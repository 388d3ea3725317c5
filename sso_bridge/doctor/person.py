"""One user as the database has them: why they are found, and why they may not come in.

Names of columns are told, never what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..core.deadline import Deadline
from ..core.logins import LoginRule
from ..core.model import LookupKind
from ..database import Database
from ..sources import ActiveRule, Mapping, SqlSource
from ..sources.rows import RecordReader

__all__ = ["Row", "objections", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that the database gives for a key. `matched` are the login columns that have it by the
    site's rule (for a login). `barred` says why the user may not come in."""

    subject: str
    matched: tuple[str, ...]
    barred: tuple[str, ...]
    password_hash: str | None


def rows_of(
    database: Database,
    mapping: Mapping,
    rule: LoginRule,
    kind: LookupKind,
    key: str,
    deadline: Deadline,
) -> list[Row]:
    """Every row that the source's own look-up by `kind` finds. Raises SourceUnavailable,
    DeadlineExceeded."""
    source = SqlSource(database, mapping, name=database.what, login_rule=rule)
    # Every look-up begins with the columns that identify, in this order.
    reader = RecordReader(mapping, mapping.identity())
    found = []
    with database.connection(deadline) as connection:
        look_up = dict(source.look_ups(connection))[kind]
        values = look_up.values(key)
        for row in [] if values is None else look_up.statement.rows(connection, values):
            logins = zip(mapping.logins, reader.logins(row), strict=True)
            found.append(
                Row(
                    reader.subject_text(row),
                    tuple(
                        one.name
                        for one, stored in logins
                        if kind == "login" and stored is not None and rule.same(stored, key)
                    ),
                    tuple(objections(mapping, reader, tuple(row))),
                    reader.password(row),
                )
            )
    return found


def objections(mapping: Mapping, reader: RecordReader, row: tuple[object, ...]) -> Iterator[str]:
    """What keeps the user of a row out: each rule of `active` that does not hold."""
    for rule in mapping.active:
        cell = row[reader.place[rule.column]]
        if not rule.holds(cell):
            name = ".".join(filter(None, (rule.column.of, rule.column.name)))
            yield f"{name} {_why(rule, cell)}"


def _why(rule: ActiveRule, cell: object) -> str:
    if rule.null is not None:
        return "is not NULL" if rule.null else "is NULL"
    kind = rule.expires or rule.locked_until
    if kind is not None:
        past = "is in the past" if rule.expires is not None else "is in the future"
        return f"{past}, or is no time of the kind {kind}"
    if cell is None:
        return "is NULL"
    return "is none of `values`" if rule.values else "is one of `other_than`"
