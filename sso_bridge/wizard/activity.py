"""Who may come in: flags, states, and times of deletion, locking and expiry.

What is called like one of these and is not understood keeps everybody out until a person has
decided: a configuration that lets in who was banned looks right until somebody tries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from .draft import Ask, Confidence, Question
from .samples import Shapes
from .schema import ColumnFacts, TableFacts
from .scout import SURE, TEXT, Scout
from .words import ACTIVE_VALUES, KEPT_OUT, NOT_KEPT_OUT, fit, words_of

__all__ = ["Rule", "active_rules"]

_NO = frozenset(("n", "no", "nein", "non", "false", "f", "off", "0"))
_LOCK = frozenset(("locked", "lock", "lockout", "blocked", "banned", "suspended", "gesperrt"))
_UNDECIDED: Final = "(say which)"
"""Stands where only the client knows which values are right. No user has it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One table of `active`, why, and what is doubtful about it. Without `settings` there is none,
    and `doubt` says so."""

    column: str
    settings: dict[str, Any] | None
    why: str
    confidence: Confidence = "certain"
    doubt: str | None = None

    @property
    def undecided(self) -> bool:
        """Whether nobody comes in by it until a person has decided."""
        return self.settings == {"values": [_UNDECIDED]}


def active_rules(
    scout: Scout, users: TableFacts, ask: Ask, without: Collection[str] = ()
) -> list[Rule]:
    """All of them, but for the columns `without`, the first by the column that comes first."""
    return [_confirmed(rule, ask) for rule in _all(scout, users) if rule.column not in without]


def _confirmed(rule: Rule, ask: Ask) -> Rule:
    """`rule`, unless the client says that it does not keep anybody out."""
    if rule.settings is None or rule.confidence == "certain":
        return rule
    meaning = "who does not fit stays out"
    if rule.undecided:
        meaning = "nobody comes in until you write into the file who may"
    question = Question(
        f"Is {rule.column} a reason to keep users out ({rule.why})?",
        {"yes": meaning, "no": "it is not looked at"},
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
            if facts.name in seen or (role == "status" and _is_region(scout, users, facts)):
                continue
            seen.add(facts.name)
            yield of(facts, sample[facts.name])
    for facts in users.columns.values():
        words = {*words_of(facts.name)}
        if facts.name not in seen and words & KEPT_OUT and not words & NOT_KEPT_OUT:
            yield _hint(facts, sample[facts.name])


def _is_region(scout: Scout, users: TableFacts, facts: ColumnFacts) -> bool:
    """Whether a `state` is the one that an address is in."""
    if fit(facts.name, "state") < SURE or facts.kind not in TEXT:
        return False
    address = scout.best(users, "city") or scout.best(users, "postal_code")
    return address is not None and not scout.sample(users)[facts.name].words


def _undecided(facts: ColumnFacts, why: str) -> Rule:
    """Keeps everybody out."""
    doubt = (
        f"{facts.name} {why}. Nobody comes in until you say in its rule what it holds in users "
        "who may, or remove the rule if it keeps nobody out"
    )
    return Rule(facts.name, {"values": [_UNDECIDED]}, "not understood", "doubtful", doubt)


def _flag(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """A flag that is up in who may come in."""
    if facts.kind == "time":
        if shapes.words or not shapes.given:
            return _undecided(facts, "may be a time of activation, or of something else")
        text = f"{facts.name} is taken for a time since when somebody may come in"
        return Rule(facts.name, {"null": False}, "a time of activation", "doubtful", text)
    if facts.kind == "boolean" and not shapes.rows:
        return Rule(facts.name, {"values": [True]}, "a flag", "likely")
    if facts.kind in ("boolean", "integer", "number"):
        if shapes.rows and not shapes.numbers[1]:
            return _undecided(facts, "is 1 in nobody of a sample")
        return Rule(facts.name, {"values": [_number(facts, 1)]}, "a flag")
    return _by_words(facts, shapes, "a flag")


def _counter_flag(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """A flag that is up in who may not."""
    if facts.kind == "time":
        return _since(facts, shapes)
    words = sorted(word for word in shapes.words if word.casefold() in _NO)
    if facts.kind in TEXT and not words and shapes.numbers[0]:
        words = ["0"]
    if facts.kind in TEXT and words:
        out = shapes.nulls + shapes.empty
        doubt = f"who has nothing in {facts.name} stays out" if out else None
        return Rule(facts.name, {"values": words}, "a flag of who may not", "likely", doubt)
    is_number = facts.kind in ("boolean", "integer", "number")
    if is_number and not shapes.nulls and (shapes.numbers[0] or not shapes.rows):
        return Rule(facts.name, {"values": [_number(facts, 0)]}, "a flag of who may not")
    return _without(facts, shapes, "a flag of who may not")


def _since(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """A time at which somebody was deleted or locked out."""
    if facts.kind == "boolean":
        return _counter_flag(facts, shapes)
    return _without(facts, shapes, "a time that only those have who may not come in")


def _without(facts: ColumnFacts, shapes: Shapes, why: str) -> Rule:
    """Lets in who has nothing in a column: NULL, 0, an empty text, or a time that is none. Of
    several such the most frequent counts."""
    zeros = {word: n for word, n in shapes.words.items() if word.startswith("0000-")}
    found: dict[str, tuple[int, dict[str, Any]]] = {
        "NULL": (shapes.nulls, {"null": True}),
        "0": (shapes.numbers[0], {"values": [_number(facts, 0)]}),
        "an empty text": (shapes.empty, {"values": [""]}),
        "0000-00-00": (sum(zeros.values()), {"values": sorted(zeros)}),
    }
    several = [name for name, (count, _) in found.items() if count]
    if facts.kind not in (*TEXT, "integer", "boolean", "number", "time"):
        several = [name for name in several if name == "NULL"]
    if not several and facts.nullable and not shapes.rows:
        several = ["NULL"]
    if not several:
        return _undecided(facts, f"is {' or '.join(found)} in nobody of a sample")
    best = max(several, key=lambda name: found[name][0])
    doubt = None
    if len(several) > 1:
        others = " or ".join(name for name in several if name != best)
        doubt = f"who has {others} in {facts.name} and not {best} stays out"
    return Rule(facts.name, found[best][1], f"{why}; {best} in others", "likely", doubt)


def _hint(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """Something about those who may not come in, such as the reason."""
    rule = _without(facts, shapes, "about those who may not come in")
    told = rule.doubt or f"{facts.name} is taken for something that nobody has who may come in"
    return replace(rule, confidence="doubtful", doubt=told)


def _until(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """A time until which somebody is locked out, or may come in."""
    key = "locked_until" if set(words_of(facts.name)) & _LOCK else "expires"
    if facts.kind == "time" and not shapes.looks["day"] and not shapes.words:
        kind = "aware" if facts.aware else "naive_utc"
        doubt = None if facts.aware else f"{facts.name} is taken for UTC"
        return Rule(
            facts.name, {key: kind}, "a time", "certain" if facts.aware else "likely", doubt
        )
    if facts.kind == "integer" and not any(0 < n < 10 for n in shapes.numbers):
        return _until_epoch(facts, shapes, key)
    rule = _without(facts, shapes, "not a time of day that could be compared")
    if rule.undecided:
        return rule
    doubt = f"{facts.name} is not compared with the time: who has one in it stays out, always"
    return Rule(facts.name, rule.settings, rule.why, "doubtful", doubt)


def _until_epoch(facts: ColumnFacts, shapes: Shapes, key: str) -> Rule:
    """A number of seconds or milliseconds. Where nothing tells, that which keeps out."""
    seconds, thousandths = shapes.looks["epoch_seconds"], shapes.looks["epoch_milliseconds"]
    if seconds and thousandths:
        return _undecided(facts, "has seconds in some users and milliseconds in others")
    in_seconds = bool(seconds) or (not thousandths and key == "locked_until")
    kind = "epoch_seconds" if in_seconds else "epoch_milliseconds"
    doubt = f"{facts.name} is taken for {kind.removeprefix('epoch_')} since 1970"
    if key == "expires" and shapes.numbers[0]:
        doubt += "; who has 0 in it stays out"
    return Rule(facts.name, {key: kind}, "a time", "doubtful", doubt)


def _status(facts: ColumnFacts, shapes: Shapes) -> Rule:
    """A state. Of numbers nobody knows which is good; but most users may come in."""
    if facts.kind in ("boolean", "integer", "number"):
        if 2 * shapes.numbers[1] > shapes.given or (facts.kind == "boolean" and not shapes.rows):
            text = f"{facts.name}: 1 is taken for active; say which numbers are"
            rule = {"values": [_number(facts, 1)]}
            return Rule(facts.name, rule, "a state, 1 in most users", "doubtful", text)
        return _undecided(facts, "is a number, and not 1 in most users of a sample")
    return _by_words(facts, shapes, "a state")


def _verified(facts: ColumnFacts, shapes: Shapes) -> Rule:
    text = (
        f"{facts.name} may say who confirmed their e-mail address; it is not asked for. If it "
        "should be, add it to active"
    )
    return Rule(facts.name, None, "", doubt=text)


def _by_words(facts: ColumnFacts, shapes: Shapes, what: str) -> Rule:
    """Text that says whether somebody may come in."""
    words = sorted(word for word in shapes.words if word.casefold() in ACTIVE_VALUES)
    ones = shapes.numbers[1] if what == "a flag" else max(0, 2 * shapes.numbers[1] - shapes.given)
    if facts.kind in TEXT and not words and ones:
        words = ["1"]
    if facts.kind not in TEXT or not words:
        return _undecided(facts, "has no value that means active, as far as known")
    return Rule(facts.name, {"values": words}, what, "likely")


def _number(facts: ColumnFacts, number: int) -> int | bool:
    """A number as a column's kind has it."""
    return bool(number) if facts.kind == "boolean" else number
