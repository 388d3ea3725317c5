"""One table is one set of people: what would make two of them, or mix two up, is refused.

Names in the configuration are no proof of difference; what they lead to is compared."""

from __future__ import annotations

from pathlib import Path

from ..config import Settings
from ..config.sessions import TableSession
from ..config.source import Source
from ..errors import ConfigurationError
from .declared import table_identity

__all__ = ["check_separation"]


def check_separation(settings: Settings, folder: Path) -> None:
    """Raises ConfigurationError for two sources on one table, and for two entries that read
    one table of tokens for users of different sources."""
    users: dict[tuple[object, ...], str] = {}
    for name, source in settings.sources.items():
        if not isinstance(source, Source) or source.select is not None:
            continue
        url = source.url.get_secret_value()
        other = users.setdefault(table_identity(url, folder, source.db_schema, source.table), name)
        if other != name:
            raise ConfigurationError(
                f"sources.{name}: has the same table as sources.{other}, so each person would get "
                "two ERIDs; let the sites share one source"
            )
    tokens: dict[tuple[object, ...], tuple[str, str]] = {}
    for name, session in settings.sessions.items():
        if not isinstance(session, TableSession) or session.names == "erid":
            continue
        if session.site_column is not None:
            continue
        declared = settings.sources[session.source]
        assert isinstance(declared, Source)
        url = declared.url.get_secret_value()
        identity = table_identity(url, folder, session.db_schema, session.table)
        known, source_name = tokens.setdefault(identity, (name, session.source))
        if source_name != session.source:
            raise ConfigurationError(
                f"sessions.{name}: reads the table of sessions.{known} for users of another "
                f"source; set site_column for both"
            )
