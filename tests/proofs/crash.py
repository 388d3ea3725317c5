"""The crash proof: what was answered stays true, whoever dies.

    python -m tests.proofs.crash --engine all

Processes create users, log people in and look them up, and write down what they are about to
ask and what they were answered. They are killed with SIGKILL at random moments, one after
another, and replaced; then the database server is, again and again, under the same load. In
the end everybody is asked about, and every creation that was ever begun is sent again."""

from __future__ import annotations

import logging
import multiprocessing
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from tests.proofs.aftermath import Aftermath, Said, judge, sweep
from tests.proofs.processes import context
from tests.proofs.town import SOURCES, Asked, Hook, Notes, Town, User, Voice
from tests.proofs.verdict import Verdict, engine_options, run
from tests.services import SqlService

__all__ = ["CALL_SECONDS", "Lengths", "collect", "crash", "load"]

CALL_SECONDS: Final = 1.0
LEASE_SECONDS: Final = CALL_SECONDS + 5.5
"""How long the claim of a process that died may stand in the way of others."""
START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Lengths:
    """How often processes and the server are killed, how many processes and users there are.

    `lease_seconds` is how long claims of the dead are waited for at the end; `outage_seconds`
    how long the server is left to work at most before it is killed again."""

    kills: int = 200
    outages: int = 10
    processes: int = 4
    users: int = 600
    lease_seconds: float = LEASE_SECONDS
    outage_seconds: float = 2.0


class Worker:
    """One life of a process in one place of the crew."""

    def __init__(self, town: Town, slot: int, life: int, hook: Hook | None, lease: float) -> None:
        parts = town.parts()
        if hook is not None:
            hook(parts)
        self._voice = Voice(parts, town.call_seconds)
        self._name, self._lease = f"{slot}-{life}", lease
        self._earlier = [
            (source, login, when)
            for path in sorted(town.folder.glob(f"worker-{slot}-*"))
            for what, operation, source, login, when, *_ in Notes.read(path)
            if what == "begin" and operation == "create"
        ]
        self._mine: list[tuple[str, str]] = []
        self._notes = Notes(town.folder / f"worker-{self._name}")

    def work(self, stock: Sequence[User], seed: str) -> None:
        """Ask for as long as the proof runs."""
        dice = random.Random(seed)
        number = 0
        parent = multiprocessing.parent_process()
        while parent is None or parent.is_alive():
            chance = dice.random()
            ripe = [who for *who, when in self._earlier if when + self._lease < time.time()]
            if chance < 0.5:
                number += 1
                who = (dice.choice(SOURCES), f"new-{self._name}-{number}")
                if self._ask("create", *who):
                    self._mine.append(who)
            elif chance < 0.6 and ripe:
                self._ask("create", *dice.choice(ripe))
            elif chance < 0.75 and self._mine:
                self._ask(dice.choice(("login", "get", "create")), *dice.choice(self._mine))
            else:
                user = dice.choice(stock)
                self._ask(dice.choice(("login", "get", "session")), user.source, user.login)

    def _ask(self, operation: str, source: str, login: str) -> bool:
        self._notes.write("begin", operation, source, login, time.time())
        try:
            asked = self._voice.ask(operation, source, login)
        except Exception as error:  # so that it is not taken for one more death
            asked = Asked(wrong=f"raised {type(error).__name__}")
        if asked == Asked():
            self._notes.write("outage", operation, source, login, None)
            time.sleep(0.02)
            return False
        answer = (asked.erid, asked.refused, asked.wrong)
        self._notes.write("answer", operation, source, login, *answer)
        return asked.erid is not None


