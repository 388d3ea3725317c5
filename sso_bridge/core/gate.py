"""What a call passes once it is understood and before it is worked on, and again on its way out."""

from __future__ import annotations

import time

from ..errors import LoginThrottled, Throttled
from .bridge import Bridge
from .call import Call, Caller, NotAllowed
from .keys import is_plain
from .model import (
    Accepted,
    CreateUser,
    GetUser,
    Login,
    ProfileAnswer,
    Refusal,
    ValidateSession,
)
from .ports import Throttle
from .site import Site

__all__ = ["Answer", "Gate", "Request"]

Request = Login | GetUser | ValidateSession | CreateUser
Answer = Accepted | ProfileAnswer | Refusal


class Gate:
    """Lets calls in whose caller may ask what they ask, and not too often.

    A password is tried by a login, and by the creation of an account that may be there already.
    Without a throttle anything may be tried as often as anybody likes."""

    def __init__(self, bridge: Bridge, throttle: Throttle | None = None) -> None:
        self._bridge = bridge
        self._throttle = throttle

    def enter(self, call: Call, request: Request) -> Refusal | None:
        """Let `call` in and note its site; the refusal that is its answer if it is a login that
        has to wait. Raises NotAllowed, UnknownSite, Throttled."""
        if not call.caller.may(call.operation):
            raise NotAllowed(f"caller {call.caller.name!r} may not ask {call.operation}")
        site = self._bridge.of(call.caller).asked(request)
        call.site = site.id
        if self._throttle is None:
            return None
        begun = time.monotonic()
        if self._throttle.admit(call.operation, call.caller.name, call.site):
            call.deadline.took("throttle", begun)
        if not isinstance(request, (Login, CreateUser)):
            return None
        return self._try(self._throttle, call, site, request)

    @staticmethod
    def _try(
        throttle: Throttle, call: Call, site: Site, request: Login | CreateUser
    ) -> Refusal | None:
        """Count the password in `request` as tried; returns and raises as `enter`."""
        tried = _tried(site, request)
        if tried is None:
            return None
        source, login = tried
        begun = time.monotonic()
        try:
            call.attempt = throttle.attempt(source + _apart(call.caller), login)
        except LoginThrottled as throttled:
            if isinstance(request, Login):
                return site.refusal(throttled)
            raise Throttled(throttled.details) from None
        finally:
            call.deadline.took("throttle", begun)
        return None

    @staticmethod
    def leave(call: Call, answer: Answer | None) -> None:
        """The answer of a call that was let in; None if there is none, for whatever reason."""
        attempt = call.attempt
        if attempt is None:
            return
        begun = time.monotonic()
        if answer is None:
            attempt.undo()
        elif not isinstance(answer, Refusal):
            attempt.succeeded()
        call.deadline.took("throttle", begun)


def _apart(caller: Caller) -> str:
    """What sets apart the tries of a caller who is limited to sites: nobody else waits for them."""
    return "" if caller.sites is None else "\0".join(["", *sorted(caller.sites)])


def _tried(site: Site, request: Login | CreateUser) -> tuple[str, str] | None:
    """Whose password a request tries: a source and a login there in its canonical form, or "" and
    an ERID, which is one person's in all sources. None if it can be nobody's.

    A site with a filter is as good as a source: a login there may be another person's elsewhere,
    who could make the tries forgotten by coming in."""
    key, source = request.key, site.source
    login = key.login_id
    if isinstance(request, Login) and key.erid is not None:
        return ("", key.erid) if is_plain(key.erid) else None
    if login is None and isinstance(request, CreateUser) and source.email_is_login:
        login = request.profile.email
    if login is None or not is_plain(login):
        return None
    people = source.name if site.has_all else f"{source.name}\0\0{site.id}"
    return people, source.login_rule.canonical(login)
