"""The tests of what a source finds, and of what it must not find."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest

from ..core.deadline import Deadline
from ..core.keys import is_plain
from ..core.logins import LoginRule
from ..core.model import Lookup, LookupKind, NewUser
from ..core.ports import UserSource
from ..core.soundness import unsound
from ..errors import (
    CreationRefused,
    DeadlineExceeded,
    IdentityAlarm,
    SourceUnavailable,
    Unavailable,
)
from .basis import Basis, accept, at_once, keys_of, missing
from .facts import STRANGERS, Known, alike

__all__ = ["Reading"]


class Reading(Basis):
    """The tests that every source has to pass."""

    # What is found

    def test_enough_users_are_known_to_tell(self, known: Sequence[Known]) -> None:
        """One user alone can be mixed up with nobody."""
        assert len(known) > 1, "name two users or more in `known`"
        assert len({one.subject for one in known}) == len(known), "each has their own subject"

    def test_each_key_finds_its_user(self, source: UserSource, known: Sequence[Known]) -> None:
        """Primary key, logins and ERID lead to one and the same record."""
        for one in known:
            for key in keys_of(one):
                self._check(one, self._found(source, key), f"by {key.kind}")

    def test_a_login_is_found_in_every_spelling_that_is_the_same(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """As `login_rule` has it."""
        if self.login_rule is LoginRule.EXACT:
            pytest.skip("login_rule is EXACT: there is one spelling")
        for one in known:
            for login in filter(is_plain, alike(one.login)):
                if self.login_rule.same(login, one.login):
                    self._check(one, self._found(source, Lookup("login", login)), repr(login))

    def test_a_profile_is_complete_when_it_is_asked_for(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """Whatever it was found by."""
        having = [one for one in known if one.profile is not None]
        if not having:
            pytest.skip("nobody in `known` has a profile")
        for one in having:
            for key in keys_of(one):
                found = self._found(source, key, profile=True)
                self._check(one, found, f"by {key.kind}")
                wrong = missing(one.profile, found.profile)
                assert not wrong, f"by {key.kind}: the profile differs in {', '.join(wrong)}"

    def test_who_is_not_active_is_told(self, source: UserSource, known: Sequence[Known]) -> None:
        """Whatever they were found by."""
        if all(one.active for one in known):
            pytest.skip("everybody in `known` is active")
        for one in known:
            for key in keys_of(one):
                found = self._found(source, key)
                assert found.active is one.active, f"{one.subject} by {key.kind}"

    def test_the_same_question_has_the_same_answer(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """Nothing depends on what was asked before."""
        for one in known:
            for key in keys_of(one):
                for profile in (False, True):
                    first, again = (
                        source.find(key, self._time(), profile=profile) for _ in range(2)
                    )
                    assert first == again, f"by {key.kind}"

    def test_a_record_is_what_its_type_says(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """Texts are texts: a number as primary key is another key."""
        for one in known:
            for key in keys_of(one):
                wrong = unsound(source.find(key, self._time(), profile=True))
                assert wrong is None, f"by {key.kind}: there should be {wrong}"

    def test_no_hash_is_in_what_is_printed(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """Neither a record nor the source shows one in a log."""
        for one in known:
            found = self._found(source, Lookup("login", one.login), profile=True)
            printed = [repr(found), str(found), repr(source), str(source)]
            for secret in filter(None, (found.password_hash, one.password_hash)):
                assert not any(secret in text for text in printed)

    # Who is not found

    @pytest.mark.parametrize("kind", ["subject", "login", "erid"])
    def test_nobody_is_none_and_not_an_error(self, source: UserSource, kind: LookupKind) -> None:
        """Not found is an answer. An error would be an outage."""
        for value in filter(is_plain, (*STRANGERS, f"nobody-{uuid.uuid4()}")):
            for profile in (False, True):
                found = source.find(Lookup(kind, value), self._time(), profile=profile)
                assert found is None or self._has(found, Lookup(kind, value)), (
                    f"{kind} {value!r} found {found.subject}"
                )

    @pytest.mark.parametrize("kind", ["subject", "login", "erid"])
    def test_an_odd_key_finds_nobody_else(
        self, source: UserSource, known: Sequence[Known], kind: LookupKind
    ) -> None:
        """Not by other letters, spaces, accents, wildcards or numbers."""
        keys = [key.value for one in known for key in keys_of(one) if key.kind == kind]
        odd = [*STRANGERS, *(text for key in keys for text in alike(key))]
        for value in dict.fromkeys(odd):
            try:
                found = source.find(Lookup(kind, value), self._time())
            except IdentityAlarm:
                continue  # it saw that the row is another's
            except Exception:
                if is_plain(value):
                    raise
                continue  # the bridge asks for no such key
            assert found is None or self._has(found, Lookup(kind, value)), (
                f"{kind} {value!r} found {found.subject}, whose it is not"
            )

    def test_a_key_of_one_kind_is_none_of_another(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """A login is no primary key."""
        kinds: tuple[LookupKind, ...] = ("subject", "login", "erid")
        for one in known:
            for key in keys_of(one):
                for kind in kinds:
                    found = source.find(Lookup(kind, key.value), self._time())
                    assert found is None or self._has(found, Lookup(kind, key.value)), (
                        f"a {key.kind} found somebody as {kind}"
                    )

    def test_a_key_of_two_rows_is_an_alarm(
        self, source: UserSource, shared_key: Lookup | None
    ) -> None:
        """Neither of the two may be answered with."""
        if shared_key is None:
            pytest.skip("there is no `shared_key`")
        for profile in (False, True):
            with pytest.raises(IdentityAlarm) as raised:
                source.find(shared_key, self._time(), profile=profile)
            assert shared_key.value not in raised.value.details, "an alarm quotes no key"

    # Time and outages

    def test_when_time_is_up_there_is_no_answer(
        self, source: UserSource, known: Sequence[Known], newcomer: NewUser
    ) -> None:
        """A deadline that is over raises DeadlineExceeded."""
        one = known[0]
        calls = dict(self._reads(source, known))
        if self.creates:
            calls["create"] = lambda d: source.create(newcomer, d, accept)
        if self.rehashes:
            stored = one.password_hash or ""
            calls["replace_hash"] = lambda d: source.replace_hash(one.subject, stored, "x", d)
        for what, call in calls.items():
            with pytest.raises(DeadlineExceeded):
                pytest.fail(f"{what} answered {call(Deadline(0.0))!r}, and its time was up")
        if self.creates:
            assert source.find(Lookup("login", newcomer.login), self._time()) is None

    def test_an_outage_is_said_to_be_one_in_time(
        self,
        source: UserSource,
        known: Sequence[Known],
        outage: AbstractContextManager[object] | None,
        newcomer: NewUser,
    ) -> None:
        """Never None: that would be a wrong password to somebody."""
        if outage is None:
            pytest.skip("there is no `outage`")
        source.check(self._time())
        calls = dict(self._reads(source, known))
        calls["find nobody"] = lambda d: source.find(Lookup("login", newcomer.login), d)
        if self.creates:
            calls["create"] = lambda d: source.create(newcomer, d, accept)
        with outage:
            for what, call in calls.items():
                begun = time.monotonic()
                with pytest.raises((SourceUnavailable, DeadlineExceeded)) as raised:
                    pytest.fail(f"{what} answered {call(Deadline(1.0))!r} during an outage")
                assert time.monotonic() - begun < 3.0, f"{what} took too long to fail"
                for secret in (known[0].login, newcomer.login, newcomer.password_hash):
                    assert secret not in raised.value.details, f"{what}: its error quotes a key"

    def test_after_an_outage_all_is_as_before(
        self,
        source: UserSource,
        known: Sequence[Known],
        outage: AbstractContextManager[object] | None,
    ) -> None:
        """What broke is replaced."""
        if outage is None:
            pytest.skip("there is no `outage`")
        with outage, pytest.raises(Unavailable):
            source.check(Deadline(1.0))
        for one in known:
            self._check(one, self._found(source, Lookup("login", one.login)), "afterwards")

    def test_many_at_once_get_their_own_answers(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """A source is asked by many threads."""

        def ask(number: int) -> str | None:
            for turn in range(10):
                one = known[(number + turn) % len(known)]
                for key in (*keys_of(one), Lookup("login", f"nobody-{number}")):
                    found = source.find(key, self._time(), profile=turn % 2 == 0)
                    expected = None if key.value == f"nobody-{number}" else one.subject
                    if (None if found is None else found.subject) != expected:
                        return f"by {key.kind}: {expected} was asked for"
            return None

        wrong = [text for text in at_once(ask) if text is not None]
        assert not wrong, wrong[0]

    # The rest that it offers

    def test_it_says_that_it_answers(self, source: UserSource) -> None:
        """`check` returns."""
        source.check(self._time())

    def test_a_sample_of_hashes_is_given(self, source: UserSource, known: Sequence[Known]) -> None:
        """Unknown users take as long as known ones by it."""
        hashes = list(source.password_hashes(100, self._time()))
        assert all(isinstance(one, str) and one for one in hashes), "texts, and no empty ones"
        assert len(hashes) <= 100
        assert len(source.password_hashes(1, self._time())) <= 1, "no more than asked for"
        if any(one.password_hash for one in known):
            assert hashes, "users have hashes, and none was given"

    def test_without_creation_a_new_user_is_refused(
        self, source: UserSource, newcomer: NewUser
    ) -> None:
        """By CreationRefused."""
        if self.creates:
            pytest.skip("creates is true")
        with pytest.raises(CreationRefused):
            source.create(newcomer, self._time(), accept)
        assert source.find(Lookup("login", newcomer.login), self._time()) is None

    def _reads(
        self, source: UserSource, known: Sequence[Known]
    ) -> Iterator[tuple[str, Callable[[Deadline], object]]]:
        for key in keys_of(known[0]):
            if key.kind != "erid":
                yield f"find by {key.kind}", lambda d, key=key: source.find(key, d)  # type: ignore[misc]
        login = Lookup("login", known[0].login)
        yield "find a profile", lambda d: source.find(login, d, profile=True)
        yield "password_hashes", lambda d: source.password_hashes(10, d)
        yield "check", lambda d: source.check(d)
