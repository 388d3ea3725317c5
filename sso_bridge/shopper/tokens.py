"""Who asks, and the tokens that were given out and are still good."""

from __future__ import annotations

import base64
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr

from .messages import Token

__all__ = ["Credentials", "Tokens"]

_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Credentials:
    """The API key and its secret, of a confidential application."""

    api_key: SecretStr
    secret: SecretStr

    def basic(self) -> str:
        """The value of the header Authorization."""
        pair = f"{self.api_key.get_secret_value()}:{self.secret.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Tokens:
    """Tokens by ERID, that of nobody in particular under None; the last thousand used.

    A token is not given out any more when a tenth of its life is left, or a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._kept: OrderedDict[str | None, tuple[Token, float]] = OrderedDict()

    def get(self, erid: str | None) -> Token | None:
        """A token that is still good, with the seconds it has left; None if there is none."""
        with self._mutex:
            found = self._kept.get(erid)
            if found is None:
                return None
            token, ends = found
            left = ends - self._clock()
            if left <= min(60.0, token.expires_in / 10):
                del self._kept[erid]
                return None
            self._kept.move_to_end(erid)
        return replace(token, expires_in=left)

    def keep(self, erid: str | None, token: Token, asked_at: float) -> None:
        """Remember a token that was asked for at `asked_at`, by the clock."""
        with self._mutex:
            self._kept[erid] = (token, asked_at + token.expires_in)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def drop(self, erid: str | None, token: Token) -> None:
        """Forget `token`, which was refused; another that took its place is kept."""
        with self._mutex:
            found = self._kept.get(erid)
            if found is not None and found[0].access == token.access:
                del self._kept[erid]

    def now(self) -> float:
        """The time by the clock."""
        return self._clock()
