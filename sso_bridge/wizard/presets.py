"""The configurations of known software, and which of them a database is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any, Final

from sqlalchemy import Connection, column, literal, select, table
from sqlalchemy.exc import SQLAlchemyError

from ..config.mapped import columns_in
from ..config.source import Source
from ..errors import ConfigurationError
from .schema import TableFacts, attempt
from .signatures import SIGNATURES, Signature
from .words import NOT_PEOPLE, words_of

__all__ = ["Fit", "Preset", "Use", "has_rows", "known_presets", "recognise"]

_NOT_OF_SOFTWARE: Final = ("demo.toml", "example.toml")
_MAY_LACK: Final = ("profile", "shipping", "billing", "fields", "attributes")
"""Sections of what answers show: a user without a value there is still the right one."""


@dataclass(frozen=True, slots=True)
class Use:
    """A column that a preset maps. `of` is "" for the user table, or `joins.NAME`, `pairs.NAME`,
    `addresses`, `addresses.joins.NAME`; `place` is where in the source's settings it stands."""

    of: str
    column: str
    place: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """The configuration of one software; `source` is its [sources.shop]."""

    name: str
    text: str
    source: Source
    signature: Signature = field(default_factory=Signature)

    @property
    def title(self) -> str:
        """What it is for, from the first line of its comment."""
        first = self.text.partition("\n")[0].removeprefix("#").strip()
        return first.partition(":")[0].rstrip(".")

    def tables(self) -> dict[str, str]:
        """Every table that it maps, by how `Use.of` calls it."""
        source = self.source
        found = {"": source.table}
        found |= {f"joins.{name}": join.table for name, join in source.joins.items()}
        found |= {f"pairs.{name}": pairs.table for name, pairs in source.pairs.items()}
        if source.addresses is not None:
            found["addresses"] = source.addresses.table
            for name, join in source.addresses.joins.items():
                found[f"addresses.joins.{name}"] = join.table
        return found

    def uses(self) -> Iterator[Use]:
        """Every column that it maps."""
        source = self.source
        yield Use("", source.subject, ("subject",))
        for name, folded, _ in source.login_columns():
            yield from (Use("", one, ("login",)) for one in (name, folded) if one)
        for name in source.password_columns():
            yield self._use(name, ("password",))
        for name in source.filter:
            yield Use("", name, ("filter",))
        for rule in source.active_rules():
            yield self._use(rule.column, ("active",))
        for name in source.erid.fingerprint:
            yield Use("", name, ("erid", "fingerprint"))
        for place, columns in source.shown():
            yield from (self._use(name, tuple(place.split("."))) for name in columns)
        for name, join in source.joins.items():
            yield from (Use("", ours, ("joins", name, "on")) for ours in join.on.values())
            for theirs in [*join.on, *join.filter]:
                yield Use(f"joins.{name}", theirs, ("joins", name, "on"))
        for name, pairs in source.pairs.items():
            for one in (pairs.user, pairs.name, pairs.value, pairs.order):
                if one:
                    yield Use(f"pairs.{name}", one, ("pairs", name))
        yield from self._uses_of_addresses()

    def _uses_of_addresses(self) -> Iterator[Use]:
        addresses = self.source.addresses
        if addresses is None:
            return
        place = ("addresses",)
        for one in (addresses.shipping_id, addresses.billing_id):
            if one:
                yield Use("", one, place)
        flags = (addresses.shipping_flag, addresses.billing_flag)
        for one in (addresses.user, addresses.kind, addresses.id, *flags, *addresses.filter):
            if one:
                yield Use("addresses", one, place)
        for name, join in addresses.joins.items():
            below = ("addresses", "joins", name)
            yield from (Use("addresses", ours, below) for ours in join.on.values())
            for theirs in [*join.on, *join.filter]:
                yield Use(f"addresses.joins.{name}", theirs, below)
        for key, value in addresses.fields.items():
            for name in columns_in(value):
                of, dot, rest = name.partition(".")
                joined = dot and of in addresses.joins
                where = f"addresses.joins.{of}" if joined else "addresses"
                yield Use(where, rest if joined else name, ("addresses", "fields", key))

    def _use(self, written: str, place: tuple[str, ...]) -> Use:
        of, dot, name = written.partition(".")
        if dot and of in self.source.joins:
            return Use(f"joins.{of}", name, place)
        if dot and of in self.source.pairs:  # the name of a value, which is in a cell
            return Use(f"pairs.{of}", self.source.pairs[of].value, place)
        return Use("", written, place)

    def may_lack(self, use: Use) -> bool:
        """Whether there are databases of this software without that column."""
        if use.of == "" and use.column in self.signature.optional:
            return True
        return any(part in _MAY_LACK for part in use.place)


@dataclass(frozen=True, slots=True)
class Fit:
    """A preset, and the tables of this database that are its own."""

    preset: Preset
    tables: Mapping[str, TableFacts]
    missing: tuple[Use, ...]
    also: tuple[str, ...] = ()
    """Other user tables that it would fit as well."""
    doubt: str = ""
    """Why another table may have the users."""

    @property
    def users(self) -> TableFacts:
        """The user table."""
        return self.tables[""]


def known_presets() -> list[Preset]:
    """All of the package, in the order of their names."""
    found = []
    files = resources.files("sso_bridge.presets").iterdir()
    for file in sorted(files, key=lambda one: one.name):
        if file.name.endswith(".toml") and file.name not in _NOT_OF_SOFTWARE:
            text = file.read_text(encoding="utf-8")
            found.append(_preset(file.name.removesuffix(".toml"), text))
    return found


