"""One fault, from a calm service through its beginning and its end to a calm service again."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from tests.faults.asking import Answer, Question
from tests.faults.load import Load
from tests.faults.stage import CALL_SECONDS, Stage

__all__ = ["PATIENCE", "READS", "Fault", "Lengths", "Seen", "play"]

PATIENCE: Final = CALL_SECONDS + 6.0
"""Seconds after which a client gives a call up for lost."""
READS: Final = frozenset({"get", "login", "session", "signed"})
"""Operations that write nothing, about people that the ledger knows."""
SLOW_SECONDS: Final = 1.0
"""A service that lets a call wait for longer is not calm."""
SWEEP_SECONDS: Final = 15.0
"""How long a question is repeated in the end."""


class Fault(ABC):
    """Something that breaks. What it is called, and what breaks, is the table's.

    `spared` are the operations that must go on as if nothing had happened; `loses` says that
    connections may be lost or refused meanwhile; `delays`, for how many seconds calls may have to
    wait before the bridge can hear them; `is_felt`, that something is expected to fail: a
    fault that nobody notices has not been tested. None where chance decides."""

    name: ClassVar[str]
    what: ClassVar[str]
    spared: frozenset[str] = frozenset()
    delays: float = 0.0
    loses: bool = False
    is_felt: bool | None = True
    tells: str = ""
    """What the log must say."""
    from_start: bool = False
    """Whether it is broken already when the bridge starts."""
    hold: float = 2.0
    """Seconds until it is healed."""
    wants_disk = False
    """Whether what it breaks (a server, a file, the log) is to be on a small file system."""
    wants_tls = False
    """Whether it takes a server with certificates."""

    def arrange(self, stage: Stage) -> None:  # noqa: B027
        """Prepare, before the configuration is written."""

    def rise(self, stage: Stage) -> None:
        """Start the bridge."""
        stage.bridge.start()

    @abstractmethod
    def begin(self, stage: Stage) -> None:
        """Break it."""

    @abstractmethod
    def end(self, stage: Stage) -> None:
        """Heal it."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Calls a second; seconds before the fault; which share of its time it lasts; seconds without a
    failure after which a service is normal again, and how long that is waited for; how many users
    there are."""

    rate: float = 20.0
    before: float = 1.0
    share: float = 1.0
    calm: float = 1.5
    patience: float = 20.0
    users: int = 90


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen. Moments are of the monotonic clock; `swept` is what was answered when all
    was over."""

    answers: Sequence[Answer]
    began: float
    healed: float
    swept: Sequence[Answer]
    rows: Sequence[tuple[str, str, str, str | None]]
    entries: Sequence[dict[str, Any]]
    log: str


def play(fault: Fault, stage: Stage, lengths: Lengths, seed: int) -> Seen:
    """Break and heal under load, and then look at what is left. Raises AssertionError if the
    bridge does not start, does not stop, or ends by itself."""
    fault.arrange(stage)
    stage.configure()
    load = Load(stage.bridge.port, stage.stock, rate=lengths.rate, patience=PATIENCE, seed=seed)
    fault.rise(stage)
    if not fault.from_start or fault.is_felt is False:
        load.meet()
    with load.running():
        began = time.monotonic()
        if not fault.from_start:
            time.sleep(lengths.before)
            began = time.monotonic()
        fault.begin(stage)
        time.sleep(fault.hold * lengths.share)
        fault.end(stage)
        healed = time.monotonic()
        _until_calm(load, healed, lengths)
    answers = list(load.answers)
    swept = _sweep(load, answers)
    stage.bridge.stop()
    return Seen(
        answers=answers,
        began=began,
        healed=healed,
        swept=swept,
        rows=stage.town.rows(),
        entries=stage.town.entries(),
        log=stage.log_text(),
    )


def _until_calm(load: Load, healed: float, lengths: Lengths) -> None:
    """Until nothing that was asked in the last seconds has failed or waits, or patience ends."""
    ends = healed + lengths.patience
    calm_since = healed
    while (now := time.monotonic()) < min(calm_since + lengths.calm, ends):
        time.sleep(0.05)
        bad = [a.began for a in load.answers.copy() if a.kind != "good" and a.began > healed]
        waits = load.waits_since() < now - SLOW_SECONDS
        calm_since = now if waits else max([calm_since, *bad])


def _sweep(load: Load, answers: Sequence[Answer]) -> list[Answer]:
    """Ask for everybody who was ever named, and send each creation again, as Digital River would
    that was not answered."""
    named = {a.question.who for a in answers if a.erid is not None}
    begun = {a.question.who for a in answers if a.question.operation == "create"}
    questions = [Question("create", *who) for who in sorted(begun)]
    questions += [Question("get", *who) for who in sorted(named | begun)]
    return [_repeated(load, question) for question in questions]


def _repeated(load: Load, question: Question) -> Answer:
    """The answer, asked for again as long as the service says that it is its own fault."""
    ends = time.monotonic() + SWEEP_SECONDS
    while True:
        answer = load.ask(question, stays=True)
        if answer.kind in ("good", "wrong") or time.monotonic() > ends:
            return answer
        time.sleep(0.2)
