"""GetUserRequest, also called GetUserProfileRequest: who is this?"""

from __future__ import annotations

from typing import Final

from ..answers import Answer, Fault
from ..trial import Group, LeftOut, Trial

CHECKS: Final = Group("profile")
NAMES: Final = ("GetUserRequest", "GetUserProfileRequest")
"""A request with two names: some of Digital River's pages have the one, some the other."""


def erid_of(trial: Trial, login: str, password: str) -> str:
    """The ERID of a user, by a login; leaves the check out if there is none."""
    known = trial.seen.of(login)
    if known is None:
        known = trial.accepted(trial.login(login, password), login, f"login of {login}")
    if known is None:
        raise LeftOut(f"{login} does not come in, so that their ERID is not known")
    return known


@CHECKS.add("profile-by-key")
def by_key(trial: Trial) -> None:
    """Each key of a user names them: ERID, userID, login, and both."""
    for user in trial.several(1) and trial.cast.active():
        erid = erid_of(trial, user.login, user.secret())
        for keys in (
            {"externalReferenceID": erid},
            {"userID": erid},
            {"userID": erid, "externalReferenceID": erid},
            {"loginID": user.login},
            {"externalReferenceID": erid, "loginID": user.login},
            {"userID": erid, "externalReferenceID": erid, "loginID": user.login},
        ):
            for name in trial.cast.profile_requests:
                what = f"{user.login} by {' and '.join(keys)} ({name})"
                trial.accepted(trial.profile(what, by=name, **keys), user.login, what)


@CHECKS.add("profile-names")
def names(trial: Trial) -> None:
    """The profile is had by both names of the request."""
    missing = [name for name in NAMES if name not in trial.cast.profile_requests]
    if missing:
        raise LeftOut(f"the file's profile_requests has no {missing[0]}")
    user = trial.anybody()
    for name in NAMES:
        found = trial.profile(f"of {user.login}", by=name, loginID=user.login)
        trial.accepted(found, user.login, name)


@CHECKS.add("profile-company")
def by_company(trial: Trial) -> None:
    """An ERID with the companyID names the user."""
    if trial.cast.company is None:
        raise LeftOut("needs company, the companyID of the users")
    user = trial.anybody()
    erid = erid_of(trial, user.login, user.secret())
    keys: dict[str, str | None] = {
        "externalReferenceID": erid,
        "companyID": trial.cast.company,
        "siteID": None,
    }
    what = "by ERID and company"
    trial.accepted(trial.profile(what, token=None, **keys), user.login, what)
    keys["companyID"] = "no-such-company"
    found = trial.profile("with another company", token=None, **keys)
    if isinstance(found, Answer) and found.accepted:
        trial.says("a companyID that is not theirs does not matter")


@CHECKS.add("profile-fields")
def fields(trial: Trial) -> None:
    """The profile holds what the file says."""
    users = [user for user in trial.cast.active() if user.profile]
    if not users:
        raise LeftOut("needs profile = { firstName = … } in one of [[users]]")
    for user in users:
        erid = erid_of(trial, user.login, user.secret())
        found = trial.profile(f"of {user.login}", externalReferenceID=erid)
        info = (found.fields.get("userInfo") or {}) if isinstance(found, Answer) else {}
        for name, value in user.profile.items():
            if info.get(name) != value:
                trial.says(f"{user.login}: {name} is {info.get(name)!r}; the file has {value!r}")


@CHECKS.add("profile-inactive")
def inactive(trial: Trial) -> None:
    """The profile of an inactive user is nil, in the published words."""
    users = [user for user in trial.cast.users if not user.active]
    if not users:
        raise LeftOut("needs one of [[users]] with active = false")
    for user in users:
        found = trial.profile(f"of inactive {user.login}", loginID=user.login)
        trial.refused(found, f"inactive {user.login}", "user inactive")


@CHECKS.add("profile-unknown")
def unknown(trial: Trial) -> None:
    """A key that nobody has names nobody."""
    absent = (
        {"externalReferenceID": "no-such-erid-4f1c"},
        {"userID": "0"},
        {"loginID": trial.cast.unknown_login},
    )
    for keys in (*absent, {"externalReferenceID": "x' OR '1'='1"}, {"externalReferenceID": "%"}):
        what = f"by {', '.join(f'{k} {v!r}' for k, v in keys.items())}"
        trial.refused(trial.profile(what, **keys), what)


@CHECKS.add("profile-no-key")
def no_key(trial: Trial) -> None:
    """A request that names nobody is not answered with a user."""
    for keys in ({}, {"externalReferenceID": "", "loginID": ""}):
        found = trial.profile("of nobody", **keys)
        if isinstance(found, Answer) and found.accepted:
            trial.says("a request without a key is answered with a user")


@CHECKS.add("profile-keys-disagree")
def keys_disagree(trial: Trial) -> None:
    """Keys of two people name nobody."""
    one, other = trial.several(2)
    first, second = (erid_of(trial, u.login, u.secret()) for u in (one, other))
    for keys in (
        {"loginID": one.login, "externalReferenceID": second},
        {"loginID": other.login, "userID": first},
        {"userID": first, "externalReferenceID": second},
        {"userID": first, "externalReferenceID": first, "loginID": other.login},
    ):
        what = f"{' and '.join(keys)} of two people"
        found = trial.profile(what, **keys)
        if not isinstance(found, Fault):
            trial.refused(found, what)


@CHECKS.add("profile-erid-variants")
def erid_variants(trial: Trial) -> None:
    """An ERID that is spelt otherwise names nobody else."""
    user = trial.anybody()
    erid = erid_of(trial, user.login, user.secret())
    for one in {erid.swapcase(), f" {erid}", f"{erid} ", erid[:-1], f"{erid}0"} - {erid}:
        found = trial.profile(f"by the ERID {one!r}", externalReferenceID=one)
        if isinstance(found, Answer) and found.accepted:
            trial.accepted(found, user.login, f"by the ERID {one!r}")


@CHECKS.add("profile-strange-site")
def strange_site(trial: Trial) -> None:
    """A site that is not served is told by a Fault, or refused."""
    user = trial.anybody()
    keys = {"loginID": user.login, "siteID": "no-such-site"}
    found = trial.profile("of a site that there is not", **keys)
    if isinstance(found, Answer) and found.accepted:
        trial.says("a siteID that there is not is answered with a user")
