"""Making a ledger, bringing it to this program's schema, and telling it about sources."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    Connection,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    update,
)
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from ..core.deadline import Deadline
from ..database import Database
from ..errors import ConfigurationError, NotPossible
from .digests import Digests
from .opening import (
    NO_ROW,
    Declared,
    SourceDeclared,
    digests_of,
    place_text,
    revision_of,
    secret_check,
)
from .schema import ENTRY, FIRST_BINDING, FIRST_VERSION, LEDGER, REVISION, SOURCE

__all__ = ["KnownSource", "Status", "add", "adopt", "create", "rename", "status", "upgrade"]

logging.getLogger("alembic").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that the ledger knows."""

    name: str
    company: str


@dataclass(frozen=True, slots=True)
class Status:
    """What there is."""

    revision: str
    entries: int
    uniqueness: str
    own_key: bool
    sources: tuple[KnownSource, ...]


def create(database: Database, declared: Declared, deadline: Deadline) -> None:
    """Make a ledger, empty, that knows the declared sources.

    Raises NotPossible if there is one. Where an engine cannot undo a creation that was cut
    short, it is completed."""
    try:
        with database.connection(deadline, write=True) as connection:
            if not _is_unfinished(connection):
                raise NotPossible("there is a ledger already")
            _migrate(connection, declared)
    except IntegrityError:
        raise NotPossible("another creation is under way; see sso-bridge ledger status") from None


def upgrade(database: Database, declared: Declared, deadline: Deadline) -> tuple[str, str]:
    """Bring the ledger to this program's schema; the schema before and after."""
    _there(database)
    with database.connection(deadline, write=True) as connection:
        before = revision_of(connection)
        if before is None:
            raise NotPossible("there is no ledger to upgrade; see sso-bridge ledger create")
        if before > REVISION:
            raise NotPossible(f"its schema is {before}, newer than this program's {REVISION}")
        if before != REVISION:
            _migrate(connection, declared, stamp=before)
    return before, REVISION


def status(database: Database, deadline: Deadline) -> Status:
    """What there is; raises NotPossible if there is no ledger."""
    _there(database)
    with database.connection(deadline) as connection:
        revision = revision_of(connection)
        if revision is None:
            raise NotPossible(
                "there is no ledger; if there was one, put it back, else run ledger create"
            )
        if revision != REVISION:
            raise ConfigurationError(
                f"ledger: its schema is {revision}, this program's is {REVISION}"
            )
        row = _ledger(connection)
        entries = connection.execute(select(func.count()).select_from(ENTRY)).scalar() or 0
        sources = connection.execute(select(SOURCE).order_by(SOURCE.c.name)).all()
    return Status(
        revision,
        entries,
        row.uniqueness,
        row.digest_key is not None,
        tuple(KnownSource(s.name, s.company) for s in sources),
    )


def add(database: Database, declared: Declared, name: str, deadline: Deadline) -> None:
    """Let the ledger know a declared source, whose people are new to it."""
    _there(database)
    with database.connection(deadline, write=True) as connection:
        digests = _digests(connection, declared)
        taken = connection.execute(
            select(SOURCE.c.key).where((SOURCE.c.name == name) | (SOURCE.c.key == name))
        ).first()
        if taken is not None:
            raise NotPossible(f"the ledger knows, or has known, a source {name!r}")
        _insert_source(connection, name, _declared(declared, name), digests)


def rename(database: Database, declared: Declared, old: str, new: str, deadline: Deadline) -> None:
    """Let the people of the source `old` be found under its new, declared name."""
    _declared(declared, new)
    _there(database)
    with database.connection(deadline, write=True) as connection:
        _digests(connection, declared)
        if _source(connection, new) is not None:
            raise NotPossible(f"the ledger knows a source {new!r} already")
        row = _source(connection, old)
        if row is None:
            raise NotPossible(f"the ledger knows no source {old!r}")
        if old in declared.sources:
            raise NotPossible(f"sources.{old} is configured, so it is not renamed")
        connection.execute(update(SOURCE).where(SOURCE.c.key == row.key).values(name=new))


def adopt(database: Database, declared: Declared, name: str, deadline: Deadline) -> None:
    """Take over the company and the secret of a source as they are declared now."""
    source = _declared(declared, name)
    _there(database)
    with database.connection(deadline, write=True) as connection:
        digests = _digests(connection, declared)
        row = _source(connection, name)
        if row is None:
            raise NotPossible(f"the ledger knows no source {name!r}; see sso-bridge ledger add")
        connection.execute(
            update(SOURCE)
            .where(SOURCE.c.key == row.key)
            .values(
                company=source.company,
                secret_check=secret_check(digests, row.key, source),
                place=place_text(source),
            )
        )


