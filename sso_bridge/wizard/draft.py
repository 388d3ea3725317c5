"""A configuration that is being drawn up, with what was chosen and what is doubtful."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .preset_text import comment, printable

__all__ = ["Ask", "Choice", "Confidence", "Draft", "Question", "take_defaults"]

Confidence = Literal["certain", "likely", "doubtful"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that was chosen: for which setting, what, why, and how sure that is."""

    place: str
    chosen: str
    why: str
    confidence: Confidence = "certain"


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the client knows. `default` is what is taken where nobody is asked;
    `choices` are what may be answered, and what each means."""

    text: str
    choices: Mapping[str, str]
    default: str


Ask = Callable[[Question], str]


def take_defaults(question: Question) -> str:
    """Asks nobody."""
    return question.default


@dataclass(slots=True)
class Draft:
    """The text of a configuration. `doubts` are also comments in it."""

    text: str = ""
    title: str = ""
    choices: list[Choice] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def choose(self, place: str, chosen: str, why: str, confidence: Confidence = "certain") -> None:
        """Note what was chosen."""
        self.choices.append(Choice(place, printable(chosen), printable(why), confidence))

    def doubt(self, text: str) -> list[str]:
        """Note a doubt; returns it as the lines of a comment."""
        self.doubts.append(printable(text))
        return comment(f"doubt: {text}")
