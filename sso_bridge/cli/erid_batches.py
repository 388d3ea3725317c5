"""`sso-bridge erid assign`, `import` and `export`: everybody at once.

Nothing that is in the ledger is overwritten, so each may be stopped and run again."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..core.deadline import Deadline
from ..core.model import Person
from ..core.strategies import COLUMN
from ..errors import BridgeError, ConfigurationError, IdentityAlarm
from .assigning import SECONDS, STEP_SECONDS, Tally, assign_to, count_users, pages_of
from .key_file import Line, batches_of, rows_of, user_of
from .options import config_option, progress, settings_at, written
from .recording import recorded

if TYPE_CHECKING:
    from ..config import Settings
    from ..core.ports import UserSource
    from ..core.site import Source
    from ..ledger.register import Pair

__all__ = ["assign", "export", "import_"]

_source = click.option("--source", default=None, help="One [sources] entry; by default every one.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")


@click.command("assign")
@_source
@_dry_run
@config_option
@_json
def assign(source: str | None, dry_run: bool, config: Path, as_json: bool) -> None:
    """Give an ERID to every user who has none, by the strategy of their source.

    May be stopped and run again. Exit 1 if somebody could not be given one.

    Example: sso-bridge erid assign --config bridge.toml --dry-run"""
    from .. import wiring
    from ..observing import Silent

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    register = wiring.register(settings, folder)
    tally = Tally()
    with recorded(settings, folder, "erid assign", source=source, dry_run=dry_run) as told:
        told["counts"] = tally.counts
        with _stoppable():
            for name in _chosen(settings, source):
                declared, users = parts.declared[name], parts.sources[name]
                total = count_users(settings, folder, name)
                for records in progress(pages_of(settings, folder, name), total, f"sources.{name}"):
                    assign_to(records, declared, users, register, tally, dry_run=dry_run)
    tally.tell(as_json, dry_run)


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@_source
@_dry_run
@config_option
@_json
def import_(file: IO[str], source: str | None, dry_run: bool, config: Path, as_json: bool) -> None:
    """Put pairs that Digital River knows already into the ledger, from a CSV file.

    Its first line names the columns: erid, and subject (the primary key) or login; if there is
    a column source, only the rows of the source count. `-` reads standard input. Nothing that
    the ledger has is changed: such rows are told of, and the exit status is 1.

    Example: sso-bridge erid import pairs.csv --config bridge.toml --dry-run"""
    from .. import wiring
    from ..observing import Silent
    from .erid import only_source

    settings, folder = settings_at(config)
    parts = wiring.assemble(settings, folder, Silent())
    register = wiring.register(settings, folder)
    name = only_source(settings, source)
    tally = Tally()
    with recorded(settings, folder, "erid import", source=name, dry_run=dry_run) as told:
        told["counts"] = tally.counts
        with _stoppable():
            rows = rows_of(file, name, tally, also=("erid",))
            for lines in batches_of(progress(rows, None, "importing")):
                found = list(_imported(lines, parts.declared[name], parts.sources[name], tally))
                pairs = [pair for _, pair in found]
                outcomes = register.assign(pairs, Deadline(STEP_SECONDS), dry_run=dry_run)
                for (line, _), outcome in zip(found, outcomes, strict=True):
                    tally.add(outcome, f"line {line}")
    tally.tell(as_json, dry_run)


@click.command("export")
@_source
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="What is written.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The file to write; by default standard output.",
)
@config_option
def export(source: str | None, kind: str, output: Path | None, config: Path) -> None:
    """Write everybody who has an ERID: company, source, subject, erid, origin. As JSON, one object
    a line. What is written can be imported again.

    Example: sso-bridge erid export --output erids.csv --config bridge.toml"""
    from .. import wiring

    settings, folder = settings_at(config)
    register = wiring.register(settings, folder)
    deadline = Deadline(SECONDS)
    rows = (
        {
            "company": b.person.company,
            "source": b.person.source,
            "subject": b.person.subject,
            "erid": b.erid,
            "origin": b.origin,
        }
        for bindings in progress(
            register.bindings(deadline, source=source), register.count(deadline), "exporting"
        )
        for b in bindings
    )
    if output is None:
        _write(rows, kind, sys.stdout)
    else:
        with written(output) as file:
            _write(rows, kind, file)


def _write(rows: Iterable[dict[str, str]], kind: str, target: IO[str]) -> None:
    if kind == "json":
        for row in rows:
            target.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    writer = csv.DictWriter(
        target, ["company", "source", "subject", "erid", "origin"], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)


def _imported(
    lines: Sequence[Line], declared: Source, users: UserSource, tally: Tally
) -> Iterator[tuple[int, Pair]]:
    """The pairs of `lines` whose user exists and whose ERID can be one."""
    from ..ledger.register import Pair

    for number, row in lines:
        try:
            erid = declared.erids.check(row["erid"])
            record = user_of(row, users, Deadline(STEP_SECONDS))
        except IdentityAlarm as alarm:
            tally.add("refused", f"line {number}", alarm.details)
            continue
        if record is None:
            tally.add("refused", f"line {number}", "no user has that key")
        else:
            person = Person(declared.name, record.subject, declared.company or "")
            is_in_column = declared.strategy.name == COLUMN and record.erid == erid
            origin = COLUMN if is_in_column else "imported"
            yield number, Pair(person, erid, origin, record.fingerprint)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and an outage end the block with a line that says what to do."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("stopped; what was written stays: run it again to go on", err=True)
        sys.exit(130)
    except ConfigurationError:
        raise
    except BridgeError as error:
        click.echo(f"stopped: {error.details}; run it again to go on", err=True)
        sys.exit(1)


def _chosen(settings: Settings, source: str | None) -> list[str]:
    from .erid import only_source

    return list(settings.sources) if source is None else [only_source(settings, source)]
