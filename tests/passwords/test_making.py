"""New hashes are what other programs of the same scheme accept."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable

import argon2
import bcrypt
import pytest
from passlib import hash as passlib_hash

from sso_bridge.errors import ConfigurationError, CreationRefused
from sso_bridge.passwords import MAKERS, HashPool, Limits, identify
from sso_bridge.passwords.schemes import read

from .hashes import DIGITS, PASSWORD
from .rooms import Room

CHEAP_COSTS = {
    "argon2id": {"memory_kib": 64, "passes": 1},
    "bcrypt": {"cost": 4},
    "bcrypt-2y": {"cost": 4},
    "wordpress": {"cost": 4},
    "scrypt": {"ln": 4},
    "pbkdf2-sha256": {"iterations": 10},
    "django-pbkdf2-sha256": {"iterations": 10},
}

ACCEPTED_BY: dict[str, Callable[[str, str], bool]] = {
    "argon2id": lambda password, made: argon2.PasswordHasher().verify(made, password),
    "bcrypt": lambda password, made: bcrypt.checkpw(password.encode(), made.encode()),
    "bcrypt-2y": lambda password, made: bcrypt.checkpw(password.encode(), made.encode()),
    "wordpress": lambda password, made: bcrypt.checkpw(
        b64encode(hmac.digest(b"wp-sha384", password.encode(), "sha384")),
        made.removeprefix("$wp").encode(),
    ),
    "scrypt": passlib_hash.scrypt.verify,
    "pbkdf2-sha256": passlib_hash.pbkdf2_sha256.verify,
    "django-pbkdf2-sha256": passlib_hash.django_pbkdf2_sha256.verify,
}

LABELS = {"bcrypt-2y": "bcrypt", "wordpress": "wordpress-bcrypt"}
"""Of makers that do not have the name of the scheme they make."""

EACH = pytest.mark.parametrize("name", MAKERS)


def room_making(pool: HashPool, name: str, limits: Limits | None = None) -> Room:
    return Room(pool, maker=MAKERS[name](**CHEAP_COSTS[name]), limits=limits)


@EACH
def test_a_new_hash_is_verified_here_and_elsewhere(pool: HashPool, name: str) -> None:
    room = room_making(pool, name)
    made = room.hash(PASSWORD)
    assert identify(made) == LABELS.get(name, name)
    assert room.verify(PASSWORD, made)
    assert not room.verify(PASSWORD + "x", made)
    assert ACCEPTED_BY[name](PASSWORD, made)
    assert not room.alarms.seen


@EACH
def test_two_hashes_of_one_password_differ(pool: HashPool, name: str) -> None:
    room = room_making(pool, name)
    assert room.hash(PASSWORD) != room.hash(PASSWORD)


@EACH
def test_the_default_cost_is_within_the_default_limits(pool: HashPool, name: str) -> None:
    made = Room(pool, maker=MAKERS[name]()).hash(PASSWORD)
    assert read(made, Limits()) is not None


@EACH
@pytest.mark.parametrize(
    ("password", "details"),
    [
        pytest.param("", "the password is empty", id="empty"),
        pytest.param("x" * 4097, "the password is longer than 4096 bytes of UTF-8", id="too-long"),
        pytest.param("a\0b", "the password contains a NUL character", id="nul"),
        pytest.param("\ud800", "the password is not Unicode text", id="lone-surrogate"),
    ],
)
def test_a_password_that_could_never_be_verified_is_not_stored(
    pool: HashPool, name: str, password: str, details: str
) -> None:
    room = room_making(pool, name)
    with pytest.raises(CreationRefused) as refused:
        room.hash(password)
    assert refused.value.details == details
    assert room.maker.made == 0


@EACH
def test_the_end_of_a_long_password_counts_or_it_is_refused(pool: HashPool, name: str) -> None:
    room = room_making(pool, name)
    if name in ("bcrypt", "bcrypt-2y"):
        with pytest.raises(CreationRefused, match="bcrypt takes passwords of 72 bytes"):
            room.hash(DIGITS)
    else:
        made = room.hash(DIGITS)
        assert room.verify(DIGITS, made)
        assert not room.verify(DIGITS[:-1], made)


def test_bcrypt_takes_72_bytes(pool: HashPool) -> None:
    room = room_making(pool, "bcrypt")
    assert room.verify("ä" * 36, room.hash("ä" * 36))
    with pytest.raises(CreationRefused):
        room.hash("ä" * 36 + "x")


def test_bcrypt_cuts_what_is_a_digest_already(pool: HashPool) -> None:
    room = Room(pool, maker=MAKERS["bcrypt"](cost=4, cuts=True))
    assert room.verify(DIGITS[:72], room.hash(DIGITS))


def test_bcrypt_can_be_written_as_php_does(pool: HashPool) -> None:
    room = room_making(pool, "bcrypt-2y")
    made = room.hash(PASSWORD)
    assert made.startswith("$2y$04$")
    assert room.verify(PASSWORD, made)


def test_wordpress_takes_a_password_without_white_space_around_it(pool: HashPool) -> None:
    room = room_making(pool, "wordpress")
    made = room.hash(" hunter2\n")
    assert made.startswith("$wp$2y$04$")
    assert room.verify("hunter2", made)
    assert room.verify("hunter2  ", made)
    with pytest.raises(CreationRefused, match="nothing but white space"):
        room.hash(" \t ")


def test_a_hash_that_no_login_could_use_is_not_handed_out(pool: HashPool) -> None:
    room = room_making(pool, "pbkdf2-sha256", Limits(pbkdf2_iterations=9))
    with pytest.raises(ConfigurationError, match="iterations is 10, above the limit of 9"):
        room.hash(PASSWORD)


def test_a_hash_that_no_scheme_reads_is_not_handed_out(pool: HashPool) -> None:
    room = Room(pool, schemes=[])
    with pytest.raises(ConfigurationError, match="unknown scheme"):
        room.hash(PASSWORD)
