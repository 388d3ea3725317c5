"""Which logins the database itself takes for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import column, func, select, table

from ..core.deadline import Deadline
from ..database import Database
from .keys import subject_text
from .mapping import Mapping, text_of
from .scan import BATCH
from .shape import is_unique

__all__ = ["alike"]


def alike(
    database: Database, mapping: Mapping, deadline: Deadline
) -> Iterator[Sequence[tuple[str, str, str]]]:
    """Subject, login, and a login that stands for the group, of all users whose logins are equal
    under the column's collation, in batches.

    The database compares. It is not asked where it keeps the column unique. Raises
    SourceUnavailable, DeadlineExceeded."""
    users = table(
        mapping.table, column(mapping.subject), column(mapping.login), schema=mapping.schema
    )
    subject, login = users.c[mapping.subject], users.c[mapping.login]
    group = (
        select(login.label("key"))
        .where(login.is_not(None))
        .group_by(login)
        .having(func.count() > 1)
        .subquery("alike")
    )
    query = select(subject, login, group.c.key).join_from(users, group, login == group.c.key)
    with database.connection(deadline) as connection:
        if is_unique(connection, mapping.table, mapping.schema, mapping.login):
            return
        with connection.execution_options(yield_per=BATCH).execute(query) as result:
            for rows in result.partitions():
                deadline.left()
                yield [
                    ("" if key is None else subject_text(key), text_of(one), text_of(group))
                    for key, one, group in rows
                ]
