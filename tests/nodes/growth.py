"""What is measured of servers that run for long, and whether it grows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

__all__ = ["ALLOWED", "Allowed", "Usage", "grown", "growth", "usage"]


class Usage(NamedTuple):
    """What some processes have together; memory is what is theirs alone and their share of the
    rest, in MB."""

    megabytes: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much of a thing's level it may grow in a run, and how much in any case."""

    share: float
    least: float


ALLOWED: Final = {
    "MB": Allowed(0.05, 4.0),
    "descriptors": Allowed(0.05, 3.0),
    "threads": Allowed(0.05, 3.0),
    "connections": Allowed(0.05, 2.0),
    "median ms": Allowed(0.3, 0.5),
    "99 % ms": Allowed(1.0, 5.0),
}
"""Times are of a machine that other work may run on; the rest is the servers' own."""


def usage(processes: Sequence[int]) -> Usage:
    """What they have at this moment; one that has ended has nothing."""
    megabytes, descriptors, threads = 0.0, 0, 0
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            folder = Path(f"/proc/{process}")
            rollup = (folder / "smaps_rollup").read_text()
            megabytes += int(rollup.partition("\nPss:")[2].split()[0]) / 1024
            descriptors += len(os.listdir(folder / "fd"))
            threads += len(os.listdir(folder / "task"))
    return Usage(megabytes, descriptors, threads)


def growth(series: Sequence[float]) -> float:
    """By how much a series has grown from its beginning to its end: by the median of the slopes
    between any two of its points (Theil and Sen), which a few outliers do not move."""
    slopes = [
        (later - earlier) / (to - at)
        for (at, earlier), (to, later) in itertools.combinations(enumerate(series), 2)
    ]
    return median(slopes) * (len(series) - 1) if slopes else 0.0


def grown(series: Mapping[tuple[str, str], Sequence[float]]) -> Iterator[str]:
    """Each series of (of whom, what) that has grown by more than is allowed, and by how much."""
    for (whose, what), values in series.items():
        allowed, level, by = ALLOWED[what], median(values), growth(values)
        if by > max(allowed.least, allowed.share * level):
            yield f"{whose}: {what} grew by {by:.1f}, from about {level - by / 2:.1f}"
