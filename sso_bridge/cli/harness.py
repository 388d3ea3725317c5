"""`sso-bridge harness`: plays Digital River."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigurationError
from .harness_api import api
from .options import targets, written

if TYPE_CHECKING:
    from ..harness import Report, Result

__all__ = ["command"]

_ENDINGS: Final = {"table": "txt", "json": "json", "junit": "xml", "html": "html"}


@click.group("harness")
def command() -> None:
    """Play Digital River: check any endpoint that claims the contract.

    Example: sso-bridge harness check http://127.0.0.1:8080/RemoteUserManagement --users
    demo/harness.toml"""


command.add_command(api)


@command.command("check")
@click.argument("url")
@click.option(
    "--users",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file that names test users; docs/test-before-go-live.md says what is in it.",
)
@click.option("--create", is_flag=True, help="Accounts may be made, and stay there.")
@click.option("--only", multiple=True, help="Checks, or groups of them, by name; * stands for any.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    help="Patience with one answer, in seconds.",
)
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PEM file with the authority of the endpoint's certificate.",
)
@click.option(
    "--format",
    "formats",
    default="table",
    show_default=True,
    help="table, json, junit or html; several with commas between them.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write; with several formats, its name without the ending.",
)
def check(
    url: str,
    users: Path,
    create: bool,
    only: tuple[str, ...],
    timeout: float,
    ca: Path | None,
    formats: str,
    output: Path | None,
) -> None:
    """Ask the endpoint at URL what Digital River asks, and hold every answer against the contract
    and the rule: one person has one ERID, and no two people share one. Exit 1 if a check failed.

    Example: sso-bridge harness check http://127.0.0.1:8080/RemoteUserManagement --users
    demo/harness.toml --create --format table,html --output endpoint"""
    from ..harness import read_cast, run
    from ..harness.run import chosen

    _callable(url, "URL")
    verify = _trusted(ca)
    wanted = targets(formats, output, _ENDINGS)
    if not chosen(only):
        raise click.BadParameter("is like no check and no group", param_hint="--only")
    cast = read_cast(users)
    if create:
        allowed = cast.creation.model_copy(update={"allowed": True})
        cast = cast.model_copy(update={"creation": allowed})
    report = run(
        url,
        cast,
        only=only,
        seconds=timeout,
        verify=verify,
        progress=_told(len(chosen(only))),
    )
    for kind, target in wanted:
        text = _as(kind, report)
        if target is None:
            print(text, end="")
        else:
            with written(target) as file:
                file.write(text)
    if output is not None:
        print(report.verdict, file=sys.stderr)
    if report.count("failed") or not report.count("passed"):
        sys.exit(1)


def _callable(url: str, option: str) -> None:
    """Raises BadParameter unless calls can be sent to `url`, and it may be shown."""
    from ..harness.endpoint import wrong_with

    if why := wrong_with(url):
        raise click.BadParameter(why, param_hint=option)


def _trusted(ca: Path | None) -> ssl.SSLContext | bool:
    """Whose certificates are good: those of `ca`, or whom everybody trusts."""
    if ca is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        raise click.BadParameter(
            f"{ca} is no PEM file with certificates ({error})", param_hint="--ca"
        ) from None


def _told(total: int) -> Callable[[Result], None]:
    """Tells of each result on standard error as it comes, if that is a terminal."""
    if not sys.stderr.isatty():
        return lambda result: None
    from rich.console import Console

    from ..harness.output import line

    console, done = Console(stderr=True), 0

    def tell(result: Result) -> None:
        nonlocal done
        done += 1
        console.print(f"[dim]{done:3}/{total}[/dim]", line(result))

    return tell


def _as(kind: str, report: Report) -> str:
    from ..harness.output import as_json, as_junit, as_table
    from ..harness.page import page

    return {"table": as_table, "json": as_json, "junit": as_junit, "html": page}[kind](report)


@command.command("store")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8070,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demo keeps its files.",
)
@click.option("--url", help="An endpoint to ask in place of the demo's.")
@click.option(
    "--users",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --url: the file with the caller's credentials and the site, as for `check`.",
)
@click.option("--profile-url", help="With --url: the client's page for profiles; {return} is back.")
@click.option("--logout-url", help="With --url: the client's page that signs out.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PEM file with the authority of the endpoint's certificate.",
)
def store(
    host: str,
    port: int,
    directory: Path,
    url: str | None,
    users: Path | None,
    profile_url: str | None,
    logout_url: str | None,
    ca: Path | None,
) -> None:
    """Serve a small web store that signs shoppers in through the endpoint, and shows each call.

    Without --url it starts the demo as well, whose users may sign in.

    Example: sso-bridge harness store --port 8070"""
    if url is None and (users or profile_url or logout_url or ca):
        raise click.UsageError("--users, --profile-url, --logout-url and --ca go with --url")
    if url is not None:
        _callable(url, "--url")
    verify = _trusted(ca)
    try:
        from ..harness.store import Elsewhere
        from .harness_store import demo_endpoint, serve_demo_store, serve_store
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"harness store needs {error.name}: pip install 'sso-bridge[harness]'"
        ) from None
    if url is None:
        with demo_endpoint(directory) as at:
            serve_demo_store(at, directory, host, port)
    else:
        serve_store(url, users, verify, Elsewhere(profile_url, logout_url), host, port)
