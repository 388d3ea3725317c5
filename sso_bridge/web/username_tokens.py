"""Whose a UsernameToken is: OASIS Web Services Security, UsernameToken Profile 1.0.

A digest is good once, and for a while. Whatever is wrong, it is FailedAuthentication."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Final, TypeVar

from ..core.call import FailedAuthentication, UsernameToken
from ..core.ports import Replays

__all__ = ["TokenOwner", "UsernameTokens"]

T = TypeVar("T")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
"""xsd:dateTime with a zone."""


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """The user name of a caller's tokens, and its passwords, each of which is good; whether they
    may be sent as a digest, and as they are."""

    user: str
    passwords: Sequence[str] = field(repr=False)
    digest: bool = True
    text: bool = False


class UsernameTokens:
    """Tells owners by their tokens. A digest is good until it is `fresh` seconds old, by clocks
    that are `skew` seconds apart at most; what was used is remembered in `replays` until then."""

    def __init__(
        self,
        replays: Replays,
        *,
        fresh: float = 300.0,
        skew: float = 60.0,
        clock: Callable[[], float] = time.time,
        told: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._replays = replays
        self._fresh = fresh
        self._skew = skew
        self._clock = clock
        self._told = told

    def owner(self, token: UsernameToken, owners: Sequence[tuple[TokenOwner, T]]) -> T:
        """What stands beside the owner of `token`; raises FailedAuthentication, Busy.

        `told` hears why, which is for the log."""
        try:
            return self._owner(token, owners)
        except FailedAuthentication as failed:
            self._told(failed.details)
            raise

    def _owner(self, token: UsernameToken, owners: Sequence[tuple[TokenOwner, T]]) -> T:
        found: list[T] = []
        salt = token.nonce + token.created.encode("utf-8", "surrogatepass")
        for owner, of in owners:
            allowed = owner.digest if token.is_digest else owner.text
            is_theirs = _same(owner.user, token.user)
            for password in owner.passwords:
                shown = _digest(salt, password) if token.is_digest else password
                if _same(shown, token.password) & is_theirs & allowed:
                    found.append(of)
        if not found:
            raise FailedAuthentication("nobody's user, password and type of password")
        if token.is_digest or token.created:
            self._check_age(token.created)
        if token.is_digest:
            # It may be from the future, and the clock of the node that sees it next behind ours.
            kept = self._fresh + 3 * self._skew + 1
            if not self._replays.is_first(token.password.encode(), kept):
                raise FailedAuthentication("used before")
        return found[0]

    def _check_age(self, created: str) -> None:
        if not _MOMENT.fullmatch(created):
            raise FailedAuthentication("Created is no time with a zone")
        try:
            moment = datetime.fromisoformat(created).timestamp()
        except (ValueError, OverflowError):
            raise FailedAuthentication("Created is no time") from None
        age = self._clock() - moment
        if not -self._skew <= age <= self._fresh + self._skew:
            raise FailedAuthentication(f"Created is {age:.0f} s ago; are the clocks set?")


def _digest(salt: bytes, password: str) -> str:
    whole = salt + password.encode("utf-8", "surrogatepass")
    return b64encode(hashlib.sha1(whole, usedforsecurity=False).digest()).decode()


def _same(one: str, other: str) -> bool:
    return compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
