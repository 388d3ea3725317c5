"""The load: processes that ask as stores do, write down each answer, and later repeat a creation
that was not answered."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final, NamedTuple

from tests.nodes.asking import Client, Outcome
from tests.proofs.processes import context
from tests.proofs.town import SOURCES, Notes, User

__all__ = ["MIXED", "Called", "Load", "Target", "population"]

MIXED: Final = {
    "login": 20,
    "wrong": 3,
    "get": 26,
    "erid": 26,
    "nobody": 2,
    "session": 10,
    "signed": 5,
    "stale": 1,
    "create": 7,
}
"""How many of a hundred calls are what. Some creations are the same as one before."""
AGAIN_SECONDS: Final = 3.0
"""How long a creation that failed waits until it is asked for again; with a store it is an hour."""
PATIENCE_SECONDS: Final = 60.0
Who = tuple[str, str]


class Called(NamedTuple):
    """One call, what it came to (see `Outcome`), when it was sent, in seconds since 1970, and how
    many seconds it took."""

    operation: str
    source: str
    login: str
    erid: str | None
    refused: str | None
    failed: str | None
    wrong: str | None
    sent: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls are sent, see `Client`."""

    address: tuple[str, int]
    ca: Path | None


def population(count: int, seed: int) -> list[User]:
    """Users who are there before, in all sources in turn."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        source = SOURCES[number % len(SOURCES)]
        erid = f"{dice.getrandbits(64):016x}-{number}" if source == "column" else None
        found.append(User(source, f"user-{number}", erid))
    return found


class Load:
    """`processes` times `threads` clients that make `calls` calls together, or as many as fit into
    `seconds`: `rate` a second, or without it as fast as they are answered. `wait` for the end."""

    def __init__(
        self,
        target: Target,
        stock: Sequence[User],
        folder: Path,
        *,
        calls: int | None = None,
        seconds: float | None = None,
        rate: float | None = None,
        processes: int = 2,
        threads: int = 8,
        seed: int = 1,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        fork, clients = context(), processes * threads
        self._processes: list[ForkServerProcess] = []
        for number in range(processes):
            share = None if calls is None else calls // processes + (number < calls % processes)
            plan = _Plan(share, seconds, None if rate is None else clients / rate, threads)
            made = fork.Process(
                target=_process,
                args=(target, list(stock), folder, number, plan, seed),
                daemon=True,
            )
            made.start()
            self._processes.append(made)

    @property
    def running(self) -> bool:
        """Whether there are calls to be made still."""
        return any(process.is_alive() for process in self._processes)

    def begun(self) -> bool:
        """Whether every process has made calls."""
        count = len(self._processes)
        paths = [self.folder / f"load-{number}" for number in range(count)]
        return all(path.exists() and path.stat().st_size for path in paths)

    def wait(self) -> None:
        """Until the end; raises AssertionError if a process did not end well."""
        for process in self._processes:
            process.join()
            assert process.exitcode == 0, f"a load process ended with {process.exitcode}"

    def calls(self) -> list[Called]:
        """All that were made."""
        paths = [self.folder / f"load-{number}" for number in range(len(self._processes))]
        return [Called(*note) for path in paths for note in Notes.read(path)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one process does: `calls` at most, for `seconds` at most, in `threads` threads, each of
    which begins one every `pause` seconds."""

    calls: int | None
    seconds: float | None
    pause: float | None
    threads: int


def _process(
    target: Target, stock: Sequence[User], folder: Path, number: int, plan: _Plan, seed: int
) -> None:
    notes = Notes(folder / f"load-{number}")
    left = threading.Semaphore(0 if plan.calls is None else plan.calls)
    threads = [
        threading.Thread(
            target=_Asker(target, stock, notes, f"{number}-{n}-{seed}").work, args=(plan, left)
        )
        for n in range(plan.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Asker:
    """One thread's client. It knows the ERIDs that it was answered with.

    Wrong passwords are those of people who do not sign in meanwhile: after five in a row they would
    have to wait, and rightly be refused."""

    def __init__(self, target: Target, stock: Sequence[User], notes: Notes, name: str) -> None:
        self._client, self._notes, self._stock = Client(target.address, target.ca), notes, stock
        self._guessed, self._signing_in = stock[::2], stock[1::2]
        self._dice, self._name = random.Random(name), name
        self._erids: dict[Who, str] = {}
        self._known: list[Who] = []
        self._made: list[Who] = []
        self._again: deque[tuple[float, Who]] = deque()
        self._new = 0

    def work(self, plan: _Plan, left: threading.Semaphore) -> None:
        """Ask until the plan is done, and then for what is still to be asked again."""
        begun = time.monotonic()
        due = begun + self._dice.random() * (plan.pause or 0.0)
        while plan.seconds is None or time.monotonic() < begun + plan.seconds:
            if plan.calls is not None and not left.acquire(blocking=False):
                break
            if plan.pause is not None:
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due + plan.pause, time.monotonic() - 1.0)
            self._ask(*self._choose())
        ends = time.monotonic() + PATIENCE_SECONDS
        while self._again and time.monotonic() < ends:
            time.sleep(max(0.0, self._again[0][0] - time.monotonic()))
            self._ask("create", *self._again.popleft()[1])
        self._client.close()

    def _choose(self) -> tuple[str, str, str]:
        if self._again and self._again[0][0] < time.monotonic():
            return "create", *self._again.popleft()[1]
        dice = self._dice
        (operation,) = dice.choices(list(MIXED), list(MIXED.values()))
        if operation == "create":
            if self._made and dice.random() < 0.3:
                return "create", *dice.choice(self._made)
            self._new += 1
            return "create", dice.choice(SOURCES), f"new-{self._name}-{self._new}"
        if operation == "nobody":
            return operation, dice.choice(SOURCES), f"nobody-{dice.randrange(10**9)}"
        if operation == "erid" and self._known:
            return operation, *dice.choice(self._known)
        if operation in ("login", "get") and self._made and dice.random() < 0.2:
            return operation, *dice.choice(self._made)
        user = dice.choice(
            {"wrong": self._guessed, "login": self._signing_in}.get(operation, self._stock)
        )
        return "get" if operation == "erid" else operation, user.source, user.login

    def _ask(self, operation: str, source: str, login: str) -> None:
        who = (source, login)
        named = self._erids.get(who) if operation == "erid" else None
        sent = time.time()
        try:
            outcome, seconds = self._client.ask(operation, source, login, named)
        except Exception as error:  # of the test's own: it must not look like silence
            outcome, seconds = Outcome(wrong=f"raised {error!r}"), 0.0
        if outcome.erid is not None and who not in self._erids:
            self._erids[who] = outcome.erid
            self._known.append(who)
        if operation == "create":
            if outcome.failed is not None:
                self._again.append((time.monotonic() + AGAIN_SECONDS, who))
            elif outcome.erid is not None:
                self._made.append(who)
        parts = (outcome.erid, outcome.refused, outcome.failed, outcome.wrong)
        self._notes.write(operation, source, login, *parts, sent, seconds)
