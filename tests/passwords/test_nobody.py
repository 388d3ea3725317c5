"""A login of nobody costs what a login of most users does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import DeadlineExceeded, SourceUnavailable
from sso_bridge.passwords import SCHEMES, HashPool, Limits
from sso_bridge.passwords.schemes import StoredHash, UnusableHash
from sso_bridge.passwords.usual import EVERY, RETRY, UsualHash

from .hashes import HASHES, PASSWORD
from .rooms import Room

BY_SCHEME = {row.scheme: row.stored for row in HASHES if row.password == PASSWORD}
DJANGO, SHA512 = BY_SCHEME["django-pbkdf2-sha256"], BY_SCHEME["sha512-crypt"]
TOO_COSTLY = "pbkdf2_sha256$1000000000$abc$9Rh1iQB0/4A0g6Ir9MftT4gsmwEYARbaA9rZc9s4kmM="
UNKNOWN = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


class Stored:
    """A source's `password_hashes`, which counts how often it is asked, and can be down."""

    def __init__(self, *hashes: str) -> None:
        self.hashes = hashes
        self.asked = 0
        self.down = False

    def __call__(self, count: int, deadline: Deadline) -> Sequence[str]:
        self.asked += 1
        deadline.left()
        if self.down:
            raise SourceUnavailable
        return self.hashes[:count]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("stored", [None, "", UNKNOWN, TOO_COSTLY, "$6$corrupt"])
def test_nobody_costs_one_hash_of_the_scheme_and_cost_that_most_users_have(
    pool: HashPool, stored: str | None
) -> None:
    room = Room(pool, sample=Stored(SHA512, DJANGO, DJANGO, UNKNOWN, UNKNOWN, UNKNOWN, TOO_COSTLY))
    assert not room.verify("hunter2", stored)
    assert room.counted.computed == [("django-pbkdf2-sha256", (1000,))]
    assert room.maker.made == 0


def test_nobody_is_computed_with_the_password_that_was_sent(pool: HashPool) -> None:
    room = Room(pool, sample=Stored(SHA512))
    room.verify("x" * 300, None)
    assert room.counted.passwords == [b"x" * 300]


def test_the_password_of_the_hash_that_stands_for_all_opens_nothing(pool: HashPool) -> None:
    room = Room(pool, sample=Stored(DJANGO))
    assert not room.verify(PASSWORD, None)
    assert not room.verify(PASSWORD, UNKNOWN)
    assert room.counted.computed == [("django-pbkdf2-sha256", (1000,))] * 2


@pytest.mark.parametrize("password", ["hunter2", "", "x" * 5000, "\ud800", "x" * 100])
def test_the_scheme_of_new_hashes_stands_in_where_nothing_is_stored(
    pool: HashPool, password: str
) -> None:
    room = Room(pool, sample=Stored())
    assert not room.verify(password, None)
    assert room.maker.made == 1


def test_it_stands_in_while_the_source_is_down(pool: HashPool) -> None:
    stored = Stored(DJANGO)
    stored.down = True
    room = Room(pool, sample=stored)
    assert not room.verify("hunter2", None)
    assert room.maker.made == 1


def test_it_stands_in_where_the_usual_hash_cannot_be_computed_here(pool: HashPool) -> None:
    class Elsewhere:
        """A scheme that this machine's libraries turn out not to know."""

        def read(self, stored: str, limits: Limits) -> StoredHash | None:
            return StoredHash("elsewhere", (), self.fits)

        def fits(self, password: bytes) -> bool:
            raise UnusableHash("elsewhere", "not known here")

    room = Room(pool, sample=Stored("any"), schemes=[Elsewhere()])
    assert not room.verify("hunter2", "any")
    assert room.alarms.seen == [("password_format_unknown", "elsewhere: not known here")]
    assert room.maker.made == 1


def test_a_known_user_costs_one_hash_and_no_dummy(pool: HashPool) -> None:
    room = Room(pool, sample=Stored(DJANGO))
    assert not room.verify("wrong", SHA512)
    assert room.verify(PASSWORD, SHA512)
    assert room.counted.computed == [("sha512-crypt", (1000,))] * 2


def test_the_sample_is_taken_with_the_first_login_of_anybody(pool: HashPool) -> None:
    stored = Stored(DJANGO)
    room = Room(pool, sample=stored)
    assert stored.asked == 0
    for _ in range(3):
        room.verify(PASSWORD, SHA512)
        room.verify(PASSWORD, None)
    assert stored.asked == 1


def usual(stored: Stored, clock: Clock) -> UsualHash:
    return UsualHash(stored, Limits(), SCHEMES, clock)


def scheme(usual: UsualHash) -> str | None:
    return usual.hash.scheme if usual.hash else None


def test_the_sample_is_renewed_now_and_then() -> None:
    stored, clock = Stored(DJANGO), Clock()
    learned = usual(stored, clock)
    learned.learn(Deadline(5))
    stored.hashes = (SHA512,)
    clock.now += EVERY - 1
    learned.learn(Deadline(5))
    assert (scheme(learned), stored.asked) == ("django-pbkdf2-sha256", 1)
    clock.now += 2
    learned.learn(Deadline(5))
    assert (scheme(learned), stored.asked) == ("sha512-crypt", 2)


def test_an_outage_keeps_what_is_known_and_is_not_asked_again_at_once() -> None:
    stored, clock = Stored(DJANGO), Clock()
    learned = usual(stored, clock)
    learned.learn(Deadline(5))
    stored.down = True
    clock.now += EVERY + 1
    learned.learn(Deadline(5))
    learned.learn(Deadline(5))
    assert (scheme(learned), stored.asked) == ("django-pbkdf2-sha256", 2)
    clock.now += RETRY + 1
    learned.learn(Deadline(5))
    assert stored.asked == 3


def test_the_same_scheme_with_another_cost_is_another_group() -> None:
    dearer = "$5$rounds=2000$" + "x" * 16 + "$" + "y" * 43
    stored = Stored(DJANGO, BY_SCHEME["sha256-crypt"], BY_SCHEME["sha256-crypt"], *[dearer] * 3)
    learned = usual(stored, Clock())
    learned.learn(Deadline(5))
    assert learned.hash is not None
    assert (learned.hash.scheme, learned.hash.cost) == ("sha256-crypt", (2000,))


def test_no_sample_is_taken_when_the_time_is_up() -> None:
    stored = Stored(DJANGO)
    with pytest.raises(DeadlineExceeded):
        usual(stored, Clock()).learn(Deadline(-1))
    assert stored.asked == 0
