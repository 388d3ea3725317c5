"""What the log and the trail call people, from the settings."""

from __future__ import annotations

from collections.abc import Callable

from ..config import Settings
from ..core.pseudonyms import Pseudonyms
from ..ledger import SqlLedger
from .declared import secret_of

__all__ = ["pseudonyms"]


def pseudonyms(settings: Settings, ledger: Callable[[], SqlLedger]) -> Pseudonyms:
    """Under the configured key, else under one that is derived from that of the ledger, which is
    looked for when the first is needed."""
    given = secret_of("log.key", settings.log.key)
    return Pseudonyms(lambda: given or ledger().derived_key("log"))
