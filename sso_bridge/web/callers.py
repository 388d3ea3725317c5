"""Who may call: HTTP Basic, checked against configured callers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import Authorization

from ..core.call import Caller

__all__ = ["Callers", "Credential"]

_MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Credential:
    """One caller's user name, and what tells whether a password is theirs.

    `verify` may be slow and may raise Busy or DeadlineExceeded."""

    caller: Caller
    user: str
    verify: Callable[[str], bool] = field(repr=False)


class Callers:
    """Checks the Authorization header. With no credentials configured everybody may call.

    A password that was found good is remembered as a keyed digest for the life of the
    process: a slow hash would otherwise be computed for every call."""

    def __init__(self, credentials: Sequence[Credential]) -> None:
        self._credentials = tuple(credentials)
        self._key = secrets.token_bytes(32)
        self._good: dict[bytes, Caller] = {}

    @property
    def anybody(self) -> bool:
        """Whether no caller is configured."""
        return not self._credentials

    def who(self, header: str | None) -> Caller | None:
        """The caller with this Authorization header; None if it is nobody's."""
        if header is None or not header.isascii():  # which Werkzeug would raise ValueError for
            return None
        digest = hashlib.blake2b(header.encode("latin-1", "replace"), key=self._key).digest()
        known = self._good.get(digest)
        if known is not None:
            return known
        sent = Authorization.from_header(header)
        if sent is None or sent.type != "basic" or sent.username is None or sent.password is None:
            return None
        found = None
        for credential in self._credentials:
            same = hmac.compare_digest(credential.user.encode(), sent.username.encode())
            if same and credential.verify(sent.password):
                found = credential.caller
        if found is not None and len(self._good) < _MOST_REMEMBERED:
            self._good[digest] = found
        return found
