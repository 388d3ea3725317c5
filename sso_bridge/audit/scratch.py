"""What an audit remembers on the way: a private SQLite database that memory does not bound.

SQLite makes it without a name, readable by its owner only, and removes its directory entry
at once: nothing is left behind, however the process ends. It lies where the environment
variable SQLITE_TMPDIR or TMPDIR says. It holds logins and ERIDs, never a password hash.

Duplicates are found in two steps. Each value comes with a 64-bit hash of its loosest form;
sorting those numbers finds the few rows that may be alike, and only they are compared by
their text. So hashes that meet by chance cause no finding."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from ..core.erid import canonical
from ..core.logins import LoginRule
from ..errors import BridgeError
from .checks import CHECKS
from .model import MOST_EXAMPLES
from .values import bare, folded

__all__ = ["Entry", "Fault", "Known", "Scratch"]

Entry = tuple[int, int, int | None, int | None, int | None, int | None, str, str | None, str | None]
"""kind, source, hashes of person, login, exact ERID and canonical ERID; subject, login, ERID."""

Fault = tuple[str, int, str, str | None]
"""A row of a finding: check, number of the source, subject, and the ERID if it is about one."""


class Known(NamedTuple):
    """What the ledger holds of a person that matters when their row is read. `settled`: the
    source's ERID column has no say. `seal` is None if there is nothing to hold the row against."""

    settled: bool
    seal: str | None


_CACHE_KIB: Final = 48 * 1024

_TABLES: Final = """
CREATE TABLE entry (
    kind INTEGER, source INTEGER, person INTEGER, loose INTEGER, exact INTEGER, canon INTEGER,
    subject TEXT, login TEXT, erid TEXT);
CREATE TABLE found ("check" TEXT, source INTEGER, subject TEXT, erid TEXT);
CREATE TABLE known (
    source INTEGER, subject TEXT, settled INTEGER, seal TEXT,
    PRIMARY KEY (source, subject)) WITHOUT ROWID;
"""

_PERSONS: Final = """
CREATE TABLE suspect_person (hash INTEGER PRIMARY KEY);
INSERT INTO suspect_person
    SELECT person FROM entry WHERE person IS NOT NULL GROUP BY person
    HAVING sum(kind = 0) <> 1 OR (sum(kind) > 0 AND min(exact) <> max(exact));
CREATE TABLE person AS SELECT kind, source, subject, erid FROM entry
    WHERE person IN (SELECT hash FROM suspect_person);
CREATE INDEX person_key ON person (source, subject, kind);

INSERT INTO found SELECT 'subject_duplicated', source, subject, NULL FROM person
    WHERE kind = 0 AND (source, subject) IN
        (SELECT source, subject FROM person WHERE kind = 0 GROUP BY 1, 2 HAVING count(*) > 1);
INSERT INTO found SELECT 'erid_changed', u.source, u.subject, u.erid FROM person u
    JOIN person l ON l.source = u.source AND l.subject = u.subject AND l.kind = 1
    WHERE u.kind = 0 AND u.erid <> l.erid;
INSERT INTO found SELECT
        CASE WHEN source < :configured THEN 'ledger_gone' ELSE 'ledger_stranger' END,
        source, subject, NULL
    FROM person l WHERE kind > 0 AND NOT EXISTS
        (SELECT 1 FROM person u
            WHERE u.source = l.source AND u.subject = l.subject AND u.kind = 0);
DROP TABLE person;
"""

_LOGINS: Final = """
CREATE TABLE suspect_login (hash INTEGER PRIMARY KEY);
INSERT INTO suspect_login
    SELECT loose FROM entry WHERE loose IS NOT NULL GROUP BY loose HAVING count(*) > 1;
CREATE TABLE login AS
    SELECT kind, source, subject, rule(source, login) AS ruled, folded(login) AS folded,
        bare(login) AS bare
    FROM entry WHERE loose IN (SELECT hash FROM suspect_login);

INSERT INTO found SELECT 'login_duplicated', source, subject, NULL FROM login
    WHERE (source, ruled) IN
        (SELECT source, ruled FROM login GROUP BY 1, 2
            HAVING count(*) > 1 AND (min(subject) <> max(subject) OR sum(kind = 0) > 1));
INSERT INTO found SELECT 'login_case', source, subject, NULL FROM login
    WHERE (source, folded) IN
        (SELECT source, folded FROM login GROUP BY 1, 2
            HAVING min(ruled) <> max(ruled)
                AND (min(subject) <> max(subject) OR sum(kind = 0) > 1));
INSERT INTO found SELECT 'login_accents', source, subject, NULL FROM login
    WHERE (source, bare) IN
        (SELECT source, bare FROM login GROUP BY 1, 2
            HAVING min(folded) <> max(folded)
                AND (min(subject) <> max(subject) OR sum(kind = 0) > 1));
DROP TABLE login;
"""

