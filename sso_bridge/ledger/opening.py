"""Whether the ledger is there, is the right one, and is of this program's schema.

A ledger is never made by serving: one that was lost or mounted in the wrong place would start
empty, and everybody would get a second ERID."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, String, Update, column, inspect, select, table, update

from ..core.deadline import Deadline
from ..database import Database
from ..errors import ConfigurationError
from .digests import Digests, Uniqueness
from .schema import ENTRY, FIRST_VERSION, LEDGER, REVISION, REVISIONS, SOURCE

__all__ = [
    "Declared",
    "Opened",
    "SourceDeclared",
    "digests_of",
    "note_secrets",
    "open_ledger",
    "place_text",
    "revision_of",
    "secret_check",
]


@dataclass(frozen=True, slots=True)
class SourceDeclared:
    """What the configuration says of one source. `secret` is what ERIDs are derived with; `place`
    holds, by the names of settings, where its people are and how they are known."""

    company: str = ""
    strategy: str = "minted"
    secret: bytes | None = field(default=None, repr=False)
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the configuration says of the ledger. `key` is None where the ledger has its own."""

    sources: Mapping[str, SourceDeclared]
    uniqueness: Uniqueness = "canonical"
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A ledger that is the right one. `keys` are those of the sources, by their names;
    `created_at` tells it from one that is put in its place; `without_secret` names the sources
    whose secret the ledger does not know yet."""

    digests: Digests
    keys: Mapping[str, str]
    created_at: float
    without_secret: tuple[str, ...] = ()


NO_ROW = (
    "ledger: its table sso_bridge_ledger is empty; if a creation was cut short just now, run "
    "sso-bridge ledger create again, else put a backup back"
)


def open_ledger(database: Database, declared: Declared, deadline: Deadline) -> Opened:
    """Raises ConfigurationError, with the remedy, for a ledger that is not there, of another
    schema or key, or that does not know a source as it is configured; LedgerUnavailable."""
    if database.is_missing():
        raise ConfigurationError(
            "ledger: there is no such file; if there never was one, run sso-bridge ledger create; "
            "if there was, put it back: a new one would give everybody a second ERID"
        )
    with database.connection(deadline) as connection:
        _right_revision(revision_of(connection))
        _with_transactions(connection)
        row = connection.execute(select(LEDGER)).first()
        if row is None:
            raise ConfigurationError(NO_ROW)
        digests = digests_of(row.digest_key, row.key_check, row.uniqueness, declared)
        known = {s.name: s for s in connection.execute(select(SOURCE))}
    without_secret = []
    for name, source in declared.sources.items():
        if name not in known:
            others = ", ".join(sorted(set(known) - set(declared.sources)))
            renamed = f"; if it is {others} renamed, sso-bridge ledger rename" if others else ""
            raise ConfigurationError(
                f"ledger: it does not know sources.{name}; if these are new users, run "
                f"sso-bridge ledger add {name}{renamed}"
            )
        _same_place(name, known[name].place, source)
        if known[name].company != source.company:
            raise ConfigurationError(
                f"sources.{name}.company is not the one the ledger has, {known[name].company!r}; "
                f"put it back, or run sso-bridge ledger adopt {name}"
            )
        check = secret_check(digests, known[name].key, source)
        if known[name].secret_check is None and check is not None:
            without_secret.append(name)
        elif check is not None and known[name].secret_check != check:
            raise ConfigurationError(
                f"sources.{name}.erid.secret is not the one the ledger knows; put it back, or give "
                "everybody an ERID with the old one (sso-bridge erid assign), set the new one and "
                f"run sso-bridge ledger adopt {name}"
            )
    keys = {name: source.key for name, source in known.items()}
    return Opened(digests, keys, row.created_at, tuple(without_secret))


def place_text(source: SourceDeclared) -> str:
    """The place of a source as the ledger keeps it."""
    return json.dumps(dict(source.place), ensure_ascii=False, sort_keys=True)


def _same_place(name: str, kept: str | None, source: SourceDeclared) -> None:
    """Raises ConfigurationError if the people of a source are not where they were: others would
    get their ERIDs."""
    if kept is None or kept == place_text(source):
        return
    before: dict[str, str] = json.loads(kept)
    settings = sorted(k for k in {*before, *source.place} if before.get(k) != source.place.get(k))
    changes = "; ".join(
        f"sources.{name}.{k} is {source.place.get(k)!r}, and was {before.get(k)!r}"
        for k in settings
    )
    raise ConfigurationError(
        f"ledger: {changes}; put it back, or, if these are the same people under the same primary "
        f"keys, run sso-bridge ledger adopt {name}"
    )


def note_secrets(
    database: Database, declared: Declared, opened: Opened, deadline: Deadline
) -> None:
    """Take note of the first secret of each source that has none in the ledger yet. Raises
    ConfigurationError if another node was first with another one."""
    for name in opened.without_secret:
        key = opened.keys[name]
        check = secret_check(opened.digests, key, declared.sources[name])
        mine = SOURCE.c.secret_check.is_(None) | (SOURCE.c.secret_check == check)
        change = update(SOURCE).where(SOURCE.c.key == key, mine).values(secret_check=check)
        if not database.write(deadline, partial(_rows_of, change)):
            raise ConfigurationError(
                "ledger: another node was first with another erid.secret; give all nodes one"
            )


def _rows_of(change: Update, connection: Connection) -> int:
    return int(connection.execute(change).rowcount)


def secret_check(digests: Digests, key: str, source: SourceDeclared) -> str | None:
    """By which the ledger knows the secret of a source, None if it has none."""
    return None if source.secret is None else digests.secret(key, source.secret)


def digests_of(stored: str | None, check: str, uniqueness: str, declared: Declared) -> Digests:
    """The ledger's hashes; raises ConfigurationError if the configuration does not fit them."""
    if uniqueness != declared.uniqueness:
        raise ConfigurationError(
            f"ledger.uniqueness is {declared.uniqueness!r}, and the ledger was made with "
            f"{uniqueness!r}; put that back: it cannot be changed afterwards"
        )
    if stored is not None and declared.key is not None:
        raise ConfigurationError(
            "ledger.key is set, and the ledger was made with a key of its own; remove ledger.key"
        )
    if stored is None and declared.key is None:
        raise ConfigurationError(
            "ledger.key is missing, and the ledger was made with one; put it back"
        )
    key = bytes.fromhex(stored) if stored is not None else declared.key
    assert key is not None
    digests = Digests(key, declared.uniqueness)
    if digests.check() != check:
        raise ConfigurationError("ledger.key is not the one the ledger was made with; put it back")
    return digests


