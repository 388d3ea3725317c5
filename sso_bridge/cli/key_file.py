"""CSV files whose rows name users by primary key or by login."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING

import click

from ..core.deadline import Deadline
from ..core.keys import is_plain
from ..core.model import Lookup, Record
from .assigning import BATCH, Tally

if TYPE_CHECKING:
    from ..core.ports import UserSource

__all__ = ["Line", "batches_of", "rows_of", "user_of"]

Line = tuple[int, dict[str, str]]


def rows_of(
    file: IO[str], source: str, tally: Tally, *, also: Sequence[str] = ()
) -> Iterator[Line]:
    """The rows of `source`, with the number of the line each ends on. The first line names
    `also`, and subject or login. Raises UsageError."""
    reader = csv.DictReader(file, strict=True)
    try:
        names = list(reader.fieldnames or ())
        columns = set(names)
        twice = len(names) != len(columns)
        if twice or not columns.issuperset(also) or len(columns & {"subject", "login"}) != 1:
            named = ", ".join((*also, "and " * bool(also) + "subject or login"))
            raise click.UsageError(
                f"{file.name}: its first line must name the columns {named}, once each"
            )
        for row in reader:
            if None in row or None in row.values():
                tally.add("refused", f"line {reader.line_num}", "has not as many cells as columns")
            elif row.get("source", source) == source:
                yield reader.line_num, row
            else:
                tally.elsewhere += 1
    except csv.Error as error:
        raise click.UsageError(f"{file.name}: near line {reader.line_num}: {error}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{file.name}: is not UTF-8 text; convert it") from None


def batches_of(rows: Iterator[Line]) -> Iterator[Sequence[Line]]:
    """The rows, some hundreds at a time."""
    batch: list[Line] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def user_of(row: Mapping[str, str], users: UserSource, deadline: Deadline) -> Record | None:
    """The user whom a row names, None if there is none. Raises IdentityAlarm."""
    kind, value = next((k, row[k]) for k in ("subject", "login") if k in row)
    if not is_plain(value):
        return None
    return users.find(Lookup("subject" if kind == "subject" else "login", value), deadline)
