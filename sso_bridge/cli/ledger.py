"""`sso-bridge ledger`: make the ledger of ERIDs, upgrade it, tell it about sources."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from ..core.deadline import Deadline
from .options import config_option, settings_at
from .recording import recorded

__all__ = ["command"]

_SECONDS = 12 * 3600.0


@click.group("ledger")
def command() -> None:
    """Look after the ledger, which says which person has which ERID.

    Example: sso-bridge ledger status --config bridge.toml"""


@command.command("create")
@config_option
def create(config: Path) -> None:
    """Make the ledger, once, before the first start. Exit 1 if there is one.

    Keep this out of scripts that start servers: a ledger that was lost must be put back, not
    made anew, or everybody gets a second ERID.

    Example: sso-bridge ledger create --config bridge.toml"""
    from .. import wiring

    settings, folder = settings_at(config)
    with recorded(settings, folder, "ledger create"):
        wiring.create_ledger(settings, folder)
    print("made the ledger; from now on back it up together with the user database")


@command.command("upgrade")
@config_option
def upgrade(config: Path) -> None:
    """Bring the ledger to this program's schema. Stop all nodes and make a backup before.

    Example: sso-bridge ledger upgrade --config bridge.toml"""
    from .. import wiring
    from ..ledger import administration

    settings, folder = settings_at(config)
    with recorded(settings, folder, "ledger upgrade"):
        before, after = administration.upgrade(
            wiring.ledger_database(settings, folder, call_seconds=_SECONDS),
            wiring.declared_ledger(settings),
            Deadline(_SECONDS),
        )
    print(f"the schema was {before} and is {after}")


@command.command("status")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(config: Path, as_json: bool) -> None:
    """Say what the ledger is and whether a server would take it. Exit 2 if it would not.

    Example: sso-bridge ledger status --config bridge.toml"""
    from .. import wiring
    from ..ledger import administration
    from ..ledger.opening import open_ledger

    settings, folder = settings_at(config)
    database = wiring.ledger_database(settings, folder)
    deadline = Deadline(settings.server.call_seconds)
    found = administration.status(database, deadline)
    if as_json:
        print(json.dumps(asdict(found), indent=1, ensure_ascii=False))
    else:
        print(f"schema {found.revision}, {found.entries} entries, uniqueness {found.uniqueness}")
        print(f"its key is {'inside it' if found.own_key else 'in the configuration'}")
        for source in found.sources:
            print(f"source {source.name}, company {source.company or 'none'}")
    open_ledger(database, wiring.declared_ledger(settings), deadline)


@command.command("add")
@click.argument("source")
@config_option
def add(source: str, config: Path) -> None:
    """Let the ledger know a new [sources] entry, whose users have no ERIDs yet.

    Example: sso-bridge ledger add shop --config bridge.toml"""
    from .. import wiring
    from ..ledger import administration

    settings, folder = settings_at(config)
    with recorded(settings, folder, "ledger add", source=source):
        administration.add(
            wiring.ledger_database(settings, folder),
            wiring.declared_ledger(settings),
            source,
            Deadline(settings.server.call_seconds),
        )
    print(f"the ledger knows sources.{source} now")


@command.command("rename")
@click.argument("old")
@click.argument("new")
@config_option
def rename(old: str, new: str, config: Path) -> None:
    """Say that the [sources] entry NEW is the one that was called OLD. Its users keep their ERIDs.
    Stop the nodes that still have the old name first.

    Example: sso-bridge ledger rename shop webshop --config bridge.toml"""
    from .. import wiring
    from ..ledger import administration

    settings, folder = settings_at(config)
    with recorded(settings, folder, "ledger rename", source=new, was=old):
        administration.rename(
            wiring.ledger_database(settings, folder),
            wiring.declared_ledger(settings),
            old,
            new,
            Deadline(settings.server.call_seconds),
        )
    print(f"the people of {old} are those of sources.{new} now")


@command.command("adopt")
@click.argument("source")
@config_option
def adopt(source: str, config: Path) -> None:
    """Take over a source as it is configured now: its company, where its users are (the database's
    name, schema, table, subject, fingerprint) and its ERID secret.

    Whoever has an ERID keeps it, so the primary keys must mean the same people. Stop all nodes
    first. Before a secret is changed, `erid assign` gives an ERID to all.

    Example: sso-bridge ledger adopt shop --config bridge.toml"""
    from .. import wiring
    from ..ledger import administration

    settings, folder = settings_at(config)
    with recorded(settings, folder, "ledger adopt", source=source):
        administration.adopt(
            wiring.ledger_database(settings, folder),
            wiring.declared_ledger(settings),
            source,
            Deadline(settings.server.call_seconds),
        )
    print(f"the ledger has sources.{source} as it is configured now")
