"""What a column may be compared with: PostgreSQL compares most types with their own kind only.

There, and nowhere else, a column is compared as text where its type is none of the common ones,
and where two columns are of different kinds. Indexes of the common types stay in use."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, false, types
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .keys import Cell, comparable, constants, subject_text
from .mapping import Filter

__all__ = ["base_of", "comparing", "condition", "equal", "references", "tells_apart"]

Kind = types.TypeEngine[Any]

_FAMILIES: Final[tuple[tuple[type[Kind], ...], ...]] = (
    (types.Integer, types.Numeric, mysql.BIT),
    (types.String,),
    (types.Date, types.DateTime),
    (types.Uuid,),
    (types._Binary,),
    (types.Boolean,),
    (postgresql.INET, postgresql.CIDR),
)
"""Types that are compared as they are, each with its like; all values are made fit for them."""


class AsText(FunctionElement[str]):
    """A column as the text of its value, for PostgreSQL; as it is for every other engine."""

    name = "as_text"
    type = types.Text()
    inherit_cache = True


@compiles(AsText)
def _any(element: Any, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return str(compiler.process(column, **options))


@compiles(AsText, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return f"CAST({compiler.process(column, **options)} AS TEXT)"


def base_of(kind: Kind) -> Kind:
    """The type itself, or that which a domain is made of."""
    while isinstance(kind, postgresql.DOMAIN):
        kind = kind.data_type
    return kind


def _family(kind: Kind) -> int | None:
    """Which of the families a type is of; None for any other, such as an enumeration."""
    if isinstance(kind, types.Enum):
        return None
    return next((i for i, family in enumerate(_FAMILIES) if isinstance(kind, family)), None)


def comparing(column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """`column`, of type `kind`, such that it can be compared with what `keys` makes for `kind`."""
    return column if _family(kind) is not None else AsText(column)


def _are_alike(one: Kind, other: Kind) -> bool:
    """Whether every engine compares columns of these types."""
    return _family(one) is not None and _family(one) == _family(other)


def tells_apart(one: Kind, other: Kind) -> bool:
    """Whether columns of these types are equal to every engine only if they are: not texts, which
    have collations, nor a text and a number, which MariaDB takes for one if it begins with it."""
    return _are_alike(one, other) and not isinstance(one, types.String)


def equal(
    one: ColumnElement[Any], kind: Kind, other: ColumnElement[Any], other_kind: Kind
) -> ColumnElement[bool]:
    """Whether two columns, each with its type, are equal. Text is left as it is, so its index
    serves."""
    if _are_alike(kind, other_kind):
        return one == other
    return _as_text(one, kind) == _as_text(other, other_kind)


def _as_text(column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    is_text = isinstance(kind, types.String) and not isinstance(kind, types.Enum)
    return column if is_text else AsText(column)


def references(kind: Kind, cell: object) -> list[Cell | Any]:
    """What a column of type `kind` that refers to `cell`, a key of another table, may hold; none
    if it cannot."""
    if isinstance(kind, types.NullType):
        return [cell]
    return list(comparable(kind, subject_text(cell)))


def condition(column: ColumnElement[Any], declared: Filter, kind: Kind) -> ColumnElement[bool]:
    """`declared` as part of a statement about a column of type `kind`."""
    if declared.null is not None:
        return column.is_(None) if declared.null else column.is_not(None)
    given = declared.values or declared.other_than
    cells = [_constant(kind, cell) for value in given for cell in constants(kind, value)]
    if declared.values:
        return comparing(column, kind).in_(cells) if cells else false()
    return comparing(column, kind).not_in(cells) if cells else column.is_not(None)


def _constant(kind: Kind, cell: Any) -> Any:
    """Text without a type, so that PostgreSQL takes it for one of its column's type."""
    if isinstance(cell, str) and _family(kind) is not None:
        return bindparam(None, cell, type_=types.NullType())
    return cell
