"""What several commands share: the option `--config`, and the settings behind it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..config import Settings, load

__all__ = ["config_option", "settings_at"]

config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The configuration file.",
)


def settings_at(config: Path) -> tuple[Settings, Path]:
    """The settings in `config` and its folder; warnings go to standard error."""
    settings, warnings = load(config)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return settings, config.absolute().parent
