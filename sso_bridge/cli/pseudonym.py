"""`sso-bridge pseudonym`: what the log calls somebody."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..core.deadline import Deadline
from .options import config_option, settings_at

__all__ = ["command"]


@click.command("pseudonym")
@click.argument("key")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(key: str, config: Path, as_json: bool) -> None:
    """Print the keyed hashes that stand for KEY in the log and the trail, so that its lines can be
    found: as `person` if it is an ERID, as `login` if it is a login. Nobody is looked up.

    Example: sso-bridge pseudonym demo@example.com --config demo/demo.toml"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    if settings.log.key is None:
        parts.ledger.check(Deadline(settings.server.call_seconds))
    made = wiring.pseudonyms(settings, lambda: parts.ledger)
    found = {"person": made.erid(key), "login": made.login(key)}
    if as_json:
        print(json.dumps(found))
    else:
        for field, pseudonym in found.items():
            print(f"{field}={pseudonym}")
