"""The throttle, from its settings."""

from __future__ import annotations

import secrets

from ..config import Settings
from ..config.throttle import Rates as RatesDeclared
from ..core.ports import Observer
from ..errors import ConfigurationError
from ..soap.contract import OPERATIONS
from ..throttle import Memory, Rate, Rates, Store, Throttle, Waits
from .declared import secret_of

__all__ = ["throttle"]

_CREATION = "CreateUserProfile"


def throttle(settings: Settings, observer: Observer) -> Throttle:
    """What the settings declare. Connects to nothing; raises ConfigurationError for a URL of Redis
    that is none, or if its driver is not installed."""
    declared = settings.throttle
    kinds = {"caller": declared.caller, "site": declared.site, "all": declared.all}
    return Throttle(
        _store(settings, observer),
        key=secret_of("throttle.key", declared.key) or secrets.token_bytes(32),
        logins=declared.logins.enabled,
        rates=[_rates(kind, rates) for kind, rates in kinds.items()],
        observer=observer,
        operations=[operation.request.removesuffix("Request") for operation in OPERATIONS],
    )


def _store(settings: Settings, observer: Observer) -> Store:
    declared, logins = settings.throttle, settings.throttle.logins
    waits = Waits(logins.free, logins.first_wait, logins.longest_wait, logins.forget_after)
    memory = Memory(waits, most=logins.remember, most_used=settings.username_tokens.remember)
    if declared.storage == "memory":
        return memory
    assert declared.url is not None
    try:
        from ..throttle.shared import Shared, SharedBy
    except ModuleNotFoundError:
        raise ConfigurationError(
            "throttle.storage: redis needs a driver; install it with: pip install "
            "'sso-bridge[redis]'"
        ) from None
    try:
        by = SharedBy(
            declared.url.get_secret_value(),
            prefix=declared.prefix,
            patience=declared.patience,
            waits=waits,
        )
    except ValueError:
        raise ConfigurationError(
            "throttle.url: is not a URL of Redis; write redis://HOST:PORT/0, rediss:// for TLS or "
            "unix:///PATH"
        ) from None
    return Shared(by, memory, observer)


def _rates(kind: str, declared: RatesDeclared) -> Rates:
    rates = {
        "": (declared.calls_per_second, 1.0),
        "Login": (declared.logins_per_minute, 60.0),
        _CREATION: (declared.creations_per_minute, 60.0),
    }
    return Rates(
        kind, {what: Rate(calls, seconds) for what, (calls, seconds) in rates.items() if calls}
    )
