"""The settings of session tokens."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, SecretStr

from .base import Section

__all__ = ["JwtSession", "TableSession"]

Names = Literal["subject", "login", "erid"]
TimeKind = Literal["detect", "naive_utc", "aware", "epoch_seconds", "epoch_milliseconds"]


class JwtSession(Section):
    """A signed or encrypted JSON Web Token."""

    kind: Literal["jwt"] = Field(description='"jwt".')
    signing_key: SecretStr | None = Field(
        None, description="Secret text of 32 bytes or more, PEM, JWK or JWKS."
    )
    signing_algorithms: tuple[str, ...] = Field(
        ("HS256",), description="What a signature may be made with."
    )
    encryption_key: SecretStr | None = Field(
        None, description="Likewise for encrypted tokens; both keys: signed, then encrypted."
    )
    encryption_algorithms: tuple[str, ...] = Field(
        ("dir",), description="How the content key may be wrapped."
    )
    contents: tuple[str, ...] = Field(("A256GCM",), description="How the content may be encrypted.")
    issuer: str | None = Field(None, description="The iss that is insisted on.")
    audience: str | None = Field(None, description="The aud that is insisted on.")
    names: Names = Field("subject", description="What the subject claim holds.")
    subject_claim: str = Field("sub", description="The claim that names the user.")
    site_claim: str = Field("site", description="The claim that binds a token to a siteID.")
    require_site: bool = Field(False, description="Refuse tokens without that claim.")
    leeway_seconds: int = Field(30, ge=0, description="How far clocks may differ.")
    lifetime_seconds: PositiveInt = Field(1800, description="How long an issued token is good.")


class TableSession(Section):
    """A token kept in a table of the client's."""

    kind: Literal["table"] = Field(description='"table".')
    source: str = Field(description="The [sources] entry in whose database the table is.")
    table: str = Field(description="The table.")
    db_schema: str | None = Field(None, alias="schema", description="Its schema.")
    token_column: str = Field(description="The column with the token, or its digest.")
    hashing: Literal["plain", "sha256"] = Field("sha256", description="What that column holds.")
    user_column: str = Field(description="The column that says whose it is.")
    names: Names = Field("subject", description="What that column holds.")
    expiry_column: str | None = Field(None, description="When it ends.")
    expiry_kind: TimeKind = Field("detect", description="How that time is stored.")
    no_expiry_is_valid: bool = Field(
        False, description="A row without expiry is good for ever; unset, it is refused."
    )
    revoked_column: str | None = Field(None, description="Whether it was revoked.")
    revoked_kind: Literal["boolean", "timestamp"] = Field(
        "boolean", description="How: true, or any time at all."
    )
    created_column: str | None = Field(None, description="When it was made.")
    created_kind: TimeKind = Field("detect", description="How that time is stored.")
    max_age_seconds: PositiveInt | None = Field(None, description="Its age at most, from then.")
    site_column: str | None = Field(None, description="The siteID it is bound to.")
    lifetime_seconds: PositiveInt = Field(1800, description="How long an issued token is good.")
