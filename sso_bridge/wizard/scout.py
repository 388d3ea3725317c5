"""What can be asked of tables: samples, the best column for a role, what refers to what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, column, or_, select, table
from sqlalchemy.exc import SQLAlchemyError

from ..database.indexes import keys_of
from ..sources.shape import TableShape
from .samples import Sample, Shapes, take, words_in
from .schema import ColumnFacts, Kind, TableFacts, attempt
from .words import ADDRESS_TABLE, USER_TABLE, fit, is_called, words_of

__all__ = ["SURE", "TEXT", "Scout"]

SURE: Final = 0.9
"""A column that is called so is meant, as far as its name says."""
TEXT: Final[Collection[Kind]] = ("text", "untyped")
_EVER_SEEN: Final = 40
"""Tables that are sampled at most."""


@dataclass(slots=True)
class Scout:
    """The tables of a database and a connection to it."""

    connection: Connection
    tables: Sequence[TableFacts]
    taken: set[str] = field(default_factory=set)
    """Names that joins cannot have, since tables of named values have them."""
    _samples: dict[str, Sample] = field(default_factory=dict)

    def sample(self, of: TableFacts) -> Sample:
        """The shapes of a table's cells, taken once."""
        known = self._samples.get(of.shown)
        if known is None:
            if len(self._samples) >= _EVER_SEEN:
                return {name: Shapes() for name in of.columns}
            known = self._samples[of.shown] = take(self.connection, of)
        return known

    def ranked(
        self,
        of: TableFacts,
        role: str,
        *,
        kinds: Collection[Kind] | None = None,
        least: float = SURE,
        names: Mapping[str, str] | None = None,
    ) -> list[tuple[float, ColumnFacts]]:
        """The columns that may be for `role`, the best first. `names` is what columns are called
        without what tells two of a kind apart; columns that are not in it are left out."""
        called = {name: name for name in of.columns} if names is None else names
        found = [
            (how, of.columns[name])
            for name, stripped in called.items()
            if (how := fit(stripped, role, of.name)) >= least
            and (kinds is None or of.columns[name].kind in kinds)
        ]
        return sorted(found, key=lambda one: -one[0])

    def best(
        self,
        of: TableFacts,
        role: str,
        *,
        kinds: Collection[Kind] | None = None,
        least: float = SURE,
        names: Mapping[str, str] | None = None,
        without: Collection[str] = (),
    ) -> ColumnFacts | None:
        """The best of them."""
        for _, facts in self.ranked(of, role, kinds=kinds, least=least, names=names):
            if facts.name not in without:
                return facts
        return None

    def references(self, users: TableFacts, subject: str) -> Iterator[tuple[TableFacts, str]]:
        """Tables, and their columns that refer to the users: by a foreign key, or by name and
        kind."""
        key = users.columns[subject]
        for other in self.tables:
            if other is users or other.schema != users.schema:
                continue
            column = self.reference(other, users, key)
            if column is not None:
                yield other, column

    def reference(self, of: TableFacts, users: TableFacts, key: ColumnFacts) -> str | None:
        """The column of `of` that refers to the users."""
        for one in of.references:
            if (one.table, one.target or key.name) == (users.name, key.name):
                return one.column
        called = words_of(users.name)
        stems = {"".join(called), "".join(called).rstrip("s"), *called}
        for how, facts in self.ranked(of, "user"):
            words = words_of(facts.name)
            ours = facts.name == key.name or bool(stems & {*words, *(w.rstrip("s") for w in words)})
            if facts.kind == key.kind and how >= SURE and (ours or _is_about_users(words)):
                return facts.name
        if key.name.lower() != "id" and key.name in of.columns:
            return key.name if of.columns[key.name].kind == key.kind else None
        return None

    def referred(self, of: TableFacts, column: str) -> TableFacts | None:
        """The table that a column of `of` refers to by a foreign key."""
        for one in of.references:
            if one.column == column:
                for other in self.tables:
                    if (other.name, other.schema) == (one.table, one.schema or of.schema):
                        return other
        return None

    def cells_of(
        self,
        users: TableFacts,
        subject: str,
        logins: Sequence[str],
        login: str,
        join: tuple[TableFacts, str] | None,
        columns: tuple[str, str],
    ) -> list[tuple[str, str]]:
        """What is in two columns for the one user of that login; none if there is not one."""
        of = table(users.name, column(subject), *map(column, logins), schema=users.schema)
        here = select(of.c[subject]).where(or_(*(of.c[name] == login for name in logins)))
        own, refers = join if join is not None else (users, subject)
        rows = table(own.name, column(refers), *map(column, columns), schema=own.schema)
        query = select(*(rows.c[name] for name in columns)).where(rows.c[refers].in_(here))
        try:
            with attempt(self.connection):
                found = self.connection.execute(query.limit(2)).all()
        except (SQLAlchemyError, ValueError, UnicodeError):
            return []
        return [(str(salt), str(stored)) for salt, stored in found] if len(found) == 1 else []

    def addresses(self) -> Iterator[TableFacts]:
        """Tables that may be of addresses."""
        found = [(is_called(one.name, ADDRESS_TABLE), one) for one in self.tables]
        for _, one in sorted(found, key=lambda pair: -pair[0]):
            yield one

    def collation(self, of: TableFacts, column: str) -> str:
        """See `sources.shape.Shape`; "" where it cannot be told."""
        try:
            return TableShape(of.name, of.schema, source="init").collation(self.connection, column)
        except SQLAlchemyError:
            return ""

    def has_lowered_index(self, of: TableFacts, column: str) -> bool:
        """Whether there is an index on lower(column)."""
        try:
            return column in keys_of(self.connection, of.name, of.schema).lowered
        except SQLAlchemyError:
            return False

    def names_in(
        self, of: TableFacts, column: str, known: Callable[[str], bool]
    ) -> tuple[str, ...]:
        """See `samples.words_in`."""
        return words_in(self.connection, of, column, known)


def _is_about_users(words: Sequence[str]) -> bool:
    return any(word in USER_TABLE or word.rstrip("s") in USER_TABLE for word in words)
