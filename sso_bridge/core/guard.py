"""No ERID leaves unless the ledger says that it is this person's, and has always been."""

from __future__ import annotations

from ..errors import IdentityAlarm, UserNotFound
from .alarms import (
    ERID_CHANGED,
    ERID_SHARED,
    ERID_UNUSABLE,
    LOGIN_MOVED,
    LOGIN_UNUSABLE,
    SUBJECT_REUSED,
    SUBJECT_UNUSABLE,
)
from .deadline import Deadline
from .directory import Found
from .keys import is_plain
from .model import Binding, Fingerprint, Lookup, Record, UserKey
from .ports import Ledger, Observer, UserSource
from .site import GuardMode, Source
from .strategies import COLUMN

__all__ = ["Guard", "check_only_holder"]


class Guard:
    """Confirms the ERID of everybody who is about to be named in an answer."""

    def __init__(self, ledger: Ledger, observer: Observer) -> None:
        self._ledger = ledger
        self._observer = observer

    def erid(self, found: Found, deadline: Deadline, *, asked: UserKey | None = None) -> str:
        """The ERID of `found`, as the ledger confirms it. Nothing is answered without it.

        Raises IdentityAlarm; UserNotFound if `asked` names the person by another ERID."""
        source, record = found.site.source, found.record
        if not is_plain(record.subject):
            raise IdentityAlarm(SUBJECT_UNUSABLE, _where(source))
        if record.login is None or not is_plain(record.login):
            raise IdentityAlarm(LOGIN_UNUSABLE, _where(source))
        if source.trusts_column:
            erid = self._proposed(source, record.erid)
        else:
            erid = self._known(found, record.login, deadline)
        self._observer.step("confirmed the ERID", strategy=source.strategy.name)
        if asked is not None and asked.erid not in (None, erid):
            raise UserNotFound("the user was found by an ERID that is not theirs")
        return erid

    def newborn(self, found: Found, minted: str, deadline: Deadline) -> None:
        """Give a new account its ERID and mark it as made here; `minted` is the one at hand."""
        source, record = found.site.source, found.record
        binding = self._ledger.bind(
            found.person,
            self._proposed(source, source.strategy.newborn(record, minted)),
            deadline,
            origin=source.strategy.origin,
            seal=self._seal(found),
            created=True,
        )
        if source.strategy.name == COLUMN and binding.erid != record.erid:
            raise IdentityAlarm(ERID_CHANGED, _where(source))

    def confirm(
        self, found: Found, binding: Binding, deadline: Deadline, *, seals: bool = True
    ) -> None:
        """Raises IdentityAlarm if the row of `found` is not that of the person who was bound, or
        its column holds another ERID than it did. With `seals`, a binding that has no seal over
        the columns of today gets one."""
        source = found.site.source
        self._same_person(found, binding, deadline, seals)
        if binding.origin == COLUMN == source.strategy.name and found.record.erid != binding.erid:
            self._caught(source, IdentityAlarm(ERID_CHANGED, _where(source)))

    def _known(self, found: Found, login: str, deadline: Deadline) -> str:
        """What the ledger has for `found`, recorded now if this is the first time."""
        source, person = found.site.source, found.person
        binding = self._ledger.binding(person, deadline)
        if binding is None:
            binding = self._first(found, deadline)
        self.confirm(found, binding, deadline)
        if source.guard is not GuardMode.OFF:
            moved = self._ledger.saw_login(person, source.login_rule.canonical(login), deadline)
            if moved:
                self._observer.notice(LOGIN_MOVED, _where(source))
        return binding.erid

    def _first(self, found: Found, deadline: Deadline) -> Binding:
        """The binding of somebody who had none."""
        source, record = found.site.source, found.record
        erid = self._proposed(source, source.strategy.propose(record))
        if source.strategy.name == COLUMN:
            check_only_holder(source.users, record, erid, deadline)
        try:
            return self._ledger.bind(
                found.person, erid, deadline, origin=source.strategy.origin, seal=self._seal(found)
            )
        except IdentityAlarm as alarm:
            if alarm.kind != ERID_SHARED or source.strategy.name != COLUMN:
                raise
            self._caught(source, alarm)
            return Binding(found.person, erid, COLUMN, seal=self._seal(found))

    def _same_person(self, found: Found, binding: Binding, deadline: Deadline, seals: bool) -> None:
        """Raises IdentityAlarm if the row is no longer that of the person who was bound."""
        fingerprint = self._fingerprint(found)
        if fingerprint is None:
            return
        seal = self._ledger.seal(found.person, fingerprint)
        while seal != binding.seal:
            if binding.seal is not None and _columns(binding.seal) == _columns(seal):
                source = found.site.source
                self._caught(source, IdentityAlarm(SUBJECT_REUSED, _where(source)))
                return
            if fingerprint.values is None or not seals:
                return
            binding = self._ledger.reseal(binding, seal, deadline)

    def _seal(self, found: Found) -> str | None:
        """What a new binding is sealed with, None if the row has nothing for it."""
        fingerprint = self._fingerprint(found)
        if fingerprint is None or fingerprint.values is None:
            return None
        return self._ledger.seal(found.person, fingerprint)

    @staticmethod
    def _fingerprint(found: Found) -> Fingerprint | None:
        """The fingerprint of the row, None where nobody looks at it."""
        unguarded = found.site.source.guard is GuardMode.OFF
        return None if unguarded else found.record.fingerprint

    def _caught(self, source: Source, alarm: IdentityAlarm) -> None:
        """Raise `alarm`, or only tell of it where the guard observes."""
        if source.guard is GuardMode.ENFORCE:
            raise alarm
        if source.guard is GuardMode.OBSERVE:
            self._observer.alarm(alarm.kind, alarm.details)

    @staticmethod
    def _proposed(source: Source, erid: str | None) -> str:
        try:
            return source.erids.check(erid)
        except IdentityAlarm as alarm:
            raise IdentityAlarm(alarm.kind, f"{_where(source)}: {alarm.details}") from None


def check_only_holder(users: UserSource, record: Record, erid: str, deadline: Deadline) -> None:
    """Raises IdentityAlarm unless `erid`, about to be bound, leads to `record` alone.

    Of two rows that share it, the ledger would believe whichever came first."""
    holder = users.find(Lookup("erid", erid), deadline)
    if holder is None or holder.subject != record.subject:
        raise IdentityAlarm(ERID_UNUSABLE, "it does not lead back to its user")


def _columns(seal: str) -> str:
    """The part of a seal that says which columns it is over."""
    return seal.partition(":")[0]


def _where(source: Source) -> str:
    return f"source {source.name!r}"
