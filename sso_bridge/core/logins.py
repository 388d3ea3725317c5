"""When two logins are the same: the site's rule, applied in code whatever the database thinks."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

__all__ = ["LoginRule"]

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_MARKED = re.compile("([\0-\u02ff\u0370-\u03ff])[\u0300-\u0362]+")
"""A Latin or Greek letter, or a sign, with marks such as the accent of é and the dots of ü."""


class LoginRule(Enum):
    """How a site compares the login that was sent with the one that is stored.

    EXACT: character by character. ASCII_CASE: A to Z equal a to z, nothing else; that is as
    far as e-mail addresses need. CASE: every letter equals its lower case, where that is one
    character whose capital is this letter. CASE_AND_ACCENTS: also é and ü equal e and u, in every
    spelling of them, and likewise all Latin and Greek letters; in other scripts a letter with a
    mark is often another letter."""

    EXACT = "exact"
    ASCII_CASE = "ascii_case"
    CASE = "case"
    CASE_AND_ACCENTS = "case_and_accents"

    def canonical(self, login: str) -> str:
        """The form in which two logins are compared."""
        if self is LoginRule.EXACT:
            return login
        if self is LoginRule.ASCII_CASE:
            return login.translate(_ASCII_LOWER)
        if login.isascii():
            return login.lower()
        if self is LoginRule.CASE:
            return _lower(login)
        return _lower(_without_marks(_lower(login)))

    def same(self, one: str, other: str) -> bool:
        """Whether both are the same login to this site."""
        return one == other or self.canonical(one) == self.canonical(other)


def _lower(text: str) -> str:
    """Letter by letter: what becomes several characters, depends on its neighbours, or is one of
    several capitals of one letter (as the Kelvin sign is, of k), stays."""
    return "".join(low if (low := c.lower()).upper() == c and len(low) == 1 else c for c in text)


def _without_marks(text: str) -> str:
    apart = [unicodedata.normalize("NFD", c) if _has_marks(c) else c for c in text]
    return _MARKED.sub(r"\1", "".join(apart))


def _has_marks(letter: str) -> bool:
    """Whether it may be a Latin or Greek letter with a mark."""
    return letter < "\u0400" or "\u1e00" <= letter <= "\u1fff"
