"""Whether the ledger is there, is the right one, and is of this program's schema.

A ledger is never made by serving: one that was lost or mounted in the wrong place would start
empty, and everybody would get a second ERID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, String, column, inspect, select, table, update

from ..core.deadline import Deadline
from ..database import Database
from ..errors import ConfigurationError
from .digests import Digests, Uniqueness
from .schema import FIRST_VERSION, LEDGER, REVISION, REVISIONS, SOURCE

__all__ = [
    "Declared",
    "Opened",
    "SourceDeclared",
    "digests_of",
    "open_ledger",
    "revision_of",
    "secret_check",
]


@dataclass(frozen=True, slots=True)
class SourceDeclared:
    """What the configuration says of one source. `secret` is what ERIDs are derived with."""

    company: str = ""
    strategy: str = "minted"
    secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the configuration says of the ledger. `key` is None where the ledger has its own."""

    sources: Mapping[str, SourceDeclared]
    uniqueness: Uniqueness = "canonical"
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A ledger that is the right one. `keys` are those of the sources, by their names;
    `created_at` tells it from one that is put in its place."""

    digests: Digests
    keys: Mapping[str, str]
    created_at: float


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
        row = connection.execute(select(LEDGER)).first()
        if row is None:
            raise ConfigurationError("ledger: its creation was cut short; run ledger create again")
        digests = digests_of(row.digest_key, row.key_check, row.uniqueness, declared)
        known = {s.name: s for s in connection.execute(select(SOURCE))}
    for name, source in declared.sources.items():
        if name not in known:
            others = ", ".join(sorted(set(known) - set(declared.sources)))
            renamed = f"; if it is {others} renamed, sso-bridge ledger rename" if others else ""
            raise ConfigurationError(
                f"ledger: it does not know sources.{name}; if these are new users, run "
                f"sso-bridge ledger add {name}{renamed}"
            )
        if known[name].company != source.company:
            raise ConfigurationError(
                f"sources.{name}.company is not the one the ledger has, {known[name].company!r}; "
                f"put it back, or run sso-bridge ledger adopt {name}"
            )
        check = secret_check(digests, known[name].key, source)
        if known[name].secret_check is None and check is not None:
            _first_secret(database, known[name].key, check, deadline)
        elif check is not None and known[name].secret_check != check:
            raise ConfigurationError(
                f"sources.{name}.erid.secret is not the one the ledger knows; put it back, or give "
                "everybody an ERID with the old one (sso-bridge erid assign), set the new one and "
                f"run sso-bridge ledger adopt {name}"
            )
    keys = {name: source.key for name, source in known.items()}
    return Opened(digests, keys, row.created_at)


def _first_secret(database: Database, key: str, check: str, deadline: Deadline) -> None:
    """Take note of the first secret of a source; of two at once, one."""
    first = (SOURCE.c.key == key) & (
        SOURCE.c.secret_check.is_(None) | (SOURCE.c.secret_check == check)
    )
    with database.connection(deadline, write=True) as connection:
        if not connection.execute(update(SOURCE).where(first).values(secret_check=check)).rowcount:
            raise ConfigurationError(
                "ledger: another node was first with another erid.secret; give all nodes one"
            )


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
