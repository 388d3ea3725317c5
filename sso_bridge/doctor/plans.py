"""Does every look-up use an index? The database's own plan says it, of the statements that calls
send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Executable, Select, types
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.visitors import iterate

from ..database.failures import describe
from ..database.indexes import keys_of
from ..sources.fields import Column
from ..sources.keys import comparable, subject_text
from ..sources.kinds import base_of, references
from ..sources.mapping import LoginColumn
from ..sources.mapping import Mapping as Mapped
from ..sources.matching import folds
from ..sources.shape import TableShape
from ..sources.sql import LookUp
from ..sources.tables import Tables
from .advice import computed_in, index_of, login_index_of, statement_of
from .examined import Examined
from .findings import Finding, found
from .rights import is_refusal

__all__ = ["plans"]

Connect = Callable[[], AbstractContextManager[Connection]]
_PREFIX: Final = {
    "sqlite": "EXPLAIN QUERY PLAN ",
    "postgresql": "EXPLAIN (FORMAT JSON) ",
    "mysql": "EXPLAIN ",
    "mariadb": "EXPLAIN ",
}
_OTHERS: Final = " for a login with letters beyond A to Z"
_MADE_UP: Final = ("nobody@example.invalid", "1", "00000000-0000-4000-8000-000000000000", "00")


class _Explain(Executable, ClauseElement):
    """A statement's plan, in place of its rows."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **kw: Any) -> str:
    return _PREFIX[compiler.dialect.name] + str(compiler.process(element.statement, **kw))


@dataclass(frozen=True, slots=True)
class _Sample:
    """Keys of a user who is there: an engine tells no plan for one who is known not to be."""

    subject: Any = None
    login: str | None = None
    erid: str | None = None
    shipping: Any = None
    billing: Any = None


