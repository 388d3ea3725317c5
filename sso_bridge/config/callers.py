"""The settings of who may call, and of the proxies in front whose word is taken."""

from __future__ import annotations

import re
from ipaddress import IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from .base import Seconds, Section, Switch, at_key

__all__ = ["Caller", "Operation", "Proxies", "UsernameTokens"]

Operation = Literal["Login", "GetUser", "ValidateSession", "CreateUserProfile"]

SHORTEST_TOKEN = 32
"""Characters; of random ones, so many hold 128 bits even in hexadecimal."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Caller(Section):
    """Somebody who may call; where there is nobody, anybody may. Whatever is set must hold.

    The table's name stands for the caller in the log. If several tables fit a request, the first
    of the file is its caller."""

    user: str | None = Field(
        None,
        description="The HTTP Basic user name, without a colon.",
        examples=["digital-river"],
    )
    password: tuple[SecretStr, ...] = Field(
        (),
        description="The user's password. Of several, each is good, also beside password_hash.",
        examples=["SSO_BRIDGE_CALLER_PASSWORD"],
    )
    password_hash: tuple[SecretStr, ...] = Field(
        (),
        description="A hash of it, of any format that users' passwords may have.",
        examples=["SSO_BRIDGE_CALLER_PASSWORD_HASH"],
    )
    token: tuple[SecretStr, ...] = Field(
        (),
        description="A bearer token, in place of user and password: 32 random characters or more. "
        "Of several, each is good.",
        examples=["SSO_BRIDGE_CALLER_TOKEN"],
    )
    token_sha256: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="SHA-256 digests of bearer tokens, in hexadecimal; they are no secret.",
        examples=[["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]],
    )
    username_token: str | None = Field(
        None,
        description="The Username of a WS-Security UsernameToken that the message has to have.",
        examples=["digital-river"],
    )
    username_token_password: tuple[SecretStr, ...] = Field(
        (),
        description="Its password. Of several, each is good.",
        examples=["SSO_BRIDGE_CALLER_TOKEN_PASSWORD"],
    )
    username_token_type: Literal["digest", "text", "any"] = Field(
        "digest",
        description="How the password is sent: as a digest that is good once, or as it is, or "
        "either.",
    )
    certificate: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="Names, one of which the client certificate must have: its subject, as in RFC "
        "4514, or DNS:…, URI:… or email:…; * is any certificate that was verified.",
        examples=[["CN=store,O=Digital River,C=US", "DNS:store.digitalriver.com"]],
    )
    networks: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="Addresses and networks to call from.",
        examples=[["192.0.2.0/24", "2001:db8::/32"]],
    )
    sites: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="The siteIDs whose users may be asked for; by default all.",
        examples=[["demo"]],
    )
    operations: tuple[Operation, ...] | None = Field(
        None,
        min_length=1,
        description="What may be asked; by default everything. GetUserProfile is GetUser.",
        examples=[["Login", "GetUser", "ValidateSession", "CreateUserProfile"]],
    )

    @model_validator(mode="after")
    def _tells_somebody(self) -> Caller:
        passwords, tokens = self.password or self.password_hash, self.token or self.token_sha256
        if (self.user is None) != (not passwords):
            key = "user" if self.user is None else "password"
            raise at_key(key, "user goes together with password or password_hash (…_env, …_file)")
        if self.user is not None and (":" in self.user or not self.user):
            raise at_key("user", "is empty or has a colon, which HTTP Basic cannot carry")
        if (self.username_token is None) != (not self.username_token_password):
            missing = "username_token" + "_password" * (self.username_token is not None)
            raise at_key(
                missing, "username_token goes together with username_token_password (…_env, …_file)"
            )
        if passwords and tokens:
            raise at_key(
                "token", "a request carries either HTTP Basic or a bearer token; give one of them"
            )
        shown = passwords or tokens or self.username_token
        if not (shown or self.certificate or self.networks):
            raise at_key(
                "user",
                "nothing tells this caller from anybody; set user and password, token, "
                "username_token, certificate or networks",
            )
        for one in self.token:
            token = one.get_secret_value()
            if len(token) < SHORTEST_TOKEN or not _TOKEN.fullmatch(token):
                raise at_key(
                    "token",
                    f"is shorter than {SHORTEST_TOKEN} characters, or has one that a header cannot "
                    "carry; make one with: python3 -c 'import secrets; "
                    "print(secrets.token_urlsafe(32))'",
                )
        return self

    @field_validator("token_sha256")
    @classmethod
    def _digests(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if not all(_SHA256.fullmatch(value) for value in values or ()):
            raise ValueError("should be digests of 64 hexadecimal digits in lower case")
        return values

    @field_validator("networks")
    @classmethod
    def _networks(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if values is None else networks(values)


class UsernameTokens(Section):
    """How long a WS-Security UsernameToken with a digest is good."""

    fresh_seconds: Seconds = Field(
        300.0, description="How old it may be when it arrives, in seconds."
    )
    skew_seconds: Annotated[float, Field(strict=True, ge=0, le=3600, allow_inf_nan=False)] = Field(
        60.0,
        description="How far the clocks of callers and nodes may be apart, in seconds.",
    )
    remember: int = Field(
        1_000_000,
        strict=True,
        ge=1000,
        le=100_000_000,
        description="Tokens that each worker keeps until they are too old to be sent again, about "
        "250 bytes each. A call beyond that gets a Fault.",
    )


class Proxies(Section):
    """The proxies in front, whose word is taken for who connects to them."""

    trusted: tuple[str, ...] = Field(
        (),
        description="Addresses and networks of the proxies; nobody else is believed.",
    )
    address_header: str | None = Field(
        None,
        description="The header in which they say whom they serve: Forwarded, as in RFC 7239, or "
        "one that lists addresses as X-Forwarded-For does. The first that is not trusted, from "
        "the right, is the client's.",
        examples=["Forwarded"],
    )
    certificate_header: str | None = Field(
        None,
        description="The header in which they pass on the client's certificate, which they have "
        "verified. Anybody else who sends it is refused.",
        examples=["ClientCert"],
    )
    certificate_form: Literal["pem", "der", "subject"] = Field(
        "pem",
        description="What is in it: the certificate as URL-encoded PEM (nginx) or as base64 "
        "(HAProxy), or its subject alone, as in RFC 4514.",
    )
    drop_underscores: Switch = Field(
        False,
        description="They let no header pass that has an underscore in its name. The HTTP server "
        "does not tell X_Forwarded_For from X-Forwarded-For, so a header with a hyphen needs this.",
    )

    @model_validator(mode="after")
    def _sound(self) -> Proxies:
        for key in ("address_header", "certificate_header"):
            name = getattr(self, key)
            if name is None:
                continue
            if not _HEADER.fullmatch(name):
                raise at_key(key, "should be the name of a header")
            if name.lower() in ("authorization", "content-type", "content-length", "host"):
                raise at_key(key, "is a header that means something else; choose another")
            if not self.trusted:
                raise at_key("trusted", f"is empty; {key} goes together with whom to believe")
            if "-" in name and not self.drop_underscores:
                raise at_key(
                    key,
                    f"{name!r} has a hyphen: anybody could send it as "
                    f"{name.replace('-', '_')!r}, past the proxy. Choose a name without one, or "
                    "let the proxies drop names with underscores and say so in drop_underscores",
                )
        headers = [h.lower() for h in (self.address_header, self.certificate_header) if h]
        if len(headers) > len(set(headers)):
            raise at_key("certificate_header", "is the address_header; choose another")
        return self

    @field_validator("trusted")
    @classmethod
    def _networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return networks(values)


def networks(values: tuple[str, ...]) -> tuple[str, ...]:
    """`values`, if each is an address or a network; raises ValueError."""
    for value in values:
        try:
            network = ip_network(value)
        except ValueError:
            try:
                meant = ip_network(value, strict=False)
            except ValueError:
                raise ValueError(
                    f"{value!r} is no address or network, such as 192.0.2.0/24"
                ) from None
            raise ValueError(f"{value!r} is an address within {meant}; write that") from None
        if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
            raise ValueError(f"{value!r} is an IPv4 network inside IPv6; write it as IPv4")
        if not network.prefixlen:
            raise ValueError(f"{value!r} is everybody; leave it out")
    return values
