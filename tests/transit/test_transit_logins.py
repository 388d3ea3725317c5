"""Logins and new accounts where passwords come encrypted."""

from __future__ import annotations

import base64
import itertools
import os
from pathlib import Path
from typing import Any

import pytest

from tests.people import CHEAP, SECRET, People, erid_in, refused

from .agreed import ALGORITHMS, AUTHENTICATED, CLASSIC, K256, agreed, agreement

OTHER = K256[::-1]


def people_with(folder: Path, table: dict[str, Any]) -> People:
    people = People(folder, site={"password_encryption": "dr"}, password_encryption={"dr": table})
    people.add("bob")
    return people


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_right_password_lets_in_and_makes_an_account(algorithm: str, tmp_path: Path) -> None:
    table = agreed(algorithm)
    people, dr = people_with(tmp_path, table), agreement(table)
    erid = erid_in(people.login("bob", dr.sealed(SECRET)))
    assert erid == erid_in(people.login("bob", dr.sealed(SECRET)))
    made = erid_in(people.create("new", dr.sealed("another")))
    assert made == erid_in(people.create("new", dr.sealed("another")))
    assert made == erid_in(people.login("new", dr.sealed("another")))
    assert refused(people.login("new", dr.sealed(SECRET))) == "invalid_login"
    assert people.alarms == []


