"""The settings of a user database: where it is, and which column holds what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, SecretStr, model_validator

from .base import Section

__all__ = ["Active", "Addresses", "Attribute", "Erid", "Fixed", "Made", "Mapped", "Passwords", "Source"]


class Fixed(Section):
    """The same value for every user, in place of a column."""

    value: str = Field(description="The value.")


class Made(Section):
    """A value made for each new user: the time (UTC), seconds since 1970, or a random UUID."""

    make: Literal["now", "epoch", "uuid"] = Field(description="What is made.")


Mapped = str | Fixed
"""A column's name, or { value = "…" }."""

ProfileField = Literal["first_name", "last_name", "email", "locale", "home_phone", "fax_phone"]
AddressField = Literal[
    "address_id",
    "city",
    "country_a2",
    "country",
    "country_name",
    "line1",
    "line2",
    "line3",
    "location_code",
    "name1",
    "name2",
    "phone_number",
    "postal_code",
    "state",
    "email",
    "fax_phone",
    "company_name",
    "phone_number2",
    "county_name",
]


class Active(Section):
    """Which users may come in: those whose column has one of `values`, or is (not) NULL."""

    column: str = Field(description="The column that decides.")
    values: tuple[str | int | bool, ...] = Field((), description="What it has in an active user.")
    null: bool | None = Field(None, description="true: NULL is active; false: anything else is.")

    @model_validator(mode="after")
    def _one(self) -> Active:
        if bool(self.values) == (self.null is not None):
            raise ValueError("give one of values and null")
        return self


class Addresses(Section):
    """Addresses in a table of their own."""

    table: str = Field(description="The table.")
    db_schema: str | None = Field(None, alias="schema", description="Its schema.")
    user: str = Field(description="The column that refers to the user's `subject`.")
    kind: str = Field(description="The column that tells shipping from billing.")
    shipping: str = Field("shipping", description="Its value in a shipping address.")
    billing: str = Field("billing", description="Its value in a billing address.")
    fields: dict[AddressField, Mapped] = Field(description="Which column holds which field.")


class Attribute(Section):
    """An extended attribute of every answer about a user."""

    column: str | None = Field(None, description="The column with its value.")
    value: str | None = Field(None, description="Or the same value for every user.")
    type: str = Field("string", description="Its valueDataType.")

    @model_validator(mode="after")
    def _one(self) -> Attribute:
        if (self.column is None) == (self.value is None):
            raise ValueError("give one of column and value")
        return self


class Erid(Section):
    """Where ERIDs come from."""

    strategy: Literal["minted", "column"] = Field(
        "minted", description="Made once and kept in the ledger, or in a column of the user's."
    )
    column: str | None = Field(None, description="The column, for the strategy `column`.")

    @model_validator(mode="after")
    def _pair(self) -> Erid:
        if (self.strategy == "column") != (self.column is not None):
            raise ValueError('column goes with strategy = "column"')
        return self


class Passwords(Section):
    """How new passwords are hashed; all known formats are verified."""

    scheme: Literal["argon2id", "bcrypt", "scrypt", "pbkdf2-sha256", "django-pbkdf2-sha256"] = (
        Field("argon2id", description="The scheme of new hashes.")
    )


class Source(Section):
    """One user database."""

    url: SecretStr = Field(
        description="Database URL, as SQLAlchemy writes them. A relative SQLite file is beside "
        "the configuration."
    )
    pool_size: PositiveInt = Field(8, description="Connections of one worker at most.")
    company: str | None = Field(
        None, description="The companyID of its users; unset, a companyID is not looked at."
    )
    table: str = Field(description="The table or view of users.")
    db_schema: str | None = Field(None, alias="schema", description="Its schema.")
    subject: str = Field(description="The primary key: never changed, never given away again.")
    login: str = Field(description="The column with the login.")
    login_match: Literal["exact", "ascii_case"] = Field(
        "exact", description="Whether A to Z equal a to z in a login."
    )
    password: str = Field(description="The column with the password hash.")
    active: Active | None = Field(None, description="Who may come in; unset, everybody.")
    erid: Erid = Field(Erid(), description="Where ERIDs come from.")
    passwords: Passwords = Field(Passwords(), description="How new passwords are hashed.")
    profile: dict[ProfileField, Mapped] = Field({}, description="Fields of UserInfo.")
    shipping: dict[AddressField, Mapped] = Field({}, description="Shipping address in the row.")
    billing: dict[AddressField, Mapped] = Field({}, description="Billing address in the row.")
    addresses: Addresses | None = Field(None, description="Addresses in another table.")
    attributes: dict[str, Attribute] = Field({}, description="Extended attributes.")
    create_values: dict[str, str | int | bool | Made] = Field(
        {}, description="What a new row needs beside the mapped columns."
    )
