"""Every fault, with what it happens to, and how one is played."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.database.certificates import write_certificates
from tests.faults.databases import DATABASE_FAULTS
from tests.faults.disks import small_disk
from tests.faults.files import FILE_FAULTS
from tests.faults.judge import Figures, figures, judge
from tests.faults.processes import PROCESS_FAULTS
from tests.faults.redis import REDIS_FAULTS
from tests.faults.scenario import Fault, Lengths, play
from tests.faults.stage import Role, Stage, database_on
from tests.proofs.verdict import ENGINES, Verdict
from tests.services import MariaDB, PostgreSQL, Redis, Service, SqlService

__all__ = ["CASES", "Case", "Outcome", "Servers", "run"]

ROLES: Final[Sequence[Role]] = ("users", "ledger")
SERVERS: Final[Mapping[str, type[SqlService]]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}
DISK_MEGABYTES: Final = {"sqlite": 4, "postgresql": 120, "mariadb": 400}


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and what it happens to: a database of an engine, or else the bridge itself, whose
    databases are of that engine."""

    fault: type[Fault]
    engine: str
    role: Role | None = None

    @property
    def name(self) -> str:
        """What it is called on the command line, such as `users-full-disk-postgresql`."""
        words = [self.role or "bridge", *self.fault.name.replace(",", "").split(), self.engine]
        return "-".join(words)


CASES: Final[Sequence[Case]] = (
    *(Case(f, e, r) for r in ROLES for f in DATABASE_FAULTS for e in ENGINES if e in SERVERS),
    *(Case(f, "sqlite", r) for r in ROLES for f in FILE_FAULTS),
    *(Case(f, "redis", "throttle") for f in REDIS_FAULTS),
    *(Case(f, "postgresql") for f in PROCESS_FAULTS),
)
"""The rows of the table."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to."""

    figures: Figures
    verdicts: Sequence[Verdict]
    log: str


class Servers:
    """Two servers of each engine, started when they are needed: one to be broken, and one that
    holds whatever else there is. Processes are killed here, never the machine, so they need not
    sync what they write."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._found: dict[tuple[str, str], SqlService] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def get(self, engine: str, use: str) -> SqlService:
        """The `steady` server or the `victim` of an engine."""
        found = self._found.get((engine, use))
        if found is None or not found.runs:
            kind = SERVERS[engine]
            found = self._running.enter_context(kind(private=True))
            self._found[engine, use] = found
        return found


def run(case: Case, servers: Servers, lengths: Lengths, seed: int) -> Outcome:
    """Play a case and judge it. Skips where this machine cannot; raises AssertionError if the
    bridge does not start or stop."""
    fault = case.fault()
    with _stage(case, fault, servers, lengths, seed) as stage:
        seen = play(fault, stage, lengths, seed)
    return Outcome(figures(seen), judge(fault, seen), seen.log)


@contextmanager
def _stage(
    case: Case, fault: Fault, servers: Servers, lengths: Lengths, seed: int
) -> Iterator[Stage]:
    """The stage of a case, nothing of which is left afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        folder.chmod(0o755)
        disk, tls = None, None
        if fault.wants_disk:
            disk = stack.enter_context(small_disk(folder / "disk", DISK_MEGABYTES[case.engine]))
        if fault.wants_tls:
            (folder / "tls").mkdir()
            tls = write_certificates(folder / "tls")
        role: Role = case.role or "users"
        victim: Service | None = None
        urls: dict[Role, str] = {}
        if case.engine == "sqlite":
            homes = {one: disk if disk and one == role else folder for one in ROLES}
            urls = {one: f"sqlite:///{home}/{one}.db" for one, home in homes.items()}
        elif case.engine == "redis":
            victim = stack.enter_context(Redis(private=True, tls=tls))
            urls = {one: database_on(servers.get("postgresql", "steady")) for one in ROLES}
        else:
            victim = steady = servers.get(case.engine, "steady")
            if case.role is not None and (disk or tls):
                kind = SERVERS[case.engine]
                victim = stack.enter_context(kind(durable=True, disk=disk, tls=tls))
            elif case.role is not None:
                victim = servers.get(case.engine, "victim")
            assert isinstance(victim, SqlService)
            urls = {one: database_on(victim if one == role else steady) for one in ROLES}
        stage = stack.enter_context(Stage.on(folder, urls, role, seed=seed, count=lengths.users))
        stage.victim, stage.disk = victim, disk
        stack.callback(stage.bridge.kill)
        yield stage