def unreadable(table: dict[str, Any]) -> dict[str, str]:
    """What is no password by an agreement, by what is wrong with it."""
    data = base64.b64decode(agreement(table).sealed(SECRET))
    other = agreement(agreed(table["algorithm"], OTHER)).sealed(SECRET)
    sent = {
        "sent in clear": SECRET.encode(),
        "of another key": base64.b64decode(other),
        "cut": data[:-1],
        "nothing but an IV": data[:16],
        "noise": os.urandom(len(data) + 1),
    }  # fmt: skip
    if table["algorithm"] in AUTHENTICATED:
        sent["changed"] = data[:-1] + bytes([data[-1] ^ 1])
    written = {why: base64.b64encode(one).decode() for why, one in sent.items()}
    return {**written, "clear": SECRET, "other letters": "ключ"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_not_decrypted_looks_and_costs_as_a_wrong_password(
    algorithm: str, tmp_path: Path
) -> None:
    table = agreed(algorithm)
    people, dr = people_with(tmp_path, table), agreement(table)
    wrong = people.login("bob", dr.sealed("wrong"))
    people.counted.computed = 0
    for login in ("bob", "nobody"):
        for why, sent in unreadable(table).items():
            before = people.counted.computed
            assert people.login(login, sent) == wrong, why
            assert people.counted.computed - before == 1, why
    assert wrong.text == "Invalid login"
    if algorithm in AUTHENTICATED:
        assert len(people.alarms) == 2 * len(unreadable(table))
    assert set(people.alarms) == {"password_not_decrypted"}
    assert not any(SECRET in details for details in people.watched.details)


def test_a_login_without_a_password_is_refused_without_an_alarm(tmp_path: Path) -> None:
    people = people_with(tmp_path, agreed("aes-gcm"))
    assert refused(people.login("bob", None)) == refused(people.login("bob", "")) == "invalid_login"
    assert people.alarms == []


def test_no_account_is_made_of_what_is_not_decrypted(tmp_path: Path) -> None:
    table = agreed("aes-gcm")
    people = people_with(tmp_path, table)
    sent = unreadable(table)
    for each in sent.values():
        assert refused(people.create("new", each)) == "creation_refused"
        assert refused(people.create("bob", each)) == "login_taken"
    assert people.count() == 1
    assert people.alarms == ["password_not_decrypted"] * 2 * len(sent)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_old_and_new_key_are_good_while_both_are_there(algorithm: str, tmp_path: Path) -> None:
    people = people_with(tmp_path, agreed(algorithm, K256, OTHER))
    for key in (K256, OTHER):
        dr = agreement(agreed(algorithm, key))
        erid_in(people.login("bob", dr.sealed(SECRET)))
        erid_in(people.create(f"new {key[:4]}", dr.sealed(SECRET)))
    assert people.alarms == []
    (tmp_path / "after").mkdir()
    after = people_with(tmp_path / "after", agreed(algorithm, OTHER))
    assert refused(after.login("bob", agreement(agreed(algorithm, K256)).sealed(SECRET)))


def ambiguous(printable: bool) -> tuple[dict[str, Any], str, str]:
    """An agreement with two keys, and a password whose ciphertext under the second is decrypted by
    the first as well, to something a person may have typed or to something else."""
    more = {"charset": "iso-8859-1", "fixed_iv": "00" * 8}
    table = agreed("3des-cbc", K256, OTHER, **more)
    dr = agreement(table)
    for number in itertools.count():
        password = f"pw{number}"
        sent = dr.sealed(password, "k2")
        first, second = dr.opened(sent)
        if second and first.isprintable() == printable:
            assert second == password != first
            return table, sent, password
    raise AssertionError


@pytest.mark.parametrize("printable", [True, False])
def test_two_keys_that_both_decrypt_keep_nobody_out(printable: bool, tmp_path: Path) -> None:
    table, sent, password = ambiguous(printable)
    people = people_with(tmp_path, table)
    people.add("eve", password=CHEAP.make(password.encode()))
    erid_in(people.login("eve", sent))
    assert people.alarms == []


def test_an_account_is_made_only_of_the_one_password_that_a_person_may_have_typed(
    tmp_path: Path,
) -> None:
    table, sent, _ = ambiguous(printable=True)
    people = people_with(tmp_path, table)
    assert refused(people.create("new", sent)) == "creation_refused"
    assert (people.count(), people.alarms) == (1, ["password_not_decrypted"])
    table, sent, password = ambiguous(printable=False)
    (tmp_path / "other").mkdir()
    people = people_with(tmp_path / "other", table)
    made = erid_in(people.create("new", sent))
    clear = agreement(table).sealed(password, "k1")
    assert made == erid_in(people.login("new", clear))


@pytest.mark.parametrize("algorithm", CLASSIC)
def test_each_wrong_password_costs_a_hash_for_each_key_that_may_have_made_it(
    algorithm: str, tmp_path: Path
) -> None:
    """Else the time would tell how many keys found good padding, and so, byte by byte, the text."""
    table = agreed(algorithm, K256, OTHER)
    people, dr = people_with(tmp_path, table), agreement(table)
    costs = set()
    for login, sent in itertools.product(
        ("bob", "nobody"), (dr.sealed("wrong"), dr.sealed("wrong", "k2"), "clear", "", "QUJD" * 16)
    ):
        before = people.counted.computed
        assert refused(people.login(login, sent)) == "invalid_login"
        costs.add(people.counted.computed - before)
    assert costs == {2}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_clear_passwords_are_taken_while_the_switch_says_so(algorithm: str, tmp_path: Path) -> None:
    table = agreed(algorithm, accept_plaintext=True)
    people, dr = people_with(tmp_path, table), agreement(table)
    erid_in(people.login("bob", dr.sealed(SECRET)))
    assert people.notices == []
    erid_in(people.login("bob", SECRET))
    erid_in(people.create("new", SECRET))
    assert people.notices == ["password_in_clear"] * 2
    assert refused(people.login("bob", "wrong")) == "invalid_login"
    assert people.alarms == []


@pytest.mark.parametrize("algorithm", AUTHENTICATED)
def test_what_was_encrypted_with_another_key_never_becomes_a_password_itself(
    algorithm: str, tmp_path: Path
) -> None:
    people = people_with(tmp_path, agreed(algorithm, accept_plaintext=True))
    sent = agreement(agreed(algorithm, OTHER)).sealed(SECRET)
    assert refused(people.create("new", sent)) == "creation_refused"
    assert people.alarms == ["password_not_decrypted"]
