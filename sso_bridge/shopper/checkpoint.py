"""How far a run has come, in a SQLite file that outlives it.

A person is written down as begun before the first call about them leaves, and that is on the disk
by then (one write for a whole batch). So whoever has an outcome is done; whoever was begun and has
none may have been created, and is looked for; and of nobody else was anything sent. Outcomes may
be lost with a crash: looking finds them again."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ..errors import BridgeError
from .customers import Barred, Customer, Result

__all__ = ["Checkpoint", "Problem"]

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS run (api TEXT NOT NULL, finished INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS person (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    erid TEXT NOT NULL,
    outcome TEXT,
    reason TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (source, subject)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_outcome ON person (outcome);
"""
_BEGUN: Final = """
INSERT INTO person (source, subject, erid) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET erid = excluded.erid, outcome = NULL, reason = '', fields = '{}'
"""
_ENDED: Final = """
INSERT INTO person (source, subject, erid, outcome, reason, fields) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
    fields = excluded.fields
"""
_OPEN_AGAIN: Final = "UPDATE person SET outcome = NULL WHERE outcome IN ({})"


@dataclass(frozen=True, slots=True)
class Problem:
    """Somebody who is not as they should be at Digital River. `fields` are those that differ, each
    with both values if they were kept."""

    source: str
    subject: str
    outcome: str
    reason: str
    fields: dict[str, list[str] | None]


class Checkpoint:
    """The file at `path`, for its owner only; None is one that is gone afterwards.

    `api` tells APIs and keys apart: it is kept as a hash. `values` keeps the values that
    differ. Raises BridgeError if another run has the file, or it is of another API."""

    def __init__(self, path: Path | None, *, api: str, values: bool = False) -> None:
        self._path, self._values = path, values
        if path is not None and not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._db = sqlite3.connect("" if path is None else path, isolation_level=None, timeout=0.5)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
            self._begin_run(hashlib.sha256(api.encode()).hexdigest())
        except BaseException as error:
            self._db.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise _failed(path, error) from None
            raise

    def _begin_run(self, api: str) -> None:
        """Go on with a run that was cut short; else give those another try who had a problem."""
        row = self._db.execute("SELECT api, finished FROM run").fetchone()
        self.resumed = row is not None
        if row is None:
            self._db.execute("INSERT INTO run VALUES (?, 0)", [api])
            return
        if row[0] != api:
            raise BridgeError(
                f"{self._path}: is the checkpoint of another API or API key; name another file "
                "with --checkpoint"
            )
        again = "'unresolved'" if not row[1] else "'unresolved', 'different', 'refused'"
        self._write(_OPEN_AGAIN.format(again), [()])
        self._write("UPDATE run SET finished = 0", [()])

    def begin(
        self, batch: Sequence[Customer], limit: int | None = None
    ) -> list[tuple[Customer, bool]]:
        """Those of `batch` who are still to be settled, `limit` of them at most; of each, whether
        they are doubtful."""
        known = self._known(batch)
        todo = [c for c in batch if not _is_done(known.get((c.source, c.subject)), c.erid)][:limit]
        self._write(_BEGUN, [(c.source, c.subject, c.erid) for c in todo])
        return [(customer, (customer.source, customer.subject) in known) for customer in todo]

    def bar(self, barred: Iterable[Barred]) -> None:
        """Write down who is not handed over."""
        rows = [(b.source, b.subject, "", "refused", b.reason, "{}") for b in barred]
        self._write(_ENDED, rows)

    def end(self, results: Iterable[tuple[Customer, Result]]) -> None:
        """Write down what became of some."""
        self._write(
            _ENDED,
            [
                (c.source, c.subject, c.erid, r.outcome, r.reason, self._fields(r))
                for c, r in results
            ],
        )

    def finish(self) -> None:
        """Everybody had their turn: the next run begins anew with those who had a problem."""
        self._write("UPDATE run SET finished = 1", [()])

    def counts(self) -> Counter[str]:
        """How many have which outcome."""
        query = "SELECT outcome, count(*) FROM person WHERE outcome IS NOT NULL GROUP BY outcome"
        return Counter(dict(self._db.execute(query).fetchall()))

    def problems(self) -> Iterator[Problem]:
        """Everybody who is different, refused or unresolved."""
        query = (
            "SELECT source, subject, outcome, reason, fields FROM person "
            "WHERE outcome IN ('different', 'refused', 'unresolved') ORDER BY outcome"
        )
        for source, subject, outcome, reason, fields in self._db.execute(query):
            yield Problem(source, subject, outcome, reason, json.loads(fields))

    def close(self) -> None:
        """Close the file, and let others have it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _known(self, batch: Sequence[Customer]) -> dict[tuple[str, str], tuple[str, str | None]]:
        """ERID and outcome of those who were begun before."""
        found: dict[tuple[str, str], tuple[str, str | None]] = {}
        for source in {customer.source for customer in batch}:
            subjects = [c.subject for c in batch if c.source == source]
            query = (
                "SELECT subject, erid, outcome FROM person WHERE source = ? "
                "AND subject IN (SELECT value FROM json_each(?))"
            )
            for subject, erid, outcome in self._db.execute(query, [source, json.dumps(subjects)]):
                found[source, subject] = (erid, outcome)
        return found

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            with self._db:
                self._db.execute("BEGIN")
                self._db.executemany(statement, rows)
        except sqlite3.DatabaseError as error:
            raise _failed(self._path, error) from None

    def _fields(self, result: Result) -> str:
        kept = {name: list(both) if self._values else None for name, both in result.fields.items()}
        return json.dumps(kept)


def _is_done(known: tuple[str, str | None] | None, erid: str) -> bool:
    """Whether somebody has an outcome, for the ERID that is theirs now."""
    return known is not None and known[1] is not None and known[0] == erid


def _failed(path: Path | None, error: sqlite3.DatabaseError) -> BridgeError:
    if "locked" in str(error):
        return BridgeError(f"{path}: another run is using this checkpoint; wait until it ends")
    return BridgeError(f"{path}: cannot be used as a checkpoint ({error})")
