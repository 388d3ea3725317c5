"""The settings of passwords that are encrypted on their way here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from .base import Section, Switch, at_key

__all__ = ["PasswordEncryption", "PasswordKey", "weaknesses"]


class PasswordKey(Section):
    """One key of an agreement. The table's name stands for it where something is told."""

    key: SecretStr = Field(
        description="The key, written as key_encoding says: 16, 24 or 32 bytes for AES, 24 (or "
        "16) for 3DES.",
        examples=["SSO_BRIDGE_PASSWORD_KEY"],
    )
    mac_key: SecretStr | None = Field(
        None,
        description="The key of the MAC, of any length; for aes-cbc-hmac only.",
        examples=["SSO_BRIDGE_PASSWORD_MAC_KEY"],
    )


class PasswordEncryption(Section):
    """What was agreed with Digital River about passwords: they come encrypted with a key that both
    have. The table's name is what a site refers to."""

    algorithm: Literal["aes-gcm", "aes-cbc-hmac", "aes-cbc", "3des-cbc"] = Field(
        description="How. The first two notice whatever is changed on the way; the others are for "
        "old agreements, and are warned of.",
        examples=["aes-gcm"],
    )
    keys: Annotated[dict[str, PasswordKey], Field(min_length=1, max_length=4)] = Field(
        description="The keys that are good now, at most four.", examples=["2026"]
    )
    key_encoding: Literal["base64", "hex", "text"] = Field(
        "base64", description="How keys and fixed_iv are written here: text is its UTF-8 bytes."
    )
    encoding: Literal["base64", "base64url", "hex"] = Field(
        "base64", description="How an encrypted password is written in a request."
    )
    charset: Literal["utf-8", "iso-8859-1", "windows-1252", "utf-16-le"] = Field(
        "utf-8", description="How the characters of a password became bytes."
    )
    fixed_iv: SecretStr | None = Field(
        None,
        description="The initialisation vector of every password, for old agreements. Unset, each "
        "has its own, sent before it; aes-gcm needs that.",
        examples=["SSO_BRIDGE_PASSWORD_IV"],
    )
    mac: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        "sha256", description="The hash of the HMAC of aes-cbc-hmac. It is not cut short."
    )
    tag: Literal["after", "before"] = Field(
        "after",
        description="Where the tag of aes-gcm stands, after what was encrypted or before it "
        "(behind the IV); or the MAC of aes-cbc-hmac, after everything or before everything.",
    )
    accept_plaintext: Switch = Field(
        False,
        description="Take passwords that are not encrypted too, until Digital River encrypts all.",
    )

    @model_validator(mode="after")
    def _fits(self) -> PasswordEncryption:
        if self.algorithm == "aes-gcm" and self.fixed_iv is not None:
            raise at_key(
                "fixed_iv",
                "never goes with aes-gcm: with one IV for all, whoever reads two passwords can "
                "forge others; have the IV sent",
            )
        for name, key in self.keys.items():
            if (self.algorithm == "aes-cbc-hmac") != (key.mac_key is not None):
                needs = "is missing a mac_key" if key.mac_key is None else "has a mac_key"
                raise at_key(
                    "keys", f"{name} {needs}; one goes with aes-cbc-hmac, and with nothing else"
                )
        return self


def weaknesses(name: str, declared: PasswordEncryption) -> Iterator[str]:
    """What of an agreement an operator should be warned of, the place first."""
    where = f"password_encryption.{name}"
    if declared.algorithm in ("aes-cbc", "3des-cbc"):
        yield (
            f"{where}.algorithm: {declared.algorithm} does not notice what is changed on the way; "
            "agree on aes-gcm"
        )
    if declared.algorithm == "3des-cbc":
        yield f"{where}.algorithm: 3DES is withdrawn; agree on aes-gcm"
    if declared.algorithm == "aes-cbc-hmac" and declared.mac == "sha1":
        yield f"{where}.mac: sha1 is old; agree on sha256"
    if declared.fixed_iv is not None:
        yield f"{where}.fixed_iv: equal passwords look equal on the way; have the IV sent"
    if declared.accept_plaintext:
        yield f"{where}.accept_plaintext: passwords that are not encrypted are taken too"
