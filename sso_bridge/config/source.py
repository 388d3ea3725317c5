"""The settings of a user database: where it is, and which column holds what."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from .base import Count, Name, Section, at_key

__all__ = [
    "Active",
    "Addresses",
    "Attribute",
    "Erid",
    "Fixed",
    "Made",
    "Mapped",
    "Passwords",
    "Source",
]


class Fixed(Section):
    """The same value for every user, in place of a column."""

    value: str = Field(description="The value.", examples=["en_US"])


class Made(Section):
    """A value made for each new user."""

    make: Literal["now", "epoch", "uuid"] = Field(
        description="What is made: the time (UTC), seconds since 1970, or a random UUID.",
        examples=["now"],
    )


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
    """Which users may come in, by one column: give values or null."""

    column: Name = Field(description="The column that decides.", examples=["status"])
    values: tuple[str | int | bool, ...] = Field(
        (), description="What it holds in users who may come in.", examples=[["active"]]
    )
    null: bool | None = Field(
        None,
        strict=True,
        description="true: those where it is NULL; false: those where it is anything else.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one(self) -> Active:
        if bool(self.values) == (self.null is not None):
            raise at_key("values", "give one of values and null")
        return self


class Addresses(Section):
    """Addresses in a table of their own, one row each."""

    table: Name = Field(description="The table.", examples=["addresses"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    user: Name = Field(
        description="The column that refers to the user's `subject`.", examples=["user_id"]
    )
    kind: Name = Field(
        description="The column that tells shipping from billing.", examples=["kind"]
    )
    shipping: str = Field("shipping", description="What it holds in a shipping address.")
    billing: str = Field("billing", description="What it holds in a billing address.")
    fields: dict[AddressField, Mapped] = Field(
        description='Which column holds which field, or { value = "…" }. Of several addresses of '
        "one kind the one with the lowest address_id counts."
    )


class Attribute(Section):
    """An extended attribute of every answer about a user. The table's name is the attribute's."""

    column: Name | None = Field(
        None, description="The column with its value: this or value.", examples=["accepted_terms"]
    )
    value: str | None = Field(
        None, description="Instead of it, the same value for every user.", examples=["yes"]
    )
    type: str = Field("string", description="Its valueDataType.")

    @model_validator(mode="after")
    def _one(self) -> Attribute:
        if (self.column is None) == (self.value is None):
            raise at_key("column", "give one of column and value")
        return self


class Erid(Section):
    """Where ERIDs come from, and how they are watched over. Whoever has one keeps it, whatever
    is changed here later."""

    strategy: Literal["minted", "column", "derived", "imported"] = Field(
        "minted",
        description="Made at random once; in a column of yours; a keyed hash of the primary key; "
        "or known to Digital River already, and put into the ledger by `erid import`.",
    )
    column: Name | None = Field(
        None, description="The column, for the strategy column.", examples=["erid"]
    )
    secret: SecretStr | None = Field(
        None,
        description="What is hashed with, for the strategy derived: 32 characters or more. Never "
        "to be lost; a ledger that knows another one is refused.",
        examples=["SSO_BRIDGE_ERID_SECRET"],
    )
    newcomers: Literal["refused", "minted"] = Field(
        "refused",
        description="For the strategy imported: what becomes of users who were not imported. "
        "minted says that the import is complete, so that they are new.",
    )
    guard: Literal["enforce", "observe", "off"] = Field(
        "enforce",
        description="When an ERID or a fingerprint changed, or an ERID is another person's: no "
        "answer and an alarm; an answer and an alarm; or nothing, and then people can be mixed up.",
    )
    fingerprint: tuple[Name, ...] = Field(
        (),
        description="Columns that never change while a row is the same person's, such as the time "
        "it was made. A primary key that is given to somebody else is known by them. One that is "
        "chosen or changed later needs `sso-bridge ledger adopt`.",
        examples=[["created_at"]],
    )
    max_length: int = Field(
        255, strict=True, ge=1, le=255, description="Characters of an ERID at most."
    )
    pattern: str | None = Field(
        None,
        description="A regular expression that the whole of a new ERID must match.",
        examples=["[A-Za-z0-9-]+"],
    )

    @model_validator(mode="after")
    def _fits(self) -> Erid:
        for key, strategy in (("column", "column"), ("secret", "derived")):
            if (self.strategy == strategy) != (getattr(self, key) is not None):
                raise at_key(key, f'goes with strategy = "{strategy}"; give both or none')
        if self.newcomers != "refused" and self.strategy != "imported":
            raise at_key("newcomers", 'goes with strategy = "imported"; remove it')
        if self.strategy == "column" and self.column in self.fingerprint:
            raise at_key("fingerprint", "names the ERID column, which is watched anyway; remove it")
        try:
            pattern = re.compile(self.pattern or ".*")
        except re.error:
            raise at_key("pattern", "is not a regular expression") from None
        made = {"column": 36, "minted": 36, "imported": 36, "derived": 40}[self.strategy]
        example = "01234567-89ab-4def-8123-456789abcdef" if made == 36 else "0123456789abcdef" * 3
        if self.strategy in ("minted", "derived") or self.newcomers == "minted":
            if self.max_length < made:
                raise at_key("max_length", f"is less than the {made} characters of those it makes")
            if pattern.fullmatch(example[:made]) is None:
                raise at_key("pattern", f"does not match those it makes, such as {example[:made]}")
        return self


class Passwords(Section):
    """How new passwords are hashed. All known formats are verified, whatever this says."""

    scheme: Literal["argon2id", "bcrypt", "scrypt", "pbkdf2-sha256", "django-pbkdf2-sha256"] = (
        Field("argon2id", description="The scheme of new hashes.")
    )


class Source(Section):
    """One user database, and which column holds what.

    The ledger knows it by the table's name: a new one is added with `sso-bridge ledger add`, one
    that has another name now with `sso-bridge ledger rename`."""

    url: SecretStr = Field(
        description="Database URL, as SQLAlchemy writes them. A relative SQLite file is beside "
        "the configuration.",
        examples=["SSO_BRIDGE_SHOP_URL"],
    )
    pool_size: Count = Field(8, description="Connections of one worker at most.")
    company: str | None = Field(
        None,
        max_length=100,
        description="The companyID of its users. Unset, a companyID is not looked at.",
        examples=["acme"],
    )
    table: Name = Field(description="The table or view of users.", examples=["users"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    subject: Name = Field(
        description="The column with the primary key: never changed, never given away again.",
        examples=["id"],
    )
    login: Name = Field(description="The column with the login.", examples=["email"])
    login_match: Literal["exact", "ascii_case"] = Field(
        "exact",
        description="Whether logins are compared character by character, or A to Z equal a to z.",
    )
    password: Name = Field(
        description="The column with the password hash.", examples=["password_hash"]
    )
    active: Active | None = Field(None, description="Who may come in. Unset, everybody.")
    erid: Erid = Field(Erid(), description="Where ERIDs come from.")
    passwords: Passwords = Field(Passwords(), description="How new passwords are hashed.")
    profile: dict[ProfileField, Mapped] = Field(
        {}, description='Which column holds which field of UserInfo, or { value = "…" }.'
    )
    shipping: dict[AddressField, Mapped] = Field(
        {}, description="The shipping address, where it is in the user's row."
    )
    billing: dict[AddressField, Mapped] = Field(
        {}, description="The billing address, where it is in the user's row."
    )
    addresses: Addresses | None = Field(
        None, description="Addresses in a table of their own. They win over those in the row."
    )
    attributes: dict[str, Attribute] = Field(
        {},
        description="Extended attributes of every answer.",
        examples=["hasAcceptedTermsNConditions"],
    )
    create_values: dict[str, str | int | bool | Made] = Field(
        {},
        description="What the row of a new user needs beside the mapped columns: a value, or "
        '{ make = "now" } (the time, UTC), "epoch" (seconds since 1970), "uuid" (random).',
        examples=[{"created_at": {"make": "now"}}],
    )
