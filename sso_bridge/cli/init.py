"""`sso-bridge init`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..config import Settings
    from ..wizard import Draft, Known, Question, Target

__all__ = ["command"]


@click.command("init")
@click.option(
    "--database-url",
    "url",
    required=True,
    envvar="SSO_BRIDGE_DATABASE_URL",
    help="The user database, as SQLAlchemy writes URLs. It is only read. A URL with a password is "
    "better in the environment, as SSO_BRIDGE_DATABASE_URL, than where others see it.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("bridge.toml"),
    help="The configuration to write. Default: bridge.toml.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--yes", is_flag=True, help="Ask nothing; write a comment for every doubt.")
@click.option("--source", default="shop", help="What to call the source. Default: shop.")
@click.option("--site", default="shop", help="The siteID. Default: shop.")
@click.option("--preset", default=None, help="The preset to take, such as django.")
@click.option("--table", default=None, help="The table of users, where it is not found.")
@click.option("--schema", "schemas", multiple=True, help="A schema to look into as well.")
@click.option(
    "--known-login",
    default=None,
    help="Somebody whose password you know: it is asked for, or read from standard input, and "
    "tells how a home-made digest is put together.",
)
@click.pass_context
def command(
    context: click.Context,
    url: str,
    output: Path,
    force: bool,
    yes: bool,
    source: str,
    site: str,
    preset: str | None,
    table: str | None,
    schemas: tuple[str, ...],
    known_login: str | None,
) -> None:
    """Look at a user database and write a configuration for it: known software is recognised, for
    other tables columns are proposed. Ends with `check`, whose exit status it has.

    Example: sso-bridge init --database-url postgresql://bridge@db/shop --output bridge.toml"""
    from .. import wizard
    from . import check
    from .options import progress, settings_at

    target = _target(url, output, source, site)
    for file in filter(None, (output, target.url_file)):
        if file.exists() and not force:
            raise ConfigurationError(f"{file}: is there already; give --force to replace it")
    ask = wizard.take_defaults if yes or not sys.stdin.isatty() else _ask
    wanted = wizard.Wanted(schemas=schemas, preset=preset, table=table, known=_known(known_login))
    draft = wizard.draw_up(target, wanted, ask, progress=progress)
    _show(draft)
    _write(target, draft)
    settings, folder = settings_at(output)
    _make_ledger(settings, folder)
    print(f"\nsso-bridge check --config {output}", file=sys.stderr)
    try:
        context.invoke(check.command, config=output)
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    print(f"\nNext, with somebody's login: sso-bridge try login LOGIN --config {output}")
    sys.exit(status)


def _known(login: str | None) -> Known | None:
    from .. import wizard

    if login is None:
        return None
    if sys.stdin.isatty():
        password: str = click.prompt(f"Password of {login}", hide_input=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    return wizard.Known(login, password)


def _target(url: str, output: Path, source: str, site: str) -> Target:
    from sqlalchemy.exc import ArgumentError

    from .. import wizard

    if not source or not site:
        raise ConfigurationError("--source and --site: give them a name")
    if not output.absolute().parent.is_dir():
        raise ConfigurationError(f"{output.absolute().parent}: there is no such folder; make it")
    if any(c in source for c in "/\\\0"):
        raise ConfigurationError("--source: is the name of a file too; leave out / and \\")
    target = wizard.Target(output=output, url=url, source=source, site=site)
    try:
        wizard.shown_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "--database-url: is not a database URL; write it as dialect://user@host/name, such as "
            "postgresql://bridge@db/shop, mysql://bridge@db/shop or sqlite:////var/lib/users.db"
        ) from None
    return target


def _ask(question: Question) -> str:
    """Ask at the terminal, on standard error."""
    click.echo(question.text, err=True)
    for name, meaning in question.choices.items():
        click.echo(f"  {name}{': ' * bool(meaning)}{meaning}", err=True)
    answer: str = click.prompt(
        "Which", type=click.Choice([*question.choices]), default=question.default, err=True
    )
    return answer


def _show(draft: Draft) -> None:
    """What was chosen and why, on standard error."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"certain": "green", "likely": "yellow", "doubtful": "bold red"}
    console = Console(stderr=True)
    console.print(Text(f"This is {draft.title}."))
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "chosen", "why", ""):
        table.add_column(heading, overflow="fold")
    for choice in draft.choices:
        sure = Text(choice.confidence, style=styles[choice.confidence])
        table.add_row(Text(choice.place), Text(choice.chosen), Text(choice.why), sure)
    console.print(table)
    for doubt in draft.doubts:
        console.print(Text(f"doubt: {doubt}", style="yellow"))


def _write(target: Target, draft: Draft) -> None:
    """The configuration, and the file with the URL, both for their owner only where there is a
    secret: in the URL's own file."""
    from .options import written

    if target.url_file is not None:
        with written(target.url_file) as file:
            file.write(target.url + "\n")
        print(f"wrote {target.url_file}, which holds a password", file=sys.stderr)
    with written(target.output) as file:
        file.write(draft.text)
    print(f"wrote {target.output}", file=sys.stderr)


def _make_ledger(settings: Settings, folder: Path) -> None:
    """A ledger where there is none."""
    from .. import wiring

    database = wiring.ledger_database(settings, folder)
    try:
        missing = database.is_missing()
    finally:
        database.close()
    if missing:
        wiring.create_ledger(settings, folder)
        print("made the ledger of ERIDs, erids.db", file=sys.stderr)
