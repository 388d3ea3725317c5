"""When two logins are the same: the site's rule, applied in code whatever the database thinks."""

from __future__ import annotations

from enum import Enum

__all__ = ["LoginRule"]

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class LoginRule(Enum):
    """How a site compares the login that was sent with the one that is stored.

    EXACT: character by character. ASCII_CASE: A to Z equal a to z, nothing else; that is as
    far as all databases agree, and as far as e-mail addresses need."""

    EXACT = "exact"
    ASCII_CASE = "ascii_case"

    def canonical(self, login: str) -> str:
        """The form in which two logins are compared."""
        return login if self is LoginRule.EXACT else login.translate(_ASCII_LOWER)

    def same(self, one: str, other: str) -> bool:
        """Whether both are the same login to this site."""
        return one == other or self.canonical(one) == self.canonical(other)