def worker(
    town: Town,
    slot: int,
    life: int,
    stock: Sequence[User],
    seed: int,
    hook: Hook | None,
    lease: float,
) -> None:
    """What one process does. Of a server's death the pool's log would say much, and no more."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    Worker(town, slot, life, hook, lease).work(stock, f"{seed}-{slot}-{life}")


class Crew:
    """The processes: one in each place, and another when that one has died."""

    def __init__(
        self, town: Town, lengths: Lengths, stock: Sequence[User], seed: int, hook: Hook | None
    ) -> None:
        self._town, self._lengths, self._stock = town, lengths, stock
        self._seed, self._hook = seed, hook
        self._fork = context()
        self._lives = [0] * lengths.processes
        self._alive = [self._start(slot) for slot in range(lengths.processes)]
        self.died = 0

    def _start(self, slot: int) -> ForkServerProcess:
        life, lease = self._lives[slot], self._lengths.lease_seconds
        made = self._fork.Process(
            target=worker,
            args=(self._town, slot, life, self._stock, self._seed, self._hook, lease),
            daemon=True,
        )
        made.start()
        return made

    def wait(self, slot: int) -> None:
        """Until the process in this place works."""
        path = self._town.folder / f"worker-{slot}-{self._lives[slot]}"
        ends = time.monotonic() + START_SECONDS
        while not (path.exists() and path.stat().st_size):
            assert time.monotonic() < ends, "a process does not start"
            time.sleep(0.002)

    def kill(self, slot: int, *, replaced: bool = True) -> None:
        """SIGKILL to the process in this place; then there is another."""
        self._alive[slot].kill()
        self._alive[slot].join()
        self.died += 1
        if replaced:
            self._lives[slot] += 1
            self._alive[slot] = self._start(slot)

    def end(self) -> None:
        """Kill them all."""
        for slot in range(len(self._alive)):
            self.kill(slot, replaced=False)


def crash(
    town: Town,
    server: SqlService | None,
    lengths: Lengths,
    seed: int,
    *,
    hook: Hook | None = None,
    afterwards: Hook | None = None,
) -> Aftermath:
    """Work and die in an empty town, and then see what is left.

    `hook` prepares the bridge of each process that works, `afterwards` of those that ask in
    the end: that is how a fault is planted."""
    load(town, server, lengths, seed, hook)
    return collect(town, server, lengths, seed, afterwards)


def load(
    town: Town, server: SqlService | None, lengths: Lengths, seed: int, hook: Hook | None = None
) -> None:
    """Settle the town, let the crew work and kill it, and the server, at random moments."""
    dice = random.Random(seed)
    stock = [_user(number, dice) for number in range(lengths.users)]
    town.settle(stock)
    crew = Crew(town, lengths, stock, seed, hook)
    try:
        for slot in range(lengths.processes):
            crew.wait(slot)
        for _ in range(lengths.kills):
            slot = dice.randrange(lengths.processes)
            crew.wait(slot)
            time.sleep(dice.uniform(0.0, 0.1))
            crew.kill(slot)
        for slot in range(lengths.processes):
            crew.wait(slot)
        for _ in range(lengths.outages if server is not None else 0):
            assert server is not None
            time.sleep(dice.uniform(0.1, 1.0) * lengths.outage_seconds)
            server.kill()
            server.start()
        time.sleep(dice.uniform(0.1, 0.5))
    finally:
        crew.end()


def collect(
    town: Town,
    server: SqlService | None,
    lengths: Lengths,
    seed: int,
    afterwards: Hook | None = None,
) -> Aftermath:
    """What the processes wrote down, and what is answered and stored when claims have ended."""
    time.sleep(lengths.lease_seconds)
    lives = [Notes.read(path) for path in sorted(town.folder.glob("worker-*"))]
    notes = [note for life in lives for note in life]
    begun = sorted({(n[2], n[3]) for n in notes if n[:2] == ["begin", "create"]})
    halves = _halves(town, set(begun))
    swept = sweep(town, begun, seed, afterwards)
    return Aftermath(
        begun=begun,
        acknowledged=[Said(*note[1:]) for note in notes if note[0] == "answer"],
        swept=swept,
        rows=town.rows(),
        entries=town.entries(),
        midway=sum(life[-1][0] == "begin" for life in lives if life),
        halves=halves,
        outages=sum(note[0] == "outage" for note in notes),
        server_kills=lengths.outages if server is not None else 0,
    )


def _halves(town: Town, begun: set[tuple[str, str]]) -> int:
    """Accounts of the bridge's making that the ledger does not know as such yet."""
    known = {(e["source"], e["subject"]) for e in town.entries() if e["created_here"]}
    made = [(source, n) for source, login, n, _ in town.rows() if (source, login) in begun]
    return len(set(made) - known)


def _user(number: int, dice: random.Random) -> User:
    source = SOURCES[number % len(SOURCES)]
    erid = f"{dice.getrandbits(64):016x}-{number}" if source == "column" else None
    return User(source, f"user-{number}", erid)


def proof(
    lengths: Lengths, seed: int, folder: Path, server: SqlService | None
) -> tuple[Mapping[str, Any], Sequence[Verdict]]:
    """The figures and the verdicts of one engine."""
    town = Town.on(server, folder, call_seconds=CALL_SECONDS)
    seen = crash(town, server, lengths, seed)
    figures = {
        "processes": lengths.processes,
        "kills": f"{lengths.kills + lengths.processes} ({seen.midway} in the middle of a call)",
        "server kills": seen.server_kills,
        "calls cut short": f"{seen.outages:,}",
        "creations begun": f"{len(seen.begun):,}",
        "accounts left half-made": seen.halves,
        "acknowledged answers": f"{len(seen.acknowledged):,}",
        "answers afterwards": f"{len(seen.swept):,}",
    }
    return figures, judge(seen)


def main() -> int:
    """The command."""
    defaults = {"kills": 200, "outages": 10, "processes": 4, "users": 600}
    options = engine_options("What was answered stays true, whoever dies.", defaults)
    given = options.parse_args()
    lengths = Lengths(given.kills, given.outages, given.processes, given.users)
    return run(given, lambda _, *at: proof(lengths, given.seed, *at), durable=True)


if __name__ == "__main__":
    sys.exit(main())
