"""What is asked of the Shopper API and how its answers are read, without any input or output.

A flow is a generator: it yields a Request to be sent or a Wait, is sent the Answer back, or has
Unreachable thrown into it, and returns what was asked for. The clients carry flows out. So repeats,
tokens and errors are one code for both, which a library that wraps calls could not be."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from .answers import Answer, read, retry_after
from .errors import (
    AlreadyExists,
    InvalidToken,
    NotFound,
    NotUnderstood,
    RateLimited,
    ServerFailed,
    ShopperError,
    TakenErid,
    Unreachable,
    ValidationFailed,
    WrongCustomer,
)
from .messages import FIELDS, Request, Shopper, Token, TokenInformation
from .tokens import Credentials, Tokens

__all__ = ["Created", "Exchange", "Flow", "Wait"]

T = TypeVar("T")

_BASE_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 20.0
_PATIENCE: Final = 300.0
"""The longest that a Retry-After is obeyed; one that asks for more ends the call."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time to let pass. `everybody`: the other side asked all who use the key to wait."""

    seconds: float
    everybody: bool = False


Flow = Generator[Request | Wait, Answer | None, T]


@dataclass(frozen=True, slots=True)
class Created:
    """A customer who is there now. `sure` is False if the answer to the creation was lost, and
    looking found a customer with the ERID: who made it is not known."""

    shopper: Shopper
    sure: bool = True


