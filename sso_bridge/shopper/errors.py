"""What the Shopper API says no with, and what becomes of a call that has no answer.

    BridgeError
    └── ShopperError
        ├── Unreachable            no answer came; `sent` says whether the call may have arrived
        ├── NotUnderstood          an answer that is none of the documented ones
        ├── WrongCustomer          an answer about another customer than the one asked for
        └── Refused                an error object, with status, code, subcode and description
            ├── ValidationFailed   validation-error
            ├── PasswordFailure    password-failure
            ├── InvalidToken       invalid_token: expired, revoked, or of another site
            ├── Forbidden          403
            ├── NotFound           404
            ├── AlreadyExists      …-already-exists
            ├── TakenErid          external-reference-ID-conflict
            ├── RateLimited        rate-limit-quota-exceeded, or 429: nothing was done
            └── ServerFailed       500 and above: it may have been done

None of them holds a token, a password or a header of the request. `description` is Digital
River's text: it may quote what was sent, so it is for an operator's eyes and not for logs."""

from __future__ import annotations

from ..errors import BridgeError

__all__ = [
    "AlreadyExists",
    "Forbidden",
    "InvalidToken",
    "NotFound",
    "NotUnderstood",
    "PasswordFailure",
    "RateLimited",
    "Refused",
    "ServerFailed",
    "ShopperError",
    "TakenErid",
    "Unreachable",
    "ValidationFailed",
    "WrongCustomer",
    "refusal",
]


class ShopperError(BridgeError):
    """The Shopper API did not do what was asked."""

    text = "The Shopper API did not do what was asked"


class Unreachable(ShopperError):
    """No answer came. Unless `sent` is False, the call may have been carried out all the same."""

    def __init__(self, details: str, *, sent: bool = True) -> None:
        super().__init__(details)
        self.sent = sent


class NotUnderstood(ShopperError):
    """The answer is none of the documented ones."""


class WrongCustomer(ShopperError):
    """The answer about an ERID is about a customer with another one. Stop, and ask Digital River:
    people may be crossed there."""

    text = "the Shopper API answered for a customer with another ERID than the one asked for"


class Refused(ShopperError):
    """The answer is an error object. `code` is empty where the answer names none."""

    def __init__(
        self, status: int, code: str, subcode: str | None = None, description: str = ""
    ) -> None:
        reason = code or f"HTTP {status}"
        named = reason if subcode is None else f"{reason} ({subcode})"
        super().__init__(f"the Shopper API refused it: {named}")
        self.status, self.code, self.subcode = status, code, subcode
        self.description = description

    @property
    def reason(self) -> str:
        """The code and the subcode, or the status where there is no code."""
        return self.details.partition(": ")[2]


class ValidationFailed(Refused):
    """What was sent is not valid."""


class PasswordFailure(Refused):
    """A password is wrong, or may not be one."""


class InvalidToken(Refused):
    """The token has expired, was revoked, or is of another site."""


class Forbidden(Refused):
    """The token, or the API key, may not do this."""


class NotFound(Refused):
    """There is no such thing."""


class AlreadyExists(Refused):
    """Something with one of the values that have to be unique is there."""


class TakenErid(Refused):
    """Another customer has this external reference ID."""


class RateLimited(Refused):
    """There were too many calls for this API key; nothing was done."""


class ServerFailed(Refused):
    """The API failed; whether the call was carried out is not known."""


_BY_CODE: dict[str, type[Refused]] = {
    "validation-error": ValidationFailed,
    "password-failure": PasswordFailure,
    "invalid_token": InvalidToken,
    "external-reference-id-conflict": TakenErid,
    "rate-limit-quota-exceeded": RateLimited,
}
_BY_STATUS: dict[int, type[Refused]] = {
    400: ValidationFailed,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}


def refusal(status: int, code: str, subcode: str | None = None, description: str = "") -> Refused:
    """The error for an answer with `status` and an error object with `code`."""
    kind = _BY_CODE.get(code.lower())
    if kind is None and code.lower().endswith("-already-exists"):
        kind = AlreadyExists
    if kind is None:
        kind = ServerFailed if status >= 500 else _BY_STATUS.get(status, Refused)
    return kind(status, code, subcode, description)
