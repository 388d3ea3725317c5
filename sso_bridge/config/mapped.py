"""The settings of what a user is made of: values, filters, logins, joined tables, addresses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Name, Section, at_key

__all__ = [
    "Active",
    "AddressField",
    "Addresses",
    "Attribute",
    "Computed",
    "Filter",
    "FilterRule",
    "Join",
    "LoginColumn",
    "Made",
    "Mapped",
    "Pairs",
    "ProfileField",
    "Scalar",
    "columns_in",
]

Scalar = str | int | bool


class Computed(Section):
    """A value that is computed: of a column, of several, or the same for everybody. What is given
    is done in the order in which it stands here."""

    value: str | None = Field(
        None, description="The same value for every user.", examples=["en_US"]
    )
    column: Name | None = Field(None, description="A column.", examples=["full_name"])
    columns: tuple[Name, ...] = Field(
        (),
        description="Several columns, one after the other. Those that are NULL or empty are left "
        "out.",
        examples=[["street", "house_number"]],
    )
    separator: str = Field("", description="What stands between several columns.", examples=[" "])
    cast: Literal["text", "integer", "boolean", "date", "hex", "html"] = Field(
        "text",
        description="How a cell becomes text; what cannot be read so is no value. hex: bytes as "
        "hexadecimal digits; html: text that is escaped for HTML.",
    )
    part: (
        Literal["first", "rest", "last", "but_last"]
        | Annotated[int, Field(strict=True, ge=1, le=100)]
        | None
    ) = Field(
        None,
        description="Which of the words is taken; a number counts from 1.",
        examples=["first"],
    )
    split: Name | None = Field(
        None, description="What stands between words; by default white space.", examples=[","]
    )
    map: dict[str, str] | None = Field(
        None,
        description="Other values in place of these; one that is not among them is no value.",
        examples=[{"m": "male"}],
    )
    letters: Literal["lower", "upper"] | None = Field(
        None, description="Makes all letters these.", examples=["lower"]
    )
    prefix: str = Field("", description="What is put before a value.")
    suffix: str = Field("", description="What is put behind a value.")
    default: str | None = Field(
        None, description="The value where there is none.", examples=["unknown"]
    )

    @model_validator(mode="after")
    def _one(self) -> Computed:
        given = [self.value is not None, self.column is not None, bool(self.columns)]
        if sum(given) != 1:
            raise at_key("column", "give one of value, column and columns")
        if self.value is not None and self.model_fields_set - {"value", "type"}:
            raise at_key("value", "is the same for everybody; remove what is computed of it")
        if self.split is not None and self.part is None:
            raise at_key("split", "goes with part, which says which of the words is taken")
        if self.separator and not self.columns:
            raise at_key("separator", "goes with columns, between which it stands")
        return self

    def names(self) -> tuple[str, ...]:
        """The columns that the value is made of."""
        return self.columns if self.column is None else (self.column,)


class Made(Section):
    """A value made for each new user."""

    make: Literal["now", "epoch", "uuid"] = Field(
        description="What is made: the time (UTC), seconds since 1970, or a random UUID.",
        examples=["now"],
    )


Mapped = str | Computed
"""A column's name, or a table that says how the value is computed."""


class FilterRule(Section):
    """Rows by what a column holds: give one of them."""

    values: tuple[Scalar, ...] = Field((), description="One of these.", examples=[["DE", "AT"]])
    other_than: tuple[Scalar, ...] = Field(
        (), description="Anything but these and NULL.", examples=[["guest"]]
    )
    null: bool | None = Field(
        None, strict=True, description="true: NULL; false: anything but NULL.", examples=[True]
    )

    @model_validator(mode="after")
    def _one(self) -> FilterRule:
        if sum([bool(self.values), bool(self.other_than), self.null is not None]) != 1:
            raise at_key("values", "give one of values, other_than and null")
        return self


FilterValue = Scalar | tuple[Scalar, ...] | FilterRule
Filter = dict[str, FilterValue]

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
MomentKind = Literal["naive_utc", "aware", "epoch_seconds", "epoch_milliseconds"]


class Active(Section):
    """Which users may come in, by one column: give one of the others. Several such tables in a
    list must all hold."""

    column: Name = Field(description="The column that decides.", examples=["status"])
    values: tuple[Scalar, ...] = Field(
        (), description="What it holds in users who may come in.", examples=[["active"]]
    )
    other_than: tuple[Scalar, ...] = Field(
        (), description="What it holds, or NULL, in users who may not.", examples=[["banned"]]
    )
    null: bool | None = Field(
        None,
        strict=True,
        description="true: those where it is NULL; false: those where it is anything else.",
        examples=[True],
    )
    expires: MomentKind | None = Field(
        None,
        description="How a time is stored until which they may come in; NULL is for ever.",
        examples=["naive_utc"],
    )
    locked_until: MomentKind | None = Field(
        None,
        description="How a time is stored until which they may not come in; NULL is not locked.",
        examples=["naive_utc"],
    )

    @model_validator(mode="after")
    def _one(self) -> Active:
        rules = [bool(self.values), bool(self.other_than), self.null is not None]
        rules += [self.expires is not None, self.locked_until is not None]
        if sum(rules) != 1:
            keys = "values, other_than, null, expires and locked_until"
            raise at_key("values", f"give one of {keys}")
        return self