_ERIDS: Final = """
CREATE TABLE suspect_erid (hash INTEGER PRIMARY KEY);
INSERT INTO suspect_erid
    SELECT canon FROM entry WHERE canon IS NOT NULL GROUP BY canon
    HAVING sum(kind = 0) > 1 OR min(person) <> max(person);
CREATE TABLE erid AS
    SELECT kind, source, subject, erid, canonical(erid) AS canonical
    FROM entry WHERE canon IN (SELECT hash FROM suspect_erid);
CREATE INDEX erid_canonical ON erid (canonical, erid, kind);

INSERT INTO found SELECT 'erid_duplicated', source, subject, erid FROM erid
    WHERE kind = 0 AND (source, erid) IN
        (SELECT source, erid FROM erid WHERE kind = 0 GROUP BY 1, 2 HAVING count(*) > 1);
INSERT INTO found SELECT 'erid_duplicated_across', source, subject, erid FROM erid
    WHERE kind = 0 AND erid IN
        (SELECT erid FROM erid WHERE kind = 0 GROUP BY 1 HAVING min(source) <> max(source));
INSERT INTO found SELECT 'erid_alike', source, subject, erid FROM erid
    WHERE kind = 0 AND (source, canonical) IN
        (SELECT source, canonical FROM erid WHERE kind = 0 GROUP BY 1, 2
            HAVING min(erid) <> max(erid));
INSERT INTO found SELECT 'erid_alike_across', source, subject, erid FROM erid
    WHERE kind = 0 AND canonical IN
        (SELECT canonical FROM erid WHERE kind = 0 GROUP BY 1
            HAVING min(source) <> max(source) AND min(erid) <> max(erid));
INSERT INTO found SELECT 'erid_taken', source, subject, erid FROM erid u
    WHERE kind = 0 AND EXISTS (SELECT 1 FROM erid l
        WHERE l.canonical = u.canonical AND l.erid = u.erid AND l.kind > 0
            AND (l.source, l.subject) <> (u.source, u.subject));
INSERT INTO found SELECT 'erid_taken_alike', source, subject, erid FROM erid u
    WHERE kind = 0 AND EXISTS (SELECT 1 FROM erid l
        WHERE l.canonical = u.canonical AND l.erid <> u.erid AND l.kind > 0
            AND (l.source, l.subject) <> (u.source, u.subject));
DROP TABLE erid;
"""

_COLLATION: Final = """
INSERT INTO found SELECT 'login_collation', source, subject, NULL FROM collated
    WHERE (source, key) IN
        (SELECT source, key FROM collated GROUP BY 1, 2 HAVING min(ruled) <> max(ruled));
DROP TABLE collated;
CREATE INDEX found_check ON found ("check", source);
"""


class Scratch:
    """Rows in, findings out. Raises BridgeError if there is no space for it.

    `rules` are the sources' login rules, by their numbers; a number beyond is a source that
    is not configured. Kind 0 of an entry is a user; what the ledger
    holds is kind 1 if it came from the column, else kind 2. Kind 3 is a further login of a user,
    with nothing else; having one login twice is no fault of theirs."""

    def __init__(self, rules: list[LoginRule]) -> None:
        self._configured = len(rules)
        self._with_known: set[int] = set()
        with _errors():
            self._db = sqlite3.connect("", isolation_level=None)
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            self._db.executescript(_TABLES)
            self._db.execute("CREATE TABLE collated (source INTEGER, subject, ruled, key)")
            self._db.execute("BEGIN")

        def ruled(source: int, login: str) -> str:
            return rules[source].canonical(login)

        self._db.create_function("rule", 2, ruled, deterministic=True)
        for function in (folded, bare, canonical):
            self._db.create_function(function.__name__, 1, function, deterministic=True)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Remember users, or bindings of the ledger."""
        with _errors():
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Remember what was wrong with single values."""
        with _errors():
            self._db.executemany("INSERT INTO found VALUES (?, ?, ?, ?)", faults)

    def add_known(self, people: Sequence[tuple[int, str, Known]]) -> None:
        """Remember people to be asked for with `known`: source, subject, and what is known."""
        self._with_known.update(source for source, _, _ in people)
        with _errors():
            self._db.executemany(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
                ((source, subject, *known) for source, subject, known in people),
            )

    def known(self, source: int, subjects: Sequence[str]) -> dict[str, Known]:
        """What is known of those of `subjects` that were added."""
        if source not in self._with_known:
            return {}
        with _errors():
            rows = self._db.execute(
                "SELECT subject, settled, seal FROM known WHERE source = ? AND subject IN "
                "(SELECT value FROM json_each(?))",
                (source, json.dumps(subjects)),
            )
            return {subject: Known(bool(settled), seal) for subject, settled, seal in rows}

    def add_collated(self, rows: Iterable[tuple[int, str, str, str]]) -> None:
        """Remember users whose logins a database takes for one: source, subject, the login
        under the source's rule, and what the database calls the group."""
        with _errors():
            self._db.executemany("INSERT INTO collated VALUES (?, ?, ?, ?)", rows)

    def compare(self) -> None:
        """Find everything that needs more than one value; called once, after all was added."""
        with _errors():
            for script in (_PERSONS, _LOGINS, _ERIDS, _COLLATION):
                for statement in script.split(";"):
                    given = {"configured": self._configured} if ":configured" in statement else {}
                    self._db.execute(statement, given)

    def counts(self) -> list[tuple[str, int, int]]:
        """Check, number of the source and rows concerned, for each finding."""
        with _errors():
            return self._db.execute(
                'SELECT "check", source, count(*) FROM found GROUP BY 1, 2'
            ).fetchall()

    def examples(self, check: str, source: int) -> list[str]:
        """A few of the subjects that a finding is about."""
        with _errors():
            rows = self._db.execute(
                'SELECT subject FROM found WHERE "check" = ? AND source = ? LIMIT ?',
                (check, source, MOST_EXAMPLES),
            )
            return [subject for (subject,) in rows]

    def faults(self) -> Iterator[Fault]:
        """Every row of every finding, in the order of the checks."""
        for check in CHECKS:
            with _errors():
                yield from self._db.execute(
                    'SELECT "check", source, subject, erid FROM found '
                    'WHERE "check" = ? ORDER BY source',
                    (check,),
                )


@contextmanager
def _errors() -> Iterator[None]:
    """SQLite's errors, which are about space and disks here, made ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise BridgeError(
            f"the audit's scratch space failed ({error}); name a directory with room and a "
            "sound disk in TMPDIR"
        ) from None
