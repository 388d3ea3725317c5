"""A soak: hours at half of what is possible, and nothing may grow.

    python -m tests.nodes.soak --minutes 30

Two nodes behind a proxy, as in `python -m tests.nodes`, and nobody is killed. How many calls a
second they answer at most is measured first; then they are asked half as many. Memory, descriptors
and threads of each node and of the proxy, connections of PostgreSQL and the times of calls are
written down minute by minute. It exits with 1 if one of them grows, or an answer is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from tests.nodes.cluster import Cluster
from tests.nodes.growth import Usage, grown, usage
from tests.nodes.load import Called, Load, Target, population
from tests.nodes.proxies import PROXIES, Proxy
from tests.nodes.report import percentile
from tests.proofs.town import Town
from tests.proofs.verdict import Verdict, verdict
from tests.services import PostgreSQL, Redis, children

__all__ = ["Lengths", "Minute", "Soak", "soak"]

REMEMBERED: Final = 2000
"""Bindings that a worker keeps. With the default of 100,000 that memory would grow for days, by
design."""
WARMING: Final = 0.2
"""The share of a soak that nothing is concluded from: threads start and caches fill."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the maximum is measured for and the soak lasts, in seconds; how long what is shown
    as one minute is; how many users there are."""

    measured: float = 30.0
    soaked: float = 1800.0
    minute: float = 60.0
    users: int = 3000


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute: its calls, and what everybody used at its end."""

    calls: Sequence[Called]
    used: dict[str, Usage]
    connections: int

    def milliseconds(self, share: float) -> float:
        """The time that this share of the answered calls did not exceed."""
        return 1000 * percentile([c.seconds for c in self.calls if c.failed is None], share)


@dataclass(frozen=True, slots=True)
class Soak:
    """What came of it. `most` is how many calls a second were answered at most."""

    most: float
    minutes: Sequence[Minute]
    verdicts: Sequence[Verdict]


def soak(
    proxy: type[Proxy], server: PostgreSQL, redis: Redis, folder: Path, lengths: Lengths
) -> Soak:
    """Measure, and then run for so long."""
    town = Town.on(server, folder, call_seconds=5.0)
    stock = population(lengths.users, seed=1)
    town.settle(stock)
    settings = {"ledger": {**town.tables()["ledger"], "remember": REMEMBERED}}
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(town, redis.new_database(), settings=settings))
        front = stack.enter_context(proxy(folder / "proxy", cluster.front, cluster.addresses))
        target = Target(front.address, front.ca)
        measured = Load(target, stock, folder / "most", seconds=lengths.measured, seed=2)
        measured.wait()
        most = sum(c.failed is None for c in measured.calls()) / lengths.measured

        def look() -> tuple[dict[str, Usage], int]:
            used = {node.host: usage(node.processes()) for node in cluster.nodes}
            used[front.name] = usage([front.process.pid, *children(front.process.pid)])
            return used, _connections(server)

        load = Load(target, stock, folder / "load", seconds=lengths.soaked, rate=most / 2)
        begun, looks = _looks(load, lengths.minute, look)
        load.wait()
        calls = load.calls()
    minutes = []
    for number, (used, connections) in enumerate(looks):
        starts = begun + number * lengths.minute
        within = [c for c in calls if starts <= c.sent < starts + lengths.minute]
        minutes.append(Minute(within, used, connections))
    return Soak(most, minutes, _verdicts(calls, minutes))


def _looks(
    load: Load, minute: float, look: Callable[[], tuple[dict[str, Usage], int]]
) -> tuple[float, list[tuple[dict[str, Usage], int]]]:
    """When calls began, in seconds since 1970, and what was seen at the end of each minute."""
    while not load.begun():
        time.sleep(0.05)
    begun, looks = time.time(), list[tuple[dict[str, Usage], int]]()
    while load.running:
        if time.time() >= begun + (len(looks) + 1) * minute:
            looks.append(look())
        time.sleep(min(0.2, minute / 10))
    return begun, looks


def _connections(server: PostgreSQL) -> int:
    """How many clients are connected to PostgreSQL, this one left out."""
    with server.administration() as connection:
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return int(connection.execute(text(query)).scalar_one())


def _verdicts(calls: Sequence[Called], minutes: Sequence[Minute]) -> list[Verdict]:
    warm = minutes[int(len(minutes) * WARMING) :]
    series: dict[tuple[str, str], Sequence[float]] = {
        ("calls", "median ms"): [m.milliseconds(0.5) for m in warm],
        ("calls", "99 % ms"): [m.milliseconds(0.99) for m in warm],
        ("PostgreSQL", "connections"): [m.connections for m in warm],
    }
    for whose in warm[0].used if warm else ():
        for index, what in enumerate(("MB", "descriptors", "threads")):
            series[whose, what] = [m.used[whose][index] for m in warm]
    return [
        verdict("no answer was wrong", (str(call) for call in calls if call.wrong is not None)),
        verdict("at most one call in a thousand failed visibly", _too_many(calls)),
        verdict("nothing grew", grown(series) if warm else ["nothing was measured"]),
    ]


def _too_many(calls: Sequence[Called]) -> list[str]:
    """Calls that failed, if they are too many. A few are told that the service is busy, where other
    work takes the processors."""
    failed = [str(call) for call in calls if call.failed is not None]
    return failed if len(failed) > len(calls) / 1000 else []


def lines(seen: Soak) -> Iterator[str]:
    """The table, in Markdown, and the verdicts."""
    yield f"At most {seen.most:.0f} calls a second; the soak is at half of that."
    yield ""
    whose = list(seen.minutes[0].used) if seen.minutes else []
    yield (
        "| minute | calls | failed | median ms | 95 % | 99 % | connections | "
        + " | ".join(f"{name}: MB, descriptors, threads" for name in whose)
        + " |"
    )
    yield "| --- " * (7 + len(whose)) + "|"
    for number, minute in enumerate(seen.minutes, 1):
        times = " | ".join(f"{minute.milliseconds(share):.1f}" for share in (0.5, 0.95, 0.99))
        failed = sum(call.failed is not None for call in minute.calls)
        used = " | ".join(
            f"{u.megabytes:.1f}, {u.descriptors}, {u.threads}" for u in minute.used.values()
        )
        counted = f"{len(minute.calls):,} | {failed} | {times} | {minute.connections}"
        yield f"| {number} | {counted} | {used} |"
    yield ""
    for one in seen.verdicts:
        yield from one.lines()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Run at half of the maximum; nothing may grow.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--measured", type=float, default=30.0, help="seconds, for the maximum")
    parser.add_argument("--proxy", choices=PROXIES, default="nginx")
    given = parser.parse_args()
    lengths = Lengths(measured=given.measured, soaked=given.minutes * 60)
    with (
        tempfile.TemporaryDirectory(prefix="sso-bridge-soak-") as folder,
        PostgreSQL(private=True) as server,
        Redis(private=True) as redis,
    ):
        seen = soak(PROXIES[given.proxy], server, redis, Path(folder), lengths)
    print("\n".join(lines(seen)), flush=True)
    return 0 if all(one.kept for one in seen.verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
