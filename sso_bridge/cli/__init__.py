"""The command line. Each command is a module of this room and one line in `COMMANDS`.

At its top such a module imports the standard library, click, `core` and `errors` only, and the rest
in the functions that need it: `--help` must not wait for SQLAlchemy, Pydantic or Spyne.

Exit status: 0 done, 1 a finding or a refusal, 2 wrong usage or configuration."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from .. import __version__
from ..errors import BridgeError, ConfigurationError

__all__ = ["COMMANDS", "main"]

COMMANDS: Final[dict[str, str]] = {
    "demo": "Serve a made-up user database, to try everything.",
    "serve": "Serve the endpoint.",
    "init": "Write a configuration for a user database.",
    "check": "Say whether a configuration is good and safe to serve.",
    "audit": "Say which users would be cross-linked or locked out.",
    "ledger": "Make and look after the ledger of ERIDs.",
    "erid": "Show, give, import, export and take back ERIDs.",
    "try": "Put one call through the bridge and explain each step.",
    "session": "Make and read session tokens.",
    "password": "Encrypt passwords as Digital River sends them.",
    "pseudonym": "Print what the log calls somebody.",
    "trail": "Say whether the audit trail is complete.",
    "shopper": "Call Digital River's Shopper API with ERIDs.",
    "wsdl": "Print the contract.",
    "harness": "Play Digital River: check an endpoint, serve its Shopper API.",
}
"""Name and summary of each command; the module of the same name holds it."""


class _Commands(click.Group):
    """Imports a command when it is asked for, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('try', 'attempt')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sso-bridge")
def group() -> None:
    """A single sign-on endpoint for Digital River stores, over your own user database.

    Example: sso-bridge demo"""


def main() -> None:
    """Run the command line; errors are a line or two on standard error, never a traceback."""
    try:
        group.main(prog_name="sso-bridge", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except ConfigurationError as error:
        print(f"sso-bridge: {error.details}", file=sys.stderr)
        sys.exit(2)
    except BridgeError as error:
        print(f"sso-bridge: {error.details or error.text}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        print(f"sso-bridge: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
