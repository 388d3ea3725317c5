"""Does the database keep apart who must be kept apart, and does it compare as the site does?"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, inspect, select, text, types
from sqlalchemy import column as named_column
from sqlalchemy import table as named_table
from sqlalchemy.exc import SAWarning

from ..core.logins import LoginRule
from ..sources.fields import Column
from ..sources.mapping import Join, Mapping
from ..sources.matching import finds_all
from ..sources.shape import indexes, is_unique
from ..sources.tables import Tables, condition
from .examined import Examined
from .findings import Finding, found

__all__ = ["SMALL", "guards_logins", "is_large", "joins", "keys", "leads", "of_key"]

SMALL: Final = 200_000
"""Rows of a table that is small enough to be read whole."""
What = Literal["subject_not_unique", "key_not_unique", "token_not_unique"]
_NAMES: Final = {
    "subject_not_unique": "a user's primary key",
    "token_not_unique": "a token",
}


def keys(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether what identifies a user is unique; how the database compares logins."""
    mapping = examined.mapping
    if mapping.select is not None:
        yield found(
            "not_provable",
            mapping.table,
            "is a query: make sure that no two of its rows share a primary key, a login or an ERID",
        )
        return
    name, schema = mapping.table, mapping.schema
    yield from _subject(connection, mapping)
    for login in mapping.logins:
        unique = login.folded or login.name
        if guards_logins(connection, mapping, login.name, examined.rule):
            yield found("unique", f"{name}.{login.name}", "is unique by login_match")
        else:
            yield from of_key(connection, name, schema, unique, "key_not_unique", "a login")
    if mapping.erid is not None:
        yield from of_key(connection, name, schema, mapping.erid, "key_not_unique", "an ERID")
    for login in mapping.logins:
        yield from _comparison(connection, examined, login.name)


def _subject(connection: Connection, mapping: Mapping) -> Iterator[Finding]:
    """Whether the primary key is one; of a key of several columns `filter` may leave one row."""
    name, schema, subject = mapping.table, mapping.schema, mapping.subject
    others = next(
        (
            unique - {subject}
            for unique in _unique_sets(connection, name, schema)
            if subject in unique and len(unique) > 1
        ),
        None,
    )
    single = {f.column for f in mapping.filters if len(f.values) == 1}
    if not others or not mapping.filters or is_unique(connection, name, schema, subject):
        yield from of_key(connection, name, schema, subject, "subject_not_unique")
        return
    place = f"{name}.{subject}"
    if others <= single:
        yield found("unique", place, "is unique among the rows that pass `filter`")
        return
    tables = Tables.of_users(mapping, source="")
    rows = tables.query(connection, [Column(subject)]).subquery("users")
    key = rows.c[subject]
    shared = select(key).where(key.is_not(None)).group_by(key).having(func.count() > 1)
    count = 0
    if not is_large(connection, rows):
        count = int(connection.scalar(select(func.count()).select_from(shared.subquery("s"))) or 0)
    if count:
        yield found("subject_not_unique", place, f"{count} are several rows', whom `filter` leaves")
    else:
        yield found(
            "not_provable",
            place,
            f"is unique together with {', '.join(sorted(others))} only: `filter` has to leave one "
            "row of each",
        )


def of_key(
    connection: Connection, name: str, schema: str | None, key: str, check: What, what: str = ""
) -> Iterator[Finding]:
    """Whether a column is unique."""
    place = f"{name}.{key}"
    named = _NAMES.get(check, what)
    if name in inspect(connection).get_view_names(schema=schema):
        yield found(
            "not_provable",
            place,
            f"is a view's column: make sure that no two rows share {named}",
        )
    elif is_unique(connection, name, schema, key):
        yield found("unique", place, "is unique and indexed")
    else:
        yield found(check, place, f"has no unique constraint: two rows may share {named}")


def leads(connection: Connection, name: str, schema: str | None, key: str) -> bool:
    """Whether `key` is the first column of an index."""
    table = inspect(connection)
    primary = table.get_pk_constraint(name, schema=schema).get("constrained_columns") or []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of indexes on expressions
        indexed: list[Any] = [
            primary,
            *(i["column_names"] for i in indexes(connection, name, schema)),
            *(c["column_names"] for c in table.get_unique_constraints(name, schema=schema)),
        ]
    return any(list(columns)[:1] == [key] for columns in indexed)


