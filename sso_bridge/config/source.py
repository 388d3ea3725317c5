"""The settings of a user database: where it is, and which column holds what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, SecretStr, Tag, field_validator, model_validator

from .base import Count, Name, Section, Switch, at_key
from .mapped import (
    Active,
    Addresses,
    AddressField,
    Attribute,
    Computed,
    Filter,
    FilterRule,
    Join,
    LoginColumn,
    Made,
    Mapped,
    Pairs,
    ProfileField,
    Scalar,
    columns_in,
)
from .passwords import Passwords
from .patterns import takes_too_long

__all__ = [
    "Active",
    "AddressField",
    "Addresses",
    "AnySource",
    "Attribute",
    "Computed",
    "Erid",
    "Filter",
    "FilterRule",
    "Join",
    "LoginColumn",
    "Made",
    "Mapped",
    "Pairs",
    "Passwords",
    "PythonSource",
    "SharedSource",
    "Source",
]


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
        if self.pattern is not None and takes_too_long(pattern):
            raise at_key(
                "pattern",
                "takes too long for some texts; write it without a repeat inside a repeat, "
                "or with a possessive one, such as (?:[a-z]++-?)*",
            )
        made = {"column": 36, "minted": 36, "imported": 36, "derived": 40}[self.strategy]
        example = "01234567-89ab-4def-8123-456789abcdef" if made == 36 else "0123456789abcdef" * 3
        if self.strategy in ("minted", "derived") or self.newcomers == "minted":
            if self.max_length < made:
                raise at_key("max_length", f"is less than the {made} characters of those it makes")
            if pattern.fullmatch(example[:made]) is None:
                raise at_key("pattern", f"does not match those it makes, such as {example[:made]}")
        return self


class SharedSource(Section):
    """What sources of both kinds have."""

    company: str | None = Field(
        None,
        max_length=100,
        description="The companyID of its users. Unset, a companyID is not looked at.",
        examples=["acme"],
    )
    login_match: Literal["exact", "ascii_case", "case", "case_and_accents"] = Field(
        "exact",
        description="Which logins are one, whatever the database's collation says: those that are "
        "equal character by character; A to Z equal a to z; all letters equal their lower case; "
        "accents do not count either.",
    )
    erid: Erid = Field(Erid(), description="Where ERIDs come from.")
    passwords: Passwords = Field(Passwords(), description="How passwords are hashed.")


class Source(SharedSource):
    """One user database, and which column holds what.

    The ledger knows it by the table's name: a new one is added with `sso-bridge ledger add`, one
    that has another name now with `sso-bridge ledger rename`."""

    url: SecretStr = Field(
        description="Database URL, as SQLAlchemy writes them. A relative SQLite file is beside "
        "the configuration.",
        examples=["SSO_BRIDGE_SHOP_URL"],
    )
    replica_url: SecretStr | None = Field(
        None,
        description="A copy that users are read from. Whom it does not know yet, or while it is "
        "down, is asked of `url`.",
        examples=["SSO_BRIDGE_SHOP_REPLICA_URL"],
    )
    read_only: Switch = Field(
        False, description="Never write into it: no new accounts, no new hashes."
    )
    pool_size: Count = Field(8, description="Connections of one worker at most.")
    table: Name = Field(description="The table or view of users.", examples=["users"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    select: Name | None = Field(
        None,
        description="A SELECT in place of the table, whose columns have the names that are mapped "
        "below. `:name` in it stands for one of select_values.",
        examples=["SELECT id, email, hash AS password_hash FROM crm.people WHERE tenant = :tenant"],
    )
    select_values: dict[str, Scalar] = Field(
        {}, description="What the names in `select` stand for.", examples=[{"tenant": 3}]
    )
    subject: Name = Field(
        description="The column with the primary key: never changed, never given away again.",
        examples=["id"],
    )
    login: str | LoginColumn | tuple[str | LoginColumn, ...] = Field(
        description="The column with the login, or a list of those that may have it. Answers show "
        "the first.",
        examples=["email"],
    )
    login_clash: Literal["refused", "first"] = Field(
        "refused",
        description="What becomes of a login that several users have in different columns: nobody "
        "comes in by it; or it is theirs who have it in the column that is named first.",
    )
    password: Mapped = Field(
        description="The column with the password hash.", examples=["password_hash"]
    )
    filter: Filter = Field(
        {},
        description="Which rows are users at all: for each column a value, a list of them, or a "
        "table with other_than or null.",
        examples=[{"kind": "customer", "deleted_at": {"null": True}}],
    )
    active: Active | tuple[Active, ...] | None = Field(
        None, description="Who may come in. Unset, everybody."
    )
    empty_is_null: Switch = Field(
        False,
        description="Whether an empty text is no value in profiles, addresses and attributes. Many "
        "applications keep empty texts where they know nothing.",
    )
    profile: dict[ProfileField, Mapped] = Field(
        {}, description="Which column holds which field of UserInfo, or how it is computed."
    )
    shipping: dict[AddressField, Mapped] = Field(
        {}, description="The shipping address, where it is in the user's row."
    )
    billing: dict[AddressField, Mapped] = Field(
        {}, description="The billing address, where it is in the user's row."
    )
    joins: dict[str, Join] = Field(
        {}, description="Tables joined to the user's.", examples=["details"]
    )
    pairs: dict[str, Pairs] = Field({}, description="Tables of named values.", examples=["meta"])
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

    @model_validator(mode="before")
    @classmethod
    def _select_is_a_table(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("select") is None:
            return values
        if "table" in values:
            raise at_key("select", "stands in place of table; give one of them")
        return {**values, "table": "users"}

    @field_validator("select")
    @classmethod
    def _is_select(cls, sql: str | None) -> str | None:
        if sql is None:
            return None
        sql = sql.strip().removesuffix(";").strip()
        if not re.match(r"(?i)(select|with)\b", sql) or ";" in sql:
            raise ValueError("should be one SELECT")
        return sql

    @model_validator(mode="after")
    def _fits(self) -> Source:
        if not self.login_columns():
            raise at_key("login", "is an empty list; name a column")
        names = [column for column, _, _ in self.login_columns()]
        if len(set(names)) < len(names) or "" in names:
            raise at_key("login", "names a column twice, or none")
        if not self.password_columns():
            raise at_key("password", "needs a column")
        for name in self.joins.keys() & self.pairs.keys():
            raise at_key("pairs", f"has the name {name!r}, which a join has too")
        for name in [*self.joins, *self.pairs, *(self.addresses.joins if self.addresses else ())]:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", name):
                raise at_key("joins", f"has the name {name!r}; use letters, digits and _")
        deciding = {*self.password_columns(), *(rule.column for rule in self.active_rules())}
        for name in {self.of(column) for column in deciding} & self.pairs.keys():
            if self.pairs[name].order is None:
                raise at_key("pairs", f"{name}: needs order, since it decides who may come in")
        if self.select is not None:
            if self.db_schema is not None:
                raise at_key("schema", "goes with table; write it into select")
            wanted = set(re.findall(r"(?<![:\w]):([A-Za-z_]\w*)", self.select))
            for name in wanted ^ self.select_values.keys():
                raise at_key("select_values", f"and the names in select differ by {name!r}")
        elif self.select_values:
            raise at_key("select_values", "goes with select")
        if self.passwords.rehash and (
            self.read_only
            or self.select is not None
            or not isinstance(self.password, str)
            or self.of(self.password)
        ):
            raise at_key(
                "passwords",
                "has rehash, which needs a table that may be written, and a password in one column",
            )
        return self

    def login_columns(self) -> list[tuple[str, str | None, Literal["lower", "upper"]]]:
        """Each column that may have the login; the one that has it folded, and how."""
        given = self.login if isinstance(self.login, tuple) else (self.login,)
        return [
            (one, None, "lower") if isinstance(one, str) else (one.column, one.folded, one.letters)
            for one in given
        ]

    def password_columns(self) -> tuple[str, ...]:
        """Every column that the password hash is made of."""
        return columns_in(self.password)

    def active_rules(self) -> tuple[Active, ...]:
        """Who may come in: all must hold."""
        if self.active is None:
            return ()
        return self.active if isinstance(self.active, tuple) else (self.active,)

    def of(self, column: str) -> str:
        """The join or pairs that a column is of; "" for the user table itself."""
        name, dot, _ = column.partition(".")
        return name if dot and (name in self.joins or name in self.pairs) else ""

    def shown(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The place of everything that answers show, and the columns it is made of."""
        for section in ("profile", "shipping", "billing", "attributes"):
            for key, value in getattr(self, section).items():
                yield f"{section}.{key}", columns_in(value)


class PythonSource(SharedSource):
    """Users that a program of your own finds, in place of a database that is mapped."""

    factory: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="What is called to make it, as package.module:name. It is given the source's "
        "name and the options.",
        examples=["shop_bridge.users:CrmSource"],
    )
    options: dict[str, Any] = Field(
        {}, description="What the factory is given.", examples=[{"endpoint": "https://crm.example"}]
    )


def _kind(given: Any) -> str:
    if isinstance(given, PythonSource) or (isinstance(given, dict) and "factory" in given):
        return "PythonSource"
    return "Source"


AnySource = Annotated[
    Annotated[Source, Tag("Source")] | Annotated[PythonSource, Tag("PythonSource")],
    Discriminator(_kind),
]
