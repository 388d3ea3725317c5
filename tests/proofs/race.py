"""The race proof: everybody's first contact happens in several processes at once.

    python -m tests.proofs.race --engine all

The processes go through many steps together. At each step some of them ask about one person
whom the ledger does not know yet, and the others about another: by a login, a profile by
login, a profile by the ERID that one of the others has just been told, a session, or the
creation of the same account. There are also pairs of people whose ERIDs look alike, of whom one
may be answered. In the end everybody is asked about once more."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Final

from sso_bridge.wiring import Parts
from tests.proofs.judging import Answer, Evidence, Subject, judge
from tests.proofs.processes import context
from tests.proofs.town import SOURCES, Asked, Notes, Town, User, Voice
from tests.proofs.verdict import Verdict, engine_options, run
from tests.services import SqlService

__all__ = ["Lengths", "race"]

CREATED_SHARE: Final = 0.3
RIVALS_SHARE: Final = 0.02
PATIENCE_SECONDS: Final = 60.0
"""How long one contact is repeated after outages, and until its account is made."""
SLOT: Final = 64
SEEN: Final = ("login", "get", "session", "erid")
MADE: Final = ("create", "login", "get", "erid")

Contact = tuple[int, str]
"""A person's number, and the operation."""
Step = list[Contact | None]
"""What each process does; None for one that has nothing to do."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a race is. Each person is contacted `contacts // subjects` times."""

    subjects: int = 5_000
    contacts: int = 20_000
    processes: int = 8


def people(count: int, dice: random.Random) -> list[Subject]:
    """Who takes part: users who are there, accounts to be made, and pairs of rivals."""
    pairs = max(2, int(count * RIVALS_SHARE / 2))
    made = int(count * CREATED_SHARE)
    there = count - made - 2 * pairs
    found = []
    for number in range(there):
        source = SOURCES[number % len(SOURCES)]
        erid = f"{dice.getrandbits(64):016x}-{number}" if source == "column" else None
        found.append(Subject("there", source, f"user-{number}", erid))
    for number in range(made):
        found.append(Subject("made", SOURCES[number % len(SOURCES)], f"new-{number}"))
    for number in range(pairs):
        erid = f"Rival-{dice.getrandbits(64):016x}z"
        found.append(Subject("rival", "column", f"rival-{number}-a", erid))
        found.append(Subject("rival", "column", f"rival-{number}-b", erid.swapcase()))
    return found


