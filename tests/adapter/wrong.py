"""Sources with one fault each, and the exported suite on each of them.

Not collected by itself: tests/adapter/test_suite_tells.py runs it and expects failures."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Lookup, NewUser, Profile, Record
from sso_bridge.errors import SourceUnavailable, UserNotFound
from sso_bridge.testing import Known, SourceSuite
from tests.adapter.remembered import Remembered


class OnRemembered(SourceSuite):
    """The suite on sources that are `Remembered`, or nearly so."""

    creates = True
    rehashes = True
    made: ClassVar[Callable[[], Remembered]] = Remembered

    @pytest.fixture
    def source(self) -> Remembered:
        return type(self).made()

    @pytest.fixture
    def known(self) -> Sequence[Known]:
        return [
            Known(
                subject=one.subject,
                login=one.login or "",
                other_logins=one.other_logins,
                erid=one.erid,
                active=one.active,
                password_hash=one.password_hash,
                profile=one.profile,
            )
            for one in Remembered().rows[:3]
        ]

    @pytest.fixture
    def shared_key(self) -> Lookup:
        return Lookup("login", "twin")

    @pytest.fixture
    def outage(self, source: Remembered) -> AbstractContextManager[object]:
        return source.outage()


class IgnoresCase(Remembered):
    def has(self, record: Record, key: Lookup) -> bool:
        logins = (record.login, *record.other_logins)
        if key.kind == "login":
            return any(key.value.casefold() == (one or "").casefold() for one in logins)
        return super().has(record, key)


class IgnoresSpaces(Remembered):
    def has(self, record: Record, key: Lookup) -> bool:
        return super().has(record, replace(key, value=key.value.strip()))


class TakesWildcards(Remembered):
    def has(self, record: Record, key: Lookup) -> bool:
        return key.kind == "login" and fnmatch.fnmatchcase(record.login or "", key.value)


class TakesNumbersForOne(Remembered):
    def has(self, record: Record, key: Lookup) -> bool:
        if key.kind == "subject":
            return key.value.strip().isdecimal() and int(record.subject) == int(key.value)
        return super().has(record, key)


class TakesAnyKeyForAny(Remembered):
    def has(self, record: Record, key: Lookup) -> bool:
        return key.value in (record.subject, record.erid, record.login, *record.other_logins)


class FailsForNobody(Remembered):
    def nobody(self, key: Lookup) -> Record | None:
        raise KeyError(key.value)


class CallsNobodyAnOutage(Remembered):
    def nobody(self, key: Lookup) -> Record | None:
        raise SourceUnavailable("404")


class RefusesNobody(Remembered):
    def nobody(self, key: Lookup) -> Record | None:
        raise UserNotFound


class TakesTheFirstOfTwo(Remembered):
    def several(self, found: Sequence[Record]) -> Record:
        return found[0]


class HasNobodyInAnOutage(Remembered):
    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        deadline.left()
        return None if self.is_broken else super().find(key, deadline, profile=profile)


class RaisesErrorsOfItsOwn(Remembered):
    def ask(self, deadline: Deadline) -> None:
        deadline.left()
        if self.is_broken:
            raise ConnectionResetError


class QuotesTheKey(Remembered):
    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        if self.is_broken:
            raise SourceUnavailable(f"could not look for {key.value}")
        return super().find(key, deadline, profile=profile)


class IsAlwaysWell(Remembered):
    def check(self, deadline: Deadline) -> None:
        deadline.left()


class NeverRecovers(Remembered):
    def ask(self, deadline: Deadline) -> None:
        if self.is_broken:
            self.rows = []
        super().ask(deadline)


class HasAllTheTime(Remembered):
    def ask(self, deadline: Deadline) -> None:
        if self.is_broken:
            raise SourceUnavailable("does not answer")


class GivesNumbers(Remembered):
    def shown(self, record: Record, profile: bool) -> Record:
        return replace(super().shown(record, profile), subject=int(record.subject))  # type: ignore[arg-type]


class GivesNumbersInProfiles(Remembered):
    def shown(self, record: Record, profile: bool) -> Record:
        shown = super().shown(record, profile)
        return replace(shown, profile=shown.profile._replace(fax_phone=49301234))  # type: ignore[arg-type]


class ForgetsTheProfile(Remembered):
    def shown(self, record: Record, profile: bool) -> Record:
        return replace(record, profile=record.profile._replace(email=None))


class LetsEverybodyIn(Remembered):
    def shown(self, record: Record, profile: bool) -> Record:
        return replace(super().shown(record, profile), active=True)


class AnswersDifferently(Remembered):
    asked = 0

    def shown(self, record: Record, profile: bool) -> Record:
        self.asked += 1
        shown = super().shown(record, profile)
        return replace(shown, profile=shown.profile._replace(locale=f"{self.asked % 2}"))


@dataclass(frozen=True, kw_only=True)
class Talkative(Record):
    """A record that tells all it has."""

    def __repr__(self) -> str:
        return f"Talkative({self.subject!r}, {self.password_hash!r})"


class PrintsHashes(Remembered):
    def shown(self, record: Record, profile: bool) -> Record:
        shown = super().shown(record, profile)
        return Talkative(**{name: getattr(shown, name) for name in Record.__slots__})


class SharesOneKey(Remembered):
    def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> Record | None:
        self.key = key
        time.sleep(0.001)
        return super().find(self.key, deadline, profile=profile)


class SamplesTooMuch(Remembered):
    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        return super().password_hashes(100, deadline)


class SamplesNothing(Remembered):
    def password_hashes(self, count: int, deadline: Deadline) -> Sequence[str]:
        self.ask(deadline)
        return []


class LooksAndThenWrites(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        if self.find(Lookup("login", user.login), deadline) is not None:
            return None
        time.sleep(0.05)
        made = self.made(user)
        accept(made)
        self.rows.append(made)
        return made


class WritesAndThenAsks(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        made = super().create(user, deadline, lambda record: None)
        if made is not None:
            accept(made)
        return made


class HidesWhyItWasNotAccepted(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        try:
            return super().create(user, deadline, accept)
        except Exception as error:
            if self.is_broken or deadline.is_over():
                raise
            raise UserNotFound from error


class WritesOverWhoIsThere(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        self.ask(deadline)
        with self.lock:
            for place, one in enumerate(self.rows):
                if one.login == user.login:
                    self.rows[place] = replace(one, password_hash=user.password_hash)
                    return None
        return super().create(user, deadline, accept)


class FailsForATakenLogin(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        made = super().create(user, deadline, accept)
        if made is None:
            raise SourceUnavailable("there is such a user")
        return made


class GivesThePresentUser(Remembered):
    def create(
        self, user: NewUser, deadline: Deadline, accept: Callable[[Record], None]
    ) -> Record | None:
        made = super().create(user, deadline, accept)
        return self.find(Lookup("login", user.login), deadline) if made is None else made


class ForgetsANewProfile(Remembered):
    def made(self, user: NewUser) -> Record:
        return replace(super().made(user), profile=Profile())


class LocksNewUsersOut(Remembered):
    def made(self, user: NewUser) -> Record:
        return replace(super().made(user), active=False)


class ReplacesAnyHash(Remembered):
    def fits(self, record: Record, old: str) -> bool:
        return True


class ReplacesHashesLike(Remembered):
    def fits(self, record: Record, old: str) -> bool:
        return (record.password_hash or "").lower() == old.lower()


class AcceptsAnything(Remembered):
    """Not wrong by itself: the suite is told another rule than the source has."""


class CreatesAnyway(Remembered):
    """Not wrong by itself: the suite is told that it takes no new users."""


FAULTS: Final[dict[type[Remembered], set[str]]] = {
    IgnoresCase: {"an_odd_key_finds_nobody_else[login]"},
    IgnoresSpaces: {
        f"an_odd_key_finds_nobody_else[{kind}]" for kind in ("subject", "login", "erid")
    },
    TakesWildcards: {
        "each_key_finds_its_user",
        "an_odd_key_finds_nobody_else[login]",
        "nobody_is_none_and_not_an_error[login]",
    },
    TakesNumbersForOne: {"an_odd_key_finds_nobody_else[subject]"},
    TakesAnyKeyForAny: {"a_key_of_one_kind_is_none_of_another"},
    FailsForNobody: {"nobody_is_none_and_not_an_error[login]"},
    CallsNobodyAnOutage: {"nobody_is_none_and_not_an_error[subject]"},
    RefusesNobody: {"nobody_is_none_and_not_an_error[erid]"},
    TakesTheFirstOfTwo: {"a_key_of_two_rows_is_an_alarm"},
    HasNobodyInAnOutage: {"an_outage_is_said_to_be_one_in_time"},
    RaisesErrorsOfItsOwn: {"an_outage_is_said_to_be_one_in_time"},
    QuotesTheKey: {"an_outage_is_said_to_be_one_in_time"},
    IsAlwaysWell: {"an_outage_is_said_to_be_one_in_time", "after_an_outage_all_is_as_before"},
    NeverRecovers: {"after_an_outage_all_is_as_before"},
    HasAllTheTime: {"when_time_is_up_there_is_no_answer"},
    GivesNumbers: {"each_key_finds_its_user", "a_record_is_what_its_type_says"},
    GivesNumbersInProfiles: {"a_record_is_what_its_type_says"},
    ForgetsTheProfile: {"a_profile_is_complete_when_it_is_asked_for"},
    LetsEverybodyIn: {"who_is_not_active_is_told"},
    AnswersDifferently: {"the_same_question_has_the_same_answer"},
    PrintsHashes: {"no_hash_is_in_what_is_printed"},
    SharesOneKey: {"many_at_once_get_their_own_answers"},
    SamplesTooMuch: {"a_sample_of_hashes_is_given"},
    SamplesNothing: {"a_sample_of_hashes_is_given"},
    LooksAndThenWrites: {"of_those_who_come_at_once_one_is_made"},
    WritesAndThenAsks: {
        f"a_new_user_who_is_not_accepted_was_never_there[{error}]"
        for error in ("_Undone", "SourceUnavailable", "IdentityAlarm")
    },
    HidesWhyItWasNotAccepted: {"a_new_user_who_is_not_accepted_was_never_there[_Undone]"},
    WritesOverWhoIsThere: {"a_login_that_is_taken_makes_nobody"},
    FailsForATakenLogin: {"a_login_that_is_taken_makes_nobody"},
    GivesThePresentUser: {
        "a_login_that_is_taken_makes_nobody",
        "of_those_who_come_at_once_one_is_made",
    },
    ForgetsANewProfile: {"a_new_user_is_there_afterwards"},
    LocksNewUsersOut: {"a_new_user_is_there_afterwards"},
    ReplacesAnyHash: {"a_hash_is_replaced_if_it_is_still_the_old_one"},
    ReplacesHashesLike: {"a_hash_is_replaced_if_it_is_still_the_old_one"},
    AcceptsAnything: {"a_login_is_found_in_every_spelling_that_is_the_same"},
    CreatesAnyway: {"without_creation_a_new_user_is_refused"},
}
"""Each wrong source, and tests that must fail for it."""


def _suite(made: type[Remembered]) -> type[SourceSuite]:
    told: dict[str, Any] = {"made": made}
    if made is AcceptsAnything:
        told["login_rule"] = LoginRule.ASCII_CASE
    if made is CreatesAnyway:
        told["creates"] = False
    if made is ForgetsANewProfile:
        told["newcomer"] = pytest.fixture(_with_a_profile)
    return type(f"Test{made.__name__}", (OnRemembered,), told)


def _with_a_profile(self: SourceSuite) -> NewUser:
    return NewUser(
        login="new", password_hash="$2b$new", erid="E-new", profile=Profile(first_name="New")
    )


SUITES: list[type[Remembered]] = [Remembered, *FAULTS]
globals().update({f"Test{made.__name__}": _suite(made) for made in SUITES})
