"""The settings of session tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from .base import Name, Section, Switch, at_key

__all__ = ["JwtSession", "TableSession"]

Names = Literal["subject", "login", "erid"]
TimeKind = Literal["detect", "naive_utc", "aware", "epoch_seconds", "epoch_milliseconds"]
Lifetime = Annotated[int, Field(strict=True, ge=1, le=315_360_000)]
"""Seconds, ten years of them at most."""


class JwtSession(Section):
    """A JSON Web Token: signed (JWS), encrypted (JWE), or signed and then encrypted."""

    kind: Literal["jwt"] = Field(description="What kind of token this is.", examples=["jwt"])
    signing_key: SecretStr | None = Field(
        None,
        description="Key of signatures: a secret text of 32 bytes or more, PEM, JWK or JWKS "
        "(several keys). To make tokens it must be a secret or a private key.",
        examples=["SSO_BRIDGE_SIGNING_KEY"],
    )
    signing_algorithms: tuple[str, ...] = Field(
        ("HS256",),
        description="What a signature may be made with; new tokens are signed with the first. HS, "
        "RS and PS with 256, 384 or 512; ES256, ES384, ES512; EdDSA, Ed25519, Ed448.",
    )
    encryption_key: SecretStr | None = Field(
        None,
        description="Key of encryption, likewise. Tokens are signed unless only this is given.",
        examples=["SSO_BRIDGE_ENCRYPTION_KEY"],
    )
    encryption_algorithms: tuple[str, ...] = Field(
        ("dir",),
        description="How the content key may be wrapped: dir, A128KW, A192KW, A256KW, "
        "RSA-OAEP-256, ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW.",
    )
    contents: tuple[str, ...] = Field(
        ("A256GCM",),
        description="How the content may be encrypted: A128GCM, A192GCM, A256GCM, A128CBC-HS256, "
        "A192CBC-HS384, A256CBC-HS512. With dir the key is as long as this needs.",
    )
    issuer: str | None = Field(
        None,
        description="The iss that a token must have. Unset, it is not looked at.",
        examples=["https://login.example.com"],
    )
    audience: str | None = Field(
        None,
        description="The aud that a token must have. Unset, a token must have none.",
        examples=["digital-river"],
    )
    names: Names = Field(
        "subject",
        description="What the subject claim holds: the user's primary key, login or ERID.",
    )
    subject_claim: str = Field("sub", description="The claim that names the user.")
    site_claim: str = Field(
        "site", description="The claim that binds a token to a siteID. Where it is, it must fit."
    )
    require_site: Switch = Field(False, description="Refuse tokens without that claim.")
    leeway_seconds: int = Field(
        30, strict=True, ge=0, le=300, description="How far clocks may differ, in seconds."
    )
    lifetime_seconds: Lifetime = Field(
        1800, description="How long a token made here is good, in seconds."
    )


class TableSession(Section):
    """A token kept in a table of yours, one row a session."""

    kind: Literal["table"] = Field(description="What kind of token this is.", examples=["table"])
    source: str = Field(
        description="The [sources] entry in whose database the table is.", examples=["shop"]
    )
    table: Name = Field(description="The table.", examples=["sessions"])
    db_schema: str | None = Field(
        None, alias="schema", description="Its schema.", examples=["public"]
    )
    token_column: Name = Field(
        description="The column with the token or its digest. It needs a unique index.",
        examples=["token_sha256"],
    )
    hashing: Literal["plain", "sha256"] = Field(
        "sha256", description="What that column holds: the token, or its SHA-256 as hex digits."
    )
    user_column: Name = Field(
        description="The column that says whose session it is.", examples=["user_id"]
    )
    names: Names = Field(
        "subject", description="What that column holds: the user's primary key, login or ERID."
    )
    expiry_column: str | None = Field(
        None, description="The column that says when the session ends.", examples=["expires_at"]
    )
    expiry_kind: TimeKind = Field(
        "detect",
        description="How that time is stored. detect takes only what cannot be read in two ways, "
        "and cannot be used to make tokens.",
    )
    no_expiry_is_valid: Switch = Field(
        False,
        description="Whether a row without an expiry is good for ever; otherwise it is refused.",
    )
    revoked_column: str | None = Field(
        None, description="The column that says whether it was revoked.", examples=["revoked"]
    )
    revoked_kind: Literal["boolean", "timestamp"] = Field(
        "boolean",
        description="How: true or 1 is revoked and NULL is refused; or any time at all is revoked "
        "and NULL is not.",
    )
    created_column: str | None = Field(
        None,
        description="The column that says when it was made. Goes with max_age_seconds.",
        examples=["created_at"],
    )
    created_kind: TimeKind = Field("detect", description="How that time is stored.")
    max_age_seconds: Lifetime | None = Field(
        None, description="How old a session may be, in seconds.", examples=[86_400]
    )
    site_column: str | None = Field(
        None, description="The column with the siteID it is bound to.", examples=["site"]
    )
    lifetime_seconds: Lifetime = Field(
        1800, description="How long a token made here is good, in seconds."
    )

    @model_validator(mode="after")
    def _pair(self) -> TableSession:
        if (self.created_column is None) != (self.max_age_seconds is None):
            missing = "created_column" if self.created_column is None else "max_age_seconds"
            raise at_key(missing, "is missing; created_column and max_age_seconds go together")
        if not (self.expiry_column or self.created_column or self.no_expiry_is_valid):
            raise at_key(
                "expiry_column",
                "is missing, so sessions would never end; name it, or created_column with "
                "max_age_seconds, or set no_expiry_is_valid = true",
            )
        return self