_Built = tuple[Select[Any] | None, Mapping[str, Any]]
"""A statement and the values for it; None if nothing is asked."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """What a statement is for, and of which logins it is not the usual one; how it and its values
    are made, and what would help where it reads all of what it calls by that name."""

    what: str
    rest: str
    build: Callable[[Connection], _Built]
    helps: Callable[[Connection, str], str]


def plans(connect: Connect, examined: Examined) -> Iterator[Finding]:
    """Which look-ups read a whole table, and the index that would help."""
    with connect() as connection:
        if connection.dialect.name not in _PREFIX:
            yield from _by_reflection(connection, examined)
            return
        sample = _sample(connection, examined)
    good = 0
    told: set[str] = set()
    for one in _statements(examined, sample):
        if one.rest and one.what in told:
            continue
        with connect() as connection:
            try:
                statement, values = one.build(connection)
                if statement is None:
                    continue
                read = _whole_reads(connection, statement, values)
            except DBAPIError as error:
                if error.connection_invalidated or not _is_about_it(error):
                    raise
                told.add(one.what)
                why = describe(error)
                yield found("statement_refused", one.what, f"the database refuses it: {why}")
                continue
            for alias in read:
                told.add(one.what)
                help_ = one.helps(connection, alias)
                yield found("no_index", one.what, f"reads the whole table{one.rest}: {help_}")
        good += not read and not one.rest
    if good:
        yield found("indexes", "look-ups", f"{good} of the statements of calls use indexes only")


def _is_about_it(error: DBAPIError) -> bool:
    return is_refusal(error) or not isinstance(error, OperationalError)


def _statements(examined: Examined, sample: _Sample) -> Iterator[_Statement]:
    """Every statement that calls send."""
    mapping = examined.mapping
    for login in mapping.logins:
        yield from _of_login(examined, login, sample.login)
    yield _of_key(examined, "subject", mapping.subject, sample.subject)
    if mapping.erid is not None:
        yield _of_key(examined, "erid", mapping.erid, sample.erid)
    yield _of_details(examined, sample)


def _of_login(examined: Examined, login: LoginColumn, known: str | None) -> Iterator[_Statement]:
    """The look-up by one login column, and by a login for which it is another."""
    alone = replace(examined.mapping, logins=(login,))

    def usual(connection: Connection) -> _Built:
        return _keyed(examined, alone, connection, "login", known)

    def other(connection: Connection) -> _Built:
        _, values = usual(connection)
        if folds(values):
            return None, {}
        return _keyed(examined, alone, connection, "login", f"{known or _MADE_UP[0]}é")

    def helps(connection: Connection, alias: str) -> str:
        statement, _ = _keyed(examined, alone, connection, "login", None)
        return login_index_of(connection, examined, login, alias, statement)

    yield _Statement(f"look-up by {login.name}", "", usual, helps)
    yield _Statement(f"look-up by {login.name}", _OTHERS, other, helps)


def _of_key(examined: Examined, kind: str, name: str, known: Any) -> _Statement:
    """The look-up by a primary key or ERID in the column `name`."""

    def build(connection: Connection) -> _Built:
        text = None if known is None else subject_text(known)
        return _keyed(examined, examined.mapping, connection, kind, text)

    def helps(connection: Connection, alias: str) -> str:
        return index_of(connection, examined, alias, [name])

    return _Statement(f"look-up by {name}", "", build, helps)


def _of_details(examined: Examined, sample: _Sample) -> _Statement:
    """The further statement of a profile, if there is one."""
    mapping = examined.mapping

    def build(connection: Connection) -> _Built:
        statement = examined.source().details(connection)
        if statement is None:
            return None, {}
        user = sample.subject
        if user is None:
            kind = Tables.of_users(mapping, source="").type_of(connection, Column(mapping.subject))
            user = _made_up(kind)
        of = _referring(connection, mapping, user, sample)
        names = {one.key for one in iterate(statement.select) if isinstance(one, BindParameter)}
        return statement.select, {name: value for name, value in of.items() if name in names}

    def helps(connection: Connection, alias: str) -> str:
        refers = mapping.addresses or next(iter(mapping.pairs.values()))
        return index_of(connection, examined, alias, [refers.user])

    return _Statement("profile", "", build, helps)


def _referring(
    connection: Connection, mapping: Mapped, user: Any, sample: _Sample
) -> dict[str, Any]:
    """What the further statement is asked with: keys as columns that refer to them hold them."""

    def held(table: TableShape, name: str, cell: Any) -> Any:
        kind = base_of(table.type_of(connection, name))
        return None if cell is None else next(iter(references(kind, cell)), None)

    refers = mapping.addresses or next(iter(mapping.pairs.values()))
    table = TableShape(refers.table, refers.schema, source="")
    of = {"user": held(table, refers.user, user)}
    chosen = mapping.addresses
    if chosen is not None and chosen.choice == "id":
        of["shipping"] = held(table, chosen.column, sample.shipping)
        of["billing"] = held(table, chosen.column, sample.billing)
    return of


def _keyed(
    examined: Examined, mapping: Any, connection: Connection, kind: str, key: str | None
) -> tuple[Select[Any] | None, Mapping[str, Any]]:
    """The statement that finds a user by a key of that kind, and the values for one."""
    look_ups: dict[str, LookUp] = dict(examined.source(mapping).look_ups(connection))
    look_up = look_ups[kind]
    for text in (*([] if key is None else [key]), *_MADE_UP):
        values = look_up.values(text)
        if values:
            return look_up.statement.select, values
    return None, {}


def _made_up(kind: types.TypeEngine[Any]) -> Any:
    return next((cell for key in _MADE_UP for cell in comparable(kind, key)), None)


def _sample(connection: Connection, examined: Examined) -> _Sample:
    """Anybody, if there is anybody."""
    mapping = examined.mapping
    chosen = mapping.addresses
    ids = [chosen.shipping, chosen.billing] if chosen and chosen.choice == "id" else ["", ""]
    names = [mapping.subject, mapping.login, mapping.erid or mapping.subject]
    columns = [Column(name or mapping.subject) for name in [*names, *ids]]
    tables = Tables.of_users(mapping, source=examined.name)
    query = tables.query(connection, list(dict.fromkeys(columns)))
    row = connection.execute(
        query.where(tables.element(Column(mapping.login)).is_not(None)).limit(1)
    ).first()
    if row is None:
        return _Sample()
    place = {column: i for i, column in enumerate(dict.fromkeys(columns))}
    subject, login, erid, shipping, billing = (row[place[c]] for c in columns)
    return _Sample(
        subject,
        None if login is None else str(login),
        None if erid is None or mapping.erid is None else str(erid),
        shipping,
        billing,
    )


def _whole_reads(
    connection: Connection, statement: Select[Any], values: Mapping[str, Any]
) -> Sequence[str]:
    """The tables, by the names that the statement has for them, that are read whole."""
    engine = connection.dialect.name
    if engine == "postgresql":
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    # An order or a limit may make another way seem cheaper than the index.
    plain = statement.order_by(None).limit(None)
    result = connection.execute(_Explain(plain), dict(values))
    # The names of the result are those of the statement's own columns.
    names = [about[0] for about in result.cursor.description] if result.cursor else []
    rows = result.all()
    if engine == "postgresql":
        plan = rows[0][0]
        told = json.loads(plan) if isinstance(plan, str) else plan
        return list(dict.fromkeys(_of_postgresql(told[0]["Plan"])))
    if engine == "sqlite":
        return list(dict.fromkeys(_of_sqlite([str(row[-1]) for row in rows])))
    return list(
        dict.fromkeys(
            _of_mariadb(
                [dict(zip(names, row, strict=True)) for row in rows],
                computed_in(plain) is not None and folds(values),
            )
        )
    )


def _of_postgresql(node: dict[str, Any]) -> Iterator[str]:
    """Sequential scans are switched off, so one that is left has no index to take its place; an
    index without a condition is read from end to end."""
    kind = node["Node Type"]
    whole = kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in node)
    if whole and "Relation Name" in node:
        yield str(node.get("Alias", node["Relation Name"]))
    for child in node.get("Plans", ()):
        yield from _of_postgresql(child)


def _of_sqlite(steps: Sequence[str]) -> Iterator[str]:
    for step in steps:
        words = step.split()
        if (
            words[0] == "SCAN" and words[1] not in ("CONSTANT",) and not words[1].startswith("(")
        ) or (words[0] == "SEARCH" and "AUTOMATIC" in words):
            yield words[1]


def _of_mariadb(rows: Sequence[Mapping[str, Any]], computed: bool) -> Iterator[str]:
    """A small table is read whole although there is an index; then the index is a possible key.
    What is made of a column by a function has none."""
    for number, row in enumerate(rows):
        whole = str(row["type"]).upper() in ("ALL", "INDEX") and row["table"] is not None
        if not whole or str(row["table"]).startswith("<"):
            continue
        if row["possible_keys"] is None or (computed and number == 0):
            yield str(row["table"])


def _by_reflection(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """For an engine whose plans are not understood here: is each key the first of an index?"""
    mapping = examined.mapping
    if mapping.select is not None:
        return
    wanted = [(mapping.schema, mapping.table, mapping.subject)]
    wanted += [(mapping.schema, mapping.table, one.folded or one.name) for one in mapping.logins]
    if mapping.erid is not None:
        wanted.append((mapping.schema, mapping.table, mapping.erid))
    if mapping.addresses is not None:
        of = mapping.addresses
        wanted.append((of.schema, of.table, of.user))
    wanted += [(j.schema, j.table, j.on[0][0]) for j in mapping.joins.values()]
    for schema, table, name in wanted:
        if name not in keys_of(connection, table, schema).leading:
            help_ = statement_of(connection, schema, table, [name])
            yield found("no_index", f"{table}.{name}", f"reads the whole table: {help_}")
