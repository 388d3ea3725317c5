"""Reads the ledger into the scratch space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..core import erid as erids
from .given import AuditedSource, Bound
from .scratch import Entry, Fault, Known, Scratch
from .values import changing_faults, erid_faults, shown

__all__ = ["read_ledger"]


def read_ledger(
    scratch: Scratch,
    sources: Sequence[AuditedSource],
    names: list[str],
    bindings: Iterable[Sequence[Bound]],
) -> int:
    """Remember the ledger and how many entries it has. Sources that are not configured are
    added to `names`. Where no column holds the ERIDs, those of the ledger are looked at."""
    numbers = {name: number for number, name in enumerate(names)}
    rules = {n: s.erids for n, s in enumerate(sources) if s.mapping.erid is None}
    columns = {n for n, s in enumerate(sources) if s.mapping.erid is not None and s.guarded}
    sealed = {n for n, s in enumerate(sources) if s.mapping.fingerprint and s.guarded}
    count = 0
    for batch in bindings:
        entries: list[Entry] = []
        faults: list[Fault] = []
        known: list[tuple[int, str, Known]] = []
        for name, subject, erid, from_column, seal in batch:
            number = numbers.get(name)
            if number is None:
                number = numbers[name] = len(names)
                names.append(name)
            canonical = erids.canonical(erid)
            entries.append(
                (
                    1 if from_column else 2,
                    number,
                    hash((number, subject)),
                    None,
                    hash(erid),
                    hash(canonical),
                    subject,
                    None,
                    erid,
                )
            )
            settled = not from_column and number in columns
            if number not in sealed:
                seal = None
            if settled or seal is not None:
                known.append((number, subject, Known(settled, seal)))
            if number in rules:
                wrong = erid_faults(erid, canonical, rules[number])
                wrong += changing_faults(erid, None, None, None)
                faults += [(check, number, shown(subject), shown(erid)) for check in wrong]
        scratch.add(entries)
        scratch.add_faults(faults)
        scratch.add_known(known)
        count += len(batch)
    return count
