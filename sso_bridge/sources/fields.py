"""Where a value comes from: a column, a constant, or a little computation over columns.

Computed in code and not by the database, so that it is the same on every engine."""

from __future__ import annotations

import html
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

__all__ = ["Column", "Computed", "Constant", "Field", "columns_of", "spellings", "text_of"]

Cast = Literal["text", "integer", "boolean", "date", "hex", "html"]
Part = Literal["first", "rest", "last", "but_last"] | int
Letters = Literal["lower", "upper"]

_TRUE = {"1", "t", "true", "y", "yes", "on"}
_FALSE = {"0", "f", "false", "n", "no", "off"}


@dataclass(frozen=True, slots=True)
class Column:
    """The value is in a column: of the table itself, or of the join or pairs named by `of`."""

    name: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """The value is the same for every user."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """The texts of `columns` with `separator` between them, and then, in this order: a part of
    the words, another value by `values`, other letters, something before and after, and a
    `default` where there is no value.

    A column that is NULL or empty is left out. Words are divided at `split`, by default at white
    space, and counted from 1. Of `values`, one that is not in it becomes no value. `cast` says
    how each cell becomes text; one that cannot be read so is no value."""

    columns: tuple[Column, ...]
    separator: str = ""
    cast: Cast = "text"
    part: Part | None = None
    split: str | None = None
    values: ReadOnly[str, str] | None = field(default=None, hash=False)
    letters: Letters | None = None
    prefix: str = ""
    suffix: str = ""
    default: str | None = None

    def compute(self, cells: Sequence[object]) -> str | None:
        """The value, from the cells of `columns`."""
        texts = [text for cell in cells if (text := _cast(cell, self.cast))]
        value = self.separator.join(texts)
        if self.part is not None:
            value = self._part(value)
        if self.values is not None:
            value = self.values.get(value, "")
        if not value:
            return self.default
        if self.letters is not None:
            value = value.lower() if self.letters == "lower" else value.upper()
        return f"{self.prefix}{value}{self.suffix}"

    def _part(self, text: str) -> str:
        words = [word for piece in text.split(self.split) if (word := piece.strip())]
        between = " " if self.split is None else self.split
        if isinstance(self.part, int):
            return between.join(words[self.part - 1 : self.part])
        chosen = {
            "first": words[:1],
            "rest": words[1:],
            "last": words[-1:],
            "but_last": words[:-1],
        }[self.part or "first"]
        return between.join(chosen)


Field = Column | Constant | Computed


def columns_of(value: Field | None) -> tuple[Column, ...]:
    """The columns that a value is made of."""
    if isinstance(value, Computed):
        return value.columns
    return (value,) if isinstance(value, Column) else ()


def text_of(cell: object) -> str:
    """`cell` as it is sent and compared: bytes as UTF-8 where they are that, else as hex."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, (bytes, bytearray, memoryview)):
        raw = bytes(cell)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.hex()
    return str(cell)


def spellings(cell: object) -> set[str]:
    """How a configuration may write `cell`: booleans (a BIT is one byte) also as 1 and 0."""
    if isinstance(cell, str):
        return {cell, cell.rstrip(" ")}  # a CHAR is filled up
    if isinstance(cell, bytes) and cell in (b"\0", b"\1"):
        cell = bool(cell[0])
    if isinstance(cell, Decimal) and cell.is_finite():
        plain = format(cell, "f")
        return {text_of(cell), plain.rstrip("0").rstrip(".") if "." in plain else plain}
    if isinstance(cell, float) and cell == cell // 1:
        return {text_of(cell), str(int(cell))}
    return {text_of(cell), str(int(cell))} if isinstance(cell, bool) else {text_of(cell)}


def _cast(cell: object, to: Cast) -> str | None:
    """`cell` as text, None for NULL and for what is no such thing."""
    if cell is None:
        return None
    if to == "hex" and isinstance(cell, (bytes, bytearray, memoryview)):
        return bytes(cell).hex()
    if to == "integer":
        return _integer(cell)
    if to == "boolean":
        written = {s.strip().lower() for s in spellings(cell)}
        return "true" if written & _TRUE else "false" if written & _FALSE else None
    if to == "date":
        return _date(cell)
    if to == "html":
        return html.unescape(text_of(cell))
    return text_of(cell)


def _integer(cell: object) -> str | None:
    try:
        number = Decimal(int(cell) if isinstance(cell, bool) else text_of(cell).strip())
        return str(int(number)) if number == int(number) else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _date(cell: object) -> str | None:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    try:
        return datetime.fromisoformat(text_of(cell)).date().isoformat()
    except ValueError:
        return None
