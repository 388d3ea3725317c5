"""What is looked into: one source, and each table that its mapping reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

from ..core.erid import EridRule
from ..core.logins import LoginRule
from ..database import Database
from ..sources import Filter, Mapping, SqlSource
from ..sources.fields import Column, columns_of

__all__ = ["Examined", "MappedTable", "tables_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A source that is a database.

    `narrowed` has the filter of each of its sites that has one. `creates`: a site makes accounts.
    `rehashes`: a login may store a new hash. `new_hash` makes one as it would be stored. `writes`
    has further tables (schema and name) that rows are added to. `holds_ledger`: the ledger is
    in the same database, by the same database user."""

    name: str
    database: Database
    mapping: Mapping
    rule: LoginRule
    erids: EridRule = field(default_factory=EridRule)
    replica: Database | None = None
    narrowed: ReadOnly[str, tuple[Filter, ...]] = field(default_factory=dict)
    creates: bool = False
    rehashes: bool = False
    new_hash: Callable[[], str] | None = None
    writes: tuple[tuple[str | None, str], ...] = ()
    holds_ledger: bool = False

    def source(self, mapping: Mapping | None = None) -> SqlSource:
        """The source as calls use it, or one with another mapping."""
        return SqlSource(
            self.database, mapping or self.mapping, name=self.name, login_rule=self.rule
        )


@dataclass(frozen=True, slots=True)
class MappedTable:
    """A table and those of its columns that are read. `key` is what it is called in the settings,
    "" for the table of users itself; `is_query` is whether a SELECT stands in its place."""

    key: str
    schema: str | None
    name: str
    columns: tuple[str, ...]
    is_query: bool = False
    inserts: bool = False


def tables_of(examined: Examined) -> Iterator[MappedTable]:
    """Every table of the mapping, that of the users first."""
    mapping, creates = examined.mapping, examined.creates
    own = [*mapping.own_columns(), *_filtered(mapping.filters)]
    for filters in examined.narrowed.values():
        own += _filtered(filters)
    if creates:
        own += mapping.create
    is_query = mapping.select is not None
    yield MappedTable("", mapping.schema, mapping.table, _once(own), is_query, creates)
    read = [*mapping.identity(), *mapping.shown()]
    for name, join in mapping.joins.items():
        columns = [theirs for theirs, _ in join.on] + _filtered(join.filters) + _of(name, read)
        written = creates and any(c.of == name for c in _written(mapping))
        yield MappedTable(f"joins.{name}", join.schema, join.table, _once(columns), inserts=written)
    for name, pairs in mapping.pairs.items():
        columns = [c for c in (pairs.user, pairs.name, pairs.value, pairs.order) if c]
        written = creates and any(c.of == name for c in _written(mapping))
        yield MappedTable(
            f"pairs.{name}", pairs.schema, pairs.table, _once(columns), inserts=written
        )
    addresses = mapping.addresses
    if addresses is None:
        return
    fields = [c for f in addresses.fields.values() for c in columns_of(f)]
    marks = [addresses.shipping, addresses.billing] if addresses.choice == "flag" else []
    columns = [addresses.user, addresses.column, *marks, *_filtered(addresses.filters)]
    columns += [*_of("", fields), *(o for j in addresses.joins.values() for _, o in j.on)]
    yield MappedTable(
        "addresses",
        addresses.schema,
        addresses.table,
        _once([c for c in columns if c]),
        inserts=creates and addresses.choice == "kind",
    )
    for name, join in addresses.joins.items():
        columns = [theirs for theirs, _ in join.on] + _filtered(join.filters) + _of(name, fields)
        yield MappedTable(f"addresses.joins.{name}", join.schema, join.table, _once(columns))


def _written(mapping: Mapping) -> list[Column]:
    """Columns that the profile of a new user is written to."""
    fields = [*mapping.profile.values(), *mapping.shipping.values(), *mapping.billing.values()]
    return [f for f in fields if isinstance(f, Column)]


def _filtered(filters: tuple[Filter, ...]) -> list[str]:
    return [f.column for f in filters]


def _of(name: str, columns: list[Column]) -> list[str]:
    return [c.name for c in columns if c.of == name]


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
