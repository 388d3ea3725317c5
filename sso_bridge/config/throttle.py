"""Settings of how often what may be tried."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from .base import Count, Seconds, Section, Switch, at_key

__all__ = ["LoginWaits", "Rates", "Throttle"]

PerSecond = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
LongSeconds = Annotated[float, Field(strict=True, gt=0, le=86_400, allow_inf_nan=False)]


class LoginWaits(Section):
    """Wrong passwords of one login: how many are free, and how long the next ones have to wait."""

    enabled: Switch = Field(True, description="Whether a login has to wait at all.")
    free: Count = Field(
        5,
        description="Wrong passwords that cost nothing. A password that is still being verified "
        "counts as one.",
    )
    first_wait: Seconds = Field(
        1.0,
        description="How long the next password has to wait after these, in seconds. Each further "
        "wrong one doubles it.",
    )
    longest_wait: Seconds = Field(
        60.0, description="How long it has to wait at most, in seconds: nobody is locked out."
    )
    forget_after: LongSeconds = Field(
        900.0,
        description="So long after the last wrong password all are forgotten, in seconds. The "
        "right one makes them forgotten at once.",
    )
    remember: int = Field(
        100_000,
        strict=True,
        ge=1000,
        le=10_000_000,
        description="Logins with a wrong password that each worker keeps in memory, about 300 "
        "bytes each.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> LoginWaits:
        if self.longest_wait < self.first_wait:
            raise at_key("longest_wait", "is shorter than first_wait; make it as long or longer")
        return self


class Rates(Section):
    """Calls of one kind that are answered; more get a Fault. A number per second may come at once
    in that second, one per minute in that minute. Unset, there is no limit."""

    calls_per_second: PerSecond | None = Field(
        None, description="Calls of all operations together.", examples=[500]
    )
    logins_per_minute: PerSecond | None = Field(None, description="Logins.", examples=[1200])
    creations_per_minute: PerSecond | None = Field(
        None, description="Accounts that are asked for.", examples=[120]
    )


class Throttle(Section):
    """How often what may be tried; docs/throttling.md helps to choose the numbers."""

    storage: Literal["memory", "redis"] = Field(
        "memory",
        description="Where it is counted: in the memory of each worker process, or in one Redis "
        "for all workers of all nodes.",
    )
    url: SecretStr | None = Field(
        None,
        description="URL of the Redis: redis://, rediss:// (with TLS) or unix://.",
        examples=["SSO_BRIDGE_REDIS_URL"],
    )
    key: SecretStr | None = Field(
        None,
        description="With Redis: the key of the hashes that stand there for logins, 32 characters "
        "or more, the same on all nodes.",
        examples=["SSO_BRIDGE_THROTTLE_KEY"],
    )
    prefix: str = Field(
        "sso-bridge:",
        description="What the name of every key in Redis begins with.",
    )
    patience: Seconds = Field(
        0.05,
        description="How long a call waits for Redis, in seconds. After that it is counted in "
        "memory until Redis is back.",
    )
    logins: LoginWaits = Field(LoginWaits(), description="Wrong passwords of one login.")
    caller: Rates = Field(Rates(), description="What each caller may ask.")
    site: Rates = Field(Rates(), description="What may be asked of each site.")
    all: Rates = Field(Rates(), description="What may be asked altogether.")

    @model_validator(mode="after")
    def _whole(self) -> Throttle:
        if self.storage == "redis" and self.url is None:
            raise at_key("url", 'is missing: storage = "redis" needs url (or url_env, url_file)')
        if self.storage == "redis" and self.key is None:
            raise at_key(
                "key",
                'is missing: storage = "redis" needs key (or key_env, key_file), the same on all '
                "nodes",
            )
        return self
