"""A Redis that is gone, hangs, forgets or is full keeps nobody out, and lets nobody guess."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as Client

from tests.people import People
from tests.services import Redis
from tests.throttle.nodes import Node, in_redis, waits

DOWN, BACK = "throttle_storage_down", "throttle_storage_back"
REFUSED = "login_throttled"
PATIENCE = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    """One that may be killed; it is running when a test begins."""
    with Redis(private=True) as server:
        yield server


@pytest.fixture
def url(server: Redis) -> str:
    return server.new_database()


def node(folder: Path, url: str, **settings: Any) -> Node:
    throttle = in_redis(url, **{"logins": waits(), **settings})
    people = People(folder, throttle=throttle)
    if not people.run("SELECT 1 FROM users"):
        people.add("alice")
    return Node(people)


def eventually(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _told(bridge: Node, times: int) -> bool:
    return bridge.people.notices == [BACK] * times


def is_back(bridge: Node) -> None:
    eventually(partial(_told, bridge, 1))


def test_a_redis_that_was_never_there_is_told_of_once_and_logins_go_on(
    tmp_path: Path, server: Redis
) -> None:
    bridge = node(tmp_path, "redis://127.0.0.1:1/0")
    assert bridge.login("alice") == "accepted"
    assert [*bridge.guess("alice", 3), bridge.login("alice")] == ["invalid_login"] * 3 + [REFUSED]
    assert bridge.people.alarms == [DOWN]
    assert bridge.people.watched.decisions[-1] == ("login", "refused", "memory")


def test_who_has_to_wait_still_has_to_when_redis_is_gone_and_when_it_is_back_empty(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge = node(tmp_path, url)
    bridge.guess("alice", 3)
    server.kill()
    try:
        assert bridge.login("alice") == REFUSED
        assert bridge.guess("bob", 4) == ["invalid_login"] * 3 + [REFUSED]
        assert bridge.people.alarms == [DOWN]
    finally:
        server.start()
    is_back(bridge)
    assert bridge.login("bob") == REFUSED
    assert bridge.people.alarms == [DOWN]


def test_wrong_passwords_of_an_outage_count_when_redis_is_back(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge = node(tmp_path, url)
    server.kill()
    try:
        assert bridge.guess("bob", 2) == ["invalid_login"] * 2
    finally:
        server.start()
    is_back(bridge)
    assert bridge.guess("bob", 2) == ["invalid_login", REFUSED]
    assert node(tmp_path, url).login("bob") == REFUSED


def test_a_redis_that_hangs_is_waited_for_once_and_not_for_long(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge = node(tmp_path, url, all={"calls_per_second": 100_000}, patience=0.5)
    assert bridge.get("alice") == "accepted"
    with server.hanging():
        begun = time.monotonic()
        assert bridge.get("alice") == "accepted"
        first = time.monotonic() - begun
        begun = time.monotonic()
        assert [bridge.get("alice") for _ in range(20)] == ["accepted"] * 20
        rest = time.monotonic() - begun
    assert 0.4 < first < 3
    assert rest < 20 * 0.4
    assert bridge.people.alarms == [DOWN]
    is_back(bridge)


def test_a_redis_that_is_full_is_an_outage_until_it_takes_something_again(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge = node(tmp_path, url)
    with Client.from_url(url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            assert bridge.guess("alice", 4) == ["invalid_login"] * 3 + [REFUSED]
            time.sleep(1.2)  # it is asked again meanwhile
            assert bridge.people.alarms == [DOWN]
            assert bridge.people.notices == []
        finally:
            client.config_set("maxmemory", 0)
    is_back(bridge)
    assert bridge.people.watched.alarms == [DOWN]


def test_a_redis_that_was_restarted_between_two_calls_is_no_outage(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge = node(tmp_path, url)
    bridge.guess("alice", 1)
    server.kill()
    server.start()
    assert bridge.login("alice") == "accepted"
    assert bridge.people.alarms == []


def test_each_outage_is_told_of(tmp_path: Path, server: Redis, url: str) -> None:
    bridge = node(tmp_path, url)
    for number in (1, 2):
        server.kill()
        try:
            assert bridge.login("alice") == "accepted"
        finally:
            server.start()
        eventually(partial(_told, bridge, number))
    assert bridge.people.alarms == [DOWN, DOWN]


def test_a_success_that_redis_did_not_hear_of_is_no_fault(
    tmp_path: Path, server: Redis, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes while a password is verified."""
    bridge = node(tmp_path, url)
    bridge.guess("alice", 2)
    find = bridge.people.parts.sources["shop"].find

    def killing(*args: Any, **more: Any) -> Any:
        server.kill()
        return find(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(bridge.people.parts.sources["shop"], "find", killing)
        try:
            assert bridge.login("alice") == "accepted"
        finally:
            server.start()
    assert bridge.guess("alice", 2) == ["invalid_login"] * 2


def test_a_token_that_was_used_stays_used_where_it_was_when_redis_forgets(
    tmp_path: Path, server: Redis, url: str
) -> None:
    bridge, other = node(tmp_path, url), node(tmp_path, url)
    used, late = bridge.people.parts.throttle, other.people.parts.throttle
    assert used.is_first(b"before", 600)
    assert not late.is_first(b"before", 600)
    server.kill()
    try:
        assert used.is_first(b"meanwhile", 600)
        assert not used.is_first(b"meanwhile", 600)
        assert late.is_first(b"meanwhile", 600)
    finally:
        server.start()
    is_back(bridge)
    assert [used.is_first(mark, 600) for mark in (b"before", b"meanwhile")] == [False, False]
    assert used.is_first(b"after", 600)
