"""All that there is to be said about one source, one step after the other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SAWarning

from ..core.deadline import Deadline
from ..core.erid import EridRule
from ..core.logins import LoginRule
from ..core.ports import UserSource
from ..database import Database
from ..database.indexes import keys_of
from ..errors import BridgeError, DeadlineExceeded, SourceUnavailable
from ..sources.mapping import Mapping
from . import columns, keys, people
from .examined import Examined
from .findings import Finding, found
from .hashes import SAMPLE, Formats, hashes
from .plans import plans
from .reach import reach
from .rights import rights
from .row_security import hidden_rows, row_security

__all__ = ["examine", "examine_table", "look_into", "look_into_program"]

_STEP_SECONDS: Final = 12.0
"""The longest that one step may take of the time there is."""
Step = Callable[[Connection, Examined], Iterator[Finding]]


def look_into(
    examined: Examined,
    formats: Formats,
    deadline: Deadline,
    progress: Callable[[str], None] = lambda step: None,
) -> Iterator[Finding]:
    """Everything worth saying about a source that is a database. Never raises for what the
    database does."""
    progress("is it there?")
    database = examined.database
    try:
        with database.connection(_step(deadline)) as connection:
            said = list(reach(connection))
    except BridgeError as error:
        yield found("unreachable", "url", error.details or error.text)
        return
    yield from said
    with _quiet():
        progress("tables and columns")
        said = list(_said(examined, columns.columns, "tables", deadline))
        yield from said
        if examined.replica is not None:
            yield from _replica(examined, deadline)
        progress("rights")
        yield from _said(examined, rights, "rights", deadline)
        yield from _said(examined, row_security, "row-level security", deadline)
        if any(f.severity != "ok" for f in said):
            return
        steps: list[tuple[str, Step]] = [
            ("types", columns.types_of),
            ("new rows", columns.creation),
            ("fingerprint", columns.fingerprint),
            ("keys", keys.keys),
            ("joins", keys.joins),
        ]
        for what, step in steps:
            progress(what)
            yield from _said(examined, step, what, deadline)

        def connect() -> AbstractContextManager[Connection]:
            return database.connection(_step(deadline))

        progress("indexes")
        yield from _guarded("indexes", lambda: plans(connect, examined))
        progress("who may come in")
        yield from _said(examined, people.crowd, "users", deadline)
        progress("logins")
        yield from _said(examined, people.logins, "logins", deadline)
        progress("folded logins")
        yield from _said(examined, people.folded, "folded logins", deadline)
        progress("profiles")
        yield from _guarded("profiles", lambda: people.profiles(connect, examined, _step(deadline)))
        progress("password hashes")
        yield from _guarded("passwords", lambda: _passwords(examined.source(), formats, deadline))


def look_into_program(users: UserSource, formats: Formats, deadline: Deadline) -> Iterator[Finding]:
    """What can be said of a source in Python."""
    try:
        users.check(_step(deadline))
    except BridgeError as error:
        yield found("unreachable", "factory", error.details or error.text)
        return
    yield found("program", "factory", "is a program, which answers; it cannot be looked into")
    yield from _guarded("passwords", lambda: _passwords(users, formats, deadline))


def examine(
    database: Database, mapping: Mapping, rule: LoginRule, deadline: Deadline, *, creates: bool
) -> list[Finding]:
    """The tables, the columns, and how what identifies a user is kept unique and is found; raises
    SourceUnavailable for an outage, DeadlineExceeded."""
    examined = Examined(
        name=database.what,
        database=database,
        mapping=mapping,
        rule=rule,
        erids=EridRule(),
        creates=creates,
    )
    with _quiet():
        with database.connection(deadline) as connection:
            said = list(columns.columns(connection, examined))
            if any(f.severity == "error" for f in said):
                return said
            said += [
                f for f in keys.keys(connection, examined) if not f.check.startswith("collation")
            ]
            said += keys.joins(connection, examined)
            said += columns.creation(connection, examined)
        said += plans(lambda: database.connection(deadline), examined)
    return said


def examine_table(
    database: Database, name: str, schema: str | None, key: str, others: Sequence[str], d: Deadline
) -> list[Finding]:
    """The same for a table of which one column is looked up."""
    with _quiet(), database.connection(d) as connection:
        said = list(columns.of_table(connection, name, schema, [key, *others]))
        if not any(f.severity == "error" for f in said):
            said += hidden_rows(connection, name, schema)
            said += keys.of_key(connection, name, schema, key, "token_not_unique")
            if (
                not any(f.check in ("unique", "not_provable") for f in said)
                and key not in keys_of(connection, name, schema).leading
            ):
                said.append(
                    found("no_index", f"{name}.{key}", "has no index: each look-up reads it all")
                )
    return said


def _passwords(users: UserSource, formats: Formats, deadline: Deadline) -> Iterator[Finding]:
    sample = users.password_hashes(SAMPLE, _step(deadline))
    yield from hashes(sample, formats, "passwords", deadline)


def _replica(examined: Examined, deadline: Deadline) -> Iterator[Finding]:
    """Whether the copy answers and has the same columns."""
    assert examined.replica is not None
    copy = replace(examined, database=examined.replica, replica=None, creates=False)
    try:
        with copy.database.connection(_step(deadline)) as connection:
            for one in [*reach(connection), *columns.columns(connection, copy)]:
                check = "replica_unusable" if one.severity == "error" else one.check
                yield found(check, f"replica: {one.place}", one.text)
    except BridgeError as error:
        yield found("replica_unusable", "replica_url", error.details or error.text)


def _said(examined: Examined, step: Step, what: str, deadline: Deadline) -> Iterator[Finding]:
    """What one step finds, on a connection of its own."""

    def run() -> Iterator[Finding]:
        with examined.database.connection(_step(deadline)) as connection:
            yield from list(step(connection, examined))

    yield from _guarded(what, run)


def _guarded(what: str, run: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What `run` yields; where it fails, that it did."""
    try:
        yield from run()
    except DeadlineExceeded:
        yield found("not_looked_at", what, "took too long")
    except (SourceUnavailable, BridgeError) as error:
        yield found("statement_refused", what, error.details or error.text)


def _step(deadline: Deadline) -> Deadline:
    """Raises DeadlineExceeded when all time is used up."""
    return Deadline(min(deadline.left(), _STEP_SECONDS))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings of types and indexes that SQLAlchemy does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield
