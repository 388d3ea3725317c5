"""Killing and adding nodes under load, and what is known afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.nodes.asking import REFUSALS
from tests.nodes.cluster import Cluster
from tests.nodes.load import Called, Load, Target, population
from tests.nodes.proxies import Proxy
from tests.proofs.aftermath import Aftermath, Said, judge, sweep
from tests.proofs.town import Town
from tests.proofs.verdict import Verdict, verdict
from tests.services import Redis, SqlService

__all__ = ["Lengths", "Seen", "run"]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many calls at which rate a second, how many seconds are between two kills, and how many
    users are there before. `added` is whether a third node comes in the middle; `gently` has nodes
    stopped as an init system does."""

    calls: int
    rate: float
    every: float
    users: int
    added: bool = True
    gently: bool = False
    call_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """All that came of a run. `kills` are the seconds since 1970 at which a node was; `repeated`
    counts the calls that the proxy sent to a second node."""

    proxy: str
    lengths: Lengths
    calls: Sequence[Called]
    kills: Sequence[float]
    repeated: int
    seconds: float
    created: int
    entries: int
    verdicts: Sequence[Verdict]


def run(
    proxy: type[Proxy],
    server: SqlService,
    redis: Redis,
    folder: Path,
    lengths: Lengths,
    seed: int,
) -> Seen:
    """One run on an empty town, and what is judged afterwards."""
    town = Town.on(server, folder, call_seconds=lengths.call_seconds)
    stock = population(lengths.users, seed)
    town.settle(stock)
    with (
        Cluster(town, redis.new_database()) as cluster,
        proxy(folder / "proxy", cluster.front, cluster.addresses) as front,
    ):
        begun = time.monotonic()
        load = Load(
            Target(front.address, front.ca),
            stock,
            folder / "load",
            calls=lengths.calls,
            rate=lengths.rate,
            seed=seed,
        )
        kills = _kill(cluster, front, load, lengths)
        load.wait()
        seconds = time.monotonic() - begun
        repeated = front.repeated()
    calls = load.calls()
    begun_creations = sorted({(c.source, c.login) for c in calls if c.operation == "create"})
    seen = _aftermath(town, calls, begun_creations, len(kills), seed)
    verdicts = [
        verdict("no answer was wrong", (str(call) for call in calls if call.wrong is not None)),
        verdict("every call came to something", _uncounted(calls, lengths)),
        *judge(seen),
    ]
    made = sum(bool(e["created_here"]) for e in seen.entries)
    return Seen(
        proxy.name, lengths, calls, kills, repeated, seconds, made, len(seen.entries), verdicts
    )


def _kill(cluster: Cluster, front: Proxy, load: Load, lengths: Lengths) -> list[float]:
    """Kill one node after the other until the load ends; when that was."""
    kills: list[float] = []
    begun = time.monotonic()
    half = lengths.calls / lengths.rate / 2
    added = not lengths.added
    while load.running:
        time.sleep(0.05)
        if not load.begun():
            begun = time.monotonic()
        elif not added and time.monotonic() > begun + half:
            added = True
            cluster.add().wait()
            front.reload(cluster.addresses)
        elif time.monotonic() > begun + (len(kills) + 1) * lengths.every:
            node = cluster.nodes[len(kills) % len(cluster.nodes)]
            kills.append(time.time())
            if lengths.gently:
                node.stop()
            else:
                node.kill()
            node.start()
            node.wait()
    return kills


def _aftermath(
    town: Town,
    calls: Sequence[Called],
    created: Sequence[tuple[str, str]],
    kills: int,
    seed: int,
) -> Aftermath:
    """What is asked and read when the nodes are gone."""
    swept = sweep(town, created, seed)
    entries: list[dict[str, Any]] = town.entries()
    return Aftermath(
        begun=created,
        acknowledged=[
            Said(c.operation, c.source, c.login, c.erid, wrong=c.wrong)
            for c in calls
            if c.operation not in REFUSALS and c.failed is None
        ],
        swept=swept,
        rows=town.rows(),
        entries=entries,
        midway=kills,
        halves=0,
        outages=sum(c.failed is not None for c in calls),
    )


def _uncounted(calls: Sequence[Called], lengths: Lengths) -> list[str]:
    """Calls that nothing is known of."""
    missing = lengths.calls - len(calls)
    return [f"{missing} calls were not written down"] if missing > 0 else []
