"""What is sent and what comes back, as frozen values. Their fields are spelt as in Python; on the
wire `first_name` is `firstName`, and an answer may spell that in any letter case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from .errors import NotUnderstood

__all__ = ["FIELDS", "Request", "Shopper", "Token", "TokenInformation", "folded"]

FIELDS: Final[dict[str, str]] = {
    "username": "username",
    "first_name": "firstName",
    "last_name": "lastName",
    "erid": "externalReferenceId",
    "email": "emailAddress",
    "locale": "locale",
    "currency": "currency",
}
"""The fields of a shopper, and how the wire spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `headers` may hold a token or the API secret, `form` a refresh token."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and how long it is good for, in seconds from when it was asked for."""

    access: SecretStr
    expires_in: float
    refresh: SecretStr | None = None

    @classmethod
    def read(cls, answer: Any) -> Token:
        """From the JSON of an answer; raises NotUnderstood."""
        fields = folded(answer)
        access, refresh = fields.get("access_token"), fields.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise NotUnderstood("the answer to a request for a token has no access_token")
        kind = fields.get("token_type", "bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise NotUnderstood("the token is of another type than bearer")
        return cls(
            access=SecretStr(access),
            expires_in=_number("expires_in", fields.get("expires_in", 0)),
            refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInformation:
    """What a token is. A field that the answer lacks is None; `erid` is that of the customer on
    whose behalf it is, `expires_in` is in seconds."""

    session_id: str | None = field(default=None, repr=False)
    user_id: str | None = None
    erid: str | None = None
    authenticated: bool = False
    locale: str | None = None
    currency: str | None = None
    domain: str | None = None
    expires_in: float | None = None

    @classmethod
    def read(cls, answer: Any) -> TokenInformation:
        """From the JSON of an answer; raises NotUnderstood."""
        fields = folded(answer)
        expires = fields.get("expiresin")
        return cls(
            session_id=_text(fields.get("sessionid")),
            user_id=_text(fields.get("userid")),
            erid=_text(fields.get("externalreferenceid")),
            authenticated=str(fields.get("authenticated", "")).lower() == "true",
            locale=_text(fields.get("locale")),
            currency=_text(fields.get("currency")),
            domain=_text(fields.get("domain")),
            expires_in=None if expires is None else _number("expiresIn", expires),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """A customer. What is None is not sent, or was not in the answer: without `expand` that goes
    for `erid`. `password` is sent only where Digital River keeps the credentials."""

    id: str | None = None
    username: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    erid: str | None = None
    email: str | None = field(default=None, repr=False)
    locale: str | None = None
    currency: str | None = None
    password: SecretStr | None = None

    @classmethod
    def read(cls, answer: Any) -> Shopper:
        """From the JSON of an answer, with or without `shopper` around it; raises NotUnderstood."""
        fields = folded(answer)
        if "shopper" in fields:
            fields = folded(fields["shopper"])
        known: dict[str, Any] = {
            name: _text(fields.get(wire.lower())) for name, wire in FIELDS.items()
        }
        return cls(id=_text(fields.get("id")), **known)

    def filled(self) -> dict[str, str]:
        """The fields that have a value, by their name here; without the password."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in values.items() if value is not None}


def folded(answer: Any) -> dict[str, Any]:
    """A JSON object with its keys in small letters; raises NotUnderstood if it is none."""
    if not isinstance(answer, dict):
        raise NotUnderstood("the answer is not a JSON object")
    return {key.lower(): value for key, value in answer.items()}


def _text(value: Any) -> str | None:
    """A value as text; None for null, and for what is not a value but an object."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else None


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0.0 <= number < 1e12:
        raise NotUnderstood(f"{name} is not a number of seconds")
    return number
