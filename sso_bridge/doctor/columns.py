"""Are the tables and columns there, and can their types be meant?"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, inspect, text, types
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SAWarning

from ..database.indexes import keys_of
from ..sources.fields import Column, columns_of
from ..sources.mapping import ActiveRule, Generated, Mapping
from .examined import Examined, MappedTable, tables_of
from .findings import Finding, found
from .rights import is_refusal

__all__ = ["columns", "creation", "fingerprint", "of_table", "types_of"]

_NO_KEY: Final = (types.Boolean, types.Date, types.DateTime, types.Time, types.Float, types.JSON)
_NO_TEXT: Final = (*_NO_KEY, types.Numeric, types.Integer)
_CHANGES: Final = re.compile(r"(?i)updat|modif|chang|last|seen|visit|geaendert|geändert")
"""Names of columns that do not sound as if they stayed as they are."""


def columns(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """What is missing of each table, or that it has everything."""
    for one in tables_of(examined):
        if one.is_query:
            yield from _of_query(connection, examined.mapping, one)
        else:
            yield from of_table(connection, one.name, one.schema, one.columns, one.key)


def of_table(
    connection: Connection, name: str, schema: str | None, wanted: Sequence[str], key: str = ""
) -> Iterator[Finding]:
    """Which of the columns `wanted` a table lacks. `key` is what the settings call it."""
    where = f" of `{key}`" if key else ""
    try:
        present = list(_declared(connection, name, schema))
    except NoSuchTableError:
        similar = _similar(name, inspect(connection).get_table_names(schema=schema))
        yield found(
            "table_missing",
            name,
            f"there is no such table or view; correct `table`{where}{similar}",
        )
        return
    except DBAPIError as error:
        if not is_refusal(error):
            raise
        yield found("right_missing", name, "may not be looked at; GRANT SELECT on the whole table")
        return
    yield from _compared(name, present, wanted)


def _of_query(connection: Connection, mapping: Mapping, one: MappedTable) -> Iterator[Finding]:
    assert mapping.select is not None
    rows = text(f"SELECT * FROM ({mapping.select.sql}) users WHERE 1 = 0")
    result = connection.execute(rows.bindparams(**mapping.select.values))
    yield from _compared(one.name, list(result.keys()), one.columns)


def _compared(name: str, present: list[str], wanted: Sequence[str]) -> Iterator[Finding]:
    missing = [c for c in wanted if c not in present]
    for absent in missing:
        similar = _similar(absent, present)
        yield found("column_missing", f"{name}.{absent}", f"there is no such column{similar}")
    if not missing:
        yield found("columns", name, f"has all {len(wanted)} mapped columns")


def _similar(name: str, names: Sequence[str]) -> str:
    """What may have been meant."""
    lowered = {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), lowered, n=2)
    return f"; there is {' and '.join(repr(lowered[n]) for n in near)}" if near else ""


def _declared(connection: Connection, name: str, schema: str | None) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of types it does not know
        found_columns = inspect(connection).get_columns(name, schema=schema)
    return {str(c["name"]): c for c in found_columns}


def types_of(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether the types and lengths of what identifies a user, of passwords and of times fit."""
    mapping = examined.mapping
    declared = {
        one.key: _declared(connection, one.name, one.schema)
        for one in tables_of(examined)
        if not one.is_query
    }
    if "" not in declared:
        return
    own = declared[""]

    def type_in(column: Column) -> Any:
        table = declared.get(f"joins.{column.of}" if column.of else "", {})
        return table[column.name]["type"] if column.name in table else types.NullType()

    keys = [(login.name, "a login") for login in mapping.logins]
    keys += [(mapping.subject, "a primary key")]
    keys += [(mapping.erid, "an ERID")] if mapping.erid is not None else []
    for name, what in keys:
        if isinstance(own[name]["type"], _NO_KEY):
            yield _unfit(mapping, name, own[name]["type"], what)
    if isinstance(mapping.password, Column):
        kind = type_in(mapping.password)
        if isinstance(kind, _NO_TEXT):
            yield _unfit(mapping, mapping.password.name, kind, "a password hash")
    for rule in mapping.active:
        wanted = _time_objection(rule, type_in(rule.column), connection)
        if wanted:
            place = ".".join(filter(None, (rule.column.of or mapping.table, rule.column.name)))
            kind = rule.expires or rule.locked_until
            yield found("type_unfit", place, f"is declared {kind}, and {wanted}")
    yield from _lengths(examined, own)


def _unfit(mapping: Mapping, name: str, kind: Any, what: str) -> Finding:
    place = f"{mapping.table}.{name}"
    return found("type_unfit", place, f"is of the type {_spelled(kind)}, which cannot be {what}")


def _spelled(kind: Any) -> str:
    return type(kind).__name__.upper() if not str(kind) else str(kind).partition(" COLLATE")[0]


def _time_objection(rule: ActiveRule, kind: Any, connection: Connection) -> str:
    """What is wrong with the type of a column of times; "" if nothing is, or nobody can tell."""
    declared = rule.expires or rule.locked_until
    if declared is None or connection.dialect.name == "sqlite":
        return ""
    is_number = isinstance(kind, (types.Integer, types.Numeric))
    if isinstance(kind, types.Date) and not isinstance(kind, types.DateTime):
        return "is a date without a time of day; make it a time, or take a view that does"
    if not isinstance(kind, types.DateTime):
        wants_number = declared.startswith("epoch")
        return "" if not is_number or wants_number else "holds numbers; is it epoch_seconds?"
    if declared.startswith("epoch"):
        return "holds times, not numbers; is it naive_utc or aware?"
    aware = bool(getattr(kind, "timezone", False))
    if aware != (declared == "aware"):
        return "has a zone; declare it aware" if aware else "has no zone; declare it naive_utc"
    return ""


