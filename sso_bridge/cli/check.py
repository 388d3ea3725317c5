"""`sso-bridge check`."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import BridgeError, ConfigurationError
from .options import config_option, settings_at

if TYPE_CHECKING:
    from ..config import Settings
    from ..config.sessions import TableSession
    from ..config.source import Erid, Source
    from ..doctor import Examined, Finding, Formats
    from ..wiring import Parts

__all__ = ["command", "findings_of"]

_SECONDS = 30.0
"""The longest that one source is looked into."""
_QUIET_SECONDS = 2.0
"""What is quicker than this needs no word on what it is doing."""
Progress = Callable[[str], None]


@click.command("check")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(config: Path, as_json: bool) -> None:
    """Say whether a configuration is good and safe to serve: opens every database, compares every
    mapped column, asks for rights, unique constraints and the plan of each look-up, and counts
    password hashes. Writes nothing. Exit 1 if it is not safe.

    Example: sso-bridge check --config bridge.toml"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    try:
        with _progress() as progress:
            findings = list(findings_of(settings, folder, parts, progress))
    finally:
        parts.pool.close()
    if as_json:
        print(json.dumps([asdict(f) for f in findings], indent=1, ensure_ascii=False))
    else:
        _table(findings)
    counts = Counter(f.severity for f in findings)
    told = f"{counts['error']} error(s), {counts['warning']} warning(s)"
    if counts["error"]:
        print(f"not safe to serve: {told}", file=sys.stderr)
        sys.exit(1)
    if not as_json:
        print(f"safe to serve: {told}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """Tells on a terminal what is looked at, once that takes long."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    status = Console(stderr=True).status("looking …")
    timer = threading.Timer(_QUIET_SECONDS, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda step: status.update(step)
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def findings_of(
    settings: Settings, folder: Path, parts: Parts, progress: Progress = lambda step: None
) -> Iterator[Finding]:
    """The findings about each part."""
    from ..config.safety import safe_to_serve
    from ..config.sessions import TableSession
    from ..config.surroundings import hazards
    from ..core.deadline import Deadline
    from ..doctor import found
    from ..tracing import check_tracing

    try:
        safe_to_serve(settings)
    except ConfigurationError as error:
        yield found("settings_unsafe", "server", error.details)
    else:
        for one in hazards(settings, folder, serving=False):
            kind = "settings_unsafe" if one.refused else "settings_risky"
            yield found(kind, one.place, one.text)
    if settings.traces.enabled:
        try:
            check_tracing()
        except ConfigurationError as error:
            yield found("settings_unsafe", "traces", error.details)
    for name in settings.sources:
        place = f"sources.{name}"

        def tell(step: str, of: str = place) -> None:
            progress(f"{of}: {step}")

        yield from _at(place, _source(name, settings, folder, parts, tell))
    for name, session in settings.sessions.items():
        if isinstance(session, TableSession):
            progress(f"sessions.{name}")
            yield from _at(f"sessions.{name}", _sessions(session, parts))
    progress("ledger")
    try:
        parts.ledger.check(Deadline(_SECONDS))
        yield found("ledger", "ledger", "answers")
    except BridgeError as error:
        yield found("ledger_unusable", "ledger", error.details or error.text)
    if settings.throttle.storage == "redis":
        progress("throttle")
        wrong = parts.throttle.trouble()
        if wrong is None:
            yield found("throttle", "throttle", "takes what is counted")
        else:
            text = f"does not take what is counted ({wrong}); each worker would count by itself"
            yield found("throttle_unusable", "throttle.url", text)


def _at(place: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        yield replace(finding, place=f"{place}: {finding.place}")


def _source(
    name: str, settings: Settings, folder: Path, parts: Parts, progress: Progress
) -> Iterator[Finding]:
    from ..config.source import PythonSource
    from ..core.deadline import Deadline
    from ..doctor import look_into, look_into_program

    declared, deadline = settings.sources[name], Deadline(_SECONDS)
    formats = _formats(name, settings)
    if isinstance(declared, PythonSource):
        progress("asks the program")
        yield from look_into_program(parts.sources[name], formats, deadline)
    else:
        examined = _examined(name, declared, settings, folder, parts)
        try:
            yield from look_into(examined, formats, deadline, progress)
        finally:
            examined.database.close()
            if examined.replica is not None:
                examined.replica.close()
    yield from _erids(declared.erid)


def _formats(name: str, settings: Settings) -> Formats:
    from ..doctor import Formats
    from ..wiring.passwords import password_limits, password_schemes

    declared = settings.sources[name].passwords
    return Formats(password_schemes(name, declared), password_limits(declared))


def _examined(
    name: str, declared: Source, settings: Settings, folder: Path, parts: Parts
) -> Examined:
    """The source, with connections of its own: a statement may take longer here than in a call."""
    from .. import wiring
    from ..core.deadline import Deadline
    from ..core.logins import LoginRule
    from ..doctor import Examined
    from ..wiring.declared import filters

    creates = any(s.source == name and s.create for s in settings.sites.values())
    passwords = parts.declared[name].passwords
    makes = creates or declared.passwords.rehash
    database = wiring.source_database(settings, folder, name, call_seconds=_SECONDS)
    return Examined(
        name=name,
        database=database,
        mapping=wiring.mapping(declared),
        rule=LoginRule(declared.login_match),
        erids=parts.declared[name].erids,
        replica=None
        if declared.replica_url is None
        else wiring.source_database(settings, folder, name, call_seconds=_SECONDS, replica=True),
        narrowed={
            f"{site_id}": filters(site.filter)
            for site_id, site in settings.sites.items()
            if site.source == name and site.filter
        },
        creates=creates,
        rehashes=declared.passwords.rehash,
        new_hash=(lambda: passwords.hash("password", Deadline(_SECONDS))) if makes else None,
        writes=_issued(name, settings),
        holds_ledger=_same_server(parts, folder, settings, database.engine.url),
    )


def _issued(name: str, settings: Settings) -> tuple[tuple[str | None, str], ...]:
    """The tables of the source's database that new tokens are written to."""
    from ..config.sessions import TableSession

    issued = {site.issue for site in settings.sites.values()}
    return tuple(
        (session.db_schema, session.table)
        for key, session in settings.sessions.items()
        if key in issued and isinstance(session, TableSession) and session.source == name
    )


def _same_server(parts: Parts, folder: Path, settings: Settings, url: object) -> bool:
    """Whether the ledger is in the same database, by the same database user."""
    from .. import wiring

    ledger = wiring.ledger_database(settings, folder)
    try:
        return _who_and_where(ledger.engine.url) == _who_and_where(url)
    finally:
        ledger.close()


def _who_and_where(url: object) -> tuple[object, ...]:
    names = ("host", "port", "username", "database")
    return tuple(getattr(url, name, None) for name in names)


def _erids(declared: Erid) -> Iterator[Finding]:
    """What the settings leave unguarded."""
    from ..doctor import found

    if declared.guard != "enforce":
        text = f"is {declared.guard!r}: people are answered though their ERIDs are mixed up"
        yield found("guard_open", "erid.guard", text)
    if not declared.fingerprint:
        yield found(
            "fingerprint_missing",
            "erid.fingerprint",
            "is not set: if the database gives a primary key to somebody else, the ERID goes with "
            "it; name a column that never changes, such as the time the row was made",
        )


def _sessions(session: TableSession, parts: Parts) -> Iterator[Finding]:
    from ..core.deadline import Deadline
    from ..doctor import examine_table, found

    others = [
        session.user_column,
        session.expiry_column,
        session.revoked_column,
        session.site_column,
        session.created_column,
    ]
    try:
        yield from examine_table(
            parts.databases[session.source],
            session.table,
            session.db_schema,
            session.token_column,
            [c for c in others if c is not None],
            Deadline(_SECONDS),
        )
    except BridgeError as error:
        yield found("unreachable", session.table, error.details or error.text)


def _table(findings: list[Finding]) -> None:
    """All findings, by the part of the configuration that they are about."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "warning": "yellow", "error": "bold red"}
    table = Table(box=None, pad_edge=False)
    for heading in ("", "where", "what"):
        table.add_column(heading, overflow="fold")
    part = ""
    for finding in findings:
        of, _, place = finding.place.partition(": ")
        if of != part:
            table.add_row("", Text(of, style="bold"), "")
            part = of
        mark = Text(finding.severity, style=styles[finding.severity])
        text = Text(finding.text)
        if finding.severity != "ok":
            text.append(f" [{finding.check}]", "dim")
        table.add_row(mark, Text(f"  {place}"), text)
    Console().print(table)
