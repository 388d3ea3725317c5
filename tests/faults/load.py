"""A steady, mixed load, and everything that came back."""

from __future__ import annotations

import itertools
import math
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from tests.faults.asking import Answer, Client, Question
from tests.proofs.town import SOURCES, User

__all__ = ["Load"]

MIX: Final = {
    "get": 28,
    "first": 8,
    "nobody": 6,
    "login": 16,
    "wrong": 8,
    "login of nobody": 6,
    "session": 10,
    "signed": 8,
    "stale": 2,
    "create": 8,
}
"""Calls of a hundred."""


class Load:
    """Calls to `port`, `rate` a second, due whether or not earlier ones were answered.

    Half of the clients keep their connections. `stock` are the people who are there: the first
    third is asked for again and again, the others once each."""

    def __init__(
        self, port: int, stock: Sequence[User], *, rate: float, patience: float, seed: int
    ) -> None:
        self._port, self._rate, self._patience = port, rate, patience
        self._dice = random.Random(seed)
        known = len(stock) // 3
        self._known, self._fresh = stock[:known], iter(stock[known:])
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._calls: list[threading.Thread] = []
        self._pending: dict[int, float] = {}
        self.answers: list[Answer] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the block runs, so does the load; then it is waited for."""
        pace = threading.Thread(target=self._pace, name="load", daemon=True)
        pace.start()
        try:
            yield
        finally:
            self._over.set()
            pace.join()
            for call in self._calls:
                call.join()

    def meet(self) -> None:
        """Ask for everybody once who is going to be asked for again, so that the ledger knows them
        and all workers have met people of each source."""
        for user in self._known:
            self.ask(Question("get", user.source, user.login))

    def ask(self, question: Question, *, stays: bool = False) -> Answer:
        """Ask now, and remember what came back."""
        client = None
        if stays:
            with suppress(queue.Empty):
                client = self._idle.get_nowait()
        client = client or Client(self._port, self._patience, stays=stays)
        self._pending[id(client)] = time.monotonic()
        answer = client.ask(question)
        self.answers.append(answer)
        del self._pending[id(client)]
        if stays:
            self._idle.put(client)
        return answer

    def waits_since(self) -> float:
        """When the call was made that waits for its answer the longest; infinity for none."""
        return min(self._pending.copy().values(), default=math.inf)

    def _pace(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            stays = self._dice.random() < 0.5
            call = threading.Thread(
                target=self.ask, args=(self._question(),), kwargs={"stays": stays}, daemon=True
            )
            call.start()
            self._calls.append(call)
            due += self._dice.expovariate(self._rate)
            time.sleep(max(0.0, due - time.monotonic()))

    def _question(self) -> Question:
        dice = self._dice
        [what] = dice.choices([*MIX], [*MIX.values()])
        # Whoever fails too often has to wait, so that the right password is then refused as well.
        user = dice.choice(self._known[what == "wrong" :: 2])
        nobody = f"nobody-{next(self._numbers)}"
        match what:
            case "first":
                new = next(self._fresh, user)
                return Question("get", new.source, new.login, is_first=new is not user)
            case "nobody":
                return Question(what, user.source, nobody)
            case "login of nobody":
                return Question("wrong", user.source, nobody)
            case "create":
                return Question(what, dice.choice(SOURCES), f"new-{next(self._numbers)}")
        return Question(what, user.source, user.login)
