"""`sso-bridge erid`: what operators do with the ledger's ERIDs, one at a time."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.deadline import Deadline
from ..core.model import Lookup, Person
from ..core.strategies import COLUMN
from ..errors import BridgeError
from . import erid_batches
from .options import config_option, settings_at
from .recording import recorded

if TYPE_CHECKING:
    from ..config import Settings
    from ..ledger.reading import Event
    from ..wiring import Parts

__all__ = ["command"]

_SECONDS = 60.0
_source = click.option("--source", default=None, help="The [sources] entry; needless if one.")
_reason = click.option("--reason", required=True, help="Why; it is kept in the history.")


@click.group("erid")
def command() -> None:
    """Show, give, import, export and take back ERIDs.

    Example: sso-bridge erid show demo@example.com --config demo/demo.toml"""


for _batch in (erid_batches.assign, erid_batches.import_, erid_batches.export):
    command.add_command(_batch)


@command.command("show")
@click.argument("key")
@_source
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(key: str, source: str | None, config: Path, as_json: bool) -> None:
    """Print the history of an ERID, a primary key or a login. Exit 1 if the ledger has none.

    Example: sso-bridge erid show demo@example.com --config demo/demo.toml"""
    from .. import wiring

    settings, folder = settings_at(config)
    register = wiring.register(settings, folder)
    found: dict[str, list[Event]] = {}
    failed: BridgeError | None = None
    try:
        for what, named in _named(key, source, settings, folder):
            events = register.history(named, Deadline(_SECONDS))
            if events:
                found[what] = events
    except BridgeError as error:  # of a user database; what the ledger has is shown all the same
        failed = error
    if as_json:
        shown = {what: [asdict(e) for e in events] for what, events in found.items()}
        print(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        for what, events in found.items():
            _history(what, events)
    if failed is not None:
        raise failed
    if not found:
        click.echo(f"the ledger has nothing under {key!r}", err=True)
        sys.exit(1)


@command.command("relink")
@click.argument("erid", required=False)
@click.option("--new", is_flag=True, help="Instead of ERID: make a new one.")
@click.option("--subject", default=None, help="The primary key of the user who gets it.")
@click.option("--login", default=None, help="Or the user's login.")
@_source
@_reason
@config_option
def relink(
    erid: str | None,
    new: bool,
    subject: str | None,
    login: str | None,
    source: str | None,
    reason: str,
    config: Path,
) -> None:
    """Make an ERID another user's. An ERID that this user had is set aside, and is nobody's until
    it is relinked too; whoever had the given one is refused until given another.

    Example: sso-bridge erid relink 5f0c… --subject 17 --reason "merged sites" --config b.toml"""
    from .. import wiring
    from ..errors import NotPossible
    from ..observing import Silent

    if (erid is None) is not new:
        raise click.UsageError("give an ERID or --new")
    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    name = only_source(settings, source)
    record = parts.sources[name].find(_lookup(subject, login), Deadline(_SECONDS))
    if record is None:
        raise NotPossible(f"sources.{name} has no such user")
    declared = parts.declared[name]
    if erid is not None:
        declared.erids.check(erid)
    theirs = erid is not None and declared.strategy.name == COLUMN and record.erid == erid
    with recorded(settings, folder, "erid relink", source=name, erid=erid) as told:
        binding = wiring.register(settings, folder).relink(
            erid,
            Person(name, record.subject, declared.company or ""),
            reason,
            Deadline(_SECONDS),
            origin=COLUMN if theirs else "operator",
            fingerprint=record.fingerprint,
        )
        told["erid"] = binding.erid
    print(f"{binding.erid} is that of subject {record.subject} of {name}; {_when(settings)}")


@command.command("retire")
@click.argument("erid", required=False)
@click.option("--subject", default=None, help="Instead of ERID: the primary key of the user.")
@_source
@click.option("--forget", is_flag=True, help="Also erase both, for an erasure request.")
@_reason
@config_option
def retire(
    erid: str | None,
    subject: str | None,
    source: str | None,
    forget: bool,
    reason: str,
    config: Path,
) -> None:
    """Take an ERID back for ever: neither it nor the primary key is anybody's again.

    With --forget both are erased, and the reason is not kept; keyed hashes stay, by which
    they are known should they come again.

    Example: sso-bridge erid retire 5f0c… --reason "account closed" --config bridge.toml"""
    from .. import wiring

    if (erid is None) is (subject is None):
        raise click.UsageError("give an ERID or --subject")
    settings, folder = settings_at(config)
    register = wiring.register(settings, folder)
    if subject is not None:
        whom: Person | str = Person(only_source(settings, source), subject)
        binding = register.current(whom, Deadline(_SECONDS))
        erid = None if binding is None else binding.erid
    else:
        assert erid is not None
        binding = register.current(erid, Deadline(_SECONDS))
        whom = erid if binding is None else binding.person
    with recorded(settings, folder, "erid retire", forget=forget, erid=erid):
        register.retire(whom, reason, Deadline(_SECONDS), forget=forget)
    print(f"{'forgotten' if forget else 'retired'}; {_when(settings)}")


def only_source(settings: Settings, named: str | None) -> str:
    """The source that is meant; raises UsageError if that is not clear."""
    if named is None and len(settings.sources) == 1:
        return next(iter(settings.sources))
    if named not in settings.sources:
        there = ", ".join(settings.sources)
        raise click.UsageError(f"--source must name one of: {there}")
    return named


def _named(
    key: str, source: str | None, settings: Settings, folder: Path
) -> Iterator[tuple[str, str | Person]]:
    """Whatever `key` may stand for: an ERID, a primary key, a login."""
    from .. import wiring
    from ..observing import Silent

    if source is None:
        yield "ERID", key
    parts: Parts = wiring.assemble(settings, folder, Silent())
    for name in settings.sources if source is None else [only_source(settings, source)]:
        yield f"subject of {name}", Person(name, key)
        record = parts.sources[name].find(Lookup("login", key), Deadline(_SECONDS))
        if record is not None:
            yield f"login of subject {record.subject} of {name}", Person(name, record.subject)


def _lookup(subject: str | None, login: str | None) -> Lookup:
    if subject is not None and login is None:
        return Lookup("subject", subject)
    if login is not None and subject is None:
        return Lookup("login", login)
    raise click.UsageError("give one of --subject and --login")


def _history(what: str, events: list[Event]) -> None:
    print(what)
    for event in events:
        at = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        subject = "" if event.subject is None else f" subject {_printable(event.subject)}"
        erid = "" if event.erid is None else f" ERID {_printable(event.erid)}"
        origin = f" ({event.origin})" if event.origin else ""
        reason = f": {event.reason}" if event.reason else ""
        print(f"  {at} {event.action} {event.source}{subject}{erid}{origin}{reason}")


def _printable(value: str) -> str:
    """`value` without anything that a terminal obeys."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in value)


def _when(settings: Settings) -> str:
    seconds = settings.ledger.watch_seconds + settings.server.call_seconds
    return f"every node has it within {seconds:g} s"
