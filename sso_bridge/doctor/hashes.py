"""Which password hashes there are, and what a login costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..core.deadline import Deadline
from ..passwords import WEAK, Limits, Scheme, cores, cost_of, identify
from ..passwords.schemes import UnusableHash, read
from ..passwords.shape import shape
from .findings import Finding, found

__all__ = ["SAMPLE", "Formats", "hashes"]

SAMPLE = 200
"""Stored hashes that are looked at."""
_MEASURED = 4
"""Schemes of which one hash is computed, the usual ones first."""


@dataclass(frozen=True, slots=True)
class Formats:
    """What a source's passwords may be stored as, and what one may cost."""

    schemes: tuple[Scheme, ...]
    limits: Limits

    def refusal(self, stored: str) -> str | None:
        """Why a login would not compute a hash of a known scheme; None if it would."""
        try:
            read(stored, self.limits, self.schemes)
        except UnusableHash as error:
            return str(error)
        return None


def hashes(
    sample: Sequence[str], formats: Formats, place: str, deadline: Deadline
) -> Iterator[Finding]:
    """How many of `sample` are of each scheme; what is weak, refused or unknown; the time that
    the usual ones take."""
    if not sample:
        yield found("hashes_none", place, "no user has one: nobody comes in with a password")
        return
    groups: dict[str, list[str]] = {}
    for stored in sample:
        groups.setdefault(identify(stored, formats.schemes) or "", []).append(stored)
    told = Counter({scheme or "unknown": len(of) for scheme, of in groups.items()})
    listed = ", ".join(f"{scheme} {count}" for scheme, count in told.most_common())
    yield found("hashes", place, f"of {len(sample)}: {listed}")
    unknown = groups.pop("", [])
    groups.pop("locked", None)
    if unknown:
        shapes = Counter(map(shape, unknown)).most_common(5)
        text = ", ".join(f"{count} {what}" for what, count in shapes)
        yield found(
            "hashes_unknown",
            place,
            f"{len(unknown)} of {len(sample)} are of no known format ({text}): these users cannot "
            "come in",
        )
    refused: Counter[str] = Counter()
    usable: dict[str, list[str]] = {}
    for scheme, of in groups.items():
        for stored in of:
            why = formats.refusal(stored)
            if why is None:
                usable.setdefault(scheme, []).append(stored)
            else:
                refused[why] += 1
    for why, count in refused.most_common(5):
        yield found(
            "hashes_refused",
            place,
            f"{count} of {len(sample)} are refused, not computed: {why}; these users cannot "
            "come in",
        )
    for scheme, of in usable.items():
        if scheme in WEAK:
            yield found("hashes_weak", place, f"{len(of)} of {scheme}: {WEAK[scheme]}")
    yield from _costs(usable, formats, place, deadline)


def _costs(
    usable: dict[str, list[str]], formats: Formats, place: str, deadline: Deadline
) -> Iterator[Finding]:
    """Measured by computing one hash of each of the usual schemes."""
    by_count = sorted(usable.items(), key=lambda item: -len(item[1]))
    costs = []
    for scheme, of in by_count[:_MEASURED]:
        if deadline.is_over():
            break
        seconds = cost_of(of[0], formats.limits, formats.schemes)
        if seconds is not None:
            costs.append((scheme, seconds))
    if not costs:
        return
    scheme, seconds = costs[0]
    others = "".join(f"; {other} {_spelled(cost)}" for other, cost in costs[1:])
    rate = cores() / max(seconds, 1e-6)
    yield found(
        "login_cost",
        place,
        f"one login takes {_spelled(seconds)} of a core ({scheme}{others}): {cores()} core(s) of "
        f"this machine can do about {_rounded(rate)} a second",
    )


def _spelled(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def _rounded(rate: float) -> str:
    return f"{rate:.1f}" if rate < 10 else f"{min(rate, 1000):.0f}{'+' if rate > 1000 else ''}"
