"""The rules themselves, by a clock that the test moves; and in Redis by its own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from redis import Redis as Client

from sso_bridge.throttle import Memory, Rate, Waits
from sso_bridge.throttle.shared import SharedBy
from tests.services import Redis

WAITS = Waits(free=3, first=1.0, longest=10.0, forget=100.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(WAITS, most=1000, clock=clock)


def test_waits_double_up_to_the_longest(memory: Memory, clock: Clock) -> None:
    waits = []
    for number in range(1, 9):
        tried = memory.attempt("a")
        assert tried.number == number
        waits.append(tried.wait)
        clock.now += tried.wait
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]


def test_a_million_tries_wait_no_longer_than_the_longest() -> None:
    assert WAITS.after(1_000_000) == 10.0


def test_who_tries_too_early_does_not_wait_longer_for_that(memory: Memory, clock: Clock) -> None:
    for _ in range(3):
        memory.attempt("a")
    for _ in range(9):
        clock.now += 0.1
        assert memory.attempt("a").number == 0
    clock.now += 0.2
    assert memory.attempt("a").number == 4


def test_wrong_passwords_are_forgotten_some_time_after_the_last(
    memory: Memory, clock: Clock
) -> None:
    memory.attempt("a")
    clock.now += 99
    assert memory.attempt("a").number == 2
    clock.now += 101
    assert memory.attempt("a").number == 1


def test_a_try_that_was_none_gives_the_turn_back(memory: Memory, clock: Clock) -> None:
    for _ in range(3):
        number = memory.attempt("a").number
    memory.undo("a", number)
    assert memory.attempt("a").number == 3
    assert memory.attempt("a").number == 0
    memory.reset("a")
    memory.undo("a", 3)
    assert memory.attempt("a").number == 1


def test_of_more_logins_than_are_remembered_those_tried_last_are(clock: Clock) -> None:
    memory = Memory(WAITS, most=1000, clock=clock)
    for number in range(2000):
        memory.attempt(str(number))
        memory.attempt("a")
        clock.now += 0.001
    assert memory.attempt("a").number == 0
    assert memory.attempt("1999").number == 2
    assert memory.attempt("5").number == 1
    assert len(memory._logins) <= 1000


def test_a_rate_lets_so_many_come_at_once_and_as_many_again_in_its_time(
    memory: Memory, clock: Clock
) -> None:
    rates = [Rate(60, 60.0).of("a")]
    assert [memory.spend(rates) for _ in range(62)] == [None] * 60 + [0] * 2
    clock.now += 1.001
    assert [memory.spend(rates) for _ in range(2)] == [None, 0]
    clock.now += 3600
    assert [memory.spend(rates) for _ in range(61)] == [None] * 60 + [0]


def test_a_call_that_one_rate_refuses_is_not_counted_at_the_others(memory: Memory) -> None:
    wide, narrow = Rate(3, 600.0).of("wide"), Rate(1, 600.0).of("narrow")
    assert [memory.spend([wide, narrow]) for _ in range(9)] == [None] + [1] * 8
    assert [memory.spend([wide]) for _ in range(3)] == [None, None, 0]


def test_waits_in_redis_double_up_to_the_longest(redis: Redis) -> None:
    url = redis.new_database()
    by = SharedBy(url, prefix="", patience=10.0, waits=Waits(3, 1.0, 10.0, 100.0))
    waits = []
    with Client.from_url(url) as client:
        for number in range(1, 9):
            tried, _ = by.attempt("a", at_least=0)
            assert tried.number == number
            waits.append(tried.wait)
            client.hset("a", "next", 0)
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    redis.drop(url)


def test_a_wait_in_redis_ends(redis: Redis) -> None:
    url = redis.new_database()
    by = SharedBy(url, prefix="", patience=10.0, waits=Waits(1, 0.2, 0.2, 100.0))
    assert by.attempt("a", at_least=0)[0].number == 1
    tried, _ = by.attempt("a", at_least=0)
    assert tried.number or tried.wait <= 0.2
    time.sleep(0.25)
    assert by.attempt("a", at_least=0)[0].number == (3 if tried.number else 2)
    redis.drop(url)


def test_rates_in_redis_are_those_of_the_memory(redis: Redis) -> None:
    url = redis.new_database()
    by = SharedBy(url, prefix="", patience=10.0, waits=WAITS)
    many, few = Rate(70, 3600.0).of("many"), Rate(50, 3600.0).of("few")
    assert [by.spend([many, few]) for _ in range(52)] == [None] * 50 + [1] * 2
    assert [by.spend([many]) for _ in range(22)] == [None] * 20 + [0] * 2
    redis.drop(url)


def test_nobody_waits_because_the_clock_of_redis_was_set_back(redis: Redis) -> None:
    """What is stored lies in a future that no rule can have put it into."""
    url = redis.new_database()
    by = SharedBy(url, prefix="", patience=10.0, waits=WAITS)
    tomorrow = time.time() + 86_400
    with Client.from_url(url) as client:
        client.hset("a", mapping={"tried": 5, "next": int(tomorrow * 1000)})
        client.set("b", int(tomorrow * 1_000_000))
    assert by.attempt("a", at_least=0)[0].number == 6
    assert by.spend([Rate(1, 60.0).of("b")]) is None
    assert by.spend([Rate(1, 60.0).of("b")]) == 0
    redis.drop(url)


def test_the_clock_of_this_machine_may_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    url = redis.new_database()
    memory = Memory(WAITS, most=1000)
    by = SharedBy(url, prefix="", patience=10.0, waits=Waits(3, 100.0, 100.0, 100.0))
    real, jumps = time.time, [0]
    monkeypatch.setattr(time, "time", lambda: real() + jumps[-1])
    for jump in (0, 86_400, -86_400):
        jumps.append(jump)
        assert memory.attempt("a").number
        assert by.attempt("a", at_least=0)[0].number
    assert memory.attempt("a").number == 0
    assert by.attempt("a", at_least=0)[0].number == 0
    redis.drop(url)
