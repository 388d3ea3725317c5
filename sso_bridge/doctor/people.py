"""Are the rows what the mapping takes them for?

Told by numbers of users, never by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from ..core.deadline import Deadline
from ..core.model import Lookup, Profile, Record
from ..database.moments import Unreadable, read_moment
from ..errors import IdentityAlarm
from ..sources.fields import Column, text_of
from ..sources.mapping import ActiveRule, Mapping
from ..sources.matching import each
from ..sources.rows import RecordReader
from ..sources.tables import Tables
from .examined import Examined
from .findings import Finding, found
from .keys import SMALL, compared_by, guards_logins, is_large

__all__ = ["crowd", "folded", "logins", "profiles"]

Connect = Callable[[], AbstractContextManager[Connection]]
CROWD: Final = 2000
PROFILES: Final = 200
WITH_ADDRESSES: Final = 20
BATCH: Final = 5000


def crowd(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether there is anybody, and how many of a sample could come in."""
    mapping = examined.mapping
    tables = Tables.of_users(mapping, source=examined.name)
    columns = mapping.identity()
    rows = connection.execute(tables.query(connection, columns).limit(CROWD)).all()
    if not rows:
        yield _nobody(connection, examined)
        return
    yield from _narrowed(connection, examined)
    reader = RecordReader(mapping, columns)
    place = f"{mapping.table}"
    counting = [row for row in rows if reader.counts(row)]
    if len(counting) < len(rows):
        yield _stricter(mapping.table, len(rows) - len(counting), len(rows))
    rows = counting
    total = len(rows)
    if not rows:
        return
    if mapping.active:
        active = sum(reader.active(row) for row in rows)
        if active:
            yield found("active", place, f"{active} of {_of(total)} may come in")
        else:
            yield found(
                "nobody_active", place, f"nobody of {_of(total)} could come in: is `active` right?"
            )
    for rule in mapping.active:
        bad = sum(_is_unreadable(rule, row[reader.place[rule.column]]) for row in rows)
        if bad:
            name = ".".join(filter(None, (rule.column.of or mapping.table, rule.column.name)))
            kind = rule.expires or rule.locked_until
            yield found(
                "times_unreadable",
                name,
                f"{bad} of {_of(total)} hold no time of the kind {kind}: these users cannot come "
                "in",
            )
    yield from _padded(examined, reader, rows)
    if mapping.erid is not None:
        yield from _erids(examined, reader, rows)


def _of(total: int) -> str:
    return f"{total}{' (a sample)' if total == CROWD else ''}"


def _nobody(connection: Connection, examined: Examined) -> Finding:
    mapping = examined.mapping
    bare = replace(mapping, filters=())
    tables = Tables.of_users(bare, source=examined.name)
    query = tables.query(connection, [Column(mapping.subject)]).limit(1)
    if mapping.filters and connection.execute(query).first() is not None:
        return found("nobody", mapping.table, "has rows, but `filter` lets none of them through")
    return found("nobody", mapping.table, "has no rows yet; run check again when it has")


def _stricter(place: str, out: int, total: int) -> Finding:
    return found(
        "filter_stricter",
        place,
        f"the database lets {out} of {_of(total)} through `filter` that are not exactly what it "
        "says, such as Active for active: these users are not found",
    )


def _narrowed(connection: Connection, examined: Examined) -> Iterator[Finding]:
    mapping = examined.mapping
    for site, filters in examined.narrowed.items():
        narrowed = replace(mapping, filters=(*mapping.filters, *filters))
        tables = Tables.of_users(narrowed, source=examined.name)
        columns = narrowed.identity()
        rows = connection.execute(tables.query(connection, columns).limit(CROWD)).all()
        if not rows:
            yield found("nobody", f"sites.{site}.filter", "lets no user through")
            continue
        whole, reader = RecordReader(mapping, columns), RecordReader(narrowed, columns)
        out = sum(whole.counts(row) and not reader.counts(row) for row in rows)
        if out:
            yield _stricter(f"sites.{site}.filter", out, len(rows))


