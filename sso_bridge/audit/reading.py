"""Looks at each user of a source alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..core import erid as erids
from ..core.model import Person
from ..sources.scan import Lean
from .given import AuditedSource, Ended, Seal
from .scratch import Entry, Fault, Known
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

    `number` is that of `source`. `ended` and `seal` are None where there is nothing to ask them.
    `users`, `active`, `passwords` and `erid_lengths` are what was counted so far, as in a
    SourceSummary."""

    def __init__(
        self, number: int, source: AuditedSource, ended: Ended | None, seal: Seal | None
    ) -> None:
        self._number, self._name, self._rule = number, source.name, source.erids
        self._schemes, self._limits = source.schemes, source.limits
        self._has_erid = source.mapping.erid is not None
        self._ended, self._seal = ended, seal
        self.users = self.active = 0
        self.passwords: Counter[str] = Counter()
        self.erid_lengths: Counter[int] = Counter()

    def read(
        self, batch: Sequence[Lean], known: Mapping[str, Known]
    ) -> tuple[list[Entry], list[Fault]]:
        """What to remember of `batch`, and what is wrong with its users' values. `known` has
        those of their primary keys that are settled or sealed."""
        entries: list[Entry] = []
        faults: list[Fault] = []
        number = self._number
        schemes, limits = self._schemes, self._limits
        settled = {subject for subject, one in known.items() if one.settled}
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
            scheme, fault = password(user.password_hash, schemes, limits)
            self._count_password(scheme)
            if fault is not None:
                wrong.append(fault)
            faults += [(check, number, subject, None) for check in wrong]
            exact = canon = erid = None
            if self._has_erid and user.subject not in settled:
                erid = user.erid
                wrong, canonical = self._erid(user)
                told = None if erid is None or not wrong else shown(erid)
                faults += [(check, number, subject, told) for check in wrong]
                if not canonical or "erid_too_long" in wrong or "erid_control" in wrong:
                    erid = None
                else:
                    exact, canon = hash(erid), hash(canonical)
            entries.append((0, number, person, loose, exact, canon, subject, login, erid))
            for other in user.other_logins:
                if login_fault(other) in (None, "login_spaces"):
                    loose = hash((number, bare(other)))
                    entries.append((3, number, None, loose, None, None, subject, other, None))
            self.active += user.active
        self.users += len(batch)
        if self._ended is not None:
            faults += self._parted(self._ended, batch, settled)
        if self._seal is not None and known:
            faults += self._reused(self._seal, batch, known)
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

    def _parted(self, ended: Ended, batch: Sequence[Lean], settled: set[str]) -> Iterator[Fault]:
        """Users who are still there though their ERID was taken back, or who have such an ERID."""
        for user in batch:
            if ended.subject(self._name, user.subject):
                yield "subject_retired", self._number, shown(user.subject), None
            elif user.erid is None or user.subject in settled:
                continue
            elif ended.erid(user.erid):
                yield "erid_retired", self._number, shown(user.subject), shown(user.erid)

    def _reused(
        self, seal: Seal, batch: Sequence[Lean], known: Mapping[str, Known]
    ) -> Iterator[Fault]:
        """Users whose row is not the one that was sealed. A seal over other columns says
        nothing: then the configuration has changed, and the next answer takes a new one."""
        for user in batch:
            one = known.get(user.subject)
            if one is None or one.seal is None or user.fingerprint is None:
                continue
            now = seal(Person(self._name, user.subject), user.fingerprint)
            if now != one.seal and now.partition(":")[0] == one.seal.partition(":")[0]:
                yield "subject_reused", self._number, shown(user.subject), None

    def _count_password(self, scheme: str) -> None:
        if scheme not in self.passwords and len(self.passwords) >= SHAPES:
            scheme = "unknown: other forms"
        self.passwords[scheme] += 1
