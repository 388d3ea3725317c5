"""Looks at each user of a source alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ..core import erid as erids
from ..core.erid import EridRule
from ..sources.scan import Lean
from .scratch import Entry, Fault
from .values import (
    bare,
    changing_faults,
    erid_faults,
    login_fault,
    password,
    shown,
    usable_key,
)

__all__ = ["SHAPES", "Reader"]

SHAPES: Final = 100
"""Password formats told apart in one source; further ones are counted together."""


class Reader:
    """Finds what is wrong with single values, and counts.

    `number` is the source's. `users`, `active`, `passwords` and `erid_lengths` are what was
    counted so far, as in a SourceSummary."""

    def __init__(self, number: int, has_erid: bool, rule: EridRule) -> None:
        self._number, self._has_erid, self._rule = number, has_erid, rule
        self.users = self.active = 0
        self.passwords: Counter[str] = Counter()
        self.erid_lengths: Counter[int] = Counter()

    def read(self, batch: Sequence[Lean]) -> tuple[list[Entry], list[Fault]]:
        """What to remember of `batch`, and what is wrong with its users' values."""
        entries: list[Entry] = []
        faults: list[Fault] = []
        number = self._number
        for user in batch:
            subject, login = user.subject, user.login
            person = loose = None
            wrong: list[str] = []
            if usable_key(subject):
                person = hash((number, subject))
            else:
                subject = shown(subject)
                wrong.append("subject_unusable")
            fault = login_fault(login)
            if fault is not None:
                wrong.append(fault)
            if login is not None and fault in (None, "login_spaces"):
                loose = hash((number, bare(login)))
            else:
                login = None
            scheme, fault = password(user.password_hash)
            self._count_password(scheme)
            if fault is not None:
                wrong.append(fault)
            faults += [(check, number, subject, None) for check in wrong]
            exact = canon = erid = None
            if self._has_erid:
                erid = user.erid
                wrong, canonical = self._erid(user)
                told = None if erid is None or not wrong else shown(erid)
                faults += [(check, number, subject, told) for check in wrong]
                if not canonical or "erid_too_long" in wrong or "erid_control" in wrong:
                    erid = None
                else:
                    exact, canon = hash(erid), hash(canonical)
            entries.append((0, number, person, loose, exact, canon, subject, login, erid))
            self.active += user.active
        self.users += len(batch)
        return entries, faults

    def _erid(self, user: Lean) -> tuple[list[str], str]:
        """What is wrong with the ERID in the column, and its canonical form."""
        erid = user.erid
        if erid is None:
            return ["erid_missing"], ""
        canonical = erids.canonical(erid)
        self.erid_lengths[min(len(erid), erids.MAX_LENGTH + 1)] += 1
        wrong = erid_faults(erid, canonical, self._rule)
        if canonical:
            wrong += changing_faults(erid, user.login, user.first_name, user.last_name)
        return wrong, canonical

    def _count_password(self, scheme: str) -> None:
        if scheme not in self.passwords and len(self.passwords) >= SHAPES:
            scheme = "unknown: other forms"
        self.passwords[scheme] += 1
