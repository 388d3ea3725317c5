"""LoginRequest: may this person come in?"""

from __future__ import annotations

import unicodedata
from typing import Final

from ..answers import Answer
from ..trial import Group, LeftOut, Trial

CHECKS: Final = Group("login")

SCRIPTS = (
    "søren.ødegård@example.com",
    "Иван@пример.рф",
    "田中@例え.jp",
    "محمد@مثال.com",
    "שרה@example.com",
    "a\u0308dam@example.com",
    "\U0001f600@example.com",
    "o'hara+tag@example.com",
    "%00@example.com",
    '"quoted spaces"@example.com',
    "x' OR '1'='1",
    "*)(uid=*",
    "<b>&amp;</b>",
    "${jndi:ldap://127.0.0.1/x}",
    "a" * 300 + "@example.com",
)
"""Logins that nobody has: scripts, quotes, and what would do harm where texts are pasted."""


@CHECKS.add("login-good")
def good(trial: Trial) -> None:
    """Each active user comes in, and the answer says who it is."""
    for user in trial.several(1) and trial.cast.active():
        found = trial.login(user.login, user.secret())
        erid = trial.accepted(found, user.login, f"login of {user.login}")
        if erid is not None and isinstance(found, Answer):
            trial.expect(bool(found.key.get("loginID")), f"{user.login}: userKey has no loginID")


@CHECKS.add("login-repeated")
def repeated(trial: Trial) -> None:
    """The same login twice has the same ERID."""
    user = trial.anybody()
    erids = {
        trial.accepted(trial.login(user.login, user.secret()), user.login, f"login {n}")
        for n in range(1, 4)
    }
    trial.expect(len(erids) == 1, f"{user.login}: three logins have {len(erids)} ERIDs")


@CHECKS.add("login-wrong-password")
def wrong_password(trial: Trial) -> None:
    """A wrong password is refused in the published words."""
    user = trial.anybody()
    right = user.secret()
    # None with blanks around it: some endpoints take those away, and let nobody else in by it.
    for password in ("wrong", right + "x", right[:-1], right.swapcase() + "?", ""):
        if password == right:
            continue
        found = trial.login(user.login, password)
        trial.refused(found, f"a password of {len(password)} characters", "login refused")
        # An endpoint may make a login wait after several wrong passwords in a row.
        trial.accepted(trial.login(user.login, right), user.login, "the right password after it")


@CHECKS.add("login-no-password")
def no_password(trial: Trial) -> None:
    """A login without a password is refused."""
    trial.refused(trial.login(trial.anybody().login, None), "no password", "login refused")


@CHECKS.add("login-unknown")
def unknown(trial: Trial) -> None:
    """Unknown logins in any script are refused like a wrong password."""
    for login in (trial.cast.unknown_login, *SCRIPTS, "", " "):
        found = trial.login(login, "whatever")
        trial.refused(found, f"unknown login {login[:40]!r}", "login refused")


@CHECKS.add("login-others-password")
def others_password(trial: Trial) -> None:
    """Nobody comes in with another user's password."""
    one, other = trial.several(2)
    if one.secret() == other.secret():
        raise LeftOut("the first two active [[users]] have the same password")
    trial.refused(trial.login(one.login, other.secret()), "another's password", "login refused")


@CHECKS.add("login-alike")
def alike(trial: Trial) -> None:
    """No answer tells an unknown user, a wrong password, an inactive user apart."""
    asked = [(trial.anybody().login, "wrong"), (trial.cast.unknown_login, "wrong")]
    asked += [(u.login, u.secret() or "wrong") for u in trial.cast.users if not u.active]
    answers = set()
    for login, password in asked:
        found = trial.login(login, password)
        if isinstance(found, Answer):
            answers.add((found.refusal, tuple(found.attributes().items())))
    trial.expect(len(answers) <= 1, f"refused logins are answered in {len(answers)} ways")


@CHECKS.add("login-inactive")
def inactive(trial: Trial) -> None:
    """An inactive user is refused with the right password."""
    users = [u for u in trial.cast.users if not u.active and u.password is not None]
    if not users:
        raise LeftOut("needs one of [[users]] with active = false and a password")
    for user in users:
        found = trial.login(user.login, user.secret())
        trial.refused(found, f"inactive {user.login}", "login refused")


@CHECKS.add("login-variants")
def variants(trial: Trial) -> None:
    """A login that is spelt otherwise is refused, or the same person's."""
    for user in trial.several(1) and trial.cast.active():
        login = user.login
        spelt = {
            login.upper(), login.title(), f" {login}", f"{login} ", f"{login}\u200b",
            unicodedata.normalize("NFD", login), login.replace("o", "ö"), login.replace("@", "＠"),
        } - {login}  # fmt: skip
        for one in sorted(spelt):
            found = trial.login(one, user.secret())
            if isinstance(found, Answer) and found.accepted:
                trial.accepted(found, login, f"login of {one!r}")


@CHECKS.add("login-keys-disagree")
def keys_disagree(trial: Trial) -> None:
    """A login with another user's ERID beside it is refused."""
    one, other = trial.several(2)
    erid = trial.accepted(
        trial.login(other.login, other.secret()), other.login, "the other's login"
    )
    if erid is not None:
        for name in ("externalReferenceID", "userID"):
            found = trial.login(one.login, one.secret(), **{name: erid})
            trial.refused(found, f"login of one, {name} of another")