def _there(database: Database) -> None:
    """Raises NotPossible if it is known without connecting that there is no ledger."""
    if database.is_missing():
        raise NotPossible(
            "there is no ledger; if there was one, put it back, else run ledger create"
        )


def _migrate(connection: Connection, declared: Declared, *, stamp: str | None = None) -> None:
    """Run the steps to the newest schema; `stamp` is where the database is if it does not say."""
    digests, key = _new_digests(declared)
    folder = resources.files("sso_bridge.ledger.migrations")
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")

    strategies = {name: source.strategy for name, source in declared.sources.items()}

    def first_entry(row: Row[Any]) -> dict[str, Any]:
        return {
            "action": "created" if row.created_here else "bound",
            "company": row.company,
            "source": row.source,
            "subject": row.subject,
            "subject_digest": digests.subject(row.source, row.subject),
            "subject_turn": 1,
            "erid": row.erid,
            "erid_digest": digests.erid(row.erid),
            "erid_turn": 1,
            "origin": strategies.get(row.source, "minted"),
            "created_here": int(row.created_here),
            "at": row.bound_at,
        }

    def introduce(connection: Connection) -> None:
        """With the first entries, in one transaction: without its key they are worth nothing."""
        connection.execute(delete(LEDGER))
        connection.execute(delete(SOURCE))
        _insert_ledger(connection, declared, digests, key)
        company = func.max(ENTRY.c.company).label("company")
        known = {
            row.source: SourceDeclared(row.company)
            for row in connection.execute(select(ENTRY.c.source, company).group_by(ENTRY.c.source))
        }
        for name, source in (known | dict(declared.sources)).items():
            _insert_source(connection, name, source, digests)

    config.attributes.update(connection=connection, first_entry=first_entry, introduce=introduce)
    if stamp is not None:
        command.stamp(config, stamp)
    command.upgrade(config, REVISION)


def _new_digests(declared: Declared) -> tuple[Digests, str | None]:
    """Hashes under the declared key, or under a new one, which is returned as hex."""
    if declared.key is not None:
        return Digests(declared.key, declared.uniqueness), None
    key = secrets.token_bytes(32)
    return Digests(key, declared.uniqueness), key.hex()


def _insert_ledger(
    connection: Connection, declared: Declared, digests: Digests, key: str | None
) -> None:
    connection.execute(
        insert(LEDGER).values(
            id=1,
            digest_key=key,
            key_check=digests.check(),
            uniqueness=declared.uniqueness,
            generation=1,
            created_at=time.time(),
        )
    )


def _insert_source(
    connection: Connection, name: str, source: SourceDeclared, digests: Digests
) -> None:
    connection.execute(
        insert(SOURCE).values(
            key=name,
            name=name,
            company=source.company,
            secret_check=secret_check(digests, name, source),
            place=place_text(source) if source.place else None,
            added_at=time.time(),
        )
    )


def _is_unfinished(connection: Connection) -> bool:
    """Whether a creation was cut short by an engine that cannot undo it: nothing is in it."""
    there = inspect(connection)
    tables = [table(name) for name in (ENTRY.name, LEDGER.name, FIRST_BINDING)]
    return not there.has_table(FIRST_VERSION) and not any(
        there.has_table(each.name)
        and connection.execute(select(exists(select(literal(1)).select_from(each)))).scalar()
        for each in tables
    )


def _ledger(connection: Connection) -> Row[Any]:
    row = connection.execute(select(LEDGER)).first()
    if row is None:
        raise ConfigurationError(NO_ROW)
    return row


def _digests(connection: Connection, declared: Declared) -> Digests:
    if revision_of(connection) != REVISION:
        raise NotPossible("there is no ledger of this program's schema; see ledger status")
    row = _ledger(connection)
    return digests_of(row.digest_key, row.key_check, row.uniqueness, declared)


def _source(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(SOURCE).where(SOURCE.c.name == name)).first()


def _declared(declared: Declared, name: str) -> SourceDeclared:
    if name not in declared.sources:
        raise NotPossible(f"sources.{name} is not configured")
    return declared.sources[name]
