"""What goes over the wire, as models: they validate what is sent and describe what is answered."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

__all__ = ["ApiError", "Errors", "Granted", "Information", "Payload", "Shown"]

Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class ApiError(Exception):
    """An answer that says no, in the documented shape."""

    def __init__(
        self,
        status: int,
        code: str,
        description: str,
        *,
        subcode: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.subcode = status, code, subcode
        self.description, self.headers = description, headers or {}

    def content(self, address: str) -> dict[str, Any]:
        """The body of the answer; `address` is the one that was asked, without a query."""
        error = {"relation": address, "code": self.code, "description": self.description}
        if self.subcode is not None:
            error["subcode"] = self.subcode
        return {"errors": {"error": [error]}}


class Error(BaseModel):
    """One thing that is wrong."""

    relation: str
    code: str
    subcode: str | None = None
    description: str


class ErrorList(BaseModel):
    """What is wrong."""

    error: list[Error] = Field(min_length=1)


class Errors(BaseModel):
    """The body of an answer that says no."""

    errors: ErrorList


class Granted(BaseModel):
    """A token. `expires_in` is documented as a number and shown as a text: it may be either."""

    access_token: str
    token_type: str
    expires_in: int | str
    refresh_token: str


class Information(BaseModel):
    """What a token is."""

    sessionId: str
    userId: str | None
    externalReferenceId: str | None
    authenticated: str
    locale: str
    currency: str
    domain: str
    expiresIn: int


class Fields(BaseModel):
    """The fields of a shopper that may be sent, in any letter case."""

    model_config = ConfigDict(hide_input_in_errors=True)

    username: Text | None = None
    password: SecretStr | None = Field(None, description="In base64.")
    firstName: Text | None = None
    lastName: Text | None = None
    externalReferenceId: Text | None = None
    emailAddress: Text | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}_[A-Z]{2}$")] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, values: Any) -> Any:
        return _respelt(cls, values)

    def sent(self) -> dict[str, str]:
        """The fields that were sent with a value, but for the password."""
        return self.model_dump(exclude_none=True, exclude={"password"})

    def clear_password(self) -> str | None:
        """The password; raises ApiError if it is not base64."""
        if self.password is None:
            return None
        try:
            return base64.b64decode(self.password.get_secret_value(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise ApiError(400, "password-failure", "The password is not base64.") from None


class Payload(BaseModel):
    """The body of a creation or an update."""

    model_config = ConfigDict(hide_input_in_errors=True)

    shopper: Fields

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, values: Any) -> Any:
        return _respelt(cls, values)


class ShownShopper(BaseModel):
    """A shopper as it is answered; `fields` and `expand` say with what."""

    uri: str | None = None
    id: int | str | None = None
    username: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    emailAddress: str | None = None
    locale: str | None = None
    currency: str | None = None
    externalReferenceId: str | None = None


class Shown(BaseModel):
    """The answer with a shopper in it."""

    shopper: ShownShopper


def _respelt(model: type[BaseModel], values: Any) -> Any:
    """An object with its keys as the model spells them."""
    if not isinstance(values, dict):
        return values
    known = {name.lower(): name for name in model.model_fields}
    return {known.get(str(key).lower(), key): value for key, value in values.items()}