def _is_unreadable(rule: ActiveRule, cell: object) -> bool:
    kind = rule.expires or rule.locked_until
    if kind is None or cell is None:
        return False
    try:
        read_moment(cell, kind)
    except Unreadable:
        return True
    return False


def _padded(examined: Examined, reader: RecordReader, rows: Any) -> Iterator[Finding]:
    """A CHAR column of PostgreSQL gives its spaces back."""
    if examined.database.engine.dialect.name != "postgresql":
        return
    mapping = examined.mapping
    for name in [*(login.name for login in mapping.logins), mapping.erid]:
        if name is None:
            continue
        place = reader.place[Column(name)]
        padded = sum(row[place] is not None and text_of(row[place]).endswith(" ") for row in rows)
        if padded:
            yield found(
                "keys_padded",
                f"{mapping.table}.{name}",
                f"{padded} of {_of(len(rows))} end in spaces, which count here: these users are "
                "not found; make a CHAR a VARCHAR, or take a view that trims it",
            )


def _erids(examined: Examined, reader: RecordReader, rows: Any) -> Iterator[Finding]:
    bad: dict[str, int] = {}
    for row in rows:
        try:
            examined.erids.check(reader.erid(row))
        except IdentityAlarm as alarm:
            bad[alarm.details] = bad.get(alarm.details, 0) + 1
    for why, count in bad.items():
        yield found(
            "erids_unusable",
            f"{examined.mapping.table}.{examined.mapping.erid}",
            f"{count} of {_of(len(rows))}: {why}; these users are refused",
        )


def profiles(connect: Connect, examined: Examined, deadline: Deadline) -> Iterator[Finding]:
    """Which mapped fields nobody has."""
    mapping = examined.mapping
    with connect() as connection:
        records = list(_records(connection, mapping, examined.name))
    if not records:
        return
    total = len(records)
    for name in mapping.profile:
        if not any(getattr(record.profile, name) for record in records):
            yield _empty(f"profile.{name}", total)
    for which, declared in (("shipping", mapping.shipping), ("billing", mapping.billing)):
        addresses = [getattr(record.profile, f"{which}_address") for record in records]
        for name in declared:
            if not any(one is not None and getattr(one, name) for one in addresses):
                yield _empty(f"{which}.{name}", total)
    for number, attribute in enumerate(mapping.attributes):
        if not any(record.attributes[number].value for record in records):
            yield _empty(f"attributes.{attribute.name}", total)
    if mapping.addresses is not None:
        yield from _addresses(examined, records, deadline)


def _empty(place: str, total: int) -> Finding:
    return found("field_empty", place, f"is empty in all of {total} users")


def _records(connection: Connection, mapping: Mapping, name: str) -> Iterator[Record]:
    columns = list(dict.fromkeys([*mapping.identity(), *mapping.shown()]))
    tables = Tables.of_users(mapping, source=name)
    reader = RecordReader(mapping, columns)
    for row in connection.execute(tables.query(connection, columns).limit(PROFILES)):
        yield reader.record(row)


def _addresses(examined: Examined, records: list[Record], deadline: Deadline) -> Iterator[Finding]:
    """Of a few users, since each takes a statement."""
    source, seen, known = examined.source(), 0, set()
    declared = set(examined.mapping.addresses.fields if examined.mapping.addresses else ())
    for record in records[:WITH_ADDRESSES]:
        key = Lookup("subject", record.subject)
        found_record = source.find(key, Deadline(deadline.left()), profile=True)
        seen += 1
        profile = Profile() if found_record is None else found_record.profile
        for address in (profile.shipping_address, profile.billing_address):
            if address is not None:
                known |= {name for name, value in address._asdict().items() if value}
    if not known:
        yield found("field_empty", "addresses", f"gives none of {seen} users an address")
        return
    for name in sorted(declared - known):
        yield _empty(f"addresses.fields.{name}", seen)


