"""How a login is looked up by the site's rule on an engine with ideas of its own.

What is found here has every row that is the same login by the rule, and maybe more: each is
compared again in code. Where the column's own collation ignores what the rule ignores, the
column is compared as it is, which its index serves; otherwise an expression over it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    collate,
    func,
    literal_column,
    or_,
    types,
)

from ..core.logins import LoginRule
from .keys import Cell, Dynamic, stored_forms

__all__ = ["Comparison", "by_folded", "compare", "exact", "register"]

_FOLD: Final = "sso_bridge_fold"
_UNICODE: Final = "utf8mb4_unicode_520_ci"
_IGNORES_ACCENTS: Final = ("_unicode_ci", "_unicode_520_ci", "_0900_ai_ci", "_ai_ci")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One part of a WHERE, and the values of its parameters for a login."""

    clause: ColumnElement[bool]
    values: Callable[[str], dict[str, Cell | None]]


def compare(
    connection: Connection,
    column: ColumnElement[Any],
    kind: types.TypeEngine[Any],
    collation: str,
    rule: LoginRule,
    name: str,
) -> Comparison:
    """The rows whose `column`, of type `kind`, is the login by `rule`. Parameters begin with
    `name`. `collation` is what `Shape` tells."""
    same = exact(column, kind, name)
    if rule is LoginRule.EXACT or not _is_text(kind):
        return same
    if _ignores(collation, rule):
        return same
    engine = connection.dialect.name
    if engine == "sqlite" and rule is LoginRule.ASCII_CASE and collation == "nocase":
        return Comparison(collate(column, "NOCASE") == bindparam(f"{name}0"), same.values)
    folded, forms = _folded(connection, column, rule)
    marks: list[Any] = [bindparam(f"{name}_{i}") for i in range(3)]

    def values(login: str) -> dict[str, Cell | None]:
        wanted = list(forms(login))
        wanted += wanted[:1] * (3 - len(wanted))
        return {**same.values(login), **{f"{name}_{i}": w for i, w in enumerate(wanted)}}

    return Comparison(or_(same.clause, folded.in_(marks)), values)


def by_folded(column: ColumnElement[Any], fold: Callable[[str], str], name: str) -> Comparison:
    """The rows whose `column` holds what `fold` makes of the login."""
    return Comparison(column == bindparam(name), lambda login: {name: fold(login)})


def exact(
    column: ColumnElement[Any],
    kind: types.TypeEngine[Any],
    name: str,
    forms_of: Callable[[types.TypeEngine[Any], str], Sequence[Cell]] = stored_forms,
) -> Comparison:
    """Equal to one of the `forms_of` a key; to NULL, which nothing is, where there is none."""
    several = isinstance(kind, (types._Binary, Dynamic))
    marks: list[Any] = [bindparam(f"{name}{i}") for i in range(2 if several else 1)]

    def values(key: str) -> dict[str, Cell | None]:
        forms: list[Cell | None] = [*forms_of(kind, key)]
        return {
            f"{name}{i}": forms[i] if i < len(forms) else forms[0] if forms else None
            for i in range(len(marks))
        }

    return Comparison(column.in_(marks) if several else column == marks[0], values)


def _is_text(kind: types.TypeEngine[Any]) -> bool:
    return not isinstance(kind, (types.Integer, types.Uuid, types._Binary, types.Numeric))


def _ignores(collation: str, rule: LoginRule) -> bool:
    """Whether a column of this collation finds all that the rule takes for the same."""
    accents = rule is LoginRule.CASE_AND_ACCENTS
    if "ks-level1" in collation:
        return True
    if collation == "citext" or "ks-level2" in collation:
        return not accents
    if collation.endswith("_ci"):
        return not accents or collation.endswith(_IGNORES_ACCENTS)
    return False


def _folded(
    connection: Connection, column: ColumnElement[Any], rule: LoginRule
) -> tuple[ColumnElement[Any], Callable[[str], set[str]]]:
    """An expression, and what it is for columns that hold the login in one spelling or other."""
    engine = connection.dialect.name
    if rule is LoginRule.ASCII_CASE:
        return func.lower(column), lambda x: {rule.canonical(x), x.lower(), _one_by_one(x)}
    if engine == "sqlite":
        return getattr(func, f"{_FOLD}_{rule.value}")(column), lambda x: {rule.canonical(x)}
    if engine in ("mysql", "mariadb"):
        return collate(
            func.convert(column.op("USING")(literal_column("utf8mb4"))), _UNICODE
        ), lambda x: {x}
    if engine == "postgresql":
        lowered = func.lower(collate(column, "und-x-icu"))
        if rule is LoginRule.CASE:
            return lowered, lambda x: {rule.canonical(x), x.lower(), x.upper().lower()}
        apart = func.normalize(lowered, literal_column("NFD"))
        marked: Any = literal_column(r"'([\u0001-\u02ff\u0370-\u03ff])[\u0300-\u0362]+'")
        return func.regexp_replace(apart, marked, r"\1", "g"), lambda x: {
            unicodedata.normalize("NFD", rule.canonical(one))
            for one in (x, x.lower(), x.upper().lower())
        }
    return func.lower(column), lambda x: {rule.canonical(x), x.lower(), x.upper().lower()}


def _one_by_one(text: str) -> str:
    """`text` in small letters as simple functions make them: one for one, İ to i."""
    return "".join(c.lower()[0] for c in text)


def register(connection: Connection, rule: LoginRule) -> None:
    """Give a SQLite connection the rule as a function; it knows no letters beyond A to Z."""
    if connection.dialect.name != "sqlite" or rule in (LoginRule.EXACT, LoginRule.ASCII_CASE):
        return
    known = connection.info.setdefault(_FOLD, set())
    if rule in known:
        return
    driver: Any = connection.connection.driver_connection

    def fold(cell: object) -> object:
        return rule.canonical(cell) if isinstance(cell, str) else cell

    driver.create_function(f"{_FOLD}_{rule.value}", 1, fold, deterministic=True)
    known.add(rule)
