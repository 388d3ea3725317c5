"""`sso-bridge audit`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from .. import __version__
from ..core.strategies import COLUMN
from ..errors import Unavailable
from .options import config_option, settings_at, targets, written

if TYPE_CHECKING:
    from ..audit import Audit, AuditedSource, Bound
    from ..config import Settings
    from ..core.deadline import Deadline
    from ..ledger import Register

__all__ = ["command"]

_ENDINGS: Final = {"table": "txt", "json": "json", "csv": "csv", "html": "html"}
_SECONDS: Final = 24 * 3600.0
"""For the whole audit."""
_STEP_SECONDS: Final = 600.0
"""For one answer of a database."""
_COUNT_SECONDS: Final = 30.0
"""For counting the users, which only serves the bar."""

Progress = Callable[[str, int], None]


@click.command("audit")
@config_option
@click.option(
    "--format",
    "formats",
    default="table",
    show_default=True,
    help="table, json, csv or html; several with commas between them.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write; with several formats, its name without the ending.",
)
def command(config: Path, formats: str, output: Path | None) -> None:
    """Read every user of every source, and say who would be taken for somebody else (cross-link)
    or could not come in (lock out). Changes nothing. Exit 1 if anybody would be cross-linked.

    Example: sso-bridge audit --config bridge.toml --format html,csv --output audit"""
    from .. import wiring
    from ..audit import audit
    from ..audit.output import verdict
    from ..core.deadline import Deadline

    wanted = targets(formats, output, _ENDINGS)
    settings, folder = settings_at(config)
    deadline = Deadline(_SECONDS)
    sources = _sources(settings, folder)
    programs = settings.sources.keys() - {source.name for source in sources}
    for name in programs:
        print(f"sources.{name} is a program (factory), and is not audited", file=sys.stderr)
    register = wiring.register(settings, folder)
    with (
        _progress(sources) as (told, stop),
        audit(
            sources,
            _bindings(register, programs, deadline),
            deadline,
            version=__version__,
            alike_is_one=settings.ledger.uniqueness == "canonical",
            ended=register.ended(deadline),
            seal=register.sealed(deadline),
            progress=told,
        ) as done,
    ):
        stop()
        for kind, target in wanted:
            _write(done, kind, target)
    if output is not None:
        print(verdict(done.report), file=sys.stderr)
    if done.report.verdict == "cross_link":
        sys.exit(1)


def _sources(settings: Settings, folder: Path) -> list[AuditedSource]:
    """The sources, each with a connection of its own that may take its time."""
    from .. import wiring
    from ..audit import AuditedSource
    from ..config.source import Source
    from ..core.erid import EridRule
    from ..core.logins import LoginRule

    return [
        AuditedSource(
            name,
            wiring.source_database(settings, folder, name, call_seconds=_STEP_SECONDS),
            wiring.mapping(declared),
            declared.erid.strategy,
            LoginRule(declared.login_match),
            EridRule(declared.erid.max_length, declared.erid.pattern),
            guarded=declared.erid.guard != "off",
            schemes=wiring.password_schemes(name, declared.passwords),
            limits=wiring.password_limits(declared.passwords),
        )
        for name, declared in settings.sources.items()
        if isinstance(declared, Source)
    ]


def _bindings(
    register: Register, programs: Set[str], deadline: Deadline
) -> Iterator[Sequence[Bound]]:
    """What the ledger holds, but for the users of `programs`, which are not read."""
    from ..audit import Bound

    for batch in register.bindings(deadline):
        yield [
            Bound(b.person.source, b.person.subject, b.erid, b.origin == COLUMN, b.seal)
            for b in batch
            if b.person.source not in programs
        ]


@contextmanager
def _progress(
    sources: Sequence[AuditedSource],
) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """What to tell of users that were read, and how to end it. Shown on a terminal only."""
    if not sys.stderr.isatty():
        yield (lambda source, users: None), (lambda: None)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        tasks = {s.name: bars.add_task(escape(s.name), total=_total(s)) for s in sources}
        comparing = bars.add_task("comparing", total=None, visible=False)

        def told(source: str, users: int) -> None:
            bars.advance(tasks[source], users)
            if all(bar.finished for bar in bars.tasks if bar.id != comparing):
                bars.update(comparing, visible=True)

        yield told, bars.stop


def _total(source: AuditedSource) -> int | None:
    """How many users there are, None if that cannot be told soon."""
    from ..core.deadline import Deadline
    from ..sources.scan import count

    try:
        return count(source.database, source.mapping, Deadline(_COUNT_SECONDS))
    except Unavailable:
        return None


def _write(done: Audit, kind: str, target: Path | None) -> None:
    """One format. A file is for its owner only, and is there once it is complete."""
    if target is None:
        _print(done, kind, sys.stdout)
        return
    with written(target) as file:
        _print(done, kind, file)


def _print(done: Audit, kind: str, file: IO[str]) -> None:
    from ..audit import output

    if kind == "json":
        output.write_json(done.report, file)
    elif kind == "csv":
        output.write_csv(done.rows(), file)
    elif kind == "html":
        from ..audit.page import page

        file.write(page(done.report))
    else:
        from rich.console import Console

        output.print_table(done.report, Console(file=file, width=None if file.isatty() else 100))