class LoginColumn(Section):
    """A column with the login, and one that has it in letters of one kind."""

    column: Name = Field(description="The column.", examples=["UserName"])
    folded: Name = Field(
        description="The column that has it in `letters`, with an index. It is looked up by this, "
        "and compared with `column`.",
        examples=["NormalizedUserName"],
    )
    letters: Literal["lower", "upper"] = Field(
        "lower", description="Which letters `folded` has.", examples=["upper"]
    )


class Join(Section):
    """A table with at most one row for each of ours. A column of it is written as this table's
    name, a dot, and the column's name."""

    table: Name = Field(description="The table.", examples=["customer_details"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    on: dict[str, str] = Field(
        min_length=1,
        description="Which of its columns equals which of ours.",
        examples=[{"customer_id": "id"}],
    )
    filter: Filter = Field(
        {},
        description="Which of its rows count, as in the filter of the source.",
        examples=[{"kind": "main"}],
    )


class Pairs(Section):
    """A table whose rows hold one named value each. A value is written as this table's name, a dot,
    and the name of the value."""

    table: Name = Field(description="The table.", examples=["wp_usermeta"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    user: Name = Field(
        description="The column that refers to the user's `subject`.", examples=["user_id"]
    )
    name: Name = Field(description="The column with the names.", examples=["meta_key"])
    value: Name = Field(description="The column with the values.", examples=["meta_value"])
    order: Name | None = Field(
        None,
        description="The column by which the first of several rows with one name counts.",
        examples=["umeta_id"],
    )


class Addresses(Section):
    """Addresses in a table of their own, one row each.

    Which is the shipping and which the billing address is told by `kind`; or by `shipping_id` and
    `billing_id`; or by `shipping_flag` and `billing_flag`. Without any the first is both."""

    table: Name = Field(description="The table.", examples=["addresses"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    user: Name = Field(
        description="The column that refers to the user's `subject`.", examples=["user_id"]
    )
    kind: Name | None = Field(
        None, description="The column that tells shipping from billing.", examples=["kind"]
    )
    shipping: str = Field("shipping", description="What `kind` holds in a shipping address.")
    billing: str = Field("billing", description="What `kind` holds in a billing address.")
    id: Name | None = Field(
        None,
        description="The column that the user's `shipping_id` and `billing_id` refer to.",
        examples=["entity_id"],
    )
    shipping_id: Name | None = Field(
        None,
        description="The column of the user's row that refers to the shipping address.",
        examples=["default_shipping"],
    )
    billing_id: Name | None = Field(
        None,
        description="The column of the user's row that refers to the billing address.",
        examples=["default_billing"],
    )
    shipping_flag: Name | None = Field(
        None,
        description="The column that is true in the shipping address.",
        examples=["is_default_shipping"],
    )
    billing_flag: Name | None = Field(
        None,
        description="The column that is true in the billing address.",
        examples=["is_default_billing"],
    )
    filter: Filter = Field(
        {},
        description="Which rows count, as in the filter of the source.",
        examples=[{"deleted": 0}],
    )
    joins: dict[str, Join] = Field(
        {}, description="Tables joined to an address, such as countries.", examples=["country"]
    )
    fields: dict[AddressField, Mapped] = Field(
        description="Which column holds which field, or how it is computed. Of several addresses "
        "that are possible the one with the lowest address_id counts."
    )

    @model_validator(mode="after")
    def _one(self) -> Addresses:
        ids = self.shipping_id is not None or self.billing_id is not None
        flags = self.shipping_flag is not None or self.billing_flag is not None
        if (self.kind is not None) + ids + flags > 1:
            raise at_key("kind", "give one of kind, the two ids and the two flags")
        if ids != (self.id is not None):
            raise at_key("id", "goes with shipping_id and billing_id")
        return self


class Attribute(Computed):
    """An extended attribute of every answer about a user. The table's name is the attribute's.
    Its value is told as in [sources.NAME.profile]: by value, column, or columns."""

    type: str = Field("string", description="Its valueDataType.")


def columns_in(value: Mapped) -> tuple[str, ...]:
    """The columns that a value is made of."""
    return (value,) if isinstance(value, str) else value.names()
