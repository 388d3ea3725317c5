"""The tests of what a source writes, if it writes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from ..core.model import Lookup, NewUser, Record
from ..core.ports import UserSource
from ..errors import IdentityAlarm, SourceUnavailable, Unavailable
from .basis import Basis, accept, at_once, missing
from .facts import Known

__all__ = ["Writing"]


class _Undone(Exception):
    """What a test's own `accept` raises."""


class Writing(Basis):
    """The tests of new users and new hashes; skipped where a source has neither."""

    # New users

    @pytest.fixture
    def creating(self) -> None:
        """Skips the test of a source that takes no new users."""
        if not self.creates:
            pytest.skip("creates is false")

    @pytest.mark.usefixtures("creating")
    def test_a_new_user_is_there_afterwards(
        self, source: UserSource, known: Sequence[Known], newcomer: NewUser
    ) -> None:
        """As they were sent."""
        seen: list[Record] = []
        made = source.create(newcomer, self._time(), seen.append)
        assert made is not None
        assert seen == [made], "accept is called once, with the record that is returned"
        assert made.subject not in {one.subject for one in known}
        self._is_newcomer(made, newcomer)
        for key in (Lookup("login", newcomer.login), Lookup("subject", made.subject)):
            found = self._found(source, key, profile=True)
            assert found.subject == made.subject
            self._is_newcomer(found, newcomer)
            wrong = missing(newcomer.profile, found.profile)
            assert not wrong, f"not kept: {', '.join(wrong)}"

    @pytest.mark.usefixtures("creating")
    def test_a_login_that_is_taken_makes_nobody(
        self, source: UserSource, known: Sequence[Known], newcomer: NewUser
    ) -> None:
        """It is None, and the one who has it is left alone."""
        first = source.create(newcomer, self._time(), accept)
        assert first is not None
        for login in (newcomer.login, known[0].login):
            again = NewUser(login=login, password_hash="another", erid=str(uuid.uuid4()))
            seen: list[Record] = []
            assert source.create(again, self._time(), seen.append) is None
            assert seen == [], "accept is not asked about somebody else's row"
        self._is_newcomer(self._found(source, Lookup("login", newcomer.login)), newcomer)
        self._check(known[0], self._found(source, Lookup("login", known[0].login)), "afterwards")

    @pytest.mark.usefixtures("creating")
    @pytest.mark.parametrize("error", [_Undone, SourceUnavailable, IdentityAlarm])
    def test_a_new_user_who_is_not_accepted_was_never_there(
        self, source: UserSource, newcomer: NewUser, error: type[Exception]
    ) -> None:
        """What `accept` raises comes out, and undoes it."""
        seen: list[Record] = []

        def refuse(record: Record) -> None:
            seen.append(record)
            raise error("subject_unusable")

        with pytest.raises(error):
            source.create(newcomer, self._time(), refuse)
        assert len(seen) == 1
        assert source.find(Lookup("login", newcomer.login), self._time()) is None
        assert source.find(Lookup("subject", seen[0].subject), self._time()) is None
        assert source.create(newcomer, self._time(), accept) is not None, "a second try"

    @pytest.mark.usefixtures("creating")
    def test_of_those_who_come_at_once_one_is_made(
        self, source: UserSource, newcomer: NewUser
    ) -> None:
        """The database keeps logins unique, and not a look before."""

        def create(_: int) -> Record | None:
            try:
                return source.create(newcomer, self._time(), accept)
            except Unavailable:
                return None  # undone for the sake of another

        made = [record for record in at_once(create) if record is not None]
        assert len(made) == 1, f"{len(made)} were made"
        assert self._found(source, Lookup("login", newcomer.login)).subject == made[0].subject

    # New hashes

    @pytest.fixture
    def rehashing(self) -> None:
        """Skips the test of a source that takes no new hashes."""
        if not self.rehashes:
            pytest.skip("rehashes is false")

    @pytest.mark.usefixtures("rehashing")
    def test_a_hash_is_replaced_if_it_is_still_the_old_one(
        self, source: UserSource, known: Sequence[Known]
    ) -> None:
        """Somebody may have set a new password meanwhile."""
        one, other = known[0], known[1]
        key = Lookup("subject", one.subject)
        old = self._found(source, key).password_hash
        assert old is not None, "the first in `known` has a password"
        of_other = self._found(source, Lookup("subject", other.subject)).password_hash
        for subject, stored in ((one.subject, f"{old}x"), ("nobody-at-all", old)):
            assert source.replace_hash(subject, stored, "new hash", self._time()) is False
        assert source.replace_hash(one.subject, old.swapcase(), "new hash", self._time()) is False
        assert self._found(source, key).password_hash == old, "the old one did not fit"
        assert source.replace_hash(one.subject, old, "new hash", self._time()) is True
        assert self._found(source, key).password_hash == "new hash"
        again = self._found(source, Lookup("subject", other.subject)).password_hash
        assert again == of_other, "somebody else's"
