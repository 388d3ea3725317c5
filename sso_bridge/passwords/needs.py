"""The least limits under which hashes of one kind are computed: for a configuration whose own
hashes are above the limits that it sets."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

from .schemes import Limits, UnusableHash

__all__ = ["Costly", "Needs", "needs"]

_HUNDREDTHS = range(1, 10**10)
_MIB = range(1, 2**30)
"""Where the least is looked for; nothing that can be declared is beyond it."""


class Costly(Protocol):
    """A maker, or a scheme whose cost is declared."""

    def check(self, limits: Limits) -> None:
        """Raises UnusableHash if its hashes are above `limits`. Computes nothing."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What `max_seconds` and `max_memory_mib` have to be at least."""

    seconds: float
    """Rounded up to hundredths."""
    memory_mib: int


def needs(costly: Costly, limits: Limits) -> Needs | None:
    """What the hashes of `costly` need, where they are above `limits`; else None."""
    if _passes(costly, limits):
        return None
    most_seconds, most_memory = _HUNDREDTHS[-1] / 100, _MIB[-1]
    seconds = bisect_left(
        _HUNDREDTHS, True, key=lambda n: _passes(costly, Limits.of(n / 100, most_memory))
    )
    memory = bisect_left(_MIB, True, key=lambda mib: _passes(costly, Limits.of(most_seconds, mib)))
    return Needs(_HUNDREDTHS[seconds] / 100, _MIB[memory])


def _passes(costly: Costly, limits: Limits) -> bool:
    try:
        costly.check(limits)
    except UnusableHash:
        return False
    return True
