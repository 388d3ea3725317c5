"""A small sample of a table, of which only shapes are kept: no cell leaves this module, but words
that stand in our own lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, String, case, cast, column, func, null, select, table
from sqlalchemy.exc import SQLAlchemyError

from ..passwords import identify
from .schema import ColumnFacts, TableFacts, attempt
from .words import COUNTRIES_3, LANGUAGES, VALUES

__all__ = ["ROWS", "Sample", "Shapes", "take", "words_in"]

ROWS: Final = 200
_LONGEST: Final = 400
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?")
_PHONE = re.compile(r"\+?[\d ()/.-]{6,25}")
_LOCALE = re.compile(r"[a-z]{2,3}[_-][A-Z]{2}")
_ZERO_DATE: Final = "0000-00-00"
_ZERO: Final = (_ZERO_DATE, "0001-01-01")
_ZERO_TIME = re.compile(r"0000-00-00( 00:00:00(\.0+)?)?")
_SMALL: Final = range(-1, 10)
_EPOCHS: Final = {
    "epoch_seconds": (10**8, 10**10),
    "epoch_milliseconds": (10**11, 10**13),
}
"""Numbers that are a time of 1973 or later."""
_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


@dataclass(slots=True)
class Shapes:
    """What a column's cells look like: how many of each. `rows` counts all, `given` those that are
    neither NULL nor empty. `words` are cells that stand in our own lists; of times, those that are
    none, such as 0000-00-00 on MariaDB."""

    rows: int = 0
    nulls: int = 0
    given: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)
    hashes: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    numbers: Counter[int] = field(default_factory=Counter)
    distinct: int = 0

    @property
    def empty(self) -> int:
        """How many cells are empty texts."""
        return self.rows - self.nulls - self.given

    def mostly(self, look: str, share: float = 0.8) -> bool:
        """Whether at least `share` of the cells look so."""
        return self.given > 0 and self.looks[look] >= share * self.given

    def hashed(self) -> float:
        """Which share of the cells are password hashes of a known format."""
        known = sum(n for name, n in self.hashes.items() if name != "locked")
        return known / self.given if self.given else 0.0

    @property
    def width(self) -> int:
        """The one length that all cells have; 0 if they differ."""
        return next(iter(self.lengths)) if len(self.lengths) == 1 else 0


Sample = Mapping[str, Shapes]


def take(connection: Connection, of: TableFacts) -> Sample:
    """The shapes of up to `ROWS` rows; of none if the table cannot be read."""
    counted = {name: Shapes() for name in of.columns}
    source = table(of.name, *(column(name) for name in of.columns), schema=of.schema)
    chosen = [_selected(source.c[name], facts) for name, facts in of.columns.items()]
    if not chosen:
        return counted
    try:
        with attempt(connection):
            rows = connection.execute(select(*chosen).limit(ROWS)).all()
    except (SQLAlchemyError, ValueError, OverflowError, UnicodeError):
        return counted
    for place, shapes in enumerate(counted.values()):
        cells = [row[place] for row in rows]
        for cell in cells:
            _count(shapes, cell)
        shapes.distinct = len({str(cell) for cell in cells if cell not in (None, "")})
    return counted


def words_in(
    connection: Connection, of: TableFacts, name: str, known: Callable[[str], bool]
) -> tuple[str, ...]:
    """Which of the values of a column are `known`: names of values, in a table of such."""
    source = table(of.name, column(name), schema=of.schema)
    rows = select(source.c[name]).limit(50 * ROWS).subquery()
    try:
        with attempt(connection):
            cells = connection.scalars(select(rows.c[name]).distinct().limit(1000)).all()
    except (SQLAlchemyError, ValueError, UnicodeError):
        return ()
    return tuple(sorted(cell for cell in cells if isinstance(cell, str) and known(cell)))


def _selected(cell: Any, facts: ColumnFacts) -> Any:
    """The column, cut where it may be long; of a time only which kind it is; of what is no matter
    only whether it is NULL."""
    if facts.kind in ("text", "untyped"):
        return func.substr(cast(cell, String(_LONGEST)), 1, _LONGEST).label(None)
    if facts.kind in ("integer", "boolean", "number"):
        return cell
    if facts.kind == "time":
        text = cast(cell, String(_LONGEST))
        return case(
            (cell.is_(None), null()),
            (text.like(f"{_ZERO_DATE}%"), text),
            (text.like("%:%"), "2000-01-01 00:00"),
            else_="2000-01-01",
        ).label(None)
    return case((cell.is_(None), null()), else_=1).label(None)


def _count(shapes: Shapes, cell: object) -> None:
    shapes.rows += 1
    if cell is None:
        shapes.nulls += 1
        return
    if isinstance(cell, bytes) and len(cell) == 1:
        cell = cell[0]  # a BIT
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, (bool, int, float)):
        shapes.given += 1
        if cell in _SMALL:
            shapes.numbers[int(cell)] += 1
        shapes.looks.update(n for n, (low, high) in _EPOCHS.items() if low <= cell < high)
        return
    text = str(cell).strip()
    if not text:
        return
    shapes.given += 1
    shapes.lengths[len(text)] += 1
    if text in VALUES or text.casefold() in LANGUAGES or _ZERO_TIME.fullmatch(text):
        shapes.words[text] += 1
    if re.fullmatch(r"-?\d", text):
        shapes.numbers[int(text)] += 1
    scheme = identify(text)
    if scheme is not None and scheme != "des-crypt":  # any 13 letters are one
        shapes.hashes[scheme] += 1
    shapes.looks.update(_looks(text))


def _looks(text: str) -> Collection[str]:
    looks = set()
    if _EMAIL.fullmatch(text):
        looks.add("email")
        if text == text.lower():
            looks.add("lower_email")
    if _HEX.fullmatch(text) and len(text) in _DIGESTS:
        looks.add(_DIGESTS[len(text)])
    if _DATE.match(text) and not text.startswith(_ZERO):
        looks.add("date")
        if len(text) == 10:
            looks.add("day")
    if _PHONE.fullmatch(text) and sum(c.isdigit() for c in text) >= 5:
        looks.add("phone")
    if _LOCALE.fullmatch(text):
        looks.add("locale")
    if len(text) == 2 and text.isalpha() and text.isupper():
        looks.add("country_2")
    if text in COUNTRIES_3:
        looks.add("country_3")
    if text.casefold() in LANGUAGES:
        looks.add("language")
    if len(text.split()) > 1:
        looks.add("words")
    return looks