def _lengths(examined: Examined, own: dict[str, Any]) -> Iterator[Finding]:
    mapping, limit = examined.mapping, examined.erids.max_length
    if mapping.erid is not None:
        length = getattr(own[mapping.erid]["type"], "length", None)
        place = f"{mapping.table}.{mapping.erid}"
        if length is not None and length > limit:
            yield found(
                "erid_column_long",
                place,
                f"takes {length} characters, and an ERID has {limit} at most; whoever has a longer "
                "one is refused",
            )
        if length is not None and length < 36 and examined.creates:
            yield found(
                "column_short", place, f"takes {length} characters; a new user's ERID has 36"
            )
    if examined.creates and examined.database.engine.dialect.name != "sqlite":
        yield from _written_lengths(mapping, own)
    password = mapping.password
    if examined.new_hash is None or not isinstance(password, Column) or password.of:
        return
    length = getattr(own[password.name]["type"], "length", None)
    if length is not None and (needed := len(examined.new_hash())) > length:
        yield found(
            "column_short",
            f"{mapping.table}.{password.name}",
            f"takes {length} characters, and a new hash has {needed}: it would be cut off or "
            "refused; lengthen it, or choose another passwords.scheme",
        )


def _written_lengths(mapping: Mapping, own: dict[str, Any]) -> Iterator[Finding]:
    """Which columns are too short for what each new row has in them."""
    written: dict[str, object] = dict(mapping.create)
    written |= {f.column: f.values[0] for f in mapping.filters if len(f.values) == 1}
    for rule in mapping.active:
        if not rule.column.of and rule.values:
            written.setdefault(rule.column.name, rule.values[0])
    for name, value in written.items():
        length = getattr(own[name]["type"], "length", None) if name in own else None
        needed = 36 if value is Generated.UUID else len(value) if isinstance(value, str) else 0
        if isinstance(own.get(name, {}).get("type"), types.String) and length and needed > length:
            yield found(
                "column_short",
                f"{mapping.table}.{name}",
                f"takes {length} characters, and a new user's row has {needed} there; lengthen it, "
                "or correct create_values, filter or active",
            )
    for login in mapping.logins[:1]:
        if login.folded is None:
            continue
        copy, length = (getattr(own[n]["type"], "length", None) for n in (login.folded, login.name))
        if copy is not None and length is not None and copy < length:
            yield found(
                "column_short",
                f"{mapping.table}.{login.folded}",
                f"takes {copy} characters, and {login.name} {length}: an account "
                "with a longer login is refused; lengthen it",
            )


def creation(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Which columns a new row would lack a value for."""
    mapping = examined.mapping
    if not examined.creates or mapping.select is not None:
        return
    written = {*mapping.create, *(f.column for f in mapping.filters), mapping.erid}
    written |= {name for login in mapping.logins[:1] for name in (login.name, login.folded)}
    written |= {c.name for c in columns_of(mapping.password)}
    written |= {rule.column.name for rule in mapping.active if not rule.column.of}
    optional = {f.name for f in mapping.profile.values() if isinstance(f, Column) and not f.of}
    for name, declared in _declared(connection, mapping.table, mapping.schema).items():
        if declared["nullable"] or _fills_itself(declared) or name in written:
            continue
        place = f"{mapping.table}.{name}"
        if name == mapping.subject and not _needs_value(connection, mapping, declared):
            continue
        if name in optional:
            yield found(
                "field_required", place, "is NOT NULL: a creation that sends none is refused"
            )
        else:
            yield found(
                "value_missing",
                place,
                "is NOT NULL, has no default and no value; add it to create_values",
            )


def _fills_itself(declared: dict[str, Any]) -> bool:
    computed = declared.get("computed") is not None or declared.get("identity") is not None
    return computed or declared.get("default") is not None or declared.get("autoincrement") is True


def _needs_value(connection: Connection, mapping: Mapping, declared: dict[str, Any]) -> bool:
    """Whether a primary key is one that no engine makes by itself."""
    if connection.dialect.name == "sqlite" and isinstance(declared["type"], types.Integer):
        return False
    return mapping.subject not in {one.name for one in mapping.logins}


def fingerprint(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether the columns of the fingerprint look as if they stayed what they are."""
    mapping = examined.mapping
    if mapping.select is not None:
        return
    declared = _declared(connection, mapping.table, mapping.schema)
    is_view = mapping.table in inspect(connection).get_view_names(schema=mapping.schema)
    primary = keys_of(connection, mapping.table, mapping.schema).primary
    for name in mapping.fingerprint:
        place = f"{mapping.table}.{name}"
        one = declared[name]
        if "on update" in str(one.get("default") or "").lower() or _CHANGES.search(name):
            yield found(
                "fingerprint_unsteady",
                place,
                "seems to change with the row: then everybody whose row changes is refused",
            )
        elif name == mapping.subject:
            yield found(
                "fingerprint_unsteady",
                place,
                "is the primary key itself, which says nothing about whose it is now",
            )
        elif one["nullable"] and not is_view and name not in primary:
            yield found(
                "fingerprint_unsteady",
                place,
                "may be NULL: whoever has none is not guarded, and may get one later",
            )
