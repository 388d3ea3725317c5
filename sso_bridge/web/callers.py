"""Who calls: whose conditions a request meets, all of them.

Where a request comes from is looked at first: only callers who may call from there, with the
certificate shown, are asked whether its password or token is theirs. So nobody can guess at
passwords from elsewhere."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from werkzeug.datastructures import Authorization
from werkzeug.exceptions import Forbidden, Unauthorized

from ..core.call import ANYBODY, Caller, FailedAuthentication, Unproven, UsernameToken
from ..core.deadline import Deadline
from .proxies import Address, Network, Proxies

if TYPE_CHECKING:
    from .certificates import Certificate
    from .username_tokens import TokenOwner, UsernameTokens

__all__ = ["Callers", "Conditions"]

_MOST_REMEMBERED: Final = 64
_REALM: Final = 'realm="sso-bridge"'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """What `caller` has to show; all of it, and of each several any one.

    `hashes` tell whether a password is theirs; they may be slow and raise Unavailable. `tokens` are
    SHA-256 digests. Of `certificate` None asks for none, and an empty set takes any. Whose
    `username_token` the message has to have is told when that is read."""

    caller: Caller
    user: str | None = None
    passwords: Sequence[str] = field(default=(), repr=False)
    hashes: Sequence[Callable[[str, Deadline], bool]] = field(default=(), repr=False)
    tokens: Sequence[bytes] = field(default=(), repr=False)
    networks: Sequence[Network] = ()
    certificate: frozenset[Hashable] | None = None
    username_token: TokenOwner | None = None


class _Known:
    """One caller, with what is compared worked out."""

    def __init__(self, conditions: Conditions, mark: Callable[[str], bytes]) -> None:
        self.is_who = conditions
        self.caller = conditions.caller
        self.hashes = tuple(conditions.hashes)
        self.tokens = tuple(conditions.tokens)
        self.user = mark(conditions.user) if conditions.user is not None else None
        self.passwords = tuple(map(mark, conditions.passwords))
        self.shows_nothing = self.user is None and not self.tokens

    def is_from(self, address: Address | None) -> bool:
        networks = self.is_who.networks
        return not networks or (
            address is not None and any(address in network for network in networks)
        )

    def has(self, certificate: Certificate | None) -> bool:
        wanted = self.is_who.certificate
        if wanted is None:
            return True
        if certificate is None or not certificate.begins <= time.time() <= certificate.ends:
            return False
        return not wanted or not wanted.isdisjoint(certificate.names)


class Callers:
    """Finds the caller of a request. With no conditions configured everybody may call.

    `read` makes a certificate of what a proxy passes on, or None; `username_tokens` are needed if
    there is a caller who sends them. A password may take so many `seconds`, whatever number of
    hashes it is compared with. What was found good is remembered as a keyed digest for the
    life of the process: a slow hash would otherwise be computed for every call."""

    def __init__(
        self,
        conditions: Sequence[Conditions],
        *,
        proxies: Proxies | None = None,
        read: Callable[[str], Certificate | None] = lambda said: None,
        username_tokens: UsernameTokens | None = None,
        seconds: float = 5.0,
    ) -> None:
        self._key = secrets.token_bytes(32)
        self._known = tuple(_Known(one, self._mark) for one in conditions)
        self._good: dict[bytes, tuple[_Known, ...]] = {}
        self._proxies = proxies or Proxies()
        self._username_tokens = username_tokens
        self._seconds = seconds
        self._look_around = self._proxies.certificate_key is not None or any(
            one.networks or one.certificate is not None for one in conditions
        )
        self._certificate_in = lru_cache(_MOST_REMEMBERED)(read)
        self._from = lru_cache(1024)(self._may_call_from)
        schemes = {
            f'Basic {_REALM}, charset="UTF-8"': any(one.user is not None for one in conditions),
            f"Bearer {_REALM}": any(one.tokens for one in conditions),
        }
        self.challenge = ", ".join(text for text, is_taken in schemes.items() if is_taken)
        """What a 401 asks for, as in WWW-Authenticate."""

    def who(self, environ: dict[str, Any]) -> Caller:
        """The caller of a request, Unproven if its message has to have a UsernameToken; raises
        Werkzeug's Forbidden if nobody may call from there, and Unauthorized if it shows no password
        or token that is anybody's; Unavailable if that cannot be told now."""
        if not self._known:
            return ANYBODY
        known = self._in_place(environ) if self._look_around else self._known
        sent = environ.get("HTTP_AUTHORIZATION")
        if sent is not None:
            for one in known:
                if not one.shows_nothing:
                    return self._of((self._owner(sent, known),))
        fitting = tuple(one for one in known if one.shows_nothing)
        if not fitting:
            raise Unauthorized("a configured caller's password or token is required")
        return self._of(fitting)

    def _of(self, fitting: Sequence[_Known]) -> Caller:
        """The caller, of those whom all but the message fits."""
        tokens = self._username_tokens
        if tokens is None:
            return fitting[0].caller
        owners = [(one.is_who.username_token, one.caller) for one in fitting]
        wanted = [(owner, caller) for owner, caller in owners if owner is not None]
        if not wanted:
            return fitting[0].caller

        def prove(token: UsernameToken | None) -> Caller:
            if token is not None:
                return tokens.owner(token, wanted)
            for owner, caller in owners:
                if owner is None:
                    return caller
            raise FailedAuthentication("no UsernameToken")

        return Unproven("", frozenset(), frozenset(), prove=prove)

    def address(self, environ: dict[str, Any]) -> str:
        """Where a request comes from, for the log; who connects, if no more is known."""
        client = self._proxies.client(environ)
        return str(environ.get("REMOTE_ADDR", "") if client is None else client)

    def _in_place(self, environ: dict[str, Any]) -> tuple[_Known, ...]:
        """Who may call from where the request comes, with the certificate that it shows."""
        proxies = self._proxies
        said = environ.get(proxies.certificate_key) if proxies.certificate_key else None
        if said and not proxies.trusts(environ.get("REMOTE_ADDR", "")):
            raise Forbidden("a client certificate was passed on by somebody who is not trusted")
        certificate = self._certificate_in(said) if said else None
        near = self._from(proxies.client(environ))
        known = tuple(one for one in near if one.has(certificate))
        if not known:
            raise Forbidden("no configured caller may call from there, or with that certificate")
        return known

    def _may_call_from(self, address: Address | None) -> tuple[_Known, ...]:
        return tuple(one for one in self._known if one.is_from(address))

    def _owner(self, sent: str, known: Sequence[_Known]) -> _Known:
        digest = self._mark(sent)
        remembered = self._good.get(digest, ())
        for one in remembered:
            if one in known:
                return one
        found = self._verified(sent, known)
        if found is None:
            raise Unauthorized("the password or token is no configured caller's")
        if remembered or len(self._good) < _MOST_REMEMBERED:
            self._good[digest] = (*remembered, found)
        return found

    def _verified(self, sent: str, known: Sequence[_Known]) -> _Known | None:
        # Werkzeug raises ValueError for what is not ASCII.
        shown = Authorization.from_header(sent) if sent.isascii() else None
        if shown is None:
            return None
        if shown.type == "bearer" and shown.token:
            digest = hashlib.sha256(shown.token.encode("latin-1", "replace")).digest()
            good = [one for one in known if _one_of(digest, one.tokens)]
            return good[0] if good else None
        if shown.type == "basic" and None not in (shown.username, shown.password):
            return self._with_password(str(shown.username), str(shown.password), known)
        return None

    def _with_password(self, user: str, password: str, known: Sequence[_Known]) -> _Known | None:
        """Whose user and password that is. One that is nobody's is compared with everybody's and
        costs every hash there is, so that its time does not tell whether the user is known."""
        name, shown = self._mark(user), self._mark(password)
        theirs = [one.user is not None and compare_digest(one.user, name) for one in known]
        plain = [_one_of(shown, one.passwords) for one in known]
        for one, is_theirs, is_good in zip(known, theirs, plain, strict=True):
            if is_theirs & is_good:
                return one
        deadline = Deadline(self._seconds)
        for one, is_theirs in zip(known, theirs, strict=True):
            for verify in one.hashes:
                if verify(password, deadline) & is_theirs:
                    return one
        return None

    def _mark(self, text: str) -> bytes:
        """`text` as it is compared and remembered."""
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest()


def _one_of(mark: bytes, marks: Sequence[bytes]) -> bool:
    """Whether it is one of them, in a time that does not tell which."""
    return bool(sum([compare_digest(mark, one) for one in marks]))
