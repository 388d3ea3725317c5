"""The command line, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sso_bridge.cli import group

__all__ = ["config_of", "profile", "run"]


def run(*arguments: str, stdin: str = "") -> Result:
    """What a command does; its error, if it is one of ours, is the result's `exception`."""
    return CliRunner().invoke(group, list(arguments), input=stdin)


def config_of(url: str, folder: Path, *arguments: str) -> tuple[Result, Path]:
    """What `init --yes` does, and the configuration that it wrote into `folder`."""
    config = folder / "bridge.toml"
    command = ("init", "--database-url", url, "--output", str(config), "--yes", *arguments)
    return run(*command), config


def profile(login: str, config: Path) -> dict[str, Any]:
    """What is answered about a user: fields, those of an address with its name before them."""
    done = run("try", "user", login, "--config", str(config), "--json")
    assert done.exit_code == 0, done.output
    flat: dict[str, Any] = {}
    for name, value in json.loads(done.stdout)["profile"].items():
        if isinstance(value, dict):
            flat |= {f"{name}.{field}": cell for field, cell in value.items()}
        else:
            flat[name] = value
    return flat
