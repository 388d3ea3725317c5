"""Equality that no collation has a say in, as a part of statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import types
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["Exactly"]


class Exactly(FunctionElement[bool]):
    """Whether two texts, or two columns, are the same character by character.

    No index serves it: put it beside an `=`."""

    name = "exactly"
    type = types.Boolean()
    inherit_cache = True


def _of(element: Any, compiler: Any, options: Any) -> tuple[str, str]:
    one, other = (compiler.process(part, **options) for part in element.clauses)
    return one, other


@compiles(Exactly)
def _any(element: Any, compiler: Any, **options: Any) -> str:
    one, other = _of(element, compiler, options)
    return f"{one} = {other}"


@compiles(Exactly, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    one, other = _of(element, compiler, options)
    return f"{one} COLLATE BINARY = {other}"


@compiles(Exactly, "mysql")
@compiles(Exactly, "mariadb")
def _mysql(element: Any, compiler: Any, **options: Any) -> str:
    one, other = _of(element, compiler, options)
    # First as characters: a UUID would be sixteen bytes.
    return f"CAST(CAST({one} AS CHAR) AS BINARY) = CAST(CAST({other} AS CHAR) AS BINARY)"


@compiles(Exactly, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    one, other = _of(element, compiler, options)
    return f'CAST({one} AS TEXT) COLLATE "C" = CAST({other} AS TEXT)'
