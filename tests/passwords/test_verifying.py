"""A password is verified against hashes made elsewhere, and against nothing else."""

from __future__ import annotations

import re

import pytest

from sso_bridge.passwords import HashPool, identify

from .hashes import CUT_BY_ITS_MAKER, DIGITS, HASHES, PASSWORD, Row
from .rooms import Room

EACH = pytest.mark.parametrize("row", HASHES, ids=lambda row: f"{row.scheme}-{row.made_by}")
DES = next(row.stored for row in HASHES if row.scheme == "des-crypt")
DJANGO = next(row.stored for row in HASHES if row.scheme == "django-pbkdf2-sha256")


@EACH
def test_a_hash_made_elsewhere_is_verified(room: Room, row: Row) -> None:
    assert room.verify(row.password, row.stored)
    assert not room.alarms.seen
    assert len(room.counted.computed) == 1


@EACH
def test_another_password_is_refused(room: Room, row: Row) -> None:
    assert not room.verify("x" + row.password, row.stored)
    assert not room.alarms.seen
    assert len(room.counted.computed) == 1


@EACH
def test_a_hash_is_identified_by_its_scheme(row: Row) -> None:
    assert identify(row.stored) == row.scheme


@EACH
def test_a_hash_changed_in_one_place_never_fits(room: Room, row: Row) -> None:
    run = max(re.finditer(r"[A-Za-z0-9+/.]+", row.stored), key=lambda run: len(run[0]))
    for place in (run.start() + 1, (run.start() + run.end()) // 2, run.end() - 5):
        other = "B" if row.stored[place] in "aA" else "A"
        changed = row.stored[:place] + other + row.stored[place:][1:]
        assert not room.verify(row.password, changed)


@EACH
def test_a_hash_cut_short_never_fits(room: Room, row: Row) -> None:
    for length in range(len(row.stored) - 1, 0, -9):
        assert not room.verify(row.password, row.stored[:length])


def test_the_padding_of_a_char_column_does_not_matter(room: Room) -> None:
    assert room.verify(PASSWORD, DJANGO + "   ")


def test_bcrypt_looks_at_72_bytes_as_its_makers_did(room: Room) -> None:
    stored = CUT_BY_ITS_MAKER.stored
    assert room.verify(DIGITS[:72], stored)
    assert room.verify(DIGITS[:72] + "anything", stored)
    assert not room.verify(DIGITS[:71], stored)


def test_des_looks_at_8_bytes_as_its_makers_did(room: Room) -> None:
    first_8_bytes = PASSWORD.encode()[:8].decode()
    assert room.verify(first_8_bytes, DES)


def test_a_password_is_not_normalised(room: Room) -> None:
    decomposed = PASSWORD.replace("ä", "a\u0308")
    assert decomposed != PASSWORD
    assert not room.verify(decomposed, DJANGO)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 65, id="too-long"),
        pytest.param("ä" * 33, id="too-long-in-bytes"),
        pytest.param("a\0b", id="nul"),
        pytest.param("\ud800", id="lone-surrogate"),
    ],
)
def test_a_password_that_cannot_be_right_costs_what_a_wrong_one_does(
    pool: HashPool, password: str
) -> None:
    room = Room(pool, longest_password=64)
    assert not room.verify(password, DJANGO)
    assert room.counted.computed == [("django-pbkdf2-sha256", (1000,))]
    assert len(room.counted.passwords[0]) < 65
    assert not room.alarms.seen


def test_the_placeholder_of_such_a_password_opens_nothing(room: Room) -> None:
    stored = room.hash("placeholder")
    assert room.verify("placeholder", stored)
    assert not room.verify("", stored)
    assert not room.verify("placeholder\0", stored)


def test_crypt_3_takes_no_more_than_511_bytes(room: Room) -> None:
    md5 = next(row.stored for row in HASHES if row.scheme == "md5-crypt")
    assert not room.verify("x" * 4000, md5)
    assert not room.alarms.seen
    assert room.counted.computed == [("md5-crypt", ())]
