"""Hashes without a salt are verified only where that was allowed; weak ones are named."""

from __future__ import annotations

import pytest

from sso_bridge.passwords import WEAK, HashPool, identify, known_schemes

from .hashes import HASHES, PASSWORD
from .rooms import Room

WITHOUT_SALT = {
    # PHP's hash()
    "bare-md5": "e26ea683e42de1777fda7943dfa8b1fd",
    "bare-sha1": "adee8be55638aee8029ccd546919ac929548f146",
    "bare-sha256": "7e12bc5f47692049a012e8d11422fa3a0add03762c49d75f67d4b0fb9512c7a6",
    "bare-sha512": "73ac2302c78cf65bc2f3955f620b5c680b6a92659feebf68b3ead7754704f9d4bf56e61a943b94"
    "e9a8f3279aab7ae068faa5e3e9f14b582ef759cbcd0bab686a",
}
IN_BRACES = {
    # slappasswd
    "{MD5}4m6mg+Qt4Xd/2nlD36ix/Q==": "bare-md5",
    "{SHA}re6L5VY4rugCnM1UaRmskpVI8UY=": "bare-sha1",
    "{SHA256}fhK8X0dpIEmgEujRFCL6OgrdA3YsSddfZ9Sw+5USx6Y=": "bare-sha256",
    # PHP's hash(), as Spring and Django write it
    "{MD5}e26ea683e42de1777fda7943dfa8b1fd": "bare-md5",
    "md5$$e26ea683e42de1777fda7943dfa8b1fd": "bare-md5",
    "E26EA683E42DE1777FDA7943DFA8B1FD": "bare-md5",
}
ALL = [(stored, label) for label, stored in WITHOUT_SALT.items()] + list(IN_BRACES.items())


@pytest.mark.parametrize(("stored", "label"), ALL)
def test_they_are_verified_where_that_was_allowed(pool: HashPool, stored: str, label: str) -> None:
    room = Room(pool, schemes=known_schemes(allow_weak=True))
    assert room.verify(PASSWORD, stored)
    assert not room.verify(PASSWORD + "x", stored)
    assert room.counted.computed == [(label, ())] * 2
    assert not room.alarms.seen


@pytest.mark.parametrize(("stored", "label"), ALL)
def test_they_are_refused_otherwise_but_counted(room: Room, stored: str, label: str) -> None:
    assert not room.verify(PASSWORD, stored)
    assert not room.counted.computed
    assert identify(stored) == label
    assert room.maker.made == 1


def test_clear_text_is_never_verified(pool: HashPool) -> None:
    room = Room(pool, schemes=known_schemes(allow_weak=True))
    for stored in ("{noop}hunter2", "hunter2", "{CLEARTEXT}hunter2", "{PLAIN}hunter2"):
        assert not room.verify("hunter2", stored)


def test_each_weak_scheme_says_why() -> None:
    for label in (*WITHOUT_SALT, "phpass", "des-crypt", "aspnet-identity-v2", "magento-md5"):
        assert WEAK[label]
    for label in ("argon2id", "bcrypt", "wordpress-bcrypt", "magento-md5-sha256-argon2id"):
        assert label not in WEAK


def test_every_quick_scheme_is_called_weak() -> None:
    from .test_quick_threads import ALWAYS_QUICK

    assert {row.scheme for row in HASHES} & ALWAYS_QUICK <= set(WEAK)
