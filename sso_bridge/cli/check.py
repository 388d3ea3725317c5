"""`sso-bridge check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import Settings
from ..config.safety import safe_to_serve
from ..config.sessions import TableSession
from ..errors import BridgeError, ConfigurationError
from .options import config_option, settings_at

if TYPE_CHECKING:
    from ..config.source import Erid
    from ..sources.inspection import Finding
    from ..wiring import Parts

__all__ = ["command"]

_SECONDS = 30.0


@click.command("check")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(config: Path, as_json: bool) -> None:
    """Say whether a configuration is good and safe to serve: opens every database, compares every
    mapped column, looks for indexes and unique constraints. Exit 1 if it is not safe.

    Example: sso-bridge check --config bridge.toml"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    findings = [finding for found in _all(settings, parts) for finding in found]
    if as_json:
        print(json.dumps([asdict(f) for f in findings], indent=1, ensure_ascii=False))
    else:
        _table(findings)
    bad = sum(f.severity == "error" for f in findings)
    if bad:
        print(f"not safe to serve: {bad} error(s)", file=sys.stderr)
        sys.exit(1)


def _all(settings: Settings, parts: Parts) -> Iterator[list[Finding]]:
    """The findings about each part."""
    from ..core.deadline import Deadline
    from ..sources.inspection import Finding

    try:
        safe_to_serve(settings)
    except ConfigurationError as error:
        yield [Finding("error", "server", error.details)]
    for name in settings.sources:
        yield _source(name, settings, parts)
    for name, session in settings.sessions.items():
        if isinstance(session, TableSession):
            yield _sessions(name, session, parts)
    try:
        parts.ledger.check(Deadline(_SECONDS))
        yield [Finding("ok", "ledger", "answers")]
    except BridgeError as error:
        yield [Finding("error", "ledger", error.details or error.text)]


def _source(name: str, settings: Settings, parts: Parts) -> list[Finding]:
    from dataclasses import replace

    from .. import wiring
    from ..core.deadline import Deadline
    from ..core.logins import LoginRule
    from ..sources.inspection import Finding, examine

    declared = wiring.sql_settings(settings, name)
    creates = any(s.source == name and s.create for s in settings.sites.values())
    try:
        found = examine(
            parts.databases[name],
            wiring.mapping(declared),
            LoginRule(declared.login_match),
            Deadline(_SECONDS),
            creates=creates,
        )
    except BridgeError as error:
        return [Finding("error", f"sources.{name}", error.details or error.text)]
    return [replace(f, place=f"sources.{name}: {f.place}") for f in found + _erids(declared.erid)]


def _erids(declared: Erid) -> list[Finding]:
    """What the settings leave unguarded."""
    from ..sources.inspection import Finding

    found = []
    if declared.guard != "enforce":
        text = f"is {declared.guard!r}: people are answered though their ERIDs are mixed up"
        found.append(Finding("warning", "erid.guard", text))
    if not declared.fingerprint:
        text = (
            "is not set: if the database gives a primary key to somebody else, the ERID goes with "
            "it; name a column that never changes, such as the time the row was made"
        )
        found.append(Finding("warning", "erid.fingerprint", text))
    return found


def _sessions(name: str, session: TableSession, parts: Parts) -> list[Finding]:
    from dataclasses import replace

    from ..core.deadline import Deadline
    from ..sources.inspection import Finding, examine_table

    others = [
        session.user_column,
        session.expiry_column,
        session.revoked_column,
        session.site_column,
        session.created_column,
    ]
    try:
        found = examine_table(
            parts.databases[session.source],
            session.table,
            session.db_schema,
            session.token_column,
            [c for c in others if c is not None],
            Deadline(_SECONDS),
        )
    except BridgeError as error:
        return [Finding("error", f"sessions.{name}", error.details or error.text)]
    return [replace(f, place=f"sessions.{name}: {f.place}") for f in found]


def _table(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "warning": "yellow", "error": "bold red"}
    table = Table(box=None, pad_edge=False)
    for heading in ("", "where", "what"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = Text(finding.severity, style=styles[finding.severity])
        table.add_row(mark, Text(finding.place), Text(finding.text))
    Console().print(table)
