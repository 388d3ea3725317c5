"""What a run is told as."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.nodes.kills import Seen
from tests.nodes.load import Called

__all__ = ["lines", "percentile"]

AFTER_KILL: float = 1.0
"""Seconds after a kill in which a call counts as one of those around it."""


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time that `share` of them do not exceed; not a number for none."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.nan


def lines(seen: Seen) -> Iterator[str]:
    """The table of a run, in Markdown, and the verdicts."""
    calls = seen.calls
    failed = Counter(c.failed for c in calls if c.failed is not None)
    wrong = sum(c.wrong is not None for c in calls)
    right = len(calls) - sum(failed.values()) - wrong
    how = "stopped" if seen.lengths.gently else "killed"
    yield f"### {seen.proxy}: a node {how} every {seen.lengths.every:g} s"
    yield ""
    yield "| what | count |"
    yield "| --- | --- |"
    yield f"| calls in {seen.seconds:.0f} s | {len(calls):,} |"
    yield f"| nodes {how} | {len(seen.kills)} |"
    yield f"| calls that the proxy sent to a second node | {seen.repeated:,} |"
    yield f"| answered correctly | {right:,} |"
    yield f"| failed visibly | {sum(failed.values()):,} ({sum(failed.values()) / len(calls):.3%}) |"
    for kind, count in failed.most_common():
        yield f"| – {kind} | {count:,} |"
    yield f"| **wrong** | **{wrong:,}** |"
    yield f"| accounts made through the bridge | {seen.created:,} |"
    yield f"| rows of the ledger | {seen.entries:,} |"
    yield ""
    yield "| milliseconds | calls | median | 95 % | 99 % | 99.9 % | longest |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    answered = [c for c in calls if c.failed is None]
    near = [c for c in answered if any(0 <= c.sent - k < AFTER_KILL for k in seen.kills)]
    yield _times("all", answered)
    yield _times(f"within {AFTER_KILL:g} s of an end", near)
    for operation in sorted({c.operation for c in answered}):
        yield _times(operation, [c for c in answered if c.operation == operation])
    yield ""
    for verdict in seen.verdicts:
        yield from verdict.lines()


def _times(name: str, calls: Sequence[Called]) -> str:
    seconds = [c.seconds for c in calls]
    shown = [percentile(seconds, share) for share in (0.5, 0.95, 0.99, 0.999, 1.0)]
    return f"| {name} | {len(calls):,} | " + " | ".join(f"{s * 1000:.1f}" for s in shown) + " |"
