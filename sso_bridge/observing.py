"""Observers for commands, which have no metrics: one that hears nothing, one that tells a story."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .core.alarms import ALARMS, NOTICES

__all__ = ["Narrator", "Silent", "statements_told_to"]

_WORDS: Final[dict[str, str]] = {
    "looked up by login": "looked for the login in source {source}: {row} row has it",
    "looked up by subject": "looked for the primary key in source {source}: {row} row has it",
    "looked up by erid": "looked for the ERID in source {source}: {row} row has it",
    "the ledger knows the ERID": "the ledger knows the ERID as one of source {source}",
    "encrypted the password": "{agreement}: encrypted what was typed with key {key}, as it is sent",
    "decrypted the password": "{agreement}: key {key} decrypted the password",
    "computed the stored hash": "computed the stored password hash, which is {scheme}",
    "there is no stored hash to verify": "there is no password hash; one was computed for nobody, "
    "so that the time says nothing",
    "confirmed the ERID": "the guard let the ERID pass; new ones are {strategy}",
    "refused": "refused: {why}",
    "stored a new password hash": "stored the password's hash in the configured scheme: {done}",
}
"""The steps of a call (`core.ports.Observer`) in words; one that is not here is told as it is."""
_VERDICTS: Final = {"True": "the password is right", "False": "the password is wrong"}

_ABOUT_ITSELF: Final = re.compile(
    r"\s*(SET|BEGIN|PRAGMA|SHOW|DESCRIBE)\b|.*\b(pg_catalog|information_schema|sqlite_master"
    r"|pg_attribute|to_regclass|pragma_\w+)\b|SELECT (DATABASE\(\)|@@)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements about connections, tables and columns, which no call needs twice."""
_WORTH_TELLING: Final = 0.001
"""Seconds of them."""
_MARKS: Final = ((r"%\((\w+)\)s(::\w+)?", r":\1"), (r"(?<!%)%s", "?"), ("%%", "%"), (r"\s+", " "))


class Silent:
    """Implements `core.ports.Observer` by not listening."""

    def alarm(self, kind: str, details: str) -> None:
        """Nothing."""

    def notice(self, kind: str, details: str) -> None:
        """Nothing."""

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        """Nothing."""

    def step(self, what: str, **facts: str) -> None:
        """Nothing."""


class Narrator:
    """Implements `core.ports.Observer`: each step, with the milliseconds since the one before, to
    `say`; `steps` keeps them all."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since = time.monotonic()
        self._about_itself: list[float] = []
        self.steps: list[dict[str, object]] = []

    def begin(self) -> None:
        """What went before took no time of the call."""
        self._since = time.monotonic()

    def alarm(self, kind: str, details: str) -> None:
        """What the bridge would alarm the operator about."""
        self._tell("alarm", f"ALARM {kind}: {ALARMS.get(kind, '')} {details}".rstrip())

    def notice(self, kind: str, details: str) -> None:
        """What the bridge would tell the operator of."""
        self._tell("notice", f"NOTICE {kind}: {NOTICES.get(kind, '')} {details}".rstrip())

    def throttled(self, kind: str, decision: str, storage: str) -> None:
        """Nothing: who tries a call by hand does not pass the gate."""

    def step(self, what: str, **facts: str) -> None:
        """One step and what was found."""
        self._tell("step", _in_words(what, facts))

    def fact(self, text: str) -> None:
        """Something worth knowing that is no step and took no time."""
        self.steps.append({"kind": "fact", "text": text})
        self._say(f"{'':13}{text}")

    def statement(self, database: str, sql: str, rows: int | None, seconds: float) -> None:
        """A statement as it was sent to `database`, without its values."""
        if _ABOUT_ITSELF.match(sql):
            self._about_itself.append(seconds)
            return
        for pattern, mark in _MARKS:
            sql = re.sub(pattern, mark, sql)
        told = "" if rows is None else f"  [{rows} row{'' if rows == 1 else 's'}]"
        self._tell("sql", f"{database}: {sql.strip()}{told}", took=seconds)

    def _tell(self, kind: str, text: str, took: float | None = None) -> None:
        now = time.monotonic()
        asked, self._about_itself = self._about_itself, []
        if sum(asked) >= _WORTH_TELLING:
            self._add(
                "sql",
                sum(asked),
                f"prepared connections and asked about tables: {len(asked)} statements",
            )
        self._add(kind, now - self._since if took is None else took, text)
        self._since = now

    def _add(self, kind: str, seconds: float, text: str) -> None:
        milliseconds = round(seconds * 1000, 1)
        self.steps.append({"kind": kind, "milliseconds": milliseconds, "text": text})
        self._say(f"{milliseconds:8.1f} ms  {text}")


def _in_words(what: str, facts: Mapping[str, str]) -> str:
    if what == "verified the password":
        return _VERDICTS.get(facts.get("good", ""), what)
    known = _WORDS.get(what)
    if known is not None:
        try:
            return known.format_map(
                {**facts, "row": {"none": "no"}.get(facts.get("row", ""), "one")}
            )
        except KeyError:
            pass
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    return f"{what}: {told}" if told else what


@contextmanager
def statements_told_to(narrator: Narrator, name_of: Callable[[Engine], str]) -> Iterator[None]:
    """While the block runs, every statement of this process is told to `narrator`, as sent to the
    database that `name_of` names. Values are never looked at."""

    def before(
        connection: Any, cursor: Any, sql: str, values: object, context: Any, m: bool
    ) -> None:
        connection.info.setdefault("statements_began", []).append(time.perf_counter())

    def after(
        connection: Any, cursor: Any, sql: str, values: object, context: Any, m: bool
    ) -> None:
        began = connection.info.get("statements_began")
        if not began:
            return
        seconds = time.perf_counter() - began.pop()
        rows = cursor.rowcount if cursor.rowcount >= 0 else None
        narrator.statement(name_of(connection.engine), sql, rows, seconds)

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
