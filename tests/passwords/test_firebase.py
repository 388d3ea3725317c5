"""Firebase's scrypt, against the example in the README of github.com/firebase/scrypt."""

from __future__ import annotations

from base64 import b64decode

import pytest

from sso_bridge.passwords import Firebase, HashPool, Limits, known_schemes

from .rooms import Room

SIGNER_KEY = b64decode(
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
)
PROJECT = Firebase(signer_key=SIGNER_KEY, salt_separator=b"\x07", rounds=8, memory_cost=14)
STORED = (
    "42xEC+ixf3L2lw==:"
    "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
)
PASSWORD = "user1password"


@pytest.fixture
def room(pool: HashPool) -> Room:
    return Room(pool, schemes=[PROJECT, *known_schemes()])


def test_the_published_example_is_verified(room: Room) -> None:
    assert room.verify(PASSWORD, STORED)
    assert not room.verify(PASSWORD + "x", STORED)
    assert room.hashes.identify(STORED) == "firebase-scrypt"
    assert not room.alarms.seen


def test_it_may_be_written_in_the_base64_of_addresses(room: Room) -> None:
    assert room.verify(PASSWORD, STORED.replace("+", "-").replace("/", "_"))


@pytest.mark.parametrize("place", [0, 5, 20, 60, 100])
def test_a_hash_that_is_changed_never_fits(room: Room, place: int) -> None:
    other = "B" if STORED[place] in "aA" else "A"
    assert not room.verify(PASSWORD, STORED[:place] + other + STORED[place + 1 :])
    assert not room.verify(PASSWORD, STORED[:place])


def test_another_project_is_another_hash(pool: HashPool) -> None:
    for other in (
        Firebase(signer_key=bytes(64), salt_separator=b"\x07", rounds=8, memory_cost=14),
        Firebase(signer_key=SIGNER_KEY, salt_separator=b"\x08", rounds=8, memory_cost=14),
        Firebase(signer_key=SIGNER_KEY, salt_separator=b"\x07", rounds=8, memory_cost=13),
    ):
        assert not Room(pool, schemes=[other]).verify(PASSWORD, STORED)


def test_without_the_parameters_of_a_project_it_is_not_known(pool: HashPool) -> None:
    room = Room(pool)
    assert not room.verify(PASSWORD, STORED)
    assert room.alarms.seen == [("password_format_unknown", "text of no known form")]


def test_a_project_that_costs_too_much_is_refused(pool: HashPool) -> None:
    room = Room(pool, schemes=[PROJECT], limits=Limits(memory_kib=1024))
    assert not room.verify(PASSWORD, STORED)
    details = "firebase-scrypt: memory in KiB is 16384, above the limit of 1024"
    assert room.alarms.seen == [("password_format_unknown", details)]
    assert not room.counted.computed


def test_the_signer_key_is_in_no_repr() -> None:
    assert repr(SIGNER_KEY)[2:20] not in repr(PROJECT) + repr(PROJECT.read(STORED, Limits()))