def revision_of(connection: Connection) -> str | None:
    """The schema that the database has: "0001" also for one from before Alembic, None for none."""
    there = inspect(connection)
    if there.has_table(REVISIONS):
        query = select(column("version_num", String)).select_from(table(REVISIONS))
        found = connection.execute(query).scalar()
        if found is not None:
            return found
    return "0001" if there.has_table(FIRST_VERSION) else None


def _with_transactions(connection: Connection) -> None:
    """Raises ConfigurationError where MariaDB keeps the entries without transactions."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return
    options = inspect(connection).get_table_options(ENTRY.name)
    engine = options.get("mysql_engine") or options.get("mariadb_engine")
    if engine is not None and engine.lower() != "innodb":
        raise ConfigurationError(
            f"ledger: its tables are of the engine {engine}, which has no transactions; convert "
            "them with ALTER TABLE … ENGINE=InnoDB"
        )


def _right_revision(found: str | None) -> None:
    if found == REVISION:
        return
    if found is None:
        raise ConfigurationError(
            "ledger: its database has no ledger; if there never was one, run sso-bridge ledger "
            "create; if there was, put it back: a new one would give everybody a second ERID"
        )
    if found < REVISION:
        raise ConfigurationError(
            f"ledger: its schema is {found}, older than this program's {REVISION}; stop all nodes "
            "and run sso-bridge ledger upgrade"
        )
    raise ConfigurationError(
        f"ledger: its schema is {found}, newer than this program's {REVISION}; install the release "
        "of sso-bridge that made it"
    )
