"""Who may call, put together from the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING

from ..config import Settings
from ..config import callers as settings_of
from ..core.call import Caller
from ..core.deadline import Deadline
from ..core.ports import Observer, Replays
from ..errors import ConfigurationError
from ..passwords import MAKERS, HashPool, Limits, PasswordHashes
from ..passwords.schemes import UnusableHash, read
from ..web.callers import Callers, Conditions
from ..web.proxies import Proxies, network
from ..web.username_tokens import TokenOwner, UsernameTokens

if TYPE_CHECKING:
    from ..web.certificates import Certificate

__all__ = ["callers", "check_callers"]

_SAME: dict[str, tuple[str, ...]] = {"GetUser": ("GetUser", "GetUserProfile")}
"""One operation by two names, which a caller may ask by either."""


def check_callers(settings: Settings) -> None:
    """Raises ConfigurationError for a certificate's name that is none, and for a password's hash
    that would never be computed."""
    for who, declared in settings.callers.items():
        _certificate(who, declared, settings)
        for number, stored in enumerate(declared.password_hash):
            place = f"callers.{who}.password_hash[{number}]"
            try:
                known = read(stored.get_secret_value(), Limits()) is not None
            except UnusableHash as error:
                raise ConfigurationError(f"{place}: {error}; make another") from None
            if not known:
                raise ConfigurationError(
                    f"{place}: is a hash of no known format; docs/password-hashes.md lists them"
                )


def callers(settings: Settings, observer: Observer, replays: Replays) -> Callers:
    """Who may call; `replays` are the UsernameTokens that were used.

    Their hashes have a pool of their own: a stranger who guesses at them must not take the place
    of shoppers who sign in."""
    hashes = PasswordHashes(
        pool=HashPool(1, 4),
        observer=observer,
        sample=lambda count, deadline: [],
        maker=MAKERS["argon2id"](),
    )

    def verify(stored: str, sent: str, deadline: Deadline) -> bool:
        return hashes.verify(sent, stored, deadline)

    proxies = settings.proxies
    return Callers(
        [_conditions(who, c, settings, verify) for who, c in settings.callers.items()],
        proxies=Proxies(
            [network(text) for text in proxies.trusted],
            address_header=proxies.address_header,
            certificate_header=proxies.certificate_header,
        ),
        read=_reader(proxies),
        username_tokens=_username_tokens(settings, observer, replays),
        seconds=settings.server.call_seconds,
    )


def _conditions(
    who: str,
    declared: settings_of.Caller,
    settings: Settings,
    verify: Callable[[str, str, Deadline], bool],
) -> Conditions:
    tokens = [hashlib.sha256(one.get_secret_value().encode()).digest() for one in declared.token]
    return Conditions(
        caller=Caller(
            who,
            None if declared.sites is None else frozenset(declared.sites),
            None if declared.operations is None else frozenset(_names(declared.operations)),
        ),
        user=declared.user,
        passwords=[one.get_secret_value() for one in declared.password],
        hashes=[partial(verify, one.get_secret_value()) for one in declared.password_hash],
        tokens=[*tokens, *map(bytes.fromhex, declared.token_sha256 or ())],
        networks=[network(text) for text in declared.networks or ()],
        certificate=_certificate(who, declared, settings),
        username_token=_token_owner(declared),
    )


def _username_tokens(
    settings: Settings, observer: Observer, replays: Replays
) -> UsernameTokens | None:
    if all(declared.username_token is None for declared in settings.callers.values()):
        return None
    return UsernameTokens(
        replays,
        fresh=settings.username_tokens.fresh_seconds,
        skew=settings.username_tokens.skew_seconds,
        told=lambda why: observer.step("refused a UsernameToken", why=why),
    )


def _token_owner(declared: settings_of.Caller) -> TokenOwner | None:
    if declared.username_token is None:
        return None
    return TokenOwner(
        declared.username_token,
        [one.get_secret_value() for one in declared.username_token_password],
        digest=declared.username_token_type != "text",
        text=declared.username_token_type != "digest",
    )


def _reader(proxies: settings_of.Proxies) -> Callable[[str], Certificate | None]:
    """How a certificate that was passed on is read. What reads them takes a while to import."""
    if proxies.certificate_header is None:
        return lambda said: None
    from ..web.certificates import FORMS

    return FORMS[proxies.certificate_form]


def _names(operations: tuple[str, ...]) -> list[str]:
    return [same for one in operations for same in _SAME.get(one, (one,))]


def _certificate(
    who: str, declared: settings_of.Caller, settings: Settings
) -> frozenset[Hashable] | None:
    """The names, one of which a certificate that was passed on must have; none if any will do.

    Where no proxy passes certificates on, the server itself asks for one that is good."""
    if declared.certificate is None or settings.proxies.certificate_header is None:
        return None
    from ..web.certificates import name

    names = set[Hashable]()
    for text in declared.certificate:
        if text == "*":
            return frozenset()
        try:
            names.add(name(text))
        except ValueError as error:
            raise ConfigurationError(
                f"callers.{who}.certificate: {text!r} is no name of a certificate"
                f"{f' ({error})' if str(error) else ''}; write a subject as in "
                '"CN=store,O=Digital River,C=US", or "DNS:…", "URI:…", "email:…"'
            ) from None
    return frozenset(names)