def logins(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether two users' logins are one by the site's rule, in one column or across several."""
    mapping = examined.mapping
    tables = Tables.of_users(mapping, source=examined.name)
    columns = [Column(login.name) for login in mapping.logins]
    unguarded = [
        one.name
        for one in mapping.logins
        if not guards_logins(connection, mapping, one.name, examined.rule)
    ]
    if not unguarded and len(columns) == 1:
        return
    query = tables.query(connection, columns)
    if is_large(connection, query.subquery("users")):
        yield found(
            "logins_unguarded",
            mapping.table,
            f"has more than {SMALL} rows, so that logins were not compared; `sso-bridge audit` "
            f"does it.{_remedy(connection, examined, unguarded)}",
        )
        return
    first: list[dict[str, int]] = [{} for _ in columns]
    alike, clashes = [0] * len(columns), 0
    total = 0
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        for total, row in enumerate(result, 1):
            keys = [None if c is None else examined.rule.canonical(text_of(c)) for c in row]
            for place, key in enumerate(keys):  # nobody comes in by an empty one
                if key and first[place].setdefault(key, total) != total:
                    alike[place] += 1
    for place, one in enumerate(first):
        for other in first[place + 1 :]:
            small, large = sorted((one, other), key=len)
            clashes += sum(large.get(key, number) != number for key, number in small.items())
    for place, count in enumerate(alike):
        if count:
            yield found(
                "logins_alike",
                f"{mapping.table}.{columns[place].name}",
                f"{count} of {total} users have a login that another has too, by login_match = "
                f"{examined.rule.value}: nobody of them comes in",
            )
    if clashes:
        ends = (
            "it is theirs who have it in the first column"
            if mapping.first_login_wins
            else 'nobody comes in by it; see login_clash = "first"'
        )
        yield found(
            "logins_clash",
            mapping.table,
            f"{clashes} logins of one user are another's in another column: {ends}",
        )
    if not clashes and not any(alike):
        remedy = _remedy(connection, examined, unguarded)
        yield found("logins", mapping.table, f"all of {total} users' differ.{remedy}")


def folded(connection: Connection, examined: Examined) -> Iterator[Finding]:
    """Whether columns with folded logins hold what a login is looked up by."""
    mapping = examined.mapping
    tables = Tables.of_users(mapping, source=examined.name)
    for login in mapping.logins:
        if login.folded is None:
            continue
        columns = [Column(login.name), Column(login.folded)]
        query = tables.query(connection, columns)
        there = tables.element(columns[0]).is_not(None)
        rows = connection.execute(query.where(there).limit(CROWD)).all()
        fold = str.lower if login.letters == "lower" else str.upper
        sees = compared_by(tables.collation(connection, login.folded))
        absent = stale = 0
        for cell, copy in rows:
            text = text_of(cell).rstrip(" ")
            if text and copy is None:
                absent += 1
            elif text:
                kept = text_of(copy).rstrip(" ")  # a CHAR is filled up
                stale += not any(sees.same(kept, one) for one in (fold(text), each(text, fold)))
        if absent or stale:
            yield found(
                "folded_stale",
                f"{mapping.table}.{login.folded}",
                f"of {_of(len(rows))} users {absent} have none and {stale} something else than "
                f"{login.name} in {login.letters} case: nobody is found by these logins",
            )


def _remedy(connection: Connection, examined: Examined, unguarded: list[str]) -> str:
    """What would keep them apart."""
    if not unguarded or examined.mapping.select is not None:
        return ""
    quote = connection.dialect.identifier_preparer.quote
    name = unguarded[0]
    lowers = examined.rule.value == "ascii_case"
    column = f"lower({quote(name)})" if lowers else quote(name)
    if examined.rule.value in ("case", "case_and_accents") or (
        lowers and connection.dialect.name in ("mysql", "mariadb")
    ):
        return " No constraint keeps it so"
    table = ".".join(quote(p) for p in (examined.mapping.schema, examined.mapping.table) if p)
    return (
        " No constraint keeps it so: CREATE UNIQUE INDEX "
        f"{quote(f'{examined.mapping.table}_one_{name}')} ON {table} ({column})"
    )
