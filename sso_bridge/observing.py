"""Observers for commands, which have no metrics: one that hears nothing, one that tells a story."""

from __future__ import annotations

import time
from collections.abc import Callable

from .core.alarms import ALARMS, NOTICES

__all__ = ["Narrator", "Silent"]


class Silent:
    """Implements `core.ports.Observer` by not listening."""

    def alarm(self, kind: str, details: str) -> None:
        """Nothing."""

    def notice(self, kind: str, details: str) -> None:
        """Nothing."""

    def step(self, what: str, **facts: str) -> None:
        """Nothing."""


class Narrator:
    """Implements `core.ports.Observer`: each step, with the milliseconds it took, to `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since = time.monotonic()

    def alarm(self, kind: str, details: str) -> None:
        """What the bridge would alarm the operator about."""
        self._tell(f"ALARM {kind}: {ALARMS.get(kind, '')} {details}".rstrip())

    def notice(self, kind: str, details: str) -> None:
        """What the bridge would tell the operator of."""
        self._tell(f"NOTICE {kind}: {NOTICES.get(kind, '')} {details}".rstrip())

    def step(self, what: str, **facts: str) -> None:
        """One step and what was found."""
        known = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
        self._tell(f"{what}: {known}" if known else what)

    def _tell(self, line: str) -> None:
        now = time.monotonic()
        self._say(f"{(now - self._since) * 1000:8.1f} ms  {line}")
        self._since = now
