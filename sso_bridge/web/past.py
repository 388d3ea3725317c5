"""What workers counted that are gone. Each leaves files behind that count for ever; here those
of many become one, so that a server that reloads for years is as quick as on the first day."""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from prometheus_client.mmap_dict import MmapedDict

from .gauges import forget_the_dead, lives

__all__ = ["settled"]

_FEW: Final = 4
"""So many files of a kind are left as they are."""
_ADDED_UP: Final = ("counter", "histogram")
_LOCK: Final = "settling"


@contextmanager
def settled(folder: str) -> Iterator[None]:
    """For the length of the block, in all processes, nobody else adds up what is in `folder`: else
    a count could be there twice, or not at all. What the dead left is in order."""
    with open(Path(folder) / _LOCK, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        forget_the_dead(folder)
        for path in Path(folder).glob("gauge_max_*.db"):
            if _is_dead(path):
                path.unlink(missing_ok=True)
        for kind in _ADDED_UP:
            dead = [path for path in Path(folder).glob(f"{kind}_*.db") if _is_dead(path)]
            if len(dead) > _FEW:
                _add_up(Path(folder) / f"{kind}_past.db", dead)
        yield


def _is_dead(path: Path) -> bool:
    number = path.stem.rpartition("_")[2]
    return number.isdigit() and not lives(int(number))


def _add_up(past: Path, dead: list[Path]) -> None:
    """Put what `dead` counted into `past`, and take them away."""
    totals: dict[str, float] = defaultdict(float)
    reader: Any = MmapedDict
    for path in [*dead, past] if past.exists() else dead:
        for key, value, _, _ in reader.read_all_values_from_file(path):
            totals[key] += value
    unfinished = past.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    made: Any = reader(os.fspath(unfinished))
    for key, value in totals.items():
        made.write_value(key, value, 0.0)
    made.close()
    unfinished.replace(past)
    for path in dead:
        path.unlink(missing_ok=True)
