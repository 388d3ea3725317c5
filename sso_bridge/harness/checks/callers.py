"""Who may call at all."""

from __future__ import annotations

import base64
from typing import Final

from ..messages import PUBLISHED_STYLE, Value, request
from ..trial import Group, LeftOut, Trial, Useless

CHECKS: Final = Group("callers")


def _login(trial: Trial) -> bytes:
    user = trial.anybody()
    fields: dict[str, Value] = {
        "userKey": trial.key(loginID=user.login),
        "password": user.secret(),
    }
    return request("LoginRequest", fields, trial.shape, PUBLISHED_STYLE)


def _turned_away(trial: Trial, headers: dict[str, str], what: str) -> None:
    """A good login is sent with `headers`, and must not be answered."""
    if trial.cast.caller is None:
        raise LeftOut("anybody may call; give the caller's credentials in [caller]")
    exchange = trial.send(_login(trial), what, headers=headers)
    trial.faulted(exchange, what)
    if exchange.status is not None and b"externalReferenceID" in exchange.answer:
        trial.says(f"{what}: the answer names a user")


@CHECKS.add("caller-right")
def right(trial: Trial) -> None:
    """The endpoint answers, and takes the caller's credentials."""
    exchange = trial.send(_login(trial), "a call with the right credentials")
    if exchange.status is None:
        raise Useless(f"the endpoint does not answer: {exchange.failure}")
    if exchange.status in (401, 403):
        raise Useless(f"the caller is turned away (HTTP {exchange.status}); see to [caller]")
    if exchange.status in (404, 405):
        raise Useless(f"nothing takes calls at that URL (HTTP {exchange.status})")
    if 300 <= exchange.status < 400:
        raise Useless(f"that URL redirects (HTTP {exchange.status}); give the one that answers")
    if trial.answer("LoginRequest", exchange) is None and exchange.status < 500:
        said = f"HTTP {exchange.status}, {exchange.answer_type or 'no Content-Type'}"
        raise Useless(f"what answers at that URL speaks no XML ({said})")


@CHECKS.add("caller-unknown")
def unknown(trial: Trial) -> None:
    """A call without credentials is turned away."""
    _turned_away(trial, {}, "a call without credentials")


@CHECKS.add("caller-wrong")
def wrong(trial: Trial) -> None:
    """A call with wrong credentials is turned away."""
    caller = trial.cast.caller
    user = "somebody" if caller is None or caller.user is None else caller.user
    for name, password in ((user, "not the password"), (user, ""), ("", "")):
        sent = base64.b64encode(f"{name}:{password}".encode()).decode()
        _turned_away(trial, {"Authorization": f"Basic {sent}"}, "a call with a wrong password")
    for header in ("Basic", "Basic ====", "Basic bm8tY29sb24=", "Bearer not-the-token", "!"):
        _turned_away(trial, {"Authorization": header}, f"a call with the header {header!r}")
