"""`sso-bridge password`: passwords as Digital River sends them."""

from __future__ import annotations

from pathlib import Path

import click

from ..core.model import UserKey
from ..errors import ConfigurationError
from .options import config_option, settings_at, typed_password

__all__ = ["command"]


@click.group("password")
def command() -> None:
    """Make passwords as Digital River sends them, to agree on every byte.

    Example: echo 123123 | sso-bridge password encrypt --config bridge.toml"""


@command.command("encrypt")
@click.option("--site", default=None, help="The siteID; by default the default one.")
@click.option("--key", default=None, help="The key's name; by default the first.")
@config_option
def encrypt(site: str | None, key: str | None, config: Path) -> None:
    """Print a password encrypted as the site's agreement says. It is prompted for, or read from
    standard input.

    Example: echo 123123 | sso-bridge password encrypt --site demo --config bridge.toml"""
    from .. import wiring
    from ..observing import Silent
    from ..transit import Agreement

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    asked = parts.directory.site(UserKey(site_id=site))
    if not isinstance(asked.transit, Agreement):
        raise ConfigurationError(
            f"sites.{asked.id} has no password_encryption: its passwords come as they are"
        )
    print(asked.transit.sealed(typed_password(), key))
