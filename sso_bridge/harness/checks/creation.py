"""CreateUserProfileRequest: an account that is made once."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ..answers import Answer, Fault
from ..messages import Value, request
from ..trial import Group, Trial

CHECKS: Final = Group("creation")
AT_ONCE = 6
PROFILE: dict[str, Value] = {
    "firstName": "Zoë",
    "lastName": "Müller-Łukasz 田中",
    "shippingAddress": {"city": "Zürich", "countryA2": "CH", "line1": "Straße <1> & Co."},
}


def _made(trial: Trial, login: str, password: str, **info: Value) -> str | None:
    return trial.accepted(trial.create(login, password, **info), login, f"creation of {login}")


def _password(trial: Trial) -> str:
    return trial.cast.creation.password.get_secret_value()


@CHECKS.add("create-new")
def new(trial: Trial) -> None:
    """A new account has one ERID, in the answer, at login and in the profile."""
    login, password = trial.new_login(), _password(trial)
    erid = _made(trial, login, password, **PROFILE)
    if erid is None:
        return
    trial.accepted(trial.login(login, password), login, "login of the new account")
    found = trial.profile("of the new account", externalReferenceID=erid)
    trial.accepted(found, login, "profile of the new account")
    info = (found.fields.get("userInfo") or {}) if isinstance(found, Answer) else {}
    for name in ("firstName", "lastName"):
        if info.get(name) not in (None, PROFILE[name]):
            trial.says(f"{name} was {PROFILE[name]!r} and is {info[name]!r}")
    trial.refused(trial.login(login, password + "x"), "a wrong password", "login refused")


@CHECKS.add("create-again")
def again(trial: Trial) -> None:
    """The same creation again, as the hourly repetition does, is the same user."""
    login, password = trial.new_login(), _password(trial)
    erids = {_made(trial, login, password) for _ in range(3)}
    trial.expect(len(erids) == 1, f"three times the same creation made {len(erids)} ERIDs")


@CHECKS.add("create-taken")
def taken(trial: Trial) -> None:
    """A login that is taken is refused, and whose it is stays the same."""
    login, password = trial.new_login(), _password(trial)
    if _made(trial, login, password) is None:
        return
    other = secrets.token_urlsafe(12)
    trial.refused(trial.create(login, other), "creation of a taken login", "login taken")
    trial.refused(trial.login(login, other), "login with the refused password", "login refused")
    trial.accepted(trial.login(login, password), login, "login with the first password")


@CHECKS.add("create-existing")
def existing(trial: Trial) -> None:
    """The login of an existing user is refused without their password."""
    trial.new_login()
    user = trial.anybody()
    trial.refused(trial.create(user.login, secrets.token_urlsafe(12)), "creation", "login taken")
    trial.accepted(trial.login(user.login, user.secret()), user.login, "login afterwards")


@CHECKS.add("create-at-once")
def at_once(trial: Trial) -> None:
    """The same creation several times at once makes one user."""
    login, password = trial.new_login(), _password(trial)
    fields: dict[str, Value] = {
        "userInfo": {"userKey": trial.key(loginID=login), "email": login},
        "password": password,
    }
    body = request("CreateUserProfileRequest", fields, trial.shape, trial.style)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [
            pool.submit(trial.send, body, f"creation of {login}, {n + 1} of {AT_ONCE} at once")
            for n in range(AT_ONCE)
        ]
    accepted = 0
    for exchange in [one.result() for one in sent]:
        found = trial.answer("CreateUserProfileRequest", exchange)
        if isinstance(found, Fault):
            trial.expect(not found.senders, f"a Fault that blames the request ({found.text})")
        elif isinstance(found, Answer) and found.accepted:
            trial.accepted(found, login, "one of several creations at once")
            accepted += 1
    if not accepted:
        _made(trial, login, password)
    trial.accepted(trial.login(login, password), login, "login afterwards")


@CHECKS.add("create-variants")
def variants(trial: Trial) -> None:
    """A new login that is spelt otherwise is no second way to the account."""
    login, password = trial.new_login(), _password(trial)
    if _made(trial, login, password) is None:
        return
    for spelt in (login.upper(), f" {login}", f"{login} "):
        found = trial.create(spelt, secrets.token_urlsafe(12))
        if isinstance(found, Answer) and found.accepted:
            trial.accepted(found, spelt, f"creation of {spelt!r}")
    trial.accepted(trial.login(login, password), login, "login afterwards")


@CHECKS.add("create-incomplete")
def incomplete(trial: Trial) -> None:
    """An account without a password or a login is not made."""
    login = trial.new_login()
    for name, password in ((login, None), (login, ""), ("", "some password")):
        found = trial.create(name, password)
        if not isinstance(found, Fault):
            trial.refused(
                found, f"creation with login {name!r} and {'a' if password else 'no'} password"
            )
    trial.refused(trial.login(login, ""), "login of what was not made", "login refused")