def steps(subjects: Sequence[Subject], lengths: Lengths, dice: random.Random) -> list[Step]:
    """Who asks what when. Each group of contacts is about one person, or a pair of rivals."""
    size = lengths.contacts // lengths.subjects
    groups: list[list[Contact]] = []
    for number, subject in enumerate(subjects):
        if subject.kind == "rival":
            pair = number if subject.login.endswith("a") else number - 1
            groups.append([(pair + turn % 2, dice.choice(SEEN)) for turn in range(size)])
        elif subject.kind == "made":
            more = [dice.choice(MADE) for _ in range(size - 2)]
            groups.append([(number, operation) for operation in ["create", "create", *more][:size]])
        else:
            more = [dice.choice(SEEN) for _ in range(size - 1)]
            groups.append([(number, op) for op in [dice.choice(SEEN[:3]), *more]])
    dice.shuffle(groups)
    at_once = max(1, lengths.processes // size)
    made = []
    for first in range(0, len(groups), at_once):
        step: Step = [contact for group in groups[first : first + at_once] for contact in group]
        step += [None] * (lengths.processes - len(step))
        dice.shuffle(step)
        made.append(step)
    return made


class Board:
    """The ERID that somebody was answered with last, for all processes to see."""

    def __init__(self, memory: Any, number: int) -> None:
        self._memory, self._at = memory, number * SLOT

    def put(self, erid: str) -> None:
        """Show it, its length last: who sees that sees the rest."""
        text = erid.encode()
        self._memory[self._at + 1 : self._at + 1 + len(text)] = text
        self._memory[self._at] = bytes([len(text)])

    def get(self) -> str | None:
        """None if there is none yet."""
        length = self._memory[self._at][0]
        text: bytes = self._memory[self._at + 1 : self._at + 1 + length]
        return text.decode() if length else None


class Racer:
    """One process."""

    def __init__(self, town: Town, subjects: Sequence[Subject], memory: Any) -> None:
        parts = town.parts()
        self.binds = _Counted(parts)
        self.voice = Voice(parts, town.call_seconds)
        self._subjects, self._memory = subjects, memory

    def ask(self, number: int, operation: str) -> Answer:
        """Ask until there is an answer, or no patience is left."""
        subject, board = self._subjects[number], Board(self._memory, number)
        ends = time.monotonic() + PATIENCE_SECONDS
        asked = Asked()
        while time.monotonic() < ends:
            erid = board.get()
            if operation == "erid" and erid is None:
                time.sleep(0.0005)
                continue
            asked = self.voice.ask(operation, subject.source, subject.login, erid)
            if asked.erid is not None:
                board.put(asked.erid)
                break
            if asked.refused is not None and (subject.kind != "made" or erid is not None):
                break  # nobody's account is under way any more
        return Answer(number, operation, asked.erid, asked.refused, asked.wrong)


class _Counted:
    """How often a process tried to give somebody an ERID."""

    def __init__(self, parts: Parts) -> None:
        self.count = 0
        self._bind = parts.ledger.bind
        parts.ledger.bind = self._counted  # type: ignore[method-assign]

    def _counted(self, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        return self._bind(*args, **kwargs)


def racer(
    town: Town,
    process: int,
    subjects: Sequence[Subject],
    contacts: Sequence[Contact | None],
    processes: int,
    memory: Any,
    gate: Barrier,
) -> None:
    """What one process does, and notes."""
    notes = Notes(town.folder / f"racer-{process}")
    one = Racer(town, subjects, memory)
    try:
        for contact in contacts:
            gate.wait(PATIENCE_SECONDS * 2)
            if contact is not None:
                notes.write("answer", *one.ask(*contact))
        gate.wait(PATIENCE_SECONDS * 2)
        for number in range(process, len(subjects), processes):
            for operation in ("get", "erid"):
                notes.write("answer", *one.ask(number, operation))
        notes.write("end", one.binds.count, one.voice.outages)
    except BaseException:
        gate.abort()
        raise


def race(town: Town, lengths: Lengths, seed: int) -> Evidence:
    """Run it on an empty town, and collect what was seen."""
    dice = random.Random(seed)
    subjects = people(lengths.subjects, dice)
    plan = steps(subjects, lengths, dice)
    town.settle([User(s.source, s.login, s.erid) for s in subjects if s.kind != "made"])
    fork = context()
    memory = fork.RawArray("c", SLOT * len(subjects))
    for number, subject in enumerate(subjects):
        if subject.erid is not None:
            Board(memory, number).put(subject.erid)
    gate = fork.Barrier(lengths.processes)
    count = lengths.processes
    workers = [
        fork.Process(
            target=racer,
            args=(town, n, subjects, [step[n] for step in plan], count, memory, gate),
            daemon=True,
        )
        for n in range(count)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    notes = [Notes.read(town.folder / f"racer-{n}") for n in range(count)]
    ends = [note[1:] for lines in notes for note in lines if note[0] == "end"]
    return Evidence(
        subjects=subjects,
        expected=sum(contact is not None for step in plan for contact in step) + 2 * len(subjects),
        answers=[Answer(*note[1:]) for lines in notes for note in lines if note[0] == "answer"],
        died=[f"process {n}: exit {w.exitcode}" for n, w in enumerate(workers) if w.exitcode != 0],
        binds=sum(binds for binds, _ in ends),
        outages=sum(outages for _, outages in ends),
        rows=town.rows(),
        entries=town.entries(),
    )


def proof(
    lengths: Lengths, seed: int, folder: Path, server: SqlService | None
) -> tuple[Mapping[str, Any], Sequence[Verdict]]:
    """The figures and the verdicts of one engine."""
    evidence = race(Town.on(server, folder), lengths, seed)
    figures = {
        "processes": lengths.processes,
        "people": f"{len(evidence.subjects):,}",
        "contacts": f"{evidence.expected - 2 * len(evidence.subjects):,}",
        "questions afterwards": f"{2 * len(evidence.subjects):,}",
        "answers": f"{len(evidence.answers):,}",
        "ERIDs proposed": f"{evidence.binds:,}",
        "repeated after an outage": f"{evidence.outages:,}",
    }
    return figures, judge(evidence)


def main() -> int:
    """The command."""
    defaults = {"processes": 8, "subjects": 5_000, "contacts": 20_000}
    options = engine_options("Everybody's first contact, in several processes at once.", defaults)
    given = options.parse_args()
    lengths = Lengths(given.subjects, given.contacts, given.processes)
    return run(given, lambda _, *at: proof(lengths, given.seed, *at), durable=False)


if __name__ == "__main__":
    sys.exit(main())
