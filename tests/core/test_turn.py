"""Calls that compute take turns, and none waits for another that waits itself."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sso_bridge.core import turn
from sso_bridge.core.deadline import Deadline
from sso_bridge.core.logins import LoginRule
from sso_bridge.core.model import Lookup
from sso_bridge.core.turn import TURN, Turn
from sso_bridge.ledger import Memory
from sso_bridge.passwords import HashPool
from sso_bridge.wiring.factory import Checked


def takes_it_at_once(one: Turn) -> bool:
    """Whether another thread gets the turn without waiting for it."""

    def try_it() -> bool:
        with one:
            return one._holder == threading.get_ident()

    with ThreadPoolExecutor(1) as others:
        return others.submit(try_it).result()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "PATIENCE", 0.0)


def test_one_thread_has_it_at_a_time() -> None:
    one = Turn()
    with one:
        assert not takes_it_at_once(one)
    assert takes_it_at_once(one)


def test_nobody_waits_for_it_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "PATIENCE", 0.05)
    one = Turn()
    with one:
        began = time.monotonic()
        assert not takes_it_at_once(one)
        assert time.monotonic() - began >= 0.05


def test_whoever_went_on_without_it_takes_it_from_nobody() -> None:
    one = Turn()
    with one:
        assert not takes_it_at_once(one)
        assert not takes_it_at_once(one)
        assert one.give_back()
        assert not one.give_back()
    assert takes_it_at_once(one)


def test_it_is_given_back_when_a_call_fails() -> None:
    one = Turn()
    with pytest.raises(KeyError), one:
        raise KeyError
    assert takes_it_at_once(one)


def test_it_can_be_lent_while_its_holder_waits() -> None:
    one = Turn()
    with one.lent():
        assert takes_it_at_once(one)
    with one:
        with one.lent():
            assert takes_it_at_once(one)
        assert not takes_it_at_once(one)
    assert takes_it_at_once(one)


def test_whoever_looks_at_the_ledger_has_no_turn() -> None:
    looks = []

    def look(deadline: Deadline) -> int:
        looks.append(takes_it_at_once(TURN))
        return 1

    with TURN:
        Memory(10, 0.0).refresh(look, Deadline(5))
    assert looks == [True]


def test_a_source_in_python_waits_without_the_turn() -> None:
    class Nobody:
        def find(self, key: Lookup, deadline: Deadline, *, profile: bool = False) -> None:
            assert takes_it_at_once(TURN)

    users: Any = Nobody()
    with TURN:
        checked = Checked(users, name="crm", login_rule=LoginRule.EXACT)
        assert checked.find(Lookup("login", "bob"), Deadline(5)) is None
        assert not takes_it_at_once(TURN)


def test_a_login_that_waits_for_its_hash_has_no_turn() -> None:
    pool = HashPool(1, 1)
    with TURN:
        assert pool.run(lambda password: takes_it_at_once(TURN), b"", Deadline(5))
    pool.close()
