"""The census of password hashes, and what a login costs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from sso_bridge.passwords.schemes.argon2 import Argon2Maker
from sso_bridge.passwords.schemes.bcrypt import BcryptMaker
from tests.doctor.looking import bad, look, of
from tests.people import HASH, People

Make = Callable[..., People]
ARGON2 = Argon2Maker(1024, 1, 1).make(b"x")
MD5 = hashlib.md5(b"secret").hexdigest()


def test_hashes_are_counted_by_scheme(make: Make) -> None:
    people = make()
    for number, stored in enumerate([HASH, HASH, ARGON2, "!", None]):
        people.add(f"user{number}", password=stored)
    [(_, told)] = of(people, "hashes")
    assert told == "of 4: bcrypt 2, argon2id 1, locked 1"
    assert not bad(people) & {"hashes_unknown", "hashes_refused", "hashes_weak"}


def test_nobody_with_a_hash_is_told(make: Make) -> None:
    people = make()
    people.add("bob", password=None)
    assert "hashes_none" in bad(people)


def test_unknown_ones_are_told_by_their_shape(tmp_path: Path) -> None:
    people = People(tmp_path)
    people.add("bob", password="{X-NEW}" + "a" * 30)
    people.add("eve", password="open sesame")
    [(_, told)] = of(people, "hashes_unknown")
    assert told.startswith("2 of 2")
    assert "prefix {X-NEW}" in told
    assert "sesame" not in told


def test_a_hash_without_a_salt_is_refused_unless_it_is_allowed_and_weak_then(
    tmp_path: Path,
) -> None:
    people = People(tmp_path)
    people.add("bob", password=MD5)
    [(_, told)] = of(people, "hashes_refused")
    assert "allow_weak" in told
    allowed = People(tmp_path, source={"passwords": {"allow_weak": True}})
    [(_, weak)] = of(allowed, "hashes_weak")
    assert "no salt" in weak
    assert of(allowed, "hashes_refused") == []


def test_a_hash_that_costs_too_much_is_an_error_and_is_not_computed(tmp_path: Path) -> None:
    people = People(tmp_path, source={"passwords": {"max_seconds": 0.5}})
    costly = BcryptMaker(cost=4).make(b"x").replace("$04$", "$20$")
    people.add("bob")
    people.add("eve", password=costly)
    [(_, told)] = of(people, "hashes_refused")
    assert told.startswith("1 of 2")
    assert "limit" in told


def test_what_a_login_costs_is_measured(tmp_path: Path) -> None:
    people = People(tmp_path)
    people.add("bob", password=BcryptMaker(cost=10).make(b"x"))
    [(_, told)] = of(people, "login_cost")
    match = re.match(r"one login takes ([\d.]+) (m?s) of a core \(bcrypt\)", told)
    assert match is not None
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    assert 0.01 < seconds < 2
    assert "a second" in told


def test_a_digest_of_ones_own_is_known(tmp_path: Path) -> None:
    passwords = {"digest": "sha1(salt + password)", "salt": "before"}
    people = People(tmp_path, source={"passwords": passwords})
    people.add("bob", password="s4lt:" + hashlib.sha1(b"s4ltsecret").hexdigest())
    assert "hashes_unknown" not in bad(people)
    assert "declared" in next(f.text for f in look(people) if f.check == "hashes")
