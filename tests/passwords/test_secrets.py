"""No password, hash or salt is in a repr, an alarm, a log or an error."""

from __future__ import annotations

import logging
import traceback

import pytest

from sso_bridge.core.deadline import Deadline
from sso_bridge.errors import BridgeError
from sso_bridge.passwords import MAKERS, HashPool, Limits
from sso_bridge.passwords.schemes import UnusableHash, read

from .hashes import HASHES, Row
from .rooms import Room

SECRET = "correct-horse-battery-staple"


def parts(stored: str) -> list[str]:
    """What of a stored hash is salt or digest, or has some of it."""
    fields = stored.replace(":", "$").split("$")
    named = ("pbkdf2", "scrypt", "bcrypt", "argon2", "rounds=", "m=", "ln=")
    return [field for field in fields if len(field) > 7 and not field.startswith(named)]


@pytest.mark.parametrize("row", HASHES, ids=lambda row: f"{row.scheme}-{row.made_by}")
def test_nothing_is_told(pool: HashPool, row: Row, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    room = Room(pool, sample=lambda count, deadline: [row.stored])
    told = [repr(read(row.stored, Limits())), str(read(row.stored, Limits()))]
    for stored in (row.stored, row.stored[:-1], row.stored + "x", "x" + row.stored, None):
        room.verify(SECRET, stored)
        try:
            read(stored or "", Limits(memory_kib=0, bcrypt_cost=0, pbkdf2_iterations=0))
        except UnusableHash as error:
            told.append("".join(traceback.format_exception(error)))
    told += [repr(room.hashes), repr(vars(room.hashes)), repr(vars(room.hashes._usual))]
    told += [repr(room.alarms.seen), repr(room.alarms.steps), caplog.text]
    for one in told:
        assert SECRET not in one
        for part in parts(row.stored):
            assert part not in one


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("password", [SECRET * 200, SECRET + "\0", SECRET + "\ud800"])
def test_a_refusal_to_store_does_not_quote(pool: HashPool, name: str, password: str) -> None:
    room = Room(pool, maker=MAKERS[name]())
    with pytest.raises(BridgeError) as refused:
        room.hash(password)
    assert SECRET not in "".join(traceback.format_exception(refused.value, chain=True))
    assert SECRET not in repr(vars(refused.value))


def test_an_error_of_the_queue_does_not_quote(pool: HashPool) -> None:
    room = Room(pool)
    with pytest.raises(BridgeError) as late:
        room.hashes.verify(SECRET, None, Deadline(-1))
    assert SECRET not in "".join(traceback.format_exception(late.value))
