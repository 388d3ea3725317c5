"""How a login is looked up by the site's rule on an engine with ideas of its own.

What is found here has every row that is the same login by the rule, and maybe more: each is
compared again in code. Where the column's own collation ignores what the rule ignores, the
column is compared as it is, which its index serves; otherwise an expression over it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    collate,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    types,
)

from ..core.logins import LoginRule
from .keys import Cell, Dynamic, stored_forms
from .kinds import comparing

__all__ = [
    "Comparison",
    "by_folded",
    "compare",
    "each",
    "exact",
    "filled",
    "finds_all",
    "fitting_collation",
    "folds",
    "register",
]

_FOLD: Final = "sso_bridge_fold"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00cc\u00cd\u0128I\u0300J\u0301\u012e\u0301"
"""Those that a language may have its own small letters for: A to Z, and Lithuanian's."""
_ALSO: Final = "_also_folded"
_ROOT: Final = r"(0900|uca1400(_nopad)?)"
_KNOW_A_TO_Z: Final = re.compile(
    r"(utf8mb[34]|utf8|latin1|ucs2)_((general|unicode|unicode_520|swedish)(_nopad)?"
    rf"|{_ROOT}_a[is])_ci|citext|(und)?-u-ks-level[12]"
)
_KNOW_LETTERS: Final = re.compile(rf"(utf8mb[34]|utf8|ucs2)_{_ROOT}_a[is]_ci|(und)?-u-ks-level[12]")
_KNOW_ACCENTS: Final = re.compile(rf"(utf8mb[34]|utf8|ucs2)_{_ROOT}_ai_ci|(und)?-u-ks-level1")
_KNOW_ACCENTS_OF_A_TO_Z: Final = re.compile(r"(utf8mb[34]|utf8|ucs2)_unicode_520(_nopad)?_ci")
"""The collations that are known to find all that a rule takes for the same. Those of a language
do not: Turkish has two letters i, and a Spanish ll is a letter, which lL is not."""


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
    column = comparing(column, kind)
    if rule is LoginRule.EXACT or not _is_text(kind):
        return same
    if finds_all(collation, rule):
        return same
    engine = connection.dialect.name
    if engine == "sqlite" and rule is LoginRule.ASCII_CASE and collation == "nocase":
        return Comparison(collate(column, "NOCASE") == bindparam(f"{name}0"), same.values)
    folded, forms = _folded(connection, column, collation, rule)
    marks: list[Any] = [bindparam(f"{name}_{i}") for i in range(3)]
    also = f"{name}{_ALSO}"
    # What is so for no row is left out by MariaDB, and then the column's index serves.
    spares = engine in ("mysql", "mariadb") and finds_all(collation, rule, ascii_only=True)

    def values(login: str) -> dict[str, Cell | None]:
        wanted = list(forms(login))
        wanted += wanted[:1] * (3 - len(wanted))
        cells: dict[str, Cell | None] = {f"{name}_{i}": w for i, w in enumerate(wanted)}
        if spares:
            cells[also] = 0 if login.isascii() else 1
        return {**same.values(login), **cells}

    is_one: ColumnElement[bool] = folded.in_(marks)
    if spares:
        is_one = and_(bindparam(also) == literal_column("1"), is_one)
    return Comparison(or_(same.clause, is_one), values)


def by_folded(column: ColumnElement[Any], fold: Callable[[str], str], name: str) -> Comparison:
    """The rows whose `column` holds what `fold` makes of the login, as a whole or letter by letter:
    programs differ in what they do with a letter that becomes several."""
    marks: list[Any] = [bindparam(name), bindparam(f"{name}_each")]
    return Comparison(
        column.in_(marks), lambda login: {name: fold(login), f"{name}_each": each(login, fold)}
    )


def each(text: str, fold: Callable[[str], str]) -> str:
    """`text` with each letter that `fold` makes one letter of."""
    return "".join(made if len(made := fold(c)) == 1 else c for c in text)


def exact(
    column: ColumnElement[Any],
    kind: types.TypeEngine[Any],
    name: str,
    forms_of: Callable[[types.TypeEngine[Any], str], Sequence[Cell]] = stored_forms,
) -> Comparison:
    """Equal to one of the `forms_of` a key; to NULL, which nothing is, where there is none."""
    column = comparing(column, kind)
    several = isinstance(kind, (types._Binary, Dynamic))
    names = [f"{name}{i}" for i in range(2 if several else 1)]
    marks: list[Any] = [bindparam(one) for one in names]

    def values(key: str) -> dict[str, Cell | None]:
        forms = forms_of(kind, key)
        if not forms:
            return dict.fromkeys(names)
        if not several:
            return {names[0]: forms[0]}
        return {one: forms[min(i, len(forms) - 1)] for i, one in enumerate(names)}

    return Comparison(column.in_(marks) if several else column == marks[0], values)


