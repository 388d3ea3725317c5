"""When two logins are the same: the site's rule, applied in code whatever the database thinks."""

from __future__ import annotations

import unicodedata
from enum import Enum

__all__ = ["LoginRule"]

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_MARKS = dict.fromkeys(range(0x300, 0x370))
"""Combining diacritical marks, such as the accent of é and the dots of ü."""


class LoginRule(Enum):
    """How a site compares the login that was sent with the one that is stored.

    EXACT: character by character. ASCII_CASE: A to Z equal a to z, nothing else; that is as
    far as e-mail addresses need. CASE: every letter equals its lower case, where that is one
    character. CASE_AND_ACCENTS: also é and ü equal e and u, in every spelling of them."""

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
        return _lower(unicodedata.normalize("NFD", _lower(login)).translate(_MARKS))

    def same(self, one: str, other: str) -> bool:
        """Whether both are the same login to this site."""
        return one == other or self.canonical(one) == self.canonical(other)


def _lower(text: str) -> str:
    """Letter by letter: what becomes several characters, or depends on its neighbours, stays."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)
