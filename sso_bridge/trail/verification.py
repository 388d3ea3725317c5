"""Whether a trail is complete: every record there, as it was written, in its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .chain import GENESIS, Chain, Link, stated
from .head import read_head

__all__ = ["Report", "parts_of", "verify"]

_NOTES: Final = ("head_lost", "end_lost", "torn")
"""Events that a writer notes before anything else."""


@dataclass(slots=True)
class Report:
    """What was found. `broken` is the first thing that is not as it was written, with its place;
    None if there is nothing of the kind. `begins_after` is the record before the first one
    that was looked at."""

    records: int = 0
    begins_after: int | None = None
    last: Link = GENESIS
    lost: int = 0
    torn: int = 0
    broken: str | None = None
    anchors: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        """Whether every record is there and as it was written."""
        return self.broken is None and not self.lost


def parts_of(path: Path) -> list[Path]:
    """The files of the trail at `path`, oldest first, as far as they are beside it. Raises
    OSError."""
    found = [p for p in path.parent.glob(f"{path.stem}-*-*{path.suffix}") if p != path]
    if path.exists():
        found.append(path)
    return sorted(found, key=_first_number)


def verify(
    files: Sequence[Path], chain: Chain, *, anchors: Iterable[Link] = (), live: Path | None = None
) -> Report:
    """Read `files`, oldest first. `anchors` are links that were written down elsewhere; `live` is
    the file that is being written now, whose head says where it ends. Raises OSError."""
    known = {link.number: link.chain for link in anchors}
    head = None if live is None else read_head(live, chain)
    if head is not None:
        known[head.n] = head.chain
    reading = _Reading(chain, known)
    for path in files:
        reading.file(path)
        if reading.report.broken is not None:
            return reading.report
    report = reading.report
    for number, expected in known.items():
        if number > report.last.number:
            report.broken = f"records {report.last.number + 1} to {number} are missing at the end"
        elif report.anchors.get(number, expected) != expected:
            report.broken = f"record {number} is another than the one that was written down"
    return report


class _Reading:
    """Follows the chain through one file after another."""

    def __init__(self, chain: Chain, known: dict[int, str]) -> None:
        self._chain, self._known = chain, known
        self._before: Link | None = None
        self._junk: tuple[str, bytes] | None = None
        self.report = Report()

    def file(self, path: Path) -> None:
        """Read one file to its end, or to the first thing that is broken."""
        for place, line, ended in _lines(path):
            where = f"{path.name} line {place}"
            if not ended:
                self.report.torn += 1  # whoever writes next takes note of it
                return
            self._line(where, line)
            if self.report.broken is not None:
                return
        if self._junk is not None:
            self.report.broken = f"{self._junk[0]} is no record"

    def _line(self, where: str, line: bytes) -> None:
        link = stated(line)
        if link is None:
            if self._junk is not None:
                self.report.broken = f"{self._junk[0]} is no record"
            self._junk = where, line
            return
        record = self._record(line)
        before = self._before or self._beginning(link, record)
        if not self._chain.follows(before.chain, line):
            self.report.broken = self._wrong(where, link, before)
            return
        if link.number != before.number + 1:
            self.report.broken = f"{where} is record {link.number}, after {before.number}"
            return
        self._count(record, link)
        if self._junk is not None:
            self._explained(record)

    def _beginning(self, link: Link, record: dict[str, Any]) -> Link:
        """What the first record says was before it; nothing, if it is the first of all."""
        before = GENESIS if link.number == 1 else Link(link.number - 1, str(record.get("after")))
        self.report.begins_after = before.number
        return before

    def _wrong(self, where: str, link: Link, before: Link) -> str:
        if link.number > before.number + 1:
            return f"{where} is record {link.number}: {before.number + 1} should come, and is gone"
        key = "" if self._before else ", or the key is another"
        return f"{where}, record {link.number}, is not what was written there{key}"

    def _count(self, record: dict[str, Any], link: Link) -> None:
        report = self.report
        report.records += 1
        report.last = self._before = link
        if link.number in self._known:
            report.anchors[link.number] = link.chain
        if record.get("event") == "lost":
            report.lost += int(record.get("records", 0))

    def _explained(self, record: dict[str, Any]) -> None:
        """A line that is no record is one that a writer did not get to end, and noted so."""
        assert self._junk is not None
        where, line = self._junk
        if record.get("hash") == hashlib.sha256(line).hexdigest():
            self._junk = None
            self.report.torn += 1
        elif record.get("event") not in _NOTES:
            self.report.broken = f"{where} is no record"

    @staticmethod
    def _record(line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Each line with its number, and whether it is ended."""
    with path.open("rb") as file:
        for place, line in enumerate(file, 1):
            yield place, line.removesuffix(b"\n"), line.endswith(b"\n")


def _first_number(path: Path) -> int:
    with path.open("rb") as file:
        link = stated(file.readline().removesuffix(b"\n"))
    return 0 if link is None else link.number
