"""ValidateSessionRequest: whose session is this?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from ..answers import Answer
from ..messages import Value
from ..people import User
from ..trial import Group, LeftOut, Trial

CHECKS: Final = Group("session")
LEAST_TOKEN: Final = 16
"""Characters; a shorter attribute is something else."""
_TOKEN: Final = "attribute with a session token"


def _good(trial: Trial) -> Iterator[tuple[User, str]]:
    """Users with a good token each: the file's, or one from a login made for it, since an endpoint
    may take a token only once."""
    given = [u for u in trial.cast.users if u.active and u.session is not None]
    for user in given:
        assert user.session is not None
        yield user, user.session.get_secret_value()
    if given:
        return
    name = _issued_as(trial, "session in one of [[users]], or a token in the answer to a login")
    for user in trial.cast.active():
        found = trial.login(user.login, user.secret())
        token = found.attributes().get(name) if isinstance(found, Answer) else None
        if token is None:
            raise LeftOut(f"the answer to the login of {user.login} has no {name}")
        yield user, token


def _issued_as(trial: Trial, needs: str) -> str:
    """The attribute of a login's answer that is a session token, by trying each, once in a run;
    leaves the check out with what it `needs` if there is none."""
    if _TOKEN not in trial.known:
        user = trial.anybody()
        found = trial.login(user.login, user.secret())
        trial.known[_TOKEN] = ""
        for name, value in found.attributes().items() if isinstance(found, Answer) else ():
            if len(value) < LEAST_TOKEN:
                continue
            answer = trial.session(value, f"of {user.login}, from {name} in the login's answer")
            if isinstance(answer, Answer) and answer.accepted:
                trial.known[_TOKEN] = name
                break
    if not trial.known[_TOKEN]:
        raise LeftOut(f"needs {needs}")
    return trial.known[_TOKEN]


@CHECKS.add("session-good")
def good(trial: Trial) -> None:
    """A good token names its user, with the ERID of the login."""
    for user, token in _good(trial):
        what = f"session of {user.login}"
        trial.accepted(trial.session(token, f"of {user.login}"), user.login, what)


@CHECKS.add("session-again")
def again(trial: Trial) -> None:
    """The same token again names the same user, or nobody."""
    for user, token in islice(_good(trial), 1):
        for time in ("first", "second", "third"):
            found = trial.session(token, f"of {user.login}, {time} time")
            if isinstance(found, Answer) and found.accepted:
                trial.accepted(found, user.login, f"session of {user.login}, {time} time")


@CHECKS.add("session-attribute")
def attribute(trial: Trial) -> None:
    """A token may come as an extended attribute."""
    name = _issued_as(trial, "a token in the answer to a login, which says the attribute's name")
    user, token = next(_good(trial))
    item: dict[str, Value] = {"name": name, "value": token, "valueDataType": "string"}
    fields: dict[str, Value] = {"userKey": trial.key(), "extendedAttributes": {"item": [item]}}
    trial.masks.add(token)
    found = trial.ask("ValidateSessionRequest", fields, f"session as attribute {name}")
    if isinstance(found, Answer) and found.accepted:
        trial.accepted(found, user.login, "session as attribute")


@CHECKS.add("session-expired")
def expired(trial: Trial) -> None:
    """An expired token is refused."""
    users = [user for user in trial.cast.users if user.expired_session is not None]
    if not users:
        raise LeftOut("needs expired_session in one of [[users]]")
    for user in users:
        assert user.expired_session is not None
        found = trial.session(user.expired_session.get_secret_value(), f"of {user.login}, expired")
        trial.refused(found, f"expired session of {user.login}")


def _damaged(token: str) -> Iterator[str]:
    for place in sorted({0, len(token) // 3, len(token) // 2, len(token) - 2}):
        yield token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    yield token[:-4]
    yield token + "AAAA"
    if set(token.lower()) & set("ghijklmnopqrstuvwxyz"):  # of digits and UUIDs it is the same
        yield token.swapcase()
    if token.count(".") == 2:  # a JWT: nobody signed these
        head, body, _ = token.split(".")
        yield f"{head}.{body}."
        yield f"eyJhbGciOiJub25lIn0.{body}."


@CHECKS.add("session-tampered")
def tampered(trial: Trial) -> None:
    """A token that was changed is refused."""
    user, token = next(_good(trial))
    for damaged in _damaged(token):
        trial.refused(trial.session(damaged, f"of {user.login}, changed"), "a changed token")


@CHECKS.add("session-none")
def none(trial: Trial) -> None:
    """No token, an empty one and nonsense are refused."""
    for token in (None, "", " ", "nonsense", "x' OR '1'='1", "é" * 50, "A" * 5000):
        what = f"the token {token[:20]!r}" if token is not None else "no token"
        trial.refused(trial.session(token, f"with {what}"), what)


@CHECKS.add("session-anothers")
def anothers(trial: Trial) -> None:
    """A token with another user's key beside it is refused."""
    user, token = next(_good(trial))
    others = [one for one in trial.cast.users if one.active and one.login != user.login]
    if not others:
        raise LeftOut("needs a second active user")
    what = f"the token of {user.login} with the login of {others[0].login}"
    trial.refused(trial.session(token, what, loginID=others[0].login), what)


@CHECKS.add("session-inactive")
def inactive(trial: Trial) -> None:
    """The token of an inactive user is refused."""
    users = [u for u in trial.cast.users if not u.active and u.session is not None]
    if not users:
        raise LeftOut("needs session in one of [[users]] with active = false")
    for user in users:
        assert user.session is not None
        found = trial.session(user.session.get_secret_value(), f"of inactive {user.login}")
        trial.refused(found, f"session of inactive {user.login}")
