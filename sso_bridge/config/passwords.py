"""The settings of a source's passwords: which hashes are verified, and which are made."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from .base import Section, Switch, at_key

__all__ = ["MOST_MEMORY_MIB", "MOST_SECONDS", "Firebase", "Passwords"]

MOST_SECONDS = 60.0
MOST_MEMORY_MIB = 65_536
"""The highest limits that can be set."""


class Firebase(Section):
    """The password hash parameters of a Firebase project, as its console shows them beside the
    list of users. The stored text is salt and hash, with a colon between."""

    signer_key: SecretStr = Field(
        description="base64_signer_key.", examples=["SSO_BRIDGE_FIREBASE_SIGNER_KEY"]
    )
    salt_separator: str = Field("Bw==", description="base64_salt_separator.")
    rounds: int = Field(8, strict=True, ge=1, le=64, description="rounds.")
    memory_cost: int = Field(14, strict=True, ge=1, le=24, description="mem_cost.")

    @model_validator(mode="after")
    def _decodable(self) -> Firebase:
        for key, text in (
            ("signer_key", self.signer_key.get_secret_value()),
            ("salt_separator", self.salt_separator),
        ):
            try:
                b64decode(text, validate=True)
            except (Error, ValueError):
                raise at_key(key, "is not base64; copy it as the console shows it") from None
        return self


class Passwords(Section):
    """How passwords are verified and hashed. Hashes of all known formats are verified whatever
    this says; docs/password-hashes.md lists them, and explains formulas."""

    scheme: Literal[
        "argon2id",
        "bcrypt",
        "bcrypt-2y",
        "wordpress",
        "scrypt",
        "pbkdf2-sha256",
        "django-pbkdf2-sha256",
    ] = Field("argon2id", description="The scheme of new hashes.")
    rehash: Switch = Field(
        False,
        description="Whether a login replaces a hash of another scheme, or of a lower cost, by a "
        "new one.",
    )
    allow_weak: Switch = Field(
        False,
        description="Whether hashes without a salt are verified: bare MD5 and SHA, {MD5}, {SHA}.",
    )
    pepper: SecretStr | None = Field(
        None,
        description="A secret that formulas use as pepper.",
        examples=["SSO_BRIDGE_PEPPER"],
    )
    prepare: str | None = Field(
        None,
        min_length=1,
        description="A formula: what every hash is computed of, in place of the password.",
        examples=["base64(raw_hmac_sha512(pepper, password))"],
    )
    digest: str | None = Field(
        None,
        min_length=1,
        description="A formula: a digest of your own that stored hashes may have, beside those of "
        "the known formats.",
        examples=["sha1(salt + sha1(salt + sha1(password)))"],
    )
    digest_again: str | None = Field(
        None,
        min_length=1,
        description="The formula of the second and each further iteration, if that is not just "
        "the digest of what the one before gave. previous is what that gave.",
        examples=["sha1(salt + previous)"],
    )
    iterations: Annotated[int, Field(strict=True, ge=1, le=100_000_000)] = Field(
        1, description="How many times the digest is computed."
    )
    digest_encoding: Literal["hex", "base64"] = Field(
        "hex", description="How the digest is stored. Hex may be in either case."
    )
    salt: Literal["none", "before", "after"] = Field(
        "none", description="Where in the stored text the salt is: before the digest or after it."
    )
    salt_separator: str = Field(":", description="What is between salt and digest.")
    max_seconds: Annotated[
        float, Field(strict=True, gt=0, le=MOST_SECONDS, allow_inf_nan=False)
    ] = Field(
        2.5,
        description="A stored hash that would take longer is refused, not computed: in seconds of "
        "one core of a server of 2020. Where each round hashes the password again, as in SHA-crypt "
        "and phpass, it is the time of the longest password that is computed.",
    )
    max_memory_mib: Annotated[int, Field(strict=True, ge=1, le=MOST_MEMORY_MIB)] = Field(
        256, description="A stored hash that would take more memory is refused, in MiB."
    )
    firebase: Firebase | None = Field(
        None, description="The parameters of hashes that were exported from Firebase."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Passwords:
        if self.digest is None:
            for key, usual in (("digest_again", None), ("iterations", 1), ("salt", "none")):
                if getattr(self, key) != usual:
                    raise at_key(key, "goes with digest; give that formula too, or remove it")
        return self
