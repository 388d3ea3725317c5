"""Who may come in: flags, states, and times of deletion, locking and expiry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .draft import Ask, Confidence, Question
from .samples import Shapes
from .schema import ColumnFacts, TableFacts
from .scout import TEXT, Scout
from .words import ACTIVE_VALUES, words_of

__all__ = ["Rule", "active_rules"]

_NO = frozenset(("n", "no", "nein", "non", "false", "f", "off", "0"))
_LOCK = frozenset(("locked", "lock", "lockout", "blocked", "banned", "suspended", "gesperrt"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One table of `active`, why, and what is doubtful about it. Without `settings` there is none,
    and `doubt` says so."""

    column: str
    settings: dict[str, Any] | None
    why: str
    confidence: Confidence = "certain"
    doubt: str | None = None


def active_rules(scout: Scout, users: TableFacts, ask: Ask) -> list[Rule]:
    """All of them, the first by the column that comes first."""
    return [_confirmed(rule, ask) for rule in _all(scout, users)]


def _confirmed(rule: Rule, ask: Ask) -> Rule:
    """`rule`, unless the client says that it does not keep anybody out."""
    if rule.settings is None or rule.confidence == "certain":
        return rule
    question = Question(
        f"Is {rule.column} a reason to keep users out ({rule.why})?",
        {"yes": "who does not fit stays out", "no": "it is not looked at"},
        "yes",
    )
    if ask(question) == "yes":
        return rule
    return Rule(rule.column, None, "you said that it keeps nobody out")


def _all(scout: Scout, users: TableFacts) -> Iterator[Rule]:
    sample = scout.sample(users)
    seen: set[str] = set()
    for role, of in (
        ("active", _flag),
        ("inactive", _counter_flag),
        ("inactive_since", _since),
        ("locked_until", _until),
        ("expires", _until),
        ("status", _status),
        ("verified", _verified),
    ):
        for _, facts in scout.ranked(users, role):
            if facts.name not in seen:
                rule = of(facts, sample[facts.name])
                if rule is not None:
                    seen.add(facts.name)
                    yield rule


def _flag(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    """A flag that is up in who may come in."""
    if facts.kind == "time":
        return None
    if facts.kind == "boolean" and not shapes.rows:
        return Rule(facts.name, {"values": [True]}, "a flag", "likely")
    if facts.kind in ("boolean", "integer"):
        value: Any = True if facts.kind == "boolean" else 1
        if shapes.rows and not shapes.numbers[1]:
            return Rule(facts.name, None, "", doubt=f"{facts.name} is 1 in nobody of a sample")
        return Rule(facts.name, {"values": [value]}, "a flag")
    return _by_words(facts, shapes, "a flag")


def _counter_flag(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    """A flag that is up in who may not."""
    if facts.kind == "time":
        return _since(facts, shapes)
    doubt = f"who has NULL in {facts.name} stays out" if facts.nullable and shapes.nulls else None
    if facts.kind in ("boolean", "integer"):
        value: Any = False if facts.kind == "boolean" else 0
        if shapes.given and not shapes.numbers[0]:
            return Rule(facts.name, None, "", doubt=f"{facts.name} is 0 in nobody of a sample")
        sure: Confidence = "doubtful" if doubt else "certain"
        return Rule(facts.name, {"values": [value]}, "a flag of who may not", sure, doubt)
    words = sorted(word for word in shapes.words if word.casefold() in _NO)
    if facts.kind in TEXT and not words and shapes.numbers[0]:
        words = ["0"]
    if not words:
        return Rule(facts.name, None, "", doubt=f"{facts.name} is not looked at: unknown values")
    return Rule(facts.name, {"values": words}, "a flag of who may not", "likely", doubt)


def _since(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    """A time at which somebody was deleted or locked out."""
    if not facts.nullable or (shapes.rows and not shapes.nulls):
        text = f"{facts.name} is never NULL, and so not looked at"
        return Rule(facts.name, None, "", doubt=text)
    return Rule(facts.name, {"null": True}, "a time that is NULL in who may come in", "likely")


def _until(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    """A time until which somebody is locked out, or may come in."""
    key = "locked_until" if set(words_of(facts.name)) & _LOCK else "expires"
    if facts.kind == "time":
        kind = "aware" if facts.aware else "naive_utc"
        doubt = None if facts.aware else f"{facts.name} is taken for UTC"
        return Rule(
            facts.name, {key: kind}, "a time", "certain" if facts.aware else "likely", doubt
        )
    if facts.kind == "integer" and not any(0 < n < 10 for n in shapes.numbers):
        doubt = f"{facts.name} is taken for seconds since 1970"
        return Rule(facts.name, {key: "epoch_seconds"}, "a time", "doubtful", doubt)
    return Rule(facts.name, None, "", doubt=f"{facts.name} is not looked at: not a time")


def _status(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    if facts.kind in ("boolean", "integer"):
        if not shapes.rows or shapes.numbers[1]:
            text = f"{facts.name}: 1 is taken for active; say which numbers are"
            rule = {"values": [True if facts.kind == "boolean" else 1]}
            return Rule(facts.name, rule, "a state, 1 in some users", "doubtful", text)
        return Rule(facts.name, None, "", doubt=f"{facts.name} is 1 in nobody of a sample")
    return _by_words(facts, shapes, "a state")


def _verified(facts: ColumnFacts, shapes: Shapes) -> Rule | None:
    text = (
        f"{facts.name} may say who confirmed their e-mail address; it is not asked for. If it "
        "should be, add it to active"
    )
    return Rule(facts.name, None, "", doubt=text)


def _by_words(facts: ColumnFacts, shapes: Shapes, what: str) -> Rule:
    """Text that says whether somebody may come in."""
    words = sorted(word for word in shapes.words if word.casefold() in ACTIVE_VALUES)
    if facts.kind in TEXT and not words and shapes.numbers[1]:
        words = ["1"]
    if facts.kind not in TEXT or not words:
        text = f"{facts.name} is not looked at: none of its values means active, as far as known"
        return Rule(facts.name, None, "", doubt=text)
    return Rule(facts.name, {"values": words}, what, "likely")
