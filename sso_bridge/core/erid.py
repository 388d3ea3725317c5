"""What may be an external reference ID, and when two of them are the same one to a reader."""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass

from ..errors import IdentityAlarm
from .alarms import ERID_MISSING, ERID_UNUSABLE

__all__ = ["MAX_LENGTH", "EridRule", "canonical", "mint"]

MAX_LENGTH = 255
"""Characters. The bound is ours: no limit of Digital River's is published."""

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What is as invisible though its category does not say so: the joiner of graphemes, the
fillers of Hangul, the inherent vowels of Khmer, variation selectors, the blank of Braille."""


def canonical(erid: str) -> str:
    """The form in which ERIDs are unique: what a person or another system may mix up is one.

    Compatibility forms, letter case, white space and invisible characters do not count.
    What is left when those are gone may compose anew, so it is done until nothing changes."""
    if erid.isascii() and erid.isprintable():
        return erid.replace(" ", "").lower()
    while (folded := _folded(erid)) != erid:
        erid = folded
    return erid


def _folded(erid: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", erid).casefold())
    seen = "".join(c for c in plain if unicodedata.category(c) not in _INVISIBLE)
    return _IGNORABLE.sub("", seen)


@dataclass(frozen=True, slots=True)
class EridRule:
    """What else is asked of the ERIDs of one source: a length in characters, and a regular
    expression that the whole of it must match."""

    max_length: int = MAX_LENGTH
    pattern: str | None = None

    def check(self, erid: str | None) -> str:
        """`erid` itself, if it can be sent and told apart from others.

        Raises IdentityAlarm for one that is absent, blank, too long, not plain characters,
        wrapped in white space or not of the pattern. No value is ever trimmed or otherwise
        mended: it would then be another ERID."""
        if erid is None or not canonical(erid):
            raise IdentityAlarm(ERID_MISSING, "the user has no ERID")
        if len(erid) > self.max_length or len(canonical(erid)) > MAX_LENGTH:
            raise IdentityAlarm(ERID_UNUSABLE, f"longer than {self.max_length} characters")
        if erid != erid.strip():
            raise IdentityAlarm(ERID_UNUSABLE, "begins or ends with white space")
        if not _plain(erid):
            raise IdentityAlarm(ERID_UNUSABLE, "has a control or unassigned character")
        if self.pattern is not None and re.fullmatch(self.pattern, erid) is None:
            raise IdentityAlarm(ERID_UNUSABLE, "is not of the configured pattern")
        return erid


def _plain(erid: str) -> bool:
    """Whether every character can be sent, now and by every version of Unicode to come."""
    if erid.isascii():
        return erid.isprintable()
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in erid)


def mint() -> str:
    """A new ERID: a random UUID, which says nothing about the person and never changes."""
    return str(uuid.uuid4())
