"""Which logins the database itself takes for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from ..core.deadline import Deadline
from ..database import Database
from .fields import Column, text_of
from .keys import subject_text
from .mapping import Mapping
from .scan import BATCH
from .tables import Tables

__all__ = ["alike"]


def alike(
    database: Database, mapping: Mapping, deadline: Deadline
) -> Iterator[Sequence[tuple[str, str, str]]]:
    """Subject, login, and a login that stands for the group, of all users whose logins are equal
    under the column's collation, in batches.

    The database compares. It is not asked where it keeps the column unique. Raises
    SourceUnavailable, DeadlineExceeded."""
    tables = Tables.of_users(mapping, source=database.what)
    for one in mapping.logins:
        yield from _alike(database, tables, mapping.subject, one.name, deadline)


def _alike(
    database: Database, tables: Tables, subject_name: str, login_name: str, deadline: Deadline
) -> Iterator[Sequence[tuple[str, str, str]]]:
    """The same of one login column."""
    columns = [Column(subject_name), Column(login_name)]
    with database.connection(deadline) as connection:
        if tables.is_key(connection, login_name):
            return
        users = tables.query(connection, columns).subquery("users")
        subject, login = users.c[subject_name], users.c[login_name]
        group = (
            select(login.label("key"))
            .where(login.is_not(None))
            .group_by(login)
            .having(func.count() > 1)
            .subquery("alike")
        )
        query = select(subject, login, group.c.key).join_from(users, group, login == group.c.key)
        with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
            for rows in result.partitions():
                deadline.left()
                yield [
                    ("" if key is None else subject_text(key), text_of(one), text_of(group))
                    for key, one, group in rows
                ]
