"""ERIDs for everybody who has none, by the strategy of their source: what `erid assign` does, and
`shopper provision` before it hands people over."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..core.alarms import ALARMS
from ..core.deadline import Deadline
from ..core.guard import check_only_holder
from ..core.keys import is_plain
from ..core.model import Binding, Person, Record
from ..core.strategies import COLUMN
from ..errors import IdentityAlarm

if TYPE_CHECKING:
    from ..config import Settings
    from ..core.ports import UserSource
    from ..core.site import Source
    from ..ledger.register import Outcome, Pair, Register

__all__ = ["BATCH", "SECONDS", "STEP_SECONDS", "Tally", "assign_to", "count_users", "pages_of"]

SECONDS: Final = 24 * 3600.0
"""For reading everybody."""
STEP_SECONDS: Final = 60.0
"""For one batch."""
BATCH: Final = 500
_SHOWN = 20

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


def assign_to(
    records: Sequence[Record],
    declared: Source,
    users: UserSource,
    register: Register,
    tally: Tally,
    *,
    dry_run: bool,
) -> Mapping[Person, Binding]:
    """Give an ERID to each of `records`, rows of one source, who has none; who has one afterwards.

    In a dry run these are those who have one already. Whoever cannot be given one is counted in
    `tally` and left out."""
    name = declared.name
    people = {Person(name, r.subject): r for r in records if is_plain(r.subject)}
    for _ in range(len(records) - len(people)):
        tally.add("refused", f"sources.{name}", "a row without a usable primary key")
    known = register.known(list(people), Deadline(STEP_SECONDS))
    tally.counts["there"] += len(known)
    unknown = {p: r for p, r in people.items() if p not in known}
    pairs = list(_proposed(unknown, declared, users, tally))
    outcomes = register.assign(pairs, Deadline(STEP_SECONDS), dry_run=dry_run)
    for pair, outcome in zip(pairs, outcomes, strict=True):
        tally.add(outcome, f"sources.{name} subject {pair.person.subject}")
    if not pairs or dry_run:
        return known
    return {**known, **register.known([pair.person for pair in pairs], Deadline(STEP_SECONDS))}


def pages_of(settings: Settings, folder: Path, name: str) -> Iterator[Sequence[Record]]:
    """Every user of one source, in pages, without profiles."""
    from .. import wiring
    from ..sources.scan import scan_pages

    mapping = wiring.mapping(wiring.sql_settings(settings, name))
    database = wiring.source_database(settings, folder, name, call_seconds=SECONDS)
    return scan_pages(database, mapping, STEP_SECONDS, batch=BATCH)


def count_users(settings: Settings, folder: Path, name: str) -> int:
    """How many rows the source has now."""
    from .. import wiring
    from ..sources.scan import count

    mapping = wiring.mapping(wiring.sql_settings(settings, name))
    database = wiring.source_database(settings, folder, name, call_seconds=SECONDS)
    return count(database, mapping, Deadline(SECONDS))


def _proposed(
    people: dict[Person, Record], declared: Source, users: UserSource, tally: Tally
) -> Iterator[Pair]:
    """The ERIDs that people who have none are to get; those who cannot are counted."""
    from ..ledger.register import Pair

    for person, record in people.items():
        try:
            erid = declared.erids.check(declared.strategy.propose(record))
            if declared.strategy.name == COLUMN:
                check_only_holder(users, record, erid, Deadline(STEP_SECONDS))
        except IdentityAlarm as alarm:
            why = f"{ALARMS[alarm.kind]} ({alarm.details})"
            tally.add("refused", f"sources.{person.source} subject {person.subject}", why)
        else:
            whom = Person(person.source, person.subject, declared.company or "")
            yield Pair(whom, erid, declared.strategy.origin, record.fingerprint)
