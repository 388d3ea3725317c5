"""The road to the application: it counts who comes, keeps them waiting, and loses some."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from .wire import ApiError

__all__ = ["Faults", "Quota", "Road", "Window"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OUR_OWN = "/harness/"
"""Where paths begin that are not Digital River's. They are neither counted nor disturbed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong: each a share of the calls, from 0 to 1. Of errors and drops, half happen
    before the work and half after it was done. `latency` is in seconds, on the average."""

    latency: float = 0.0
    errors: float = 0.0
    drops: float = 0.0
    quotas: float = 0.0
    seed: int | None = None


class Window:
    """The arrivals of the last second, and the most there ever were in one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque()
        self.total = 0
        self.busiest = 0

    def before(self) -> int:
        """How many came within a second before now."""
        ends = self._clock() - 1.0
        while self._times and self._times[0] <= ends:
            self._times.popleft()
        return len(self._times)

    def add(self) -> None:
        """One comes now."""
        self.total += 1
        self.busiest = max(self.busiest, self.before() + 1)
        self._times.append(self._clock())


@dataclass(slots=True)
class Quota:
    """How many calls an API key may make in a second; None is any number."""

    rate: int | None
    refused: int = 0
    _keys: dict[str, Window] = field(default_factory=dict)

    def take(self, api_key: str) -> None:
        """Raises ApiError if there were too many."""
        if self.rate is None:
            return
        window = self._keys.setdefault(api_key, Window())
        if window.before() >= self.rate:
            self.refused += 1
            raise ApiError(
                409,
                "rate-limit-quota-exceeded",
                "The quota of calls for this API key is exceeded.",
                headers={"Retry-After": "1"},
            )
        window.add()


class Road:
    """An ASGI application around another one."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app, self._faults = app, faults
        self._dice = random.Random(faults.seed)
        self.arrivals = Window()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"].startswith(OUR_OWN):
            await self._app(scope, receive, send)
            return
        self.arrivals.add()
        faults, dice = self._faults, self._dice
        if faults.latency:
            await asyncio.sleep(faults.latency * dice.uniform(0.5, 1.5))
        chance = dice.random()
        kinds = (("error", faults.errors), ("drop", faults.drops), ("quota", faults.quotas))
        for kind, share in kinds:
            if chance < share:
                if kind != "quota" and dice.random() < 0.5:
                    await self._app(scope, receive, _lost)
                await _instead(kind, scope["path"], send)
                return
            chance -= share
        await self._app(scope, receive, send)


async def _lost(message: Message) -> None:
    """Where an answer goes that nobody is to get."""


async def _instead(kind: str, path: str, send: Send) -> None:
    if kind == "drop":  # a body that never comes: the server ends the connection
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        return
    if kind == "quota":
        error = ApiError(429, "rate-limit-quota-exceeded", "Too many calls.")
        extra = [(b"retry-after", b"1")]
    else:
        error = ApiError(500, "internal-server-error", "The request could not be served.")
        extra = []
    body = orjson.dumps(error.content(path))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