class Exchange:
    """The calls, as flows. `attempts` is how often one is sent at most.

    Reads and tokens are sent again after an outage, an update only if it was not sent or was
    refused unread. A creation whose answer was lost is sent again only after looking for
    the ERID has found nobody."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        attempts: int = 6,
        tokens: Tokens | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._basic = credentials.basic()
        self._attempts = attempts
        self._tokens = Tokens() if tokens is None else tokens
        self._jitter = jitter

    def token(self, erid: str | None, session_token: str | None = None) -> Flow[Token]:
        """A full-access token on behalf of the customer with `erid`, or an anonymous one. One that
        is tied to a store session is never a remembered one."""
        known = self._tokens.get(erid) if session_token is None else None
        if known is not None:
            return known
        form = {"grant_type": "client_credentials"}
        if erid is not None:
            form["dr_external_reference_id"] = erid
        if session_token is not None:
            form["dr_session_token"] = session_token
        asked_at = self._tokens.now()
        token = Token.read((yield from self._call(self._grant(form), safe=True)))
        if session_token is None:
            self._tokens.keep(erid, token, asked_at)
        return token

    def refresh(self, refresh_token: str) -> Flow[Token]:
        """A new token for a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return Token.read((yield from self._call(self._grant(form), safe=True)))

    def information(self, token: Token) -> Flow[TokenInformation]:
        """What `token` is. It is asked with the token in a header: addresses are logged."""
        request = Request(method="GET", path="/oauth20/access-token", headers=_bearer(token))
        return TokenInformation.read((yield from self._call(request, safe=True)))

    def show(self, erid: str, *, expand: Iterable[str], fields: Iterable[str]) -> Flow[Shopper]:
        """The customer with `erid`. Raises WrongCustomer if the answer names another ERID."""
        query = {
            name: ",".join(asked)
            for name, asked in (("expand", expand), ("fields", fields))
            if asked
        }
        answer = yield from self._authorized(
            erid,
            lambda headers: Request(
                method="GET", path="/v1/shoppers/me", query=query, headers=headers
            ),
            safe=True,
        )
        shopper = Shopper.read(answer)
        if shopper.erid not in (None, erid):
            raise WrongCustomer
        return shopper

    def look(self, erid: str) -> Flow[Shopper | None]:
        """The customer with `erid`, with the ERID as it was answered; None if there is none.

        Nobody has it if no token is given for it: that request is not valid then, or finds nothing.
        Anything else that is refused is an error, and says nothing about who is there."""
        try:
            yield from self.token(erid)
        except (ValidationFailed, NotFound):
            return None
        shopper = yield from self.show(erid, expand=["externalReferenceId"], fields=())
        if shopper.erid is None:
            raise NotUnderstood("externalReferenceId was asked for, and is not in the answer")
        return shopper

    def create(self, shopper: Shopper) -> Flow[Created]:
        """Make `shopper` a customer. Raises TakenErid or AlreadyExists if it was one before."""
        _check(shopper)
        lost: ShopperError | None = None
        for attempt in range(self._attempts):
            if lost is not None:
                yield Wait(self._backoff(attempt))
                if (found := (yield from self._found(shopper, lost))) is not None:
                    return Created(found, sure=False)
            try:
                answer = yield from self._authorized(None, lambda h: _creation(shopper, h))
            except (TakenErid, AlreadyExists) as conflict:
                if lost is None:
                    raise
                if (found := (yield from self._found(shopper, conflict))) is None:
                    raise
                return Created(found, sure=False)
            except ServerFailed as error:
                lost = error
            except Unreachable as error:
                if not error.sent:
                    raise
                lost = error
            else:
                return Created(_made(shopper, answer))
        assert lost is not None
        raise lost

    def update(self, erid: str, shopper: Shopper) -> Flow[None]:
        """Change the fields of the customer with `erid` that `shopper` has. An ERID is not sent."""
        values = {FIELDS[k]: v for k, v in shopper.filled().items() if k != "erid"}
        query = {name: value for name, value in values.items() if name in ("locale", "currency")}
        yield from self._authorized(
            erid,
            lambda headers: Request(
                method="POST",
                path="/v1/shoppers/me",
                query=query,
                headers=headers,
                json={"shopper": values},
            ),
        )

    def _found(self, shopper: Shopper, lost: ShopperError) -> Flow[Shopper | None]:
        """Whether a creation whose answer was lost took place; raises `lost` if nobody can say."""
        if shopper.erid is None:
            raise lost
        return (yield from self.look(shopper.erid))

    def _authorized(
        self,
        erid: str | None,
        request: Callable[[Mapping[str, str]], Request],
        *,
        safe: bool = False,
    ) -> Flow[Any]:
        """The answer to a request with a token; with a new one if a remembered one is refused."""
        remembered = self._tokens.get(erid)
        if remembered is not None:
            try:
                return (yield from self._call(request(_bearer(remembered)), safe=safe))
            except InvalidToken:
                self._tokens.drop(erid, remembered)
        token = yield from self.token(erid)
        return (yield from self._call(request(_bearer(token)), safe=safe))

    def _call(self, request: Request, *, safe: bool) -> Flow[Any]:
        """The JSON of the answer, None where it has no body.

        Sent again if the call is `safe`, was never sent, or was refused for its number."""
        for attempt in range(1, self._attempts + 1):
            asked_to_wait = None
            try:
                answer = yield request
                assert answer is not None
                asked_to_wait = retry_after(answer)
                return read(answer)
            except (ServerFailed, Unreachable) as error:
                not_sent = isinstance(error, Unreachable) and not error.sent
                if attempt == self._attempts or not (safe or not_sent):
                    raise
                everybody = False
            except RateLimited:
                if attempt == self._attempts:
                    raise
                everybody = True
            if asked_to_wait is not None and asked_to_wait > _PATIENCE:
                raise Unreachable(
                    f"the Shopper API asks to wait {asked_to_wait:.0f} seconds", sent=False
                )
            backoff = self._backoff(attempt)
            yield Wait(
                backoff if asked_to_wait is None else asked_to_wait + backoff / 10, everybody
            )
        raise AssertionError

    def _backoff(self, attempt: int) -> float:
        """Seconds before the next attempt: longer each time, and for everybody another."""
        most = min(_LONGEST_SECONDS, _BASE_SECONDS * 2**attempt)
        return self._jitter(most / 4, most)

    def _grant(self, form: Mapping[str, str]) -> Request:
        headers = {"authorization": self._basic}
        return Request(method="POST", path="/oauth20/token", headers=headers, form=form)


def _bearer(token: Token) -> Mapping[str, str]:
    return {"authorization": f"bearer {token.access.get_secret_value()}"}


def _check(shopper: Shopper) -> None:
    if shopper.password is None and not shopper.erid:
        raise ShopperError(
            "an externalReferenceId is required of a customer whose credentials the client keeps"
        )
    if shopper.password is not None and not shopper.username:
        raise ShopperError("a username is required of a customer with a password")


def _creation(shopper: Shopper, headers: Mapping[str, str]) -> Request:
    values = {FIELDS[name]: value for name, value in shopper.filled().items()}
    if shopper.password is not None:
        secret = shopper.password.get_secret_value().encode()
        values["password"] = base64.b64encode(secret).decode()
    return Request(method="POST", path="/v1/shoppers", headers=headers, json={"shopper": values})


def _made(shopper: Shopper, answer: Any) -> Shopper:
    """The customer as answered; as sent where the answer has no body."""
    if answer is None:
        return shopper
    made = Shopper.read(answer)
    if made.erid not in (None, shopper.erid):
        raise WrongCustomer
    return made
