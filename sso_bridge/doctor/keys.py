"""Does the database keep apart who must be kept apart, and does it compare as the site does?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, inspect, select, types
from sqlalchemy import column as named_column
from sqlalchemy import table as named_table

from ..core.logins import LoginRule
from ..database.indexes import TableKeys, keys_of
from ..sources.fields import Column
from ..sources.kinds import condition
from ..sources.mapping import Join, Mapping
from ..sources.matching import finds_all
from ..sources.tables import Tables
from .examined import Examined
from .findings import Finding, found

__all__ = ["SMALL", "compared_by", "guards_logins", "is_large", "joins", "keys", "of_key"]

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
    kept = keys_of(connection, name, schema)
    single = {f.column for f in mapping.filters if len(f.values) == 1}
    others = _others(kept, subject, single)
    if not others or not mapping.filters or kept.is_unique(subject):
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


def _others(kept: TableKeys, subject: str, single: set[str]) -> frozenset[str]:
    """The columns that the primary key is unique together with: if there are several such sets, one
    that `filter` fixes. None if there are none."""
    others = [unique - {subject} for unique in kept.unique if subject in unique and len(unique) > 1]
    return min(others, key=lambda names: (not names <= single, sorted(names)), default=frozenset())


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
    elif keys_of(connection, name, schema).is_unique(key):
        yield found("unique", place, "is unique and indexed")
    else:
        yield found(check, place, f"has no unique constraint: two rows may share {named}")


def guards_logins(connection: Connection, mapping: Mapping, login: str, rule: LoginRule) -> bool:
    """Whether the database keeps two logins of one column apart that are the same by `rule`, and
    is known to."""
    name, schema = mapping.table, mapping.schema
    if mapping.select is not None or name in inspect(connection).get_view_names(schema=schema):
        return False
    kept = keys_of(connection, name, schema)
    folded = next((one.folded for one in mapping.logins if one.name == login), None)
    if folded is not None:
        return kept.is_unique(folded)
    tables = Tables.of_users(mapping, source="")
    if kept.is_unique(login):
        if rule is LoginRule.EXACT or not isinstance(
            tables.type_of(connection, Column(login)), types.String
        ):
            return True
        if connection.dialect.name != "sqlite" and finds_all(
            tables.collation(connection, login), rule
        ):
            return True
    return rule is LoginRule.ASCII_CASE and login in kept.caseless


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


def compared_by(collation: str) -> LoginRule:
    """The rule by which a column of this collation compares, as near as there is one."""
    ignored = _ignores(collation)
    if "case" not in ignored:
        return LoginRule.EXACT
    if "accents" in ignored:
        return LoginRule.CASE_AND_ACCENTS
    return LoginRule.ASCII_CASE if collation == "nocase" else LoginRule.CASE


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
            unique <= on | single for unique in keys_of(connection, join.table, join.schema).unique
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