def _preset(name: str, text: str) -> Preset:
    tables: dict[str, Any] = dict(tomllib.loads(text)["sources"]["shop"])
    for key in ("url_env", "url_file", "passwords"):  # what is in the environment there
        tables.pop(key, None)
    source = Source.model_validate({**tables, "url": "sqlite:///unused.db"})
    return Preset(name, text, source, SIGNATURES.get(name, Signature()))


def recognise(
    tables: Sequence[TableFacts],
    connection: Connection,
    *,
    only: str | None = None,
    users: str | None = None,
) -> Fit | None:
    """The most specific preset that fits, None if none does. `only` is the name of one that is
    to be taken: raises ConfigurationError if there is none, or if it does not fit. `users` is the
    table of users, where that is known."""
    presets = known_presets()
    if only is not None:
        names = [preset.name for preset in presets]
        if only not in names:
            raise ConfigurationError(f"--preset {only}: there is none; take {', '.join(names)}")
        presets = [preset for preset in presets if preset.name == only]
    forced = only is not None
    fits = [fit for one in presets if (fit := _fit(one, tables, forced, users, connection))]
    fits = [fit for fit in fits if only or _has_names(connection, fit)]
    if only is not None and not fits:
        raise ConfigurationError(f"--preset {only}: does not fit; {_why_not(presets[0], tables)}")
    if not fits:
        return None
    named = {fit.preset.name for fit in fits}
    beaten = {name for fit in fits for name in fit.preset.signature.over if name in named}
    left = [fit for fit in fits if fit.preset.name not in beaten]
    left.sort(key=lambda fit: len(fit.missing) - len(set(fit.preset.uses())))
    if has_rows(connection, left[0].users):
        return left[0]
    for fit in left[1:]:
        if fit.users is not left[0].users and has_rows(connection, fit.users):
            empty = f"{left[0].users.shown} fits {left[0].preset.title}, but nobody is in it"
            return replace(fit, doubt=f"{empty}; this takes {fit.users.shown}.")
    return left[0]


def has_rows(connection: Connection, of: TableFacts) -> bool:
    """Whether there is anything in a table; True where it may not be read."""
    rows = select(literal(1)).select_from(table(of.name, schema=of.schema)).limit(1)
    try:
        with attempt(connection):
            return connection.execute(rows).first() is not None
    except SQLAlchemyError:
        return True


def _fit(
    preset: Preset,
    tables: Sequence[TableFacts],
    forced: bool,
    named: str | None,
    connection: Connection,
) -> Fit | None:
    """How a preset fits: with its own prefix if it can, else with the first other one that does,
    else, if its one table may have any name, with any table of those columns. One with people in
    it counts before those without, but not one of administrators."""
    by_name = {(one.schema, one.name): one for one in tables}
    wanted, signature = preset.tables(), preset.signature
    main = wanted[""].removeprefix(signature.prefix)
    found: list[dict[str, TableFacts]] = []
    for users in sorted(tables, key=lambda one: _order(one, wanted[""])):
        if named not in (None, users.name, users.shown):
            continue
        if users.name.endswith(main):
            prefix = users.name.removesuffix(main)
            names = {
                of: prefix + name.removeprefix(signature.prefix) for of, name in wanted.items()
            }
        elif signature.any_name and len(wanted) == 1:
            names = {"": users.name}
        else:
            continue
        here = {of: by_name.get((users.schema, name)) for of, name in names.items()}
        whole = {of: one for of, one in here.items() if one is not None}
        if len(whole) == len(here) and _has_columns(preset, whole, forced):
            found.append(whole)
    if not found:
        return None
    people = [one for one in found if not NOT_PEOPLE & {*words_of(one[""].name)}]
    filled = (one for one in people if has_rows(connection, one[""]))
    chosen = found[0] if len(found) == 1 else next(filled, found[0])
    missing = [use for use in preset.uses() if use.column not in chosen[use.of].columns]
    return Fit(
        preset,
        chosen,
        tuple(missing),
        tuple(sorted(one[""].shown for one in found if one is not chosen)),
    )


def _order(table: TableFacts, name: str) -> tuple[bool, bool, str, str]:
    """The table of that name first, those of administrators and the like last."""
    others = bool(NOT_PEOPLE & {*words_of(table.name)})
    return (table.name != name, others, table.schema or "", table.name)


def _has_columns(preset: Preset, tables: Mapping[str, TableFacts], forced: bool) -> bool:
    signature, own = preset.signature, tables[""].columns
    if not forced:
        if any(name not in own for name in signature.columns):
            return False
        if signature.any_of and not any(name in own for name in signature.any_of):
            return False
    return all(
        use.column in tables[use.of].columns or preset.may_lack(use) for use in preset.uses()
    )


def _has_names(connection: Connection, fit: Fit) -> bool:
    """Whether the values are there by which one software on another's tables is known."""
    wanted = fit.preset.signature.pair_names
    if not wanted:
        return True
    pairs = next(iter(fit.preset.source.pairs))
    declared, of = fit.preset.source.pairs[pairs], fit.tables[f"pairs.{pairs}"]
    rows = table(of.name, column(declared.name), schema=of.schema)
    name = rows.c[declared.name]
    try:
        with attempt(connection):
            found = connection.execute(select(name).where(name.in_(wanted)).limit(1))
            return found.first() is not None
    except SQLAlchemyError:
        return False


def _why_not(preset: Preset, tables: Sequence[TableFacts]) -> str:
    """The first table or column that a preset wants and the database lacks."""
    names = {one.name: one for one in tables}
    for of, name in preset.tables().items():
        if name not in names:
            return f"there is no table {name}"
        for use in preset.uses():
            lacks = use.column not in names[name].columns and not preset.may_lack(use)
            if use.of == of and lacks:
                return f"{name} has no column {use.column}"
    return "its tables are not all in one schema"
