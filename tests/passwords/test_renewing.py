"""A login may replace an old hash by a new one, and never fails for that."""

from __future__ import annotations

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.passwords import MAKERS, Declared, HashPool, Layout, Limits, identify
from sso_bridge.passwords.schemes import known_schemes, read

from .hashes import DIGITS, HASHES, PASSWORD
from .rooms import Room
from .test_making import CHEAP_COSTS, LABELS

DJANGO = next(row.stored for row in HASHES if row.scheme == "django-pbkdf2-sha256")
EACH = pytest.mark.parametrize("name", MAKERS)
LOWER = {
    "argon2id": ("argon2id", {"memory_kib": 32, "passes": 1}),
    "bcrypt": ("bcrypt", {"cost": 4}),
    "bcrypt-2y": ("bcrypt", {"cost": 4}),
    "wordpress": ("wordpress", {"cost": 4}),
    "scrypt": ("scrypt", {"ln": 3}),
    "pbkdf2-sha256": ("pbkdf2-sha256", {"iterations": 9}),
    "django-pbkdf2-sha256": ("django-pbkdf2-sha256", {"iterations": 9}),
}
USUAL = {**CHEAP_COSTS, "bcrypt": {"cost": 5}, "bcrypt-2y": {"cost": 5}, "wordpress": {"cost": 5}}


def room_with(pool: HashPool, name: str) -> Room:
    return Room(pool, maker=MAKERS[name](**USUAL[name]), rehash=True)


@EACH
def test_a_hash_of_another_scheme_is_renewed(pool: HashPool, name: str) -> None:
    room = room_with(pool, name)
    other = next(r.stored for r in HASHES if r.scheme == "sha512-crypt" and r.password == PASSWORD)
    made = room.renewed(PASSWORD, other)
    assert made is not None
    assert identify(made) == LABELS.get(name, name)
    assert room.verify(PASSWORD, made)


@EACH
def test_a_hash_of_a_lower_cost_is_renewed(pool: HashPool, name: str) -> None:
    maker, cost = LOWER[name]
    stored = MAKERS[maker](**cost).make(PASSWORD.encode())
    assert room_with(pool, name).renewed(PASSWORD, stored) is not None


@EACH
def test_a_new_hash_is_not_renewed(pool: HashPool, name: str) -> None:
    room = room_with(pool, name)
    made = room.hash(PASSWORD)
    assert room.renewed(PASSWORD, made) is None
    assert room.maker.made == 1


@EACH
def test_a_hash_of_a_higher_cost_is_not_renewed(pool: HashPool, name: str) -> None:
    maker, cost = LOWER[name]
    room = Room(pool, maker=MAKERS[maker](**cost), rehash=True)
    stored = MAKERS[name](**USUAL[name]).make(PASSWORD.encode())
    assert room.renewed(PASSWORD, stored) is None


def test_more_memory_stands_for_fewer_passes(pool: HashPool) -> None:
    room = Room(pool, maker=MAKERS["argon2id"](memory_kib=64, passes=3), rehash=True)
    stored = MAKERS["argon2id"](memory_kib=192, passes=1).make(b"hunter2")
    assert room.renewed("hunter2", stored) is None


def test_nothing_is_renewed_unless_it_was_asked_for(pool: HashPool) -> None:
    room = Room(pool)
    assert room.renewed(PASSWORD, DJANGO) is None
    assert room.maker.made == 0


def test_a_login_is_not_held_up_by_it(pool: HashPool) -> None:
    room = Room(pool, rehash=True)
    assert room.hashes.renewed(PASSWORD, DJANGO, Deadline(-1)) is None
    closed = HashPool(workers=1)
    closed.close()
    assert Room(closed, rehash=True).renewed(PASSWORD, DJANGO) is None
    bcrypt = Room(pool, maker=MAKERS["bcrypt"](cost=4), rehash=True)
    assert bcrypt.renewed(DIGITS, DJANGO) is None


def test_a_new_hash_that_no_login_could_use_is_not_stored(pool: HashPool) -> None:
    maker = MAKERS["pbkdf2-sha256"](iterations=10)
    room = Room(pool, maker=maker, rehash=True, limits=Limits(pbkdf2_iterations=9))
    assert room.renewed(PASSWORD, DJANGO) is None


def test_with_a_prepared_password_the_new_hash_is_of_that(pool: HashPool) -> None:
    maker = MAKERS["bcrypt"](cost=4)
    room = Room(pool, maker=maker, rehash=True, prepare=lambda password: b"<" + password + b">")
    stored = next(row.stored for row in HASHES if row.made_by == "drepper-published")
    made = room.renewed("hunter2", stored)
    assert made is not None
    assert room.verify("hunter2", made)
    assert Room(pool).verify("<hunter2>", made)
    assert not Room(pool).verify("hunter2", made)


def test_a_password_that_is_prepared_to_nothing_never_fits(pool: HashPool) -> None:
    room = Room(pool, prepare=bytes.strip)
    assert room.verify(" hunter2 ", room.hash("hunter2"))
    assert not room.verify("   ", room.hash("hunter2"))
    assert room.counted.passwords[-1] == b"placeholder"


def test_a_declared_digest_is_renewed(pool: HashPool) -> None:
    own = Declared("md5(salt + password)", layout=Layout(salt="before"))
    schemes = [own, *known_schemes()]
    assert read("salt:" + "00" * 16, Limits(), schemes) is not None
    room = Room(pool, schemes=schemes, rehash=True)
    made = room.renewed(PASSWORD, "salt:" + "00" * 16)
    assert made is not None
    assert room.verify(PASSWORD, made)