def filled(parts: Sequence[Comparison]) -> Callable[[str], dict[str, Cell | None] | None]:
    """What has the parameters of all `parts` for a key; None for a key that nobody can have."""

    def values(key: str) -> dict[str, Cell | None] | None:
        cells = parts[0].values(key)
        for part in parts[1:]:
            cells.update(part.values(key))
        for cell in cells.values():
            if cell is not None:
                return cells
        return None

    return values


def _is_text(kind: types.TypeEngine[Any]) -> bool:
    return isinstance(kind, (types.String, types.NullType))


def finds_all(collation: str, rule: LoginRule, *, ascii_only: bool = False) -> bool:
    """Whether a column of this collation (see `sources.shape.Shape`) is known to find all that
    the rule takes for the same; with `ascii_only`, as a login of ASCII characters."""
    if rule is LoginRule.ASCII_CASE or (ascii_only and rule is LoginRule.CASE):
        known = [_KNOW_A_TO_Z]
    elif rule is LoginRule.CASE:
        known = [_KNOW_LETTERS]
    elif rule is LoginRule.CASE_AND_ACCENTS:
        known = [_KNOW_ACCENTS, *([_KNOW_ACCENTS_OF_A_TO_Z] if ascii_only else [])]
    else:
        return True
    return any(one.fullmatch(collation) for one in known)


def fitting_collation(connection: Connection, rule: LoginRule) -> str | None:
    """The collation of MariaDB or MySQL with which an index serves the rule, if the server has
    one that does."""
    name = _widest(connection)
    if rule is not LoginRule.CASE_AND_ACCENTS:
        name = name.replace("_ai_ci", "_as_ci")  # a unique column goes on telling é from e
    return name if finds_all(name, rule) else None


def _widest(connection: Connection) -> str:
    """The collation of MariaDB or MySQL that knows most letters."""
    version = connection.dialect.server_version_info or ()
    if getattr(connection.dialect, "is_mariadb", False):
        return "utf8mb4_uca1400_ai_ci" if version >= (10, 10) else "utf8mb4_unicode_520_ci"
    return "utf8mb4_0900_ai_ci" if version >= (8,) else "utf8mb4_unicode_520_ci"


def folds(values: Mapping[str, Any]) -> bool:
    """Whether a statement with these values compares what it makes of the column too."""
    return all(values[name] != 0 for name in values if name.endswith(_ALSO))


def _folded(
    connection: Connection, column: ColumnElement[Any], collation: str, rule: LoginRule
) -> tuple[ColumnElement[Any], Callable[[str], set[str]]]:
    """An expression, and what it is for columns that hold the login in one spelling or other."""
    engine = connection.dialect.name
    if engine in ("mysql", "mariadb") and not (
        rule is LoginRule.ASCII_CASE and collation.endswith("_bin")
    ):
        text = func.convert(column.op("USING")(literal_column("utf8mb4")))
        return collate(text, _widest(connection)), lambda x: {x, rule.canonical(x), _capitals(x)}
    if rule is LoginRule.ASCII_CASE:
        if engine == "postgresql" and (collation or not _lowers(connection, column)):
            return func.lower(collate(column, "C")), lambda x: {rule.canonical(x)}
        return func.lower(column), lambda x: {rule.canonical(x), x.lower(), _one_by_one(x)}
    if engine == "sqlite":
        return getattr(func, f"{_FOLD}_{rule.value}")(column), lambda x: {rule.canonical(x)}
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


def _lowers(connection: Connection, column: ColumnElement[Any]) -> bool:
    """Whether the small letters that PostgreSQL makes of a column, which has a collation that is
    its own or the database's, are those that are looked for: the small I of Turkish is not i."""
    knows_all = connection.scalar(select(func.current_setting("server_encoding"))) == "UTF8"
    letters = _LETTERS if knows_all else _LETTERS[:26]
    none = select(column.label("login")).where(false())
    union = none.union_all(select(literal(letters))).subquery()
    made = connection.scalar(select(func.lower(union.c.login)))
    ascii_only = LoginRule.ASCII_CASE.canonical(letters)
    return made in (ascii_only, letters.lower(), _one_by_one(letters))


def _one_by_one(text: str) -> str:
    """`text` in small letters as simple functions make them: one for one, İ to i."""
    return "".join(c.lower()[0] for c in text)


def _capitals(text: str) -> str:
    """`text` in capitals, letter by letter: another spelling to ask a server for that does not
    know the newest letters."""
    case = LoginRule.CASE
    return "".join(up if case.same(c, up := c.upper()) else c for c in text)


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
