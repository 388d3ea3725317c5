"""The rule, over everything that was answered. It comes last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from ..answers import Fault
from ..facts import MEDIA_TYPE
from ..messages import SHAPES, Value, request
from ..trial import Group, LeftOut, Trial

CHECKS: Final = Group("identity")
ROUNDS = 3
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Asked:
    login: str
    name: str
    shape: str
    body: bytes

    @property
    def about(self) -> str:
        return f"{self.name} of {self.login}, among others"


@CHECKS.add("identity-at-once")
def at_once(trial: Trial) -> None:
    """Many calls at once about several people are not mixed up."""
    people = trial.several(1) and trial.cast.active()
    asked: list[_Asked] = []
    by = trial.cast.profile_requests[0]
    for number in range(ROUNDS):
        shape = SHAPES[number % len(SHAPES)]
        for user in people:
            key = trial.key(loginID=user.login)
            login: dict[str, Value] = {"userKey": key, "password": user.secret()}
            for name, fields in (("LoginRequest", login), (by, {"userKey": key})):
                body = request(name, fields, shape, trial.style)
                asked.append(_Asked(user.login, name, shape, body))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [
            pool.submit(trial.send, one.body, one.about, media_type=MEDIA_TYPE[one.shape])
            for one in asked
        ]
    busy = 0
    for one, exchange in zip(asked, sent, strict=True):
        with trial.written(one.shape, trial.style):
            found = trial.answer(one.name, exchange.result())
            if isinstance(found, Fault) and not found.senders:
                busy += 1  # it may say that it is
            else:
                trial.accepted(found, one.login, one.about)
    trial.expect(busy <= len(asked) // 2, f"{busy} of {len(asked)} calls could not be served")


@CHECKS.add("identity-rule", asks=False)
def rule(trial: Trial) -> None:
    """One person has one ERID, and no two people share one."""
    if not trial.seen:
        raise LeftOut("needs checks that are answered with users, and no answer was")
    for broken in trial.seen.broken():
        numbers = ", ".join(map(str, sorted(broken.exchanges)))
        trial.says(f"CROSS-LINK: {broken.text} (exchanges {numbers})")
        trial.exchanges += [n for n in broken.exchanges if n not in trial.exchanges]
