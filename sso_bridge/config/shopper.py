"""The settings of Digital River's Shopper API."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from .base import Count, Seconds, Section, Switch

__all__ = ["Shopper"]


class Shopper(Section):
    """Digital River's Shopper API, for the `shopper` commands; the server does not use it."""

    base_url: str = Field(
        "https://api.digitalriver.com",
        description="Where the API is. Without TLS only on this machine.",
        examples=["http://127.0.0.1:8090"],
    )
    api_key: SecretStr | None = Field(
        None,
        description="The API key of a confidential application.",
        examples=["SSO_BRIDGE_SHOPPER_API_KEY"],
    )
    api_secret: SecretStr | None = Field(
        None, description="Its secret.", examples=["SSO_BRIDGE_SHOPPER_API_SECRET"]
    )
    calls_per_second: Annotated[
        float, Field(strict=True, gt=0, le=100_000, allow_inf_nan=False)
    ] = Field(
        10.0,
        description="Calls in any one second at most. Digital River allows an API key 10 in "
        "evaluation and 100 in production; what else uses the key has to fit in too.",
    )
    connections: Count = Field(16, description="Calls under way at a time.")
    timeout_seconds: Seconds = Field(
        30.0, description="How long an answer is waited for, in seconds."
    )
    attempts: Count = Field(
        6,
        description="How often a call is sent at most. One that may not be repeated blindly is "
        "repeated only after looking.",
    )
    locale: str | None = Field(
        None,
        description="The locale of customers whose profile has none.",
        examples=["en_US"],
    )
    currency: str | None = Field(
        None, description="The currency of new customers.", examples=["USD"]
    )
    send_username: Switch = Field(
        False,
        description="Whether the login is sent as username. Digital River needs none where the "
        "client keeps the credentials.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError("should be an address such as https://api.digitalriver.com")
        if parts.username is not None or parts.fragment:
            raise ValueError("should have no user name and no fragment in it")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError("should begin with https://, for secrets and tokens go there")
        return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
