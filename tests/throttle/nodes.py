"""Nodes of the bridge, each with a gate of its own, on one user database."""

from __future__ import annotations

import itertools
from typing import Any, Final
from xml.sax.saxutils import escape

from sso_bridge.core.call import ANYBODY, Call, Caller
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.gate import Gate
from sso_bridge.soap.envelope import Shape
from sso_bridge.soap.namespaces import RUM
from sso_bridge.soap.server import Answer, Endpoint
from tests.people import SECRET, People

KEY: Final = "0123456789abcdef" * 2
LONG: Final = 600.0
"""Seconds that no test waits."""


class Node:
    """One node over `people`: what it answers to what is sent."""

    def __init__(self, people: People) -> None:
        self.people = people
        parts = people.parts
        self.endpoint = Endpoint(parts.bridge, Gate(parts.bridge, parts.throttle))
        self._numbers = itertools.count()

    def send(self, name: str, content: str, caller: Caller = ANYBODY) -> Answer:
        body = f'<r:{name} xmlns:r="{RUM}">{content}</r:{name}>'.encode()
        self.call = Call(str(next(self._numbers)), Deadline(10), caller)
        return self.endpoint.answer(body, charset=None, guess=Shape.PLAIN, call=self.call)

    def login(
        self, login: str, password: str = SECRET, *, kind: str = "loginID", **more: Any
    ) -> str:
        """What a login came to."""
        key = f"<userKey><{kind}>{escape(login)}</{kind}></userKey>"
        content = f"{key}<password>{escape(password)}</password>"
        return self.send("LoginRequest", content, **more).outcome

    def guess(self, login: str, times: int, **more: Any) -> list[str]:
        """What so many logins with a wrong password came to."""
        return [self.login(login, "wrong", **more) for _ in range(times)]

    def create(self, login: str, password: str = SECRET, **more: Any) -> str:
        key = f"<userKey><loginID>{escape(login)}</loginID></userKey>"
        content = f"<userInfo>{key}</userInfo><password>{escape(password)}</password>"
        return self.send("CreateUserProfileRequest", content, **more).outcome

    def get(self, login: str, **more: Any) -> str:
        content = f"<userKey><loginID>{escape(login)}</loginID></userKey>"
        return self.send("GetUserRequest", content, **more).outcome


def waits(free: int = 3, first: float = LONG, **settings: Any) -> dict[str, Any]:
    """The settings of logins that have to wait for as long as a test lasts."""
    return {"free": free, "first_wait": first, "longest_wait": LONG, **settings}


def in_redis(url: str, **settings: Any) -> dict[str, Any]:
    """[throttle] with a Redis that has time: a busy machine is no outage."""
    return {"storage": "redis", "url": url, "key": KEY, "patience": 10.0, **settings}
