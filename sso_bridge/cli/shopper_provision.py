"""`sso-bridge shopper provision`: every user of a source made known to Digital River."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..errors import BridgeError, ConfigurationError
from .assigning import count_users
from .options import config_option, settings_at
from .recording import recorded
from .shopper_people import Crowd, client_of

if TYPE_CHECKING:
    from ..config import Settings
    from ..shopper.checkpoint import Checkpoint

__all__ = ["provision"]

_SHOWN = 20

_MEANS: dict[str, str] = {
    "made": "made",
    "equal": "were there, equal",
    "different": "are there with other values",
    "refused": "refused",
    "unresolved": "without an answer; run it again",
}


@click.command("provision")
@click.option("--source", default=None, help="The [sources] entry; needless if one.")
@click.option(
    "--keys",
    type=click.File("r", encoding="utf-8-sig"),
    default=None,
    help="A CSV file with a column subject or login: only these users. - reads standard input.",
)
@click.option("--active-only", is_flag=True, help="Leave out users who may not come in.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The file that a run is continued from; by default provision-SOURCE.db beside the "
    "configuration.",
)
@click.option("--rate", type=click.FloatRange(0.001), help="Calls a second at most.")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many users.")
@click.option("--dry-run", is_flag=True, help="Only look who is there; write nothing.")
@click.option("--values", is_flag=True, help="Keep and print the values that differ.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def provision(
    source: str | None,
    keys: IO[str] | None,
    active_only: bool,
    checkpoint: Path | None,
    rate: float | None,
    limit: int | None,
    dry_run: bool,
    values: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Make every user known to Digital River with the ERID of the ledger; who has none gets one.

    Nobody who is there is changed: they are compared. It may be stopped, or killed, and run again.
    Exit 1 if anybody differs, was refused, or had no answer.

    Example: sso-bridge shopper provision --dry-run --limit 100 --config bridge.toml"""
    from ..shopper import Pace
    from ..shopper.checkpoint import Checkpoint
    from ..shopper.provisioning import provision as run
    from .erid import only_source

    settings, folder = settings_at(config)
    name = only_source(settings, source)
    pace = Pace(rate or settings.shopper.calls_per_second)
    crowd = Crowd(settings, folder, name, active_only=active_only, dry_run=dry_run)
    if checkpoint is None:
        checkpoint = folder / f"provision-{name}.db"
    with (
        recorded(settings, folder, "shopper provision", source=name, dry_run=dry_run) as trail,
        client_of(settings, pace) as client,
        Checkpoint(None if dry_run else checkpoint, api=_api(settings), values=values) as written,
    ):
        if written.resumed:
            pace.pause(1.0)  # the calls of whoever was killed may have come a moment ago
        pages = crowd.everybody() if keys is None else crowd.named(keys)
        total = limit or (None if keys is not None else count_users(settings, folder, name))
        with _stoppable(), _progress(total, f"sources.{name}") as told:
            client.token()  # wrong credentials are found before anything is written
            run(
                client, written, crowd.batches(pages), workers=settings.shopper.connections,
                limit=limit, dry_run=dry_run, told=told,
            )  # fmt: skip
        trail["counts"] = written.counts()
        _report(written, crowd, values=values, as_json=as_json, dry_run=dry_run)


@contextmanager
def _progress(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """What to tell of people who are done. Shown on a terminal only, with the rate and the time
    that is left."""
    if not sys.stderr.isatty():
        yield lambda people: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(escape(what), total=total, rate="")

        def told(people: int) -> None:
            bars.advance(task, people)
            speed = bars.tasks[0].speed
            bars.update(task, rate="" if speed is None else f"{speed:.0f}/s")

        yield told


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and an outage end the block with a line that says what to do."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("stopped; run it again to go on where it was", err=True)
        sys.exit(130)
    except ConfigurationError:
        raise
    except BridgeError as error:
        told = error.details or error.text
        click.echo(f"stopped: {told}; run it again to go on where it was", err=True)
        sys.exit(1)


def _report(
    written: Checkpoint, crowd: Crowd, *, values: bool, as_json: bool, dry_run: bool
) -> None:
    """Print what became of everybody; exit 1 unless all of them are known as they should be."""
    counts = written.counts()
    without = sum(n for kind, n in crowd.tally.counts.items() if kind not in ("bound", "there"))
    if dry_run:
        counts["made"] += crowd.tally.counts["bound"]
    for problem in crowd.tally.problems:
        click.echo(problem, err=True)
    if as_json:
        _print_json(written, counts, without, values)
    else:
        for kind, means in _MEANS.items():
            if counts[kind] or kind == "made":
                print(
                    f"{counts[kind]:>9,} {'would be made' if dry_run and kind == 'made' else means}"
                )
        if without:
            print(f"{without:>9,} have no ERID")
        for kind, people in crowd.left_out.items():
            if people:
                print(f"{people:>9,} left out: {kind}")
        _print_table(written, values)
        if dry_run:
            print("nothing was written: this was a dry run")
    if without or counts["different"] or counts["refused"] or counts["unresolved"]:
        sys.exit(1)


def _print_json(written: Checkpoint, counts: Counter[str], without: int, values: bool) -> None:
    """One object, written as it is read: there may be many people in it."""
    head = {kind: counts[kind] for kind in _MEANS} | {"without_erid": without}
    print(json.dumps(head)[:-1] + ', "people": [')
    between = ""
    for problem in written.problems():
        shown = asdict(problem)
        if not values:
            shown["fields"] = sorted(problem.fields)
        print(between + json.dumps(shown, ensure_ascii=False), end="")
        between = ",\n"
    print("]}")


def _print_table(written: Checkpoint, values: bool) -> None:
    """The first people with a problem."""
    from itertools import islice

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    problems = list(islice(written.problems(), _SHOWN + 1))
    if not problems:
        return
    table = Table("source", "primary key", "outcome", "reason", "fields that differ")
    for one in problems[:_SHOWN]:
        fields = ", ".join(
            f"{name} ({both[0]!r}, there {both[1]!r})" if values and both else name
            for name, both in one.fields.items()
        )
        cells = (one.source, one.subject, one.outcome, one.reason, fields)
        table.add_row(*map(Text, cells))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    if len(problems) > _SHOWN:
        print("and more; --json has all of them")


def _api(settings: Settings) -> str:
    """What tells one API and key from another; the checkpoint keeps it as a hash."""
    key = settings.shopper.api_key
    return f"{settings.shopper.base_url}\0{'' if key is None else key.get_secret_value()}"
