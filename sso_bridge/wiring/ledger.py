"""The ledger, from its settings: for the server, and for the commands that look after it."""

from __future__ import annotations

from pathlib import Path

from ..config import Settings
from ..config.source import Source
from ..core.deadline import Deadline
from ..database import Database
from ..errors import ConfigurationError, LedgerUnavailable, Unavailable
from ..ledger import Declared, Register, SourceDeclared
from ..ledger.opening import open_ledger
from .declared import database_url, place, secret_of

__all__ = ["check_ledger", "create_ledger", "declared_ledger", "ledger_database", "register"]

_PATIENCE = 3600.0
"""Seconds that a statement of an operator's command may take."""


def check_ledger(settings: Settings, folder: Path) -> None:
    """Raises ConfigurationError, with the remedy, if there is a ledger that is not the right one,
    or none. A database that does not answer now may do so later.

    Leaves no connection open, so that processes may be forked afterwards."""
    database = ledger_database(settings, folder)
    try:
        open_ledger(database, declared_ledger(settings), Deadline(settings.server.call_seconds))
    except Unavailable:
        return
    finally:
        database.close()


def create_ledger(settings: Settings, folder: Path) -> None:
    """Make the ledger that the settings declare; raises NotPossible if there is one."""
    from ..ledger import administration  # Alembic, which servers do not need

    database = ledger_database(settings, folder, create=True)
    try:
        administration.create(database, declared_ledger(settings), Deadline(60.0))
    finally:
        database.close()


def register(settings: Settings, folder: Path) -> Register:
    """The operators' side of the ledger."""
    database = ledger_database(settings, folder, call_seconds=_PATIENCE)
    return Register(database, declared_ledger(settings))


def declared_ledger(settings: Settings) -> Declared:
    """What the settings declare of the ledger."""
    return Declared(
        sources={
            name: SourceDeclared(
                company=source.company or "",
                strategy=source.erid.strategy,
                place=place(source),
                secret=secret_of(f"sources.{name}.erid.secret", source.erid.secret),
            )
            for name, source in settings.sources.items()
        },
        uniqueness=settings.ledger.uniqueness,
        key=secret_of("ledger.key", settings.ledger.key),
    )


def in_memory(url: str) -> bool:
    """Whether a SQLite URL names no file."""
    return url.partition("://")[2] in ("", "/", "/:memory:")


def ledger_database(
    settings: Settings, folder: Path, *, create: bool = False, call_seconds: float | None = None
) -> Database:
    """Where the ledger is. A SQLite file of its own gets a durable journal; one shared with a
    source is the client's, and keeps the client's. `create` makes a file that is missing.

    `call_seconds` bounds a statement where it is not the setting of that name."""
    url = database_url(settings.ledger.url.get_secret_value(), folder)
    if url.startswith("sqlite") and (":///file:" in url or in_memory(url)):
        raise ConfigurationError(
            "ledger.url: must be the path of a file, such as sqlite:///erids.db, or a server"
        )
    shared = any(
        database_url(s.url.get_secret_value(), folder) == url
        for s in settings.sources.values()
        if isinstance(s, Source)
    )
    return Database(
        url,
        what="ledger",
        unavailable=LedgerUnavailable,
        phase="ledger",
        pool_size=settings.ledger.pool_size,
        call_seconds=call_seconds or settings.server.call_seconds,
        durable=not shared,
        create=create,
    )
