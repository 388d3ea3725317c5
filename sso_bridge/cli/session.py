"""`sso-bridge session`: tokens for RemoteSessionValidation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..core.deadline import Deadline
from ..core.model import Lookup, UserKey
from ..errors import ConfigurationError, InvalidSession
from .options import config_option, settings_at
from .recording import recorded

__all__ = ["command"]

_site = click.option("--site", default=None, help="The siteID; by default the default one.")


@click.group("session")
def command() -> None:
    """Make and read session tokens.

    Example: sso-bridge session issue demo@example.com --config demo/demo.toml"""


@command.command("issue")
@click.argument("login")
@_site
@click.option("--format", "name", default=None, help="The [sessions] entry; by default the first.")
@config_option
def issue(login: str, site: str | None, name: str | None, config: Path) -> None:
    """Print a fresh token for the user with this login.

    Example: sso-bridge session issue demo@example.com --format link --config demo/demo.toml"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    if name is None:
        name = next(iter(parts.issuers), None)
    if name is None or name not in parts.issuers:
        known = ", ".join(parts.issuers) or "none"
        raise ConfigurationError(f"no [sessions] entry of that name makes tokens; there is {known}")
    deadline = Deadline(settings.server.call_seconds)
    found = parts.directory.find(UserKey(login_id=login, site_id=site), deadline)
    names = settings.sessions[name].names
    with recorded(settings, folder, "session issue", site=found.site.id) as told:
        told["erid"] = erid = parts.guard.erid(found, deadline)
        values = {"subject": found.record.subject, "login": found.record.login, "erid": erid}
        person = Lookup(names, values[names] or "")
        token = parts.issuers[name].issue(person, found.site.id, deadline)
    print(token)


@command.command("verify")
@click.argument("token")
@_site
@config_option
def verify(token: str, site: str | None, config: Path) -> None:
    """Say which format knows the token and whom it names. `-` reads it from standard input.
    Exit 1 if no format does.

    Example: sso-bridge session verify TOKEN --config demo/demo.toml"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    where = parts.directory.site(UserKey(site_id=site))
    deadline = Deadline(settings.server.call_seconds)
    sent = sys.stdin.readline().strip() if token == "-" else token
    for name, session_format in zip(settings.sites[where.id].sessions, where.sessions, strict=True):
        try:
            identity = session_format.verify(sent, where.id, deadline)
        except InvalidSession as error:
            print(f"{name}: refused: {error.details}")
            sys.exit(1)
        if identity is not None:
            print(f"{name}: good: {identity.lookup.kind} {identity.lookup.value}")
            return
        print(f"{name}: not one of its tokens")
    sys.exit(1)
