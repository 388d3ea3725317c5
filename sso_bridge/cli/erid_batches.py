"""`sso-bridge erid assign`, `import` and `export`: everybody at once.

Nothing that is in the ledger is overwritten, so each may be stopped and run again."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..core.alarms import ALARMS
from ..core.deadline import Deadline
from ..core.guard import check_only_holder
from ..core.keys import is_plain
from ..core.model import Lookup, Person, Record
from ..core.strategies import COLUMN
from ..errors import BridgeError, ConfigurationError, IdentityAlarm
from .options import config_option, progress, settings_at, written
from .recording import recorded

if TYPE_CHECKING:
    from ..config import Settings
    from ..core.ports import UserSource
    from ..core.site import Source
    from ..ledger.register import Outcome, Pair

__all__ = ["assign", "export", "import_"]

_SECONDS = 24 * 3600.0
"""For reading everybody."""
_STEP_SECONDS = 60.0
"""For one batch."""
_SHOWN = 20
_BATCH = 500
_source = click.option("--source", default=None, help="One [sources] entry; by default every one.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")

_MEANS: dict[str, str] = {
    "bound": "got their ERID",
    "there": "had it already",
    "other": "have another ERID in the ledger",
    "shared": "would have an ERID that is, was or resembles another's",
    "retired": "were left without one by an operator",
    "refused": "cannot have one",
}


@dataclass(slots=True)
class Tally:
    """What became of everybody, and the first cases of what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    elsewhere: int = 0
    """Lines of a file that are of other sources."""

    def add(self, outcome: Outcome | str, where: str, why: str = "") -> None:
        """Count one; `where` names the row, never a login."""
        self.counts[outcome] += 1
        if outcome not in ("bound", "there") and len(self.problems) < _SHOWN:
            self.problems.append(f"{where}: {why or _MEANS[outcome]}")

    def tell(self, as_json: bool, dry_run: bool) -> None:
        """Print it; exit 1 if anything went wrong."""
        for problem in self.problems:
            click.echo(problem, err=True)
        wrong = sum(n for kind, n in self.counts.items() if kind not in ("bound", "there"))
        if wrong > len(self.problems):
            click.echo(f"and {wrong - len(self.problems)} more", err=True)
        if as_json:
            print(json.dumps({kind: self.counts[kind] for kind in _MEANS}))
        else:
            for kind, means in _MEANS.items():
                if self.counts[kind] or kind == "bound":
                    print(f"{self.counts[kind]:>9,} {means}")
            if self.elsewhere:
                print(f"{self.elsewhere:>9,} lines are of other sources")
            if dry_run:
                print("nothing was written: this was a dry run")
        if wrong or (self.elsewhere and not self.counts.total()):
            sys.exit(1)


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
                declared = parts.declared[name]
                for records in _users(settings, folder, name):
                    people = {Person(name, r.subject): r for r in records if is_plain(r.subject)}
                    for _ in range(len(records) - len(people)):
                        tally.add(
                            "refused", f"sources.{name}", "a row without a usable primary key"
                        )
                    known = register.known(list(people), Deadline(_STEP_SECONDS))
                    tally.counts["there"] += len(known)
                    unknown = {p: r for p, r in people.items() if p not in known}
                    pairs = list(_proposed(unknown, declared, parts.sources[name], tally))
                    outcomes = register.assign(pairs, Deadline(_STEP_SECONDS), dry_run=dry_run)
                    for pair, outcome in zip(pairs, outcomes, strict=True):
                        tally.add(outcome, f"sources.{name} subject {pair.person.subject}")
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
            for lines in _batches(_rows(file, name, tally)):
                found = list(_imported(lines, parts.declared[name], parts.sources[name], tally))
                pairs = [pair for _, pair in found]
                outcomes = register.assign(pairs, Deadline(_STEP_SECONDS), dry_run=dry_run)
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
    deadline = Deadline(_SECONDS)
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


def _users(settings: Settings, folder: Path, name: str) -> Iterator[Sequence[Record]]:
    """Every user of one source, in batches, with a progress bar."""
    from .. import wiring
    from ..sources.scan import count, scan_pages

    mapping = wiring.mapping(wiring.sql_settings(settings, name))
    database = wiring.source_database(settings, folder, name, call_seconds=_SECONDS)
    total = count(database, mapping, Deadline(_SECONDS))
    batches = scan_pages(database, mapping, _STEP_SECONDS, batch=_BATCH)
    return progress(batches, total, f"sources.{name}")


def _proposed(
    people: dict[Person, Record], declared: Source, users: UserSource, tally: Tally
) -> Iterator[Pair]:
    """The ERIDs that people who have none are to get; those who cannot are counted."""
    from ..ledger.register import Pair

    for person, record in people.items():
        try:
            erid = declared.erids.check(declared.strategy.propose(record))
            if declared.strategy.name == COLUMN:
                check_only_holder(users, record, erid, Deadline(_STEP_SECONDS))
        except IdentityAlarm as alarm:
            why = f"{ALARMS[alarm.kind]} ({alarm.details})"
            tally.add("refused", f"sources.{person.source} subject {person.subject}", why)
        else:
            whom = Person(person.source, person.subject, declared.company or "")
            yield Pair(whom, erid, declared.strategy.origin, record.fingerprint)


Line = tuple[int, dict[str, str]]


def _rows(file: IO[str], source: str, tally: Tally) -> Iterator[Line]:
    """The rows of `source`, with the number of the line each ends on."""
    reader = csv.DictReader(file, strict=True)
    try:
        names = list(reader.fieldnames or ())
        columns = set(names)
        twice = len(names) != len(columns)
        if twice or "erid" not in columns or len(columns & {"subject", "login"}) != 1:
            raise click.UsageError(
                f"{file.name}: its first line must name the columns erid, and subject or login, "
                "once each"
            )
        for row in reader:
            if None in row or None in row.values():
                tally.add("refused", f"line {reader.line_num}", "has not as many cells as columns")
            elif row.get("source", source) == source:
                yield reader.line_num, row
            else:
                tally.elsewhere += 1
    except csv.Error as error:
        raise click.UsageError(f"{file.name}: near line {reader.line_num}: {error}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{file.name}: is not UTF-8 text; convert it") from None


def _imported(
    lines: Sequence[Line], declared: Source, users: UserSource, tally: Tally
) -> Iterator[tuple[int, Pair]]:
    """The pairs of `lines` whose user exists and whose ERID can be one."""
    from ..ledger.register import Pair

    for number, row in lines:
        try:
            erid = declared.erids.check(row["erid"])
            kind, value = next((k, row[k]) for k in ("subject", "login") if k in row)
            record = None
            if is_plain(value):
                lookup = Lookup("subject" if kind == "subject" else "login", value)
                record = users.find(lookup, Deadline(_STEP_SECONDS))
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


def _batches(rows: Iterator[Line]) -> Iterator[Sequence[Line]]:
    batch: list[Line] = []
    for row in progress(rows, None, "importing"):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


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
