"""Running the checks, one after the other, and what came of them."""

from __future__ import annotations

import base64
import fnmatch
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from .checks import CHECKS
from .endpoint import Endpoint, Exchange, Masks
from .identities import Identities
from .people import Cast
from .trial import Check, LeftOut, Trial, Useless

__all__ = ["Outcome", "Report", "Result", "chosen", "headers_of", "masks_of", "run"]

Outcome = Literal["passed", "failed", "left out"]
_MOST_WRONG: Final = 40
"""Things that are wrong of which one check tells."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check. `wrong` is what was found; of one that was left out, why."""

    name: str
    title: str
    group: str
    outcome: Outcome
    wrong: Sequence[str]
    seconds: float
    exchanges: Sequence[int]


@dataclass(slots=True)
class Report:
    """One run against one endpoint. What is in it may be shown: no secret is."""

    url: str
    started_at: datetime
    results: list[Result] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    seconds: float = 0.0
    useless: str = ""
    """Why it ended early, "" if it did not."""

    def count(self, outcome: Outcome) -> int:
        """How many checks came to that."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def cross_linked(self) -> list[str]:
        """What broke the rule that everything serves."""
        return [w for r in self.results for w in r.wrong if w.startswith("CROSS-LINK")]

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.cross_linked:
            return "People are cross-linked. Do not go live before this is put right."
        if self.useless:
            return f"Not ready, and not checked to the end: {self.useless}."
        failed = self.count("failed")
        if failed:
            return f"Not ready: {failed} of {len(self.results)} checks failed."
        if not self.count("passed"):
            return "Nothing was checked."
        left = self.count("left out")
        rest = f" {left} were left out." if left else ""
        return f"{self.count('passed')} checks passed, none failed.{rest}"

    @property
    def durations(self) -> list[float]:
        """Seconds of each exchange that got an answer, least first."""
        return sorted(e.seconds for e in self.exchanges if e.status is not None)


def chosen(patterns: Sequence[str]) -> list[Check]:
    """The checks whose name or group is like one of `patterns`; all if there are none."""
    return [
        one
        for one in CHECKS
        if not patterns
        or any(fnmatch.fnmatchcase(n, p) for p in patterns for n in (one.name, one.group))
    ]


def run(
    url: str,
    cast: Cast,
    *,
    only: Sequence[str] = (),
    seconds: float = 10.0,
    verify: ssl.SSLContext | bool = True,
    progress: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Check the endpoint at `url` with the people of `cast`.

    `seconds` is the patience with one answer; `verify` is as httpx takes it: whether, or by
    which authorities, the certificate is checked; `progress` hears of each result."""
    masks = masks_of(cast)
    endpoint = Endpoint(url, seconds, headers_of(cast), verify)
    report = Report(masks.hide(url), datetime.now(UTC))
    seen: Identities = Identities()
    known: dict[str, str] = {}
    began = time.monotonic()
    try:
        for one in chosen(only):
            trial = Trial(cast, endpoint, seen, masks, known)
            result = _result(one, trial, masks, report.useless if one.asks else "")
            report.useless = report.useless or masks.hide(trial.useless)
            report.results.append(result)
            progress(result)
    finally:
        endpoint.close()
    report.seconds = time.monotonic() - began
    report.exchanges = [_shown(exchange, masks) for exchange in endpoint.exchanges]
    return report


def _result(one: Check, trial: Trial, masks: Masks, useless: str) -> Result:
    """What comes of a check. `useless` is why it need not be made, "" if it is to be."""
    began = time.monotonic()
    outcome: Outcome = "left out"
    wrong = [useless]
    if not useless:
        try:
            one.run(trial)
            wrong, outcome = trial.wrong, "failed" if trial.wrong else "passed"
        except LeftOut as why:
            wrong = trial.wrong or [str(why)]
            outcome = "failed" if trial.wrong else "left out"
        except Useless as why:
            wrong, outcome = [*trial.wrong, str(why)], "failed"
            trial.useless = str(why)
    shown = [masks.hide(text) for text in dict.fromkeys(wrong)]
    if len(shown) > _MOST_WRONG:
        shown[_MOST_WRONG:] = [f"and {len(shown) - _MOST_WRONG} more"]
    return Result(
        one.name,
        one.title,
        one.group,
        outcome,
        shown,
        time.monotonic() - began,
        tuple(trial.exchanges),
    )


def headers_of(cast: Cast) -> dict[str, str]:
    """What the caller says who they are with."""
    caller = cast.caller
    if caller is None:
        return {}
    if caller.token is not None:
        return {"Authorization": f"Bearer {caller.token.get_secret_value()}"}
    assert caller.password is not None
    pair = f"{caller.user}:{caller.password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def masks_of(cast: Cast) -> Masks:
    """Hides every secret of the file."""
    masks = Masks()
    masks.add(*(header.partition(" ")[2] for header in headers_of(cast).values()))
    secrets = [cast.creation.password]
    if cast.caller is not None:
        secrets += [s for s in (cast.caller.password, cast.caller.token) if s is not None]
    for user in cast.users:
        given = (user.password, user.session, user.expired_session)
        secrets += [secret for secret in given if secret is not None]
    masks.add(*(secret.get_secret_value() for secret in secrets))
    return masks


def _shown(exchange: Exchange, masks: Masks) -> Exchange:
    exchange.request = masks.hide(exchange.request)
    exchange.answer = masks.hide(exchange.answer[:20_000].decode("utf-8", "replace")).encode()
    exchange.about = masks.hide(exchange.about)
    exchange.failure = masks.hide(exchange.failure)
    return exchange