def _unique_sets(connection: Connection, name: str, schema: str | None) -> list[set[str]]:
    """The columns of each primary key and unique constraint or index."""
    table = inspect(connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        found_sets: list[Any] = [
            table.get_pk_constraint(name, schema=schema).get("constrained_columns"),
            *(c["column_names"] for c in table.get_unique_constraints(name, schema=schema)),
            *(
                i["column_names"]
                for i in indexes(connection, name, schema)
                if i["unique"]
                and not any(key.endswith("_where") for key in i.get("dialect_options", {}))
            ),
        ]
    return [set(names) for names in found_sets if names and None not in names]


def guards_logins(connection: Connection, mapping: Mapping, login: str, rule: LoginRule) -> bool:
    """Whether the database keeps two logins of one column apart that are the same by `rule`, and
    is known to."""
    name, schema = mapping.table, mapping.schema
    if mapping.select is not None or name in inspect(connection).get_view_names(schema=schema):
        return False
    folded = next((one.folded for one in mapping.logins if one.name == login), None)
    if folded is not None:
        return is_unique(connection, name, schema, folded)
    tables = Tables.of_users(mapping, source="")
    if is_unique(connection, name, schema, login):
        if rule is LoginRule.EXACT or not isinstance(
            tables.type_of(connection, Column(login)), types.String
        ):
            return True
        if connection.dialect.name == "sqlite":
            asked = {"table": name, "name": login}
            if rule is LoginRule.ASCII_CASE and connection.scalar(_SQLITE_UNIQUE, asked):
                return True
        elif finds_all(tables.collation(connection, login), rule):
            return True
    if rule is not LoginRule.ASCII_CASE:
        return False
    return any(
        re.search(rf"\(lower{re.escape(login)}\)|\({re.escape(login)}collatenocase\)", index)
        for index in _unique_index_texts(connection, name, schema)
    )


_SQLITE_UNIQUE: Final = text(
    "SELECT count(*) FROM pragma_index_list(:table) l, pragma_index_xinfo(l.name) x"
    " WHERE l.\"unique\" AND NOT l.partial AND x.key AND x.name = :name AND x.coll = 'NOCASE'"
    " AND 1 = (SELECT count(*) FROM pragma_index_xinfo(l.name) k WHERE k.key)"
)
_SQLITE_INDEXES: Final = text(
    "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
)
_POSTGRESQL_INDEXES: Final = text(
    "SELECT indexdef FROM pg_indexes WHERE tablename = :table"
    " AND schemaname = COALESCE(:schema, current_schema())"
)


def _unique_index_texts(connection: Connection, name: str, schema: str | None) -> list[str]:
    """What whole unique indexes are on, without quotes, spaces and inner parentheses."""
    engine = connection.dialect.name
    if engine not in ("sqlite", "postgresql"):
        return []
    query = _SQLITE_INDEXES if engine == "sqlite" else _POSTGRESQL_INDEXES
    asked = {"table": name, "schema": schema} if engine == "postgresql" else {"table": name}
    texts = []
    for statement in connection.scalars(query, asked):
        plain = re.sub(r"\s+|[\"`\[\]]|::\w+", "", str(statement).lower())
        head, _, tail = plain.partition("(")
        if "uniqueindex" in head and "where" not in tail:
            texts.append(f"({re.sub(r'[()]', '', tail)})")
    return texts


def _ignores(collation: str) -> list[str]:
    """What a column of this collation (see `sources.shape.Shape`) does not see."""
    if collation in ("citext", "nocase") or "ks-level2" in collation:
        return ["case"]
    if "ks-level1" in collation:
        return ["accents"] if "-kc-true" in collation else ["case", "accents"]
    ignored = []
    if collation.endswith("_ci"):
        ignored.append("case")
        if "_as_" not in collation:
            ignored.append("accents")
    if collation.endswith(("_ci", "_bin")) and not (
        "_nopad_" in collation or "_0900_" in collation
    ):
        ignored.append("spaces at the end")
    return ignored


def _comparison(connection: Connection, examined: Examined, login: str) -> Iterator[Finding]:
    """What the column ignores, and what that means under the rule."""
    mapping, rule = examined.mapping, examined.rule
    collation = Tables.of_users(mapping, source="").collation(connection, login)
    ignored = _ignores(collation)
    if not ignored:
        return
    place = f"{mapping.table}.{login}"
    said = f"ignores {', '.join(ignored)} ({collation})"
    if rule is LoginRule.EXACT and "case" in ignored and collation != "nocase":
        yield found(
            "collation_wider",
            place,
            f"{said}, and login_match is exact: who writes Bob for bob comes in at your own site, "
            "if it leaves the comparison to the database, and not here; login_match = case, or "
            "ascii_case, lets them in",
        )
    else:
        yield found("collation", place, f"{said}; what it finds is compared again by login_match")


def joins(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether each joined table has one row for a user at most."""
    for of, join in examined.mapping.joins.items():
        views = inspect(connection).get_view_names(schema=join.schema)
        single = {f.column for f in join.filters if len(f.values) == 1}
        on = {theirs for theirs, _ in join.on}
        if join.table not in views and any(
            unique <= on | single for unique in _unique_sets(connection, join.table, join.schema)
        ):
            yield found("unique", f"joins.{of}", f"{join.table} has one row for a user at most")
            continue
        several = _several(connection, join)
        told = {None: "", 0: ", and none has now"}.get(several, f": {several} have now")
        yield found(
            "join_not_unique",
            f"joins.{of}",
            f"no constraint of {join.table} is on {', '.join(sorted(on))}, so that a user may have "
            f"several rows{told}; such a user is refused",
        )


def _several(connection: Connection, join: Join) -> int | None:
    """How many have several rows; None if the table is too large to ask."""
    names = [theirs for theirs, _ in join.on] + [f.column for f in join.filters]
    rows = named_table(join.table, *map(named_column, dict.fromkeys(names)), schema=join.schema)
    if is_large(connection, rows):
        return None
    on = [rows.c[theirs] for theirs, _ in join.on]
    tables = Tables(
        join.table, [Column(n) for n in dict.fromkeys(names)], source="", schema=join.schema
    )
    query = select(*on).where(
        *(c.is_not(None) for c in on),
        *(
            condition(rows.c[f.column], f, tables.type_of(connection, Column(f.column)))
            for f in join.filters
        ),
    )
    query = query.group_by(*on).having(func.count() > 1)
    return int(connection.scalar(select(func.count()).select_from(query.subquery("several"))) or 0)


def is_large(connection: Connection, rows: Any) -> bool:
    """Whether a table has more than `SMALL` rows."""
    some = select(rows.c[rows.c.keys()[0]]).select_from(rows).limit(SMALL + 1).subquery("some")
    return int(connection.scalar(select(func.count()).select_from(some)) or 0) > SMALL
