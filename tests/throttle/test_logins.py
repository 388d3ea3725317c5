"""Wrong passwords of one login have to wait, and longer each time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sso_bridge.errors import SourceUnavailable
from tests.people import MAPPED, SECRET, TABLE, People
from tests.services import Redis
from tests.throttle.nodes import Node, in_redis, waits

REFUSED = "login_throttled"


@pytest.fixture(params=["memory", "redis"])
def throttle(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """[throttle], with each storage in turn."""
    if request.param == "memory":
        yield {}
        return
    server: Redis = request.getfixturevalue("redis")
    url = server.new_database()
    yield in_redis(url)
    server.drop(url)


def node(folder: Path, throttle: dict[str, Any], **settings: Any) -> Node:
    people = People(folder, throttle={"logins": waits(), **throttle}, **settings)
    if not people.run("SELECT 1 FROM users"):
        for login in ("alice", "bob"):
            people.add(login)
    return Node(people)


def test_after_some_wrong_passwords_not_even_the_right_one_is_looked_at(
    tmp_path: Path, throttle: dict[str, Any]
) -> None:
    bridge = node(tmp_path, throttle)
    assert bridge.guess("alice", 3) == ["invalid_login"] * 3
    bridge.people.counted.computed = 0
    assert [*bridge.guess("alice", 2), bridge.login("alice")] == [REFUSED] * 3
    assert bridge.people.counted.computed == 0
    assert bridge.login("bob") == "accepted"


def test_unknown_logins_have_to_wait_like_known_ones(
    tmp_path: Path, throttle: dict[str, Any]
) -> None:
    bridge = node(tmp_path, throttle)
    assert bridge.guess("alice", 5) == bridge.guess("nobody", 5)


def test_the_answer_of_a_login_that_waits_is_the_published_one_in_the_words_of_the_site(
    tmp_path: Path,
) -> None:
    site = {"refusals": {"login_throttled": {"code": "9", "text": "Please wait a minute"}}}
    for settings, texts in (({}, (b"5", b"Invalid login")), (site, (b"9", b"wait a minute"))):
        bridge = node(tmp_path, {}, site=settings)
        bridge.guess("alice", 3)
        content = "<userKey><loginID>alice</loginID></userKey><password>x</password>"
        answer = bridge.send("LoginRequest", content)
        assert answer.status == 200
        assert all(text in answer.body for text in texts)


def test_the_right_password_makes_wrong_ones_forgotten(
    tmp_path: Path, throttle: dict[str, Any]
) -> None:
    bridge = node(tmp_path, throttle)
    for _ in range(4):
        assert bridge.guess("alice", 2) == ["invalid_login"] * 2
        assert bridge.login("alice") == "accepted"


@pytest.mark.parametrize(("rule", "other"), [("ascii_case", REFUSED), ("exact", "invalid_login")])
def test_spellings_of_one_login_share_what_is_counted(
    tmp_path: Path, throttle: dict[str, Any], rule: str, other: str
) -> None:
    bridge = node(tmp_path, throttle, source={"login_match": rule})
    bridge.guess("alice", 3)
    assert bridge.login("ALICE", "wrong") == other


def test_all_sites_on_one_source_share_what_is_counted_and_sources_do_not(tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    People(second).add("alice")
    other = {**MAPPED, "url": f"sqlite:///{second / 'users.db'}"}
    bridge = node(
        tmp_path,
        {},
        sources={"other": other},
        sites={
            "de": {"source": "shop"},
            "fr": {"source": "shop"},
            "us": {"source": "other"},
        },
        default_site="de",
    )

    def login(site: str) -> str:
        key = f"<userKey><loginID>alice</loginID><siteID>{site}</siteID></userKey>"
        return bridge.send("LoginRequest", f"{key}<password>wrong</password>").outcome

    assert [login("de"), login("fr"), login("de")] == ["invalid_login"] * 3
    assert [login("fr"), login("de"), login("us")] == [REFUSED, REFUSED, "invalid_login"]


def test_who_comes_in_at_a_site_with_a_filter_makes_nothing_forgotten_elsewhere(
    tmp_path: Path,
) -> None:
    """There the login may be another person's, and whoever opens an account can have it."""
    unique = TABLE.replace("login TEXT NOT NULL UNIQUE", "login TEXT NOT NULL, store INTEGER")
    sites = {
        "one": {"source": "shop", "filter": {"store": 1}},
        "two": {"source": "shop", "filter": {"store": 2}, "create": True},
    }
    unique = unique.replace("first_name TEXT", "first_name TEXT, UNIQUE (login, store)")
    people = People(tmp_path, table=unique, sites=sites, throttle={"logins": waits()})
    people.add("alice", store=1)
    bridge = Node(people)

    def login(site: str, password: str) -> str:
        key = f"<userKey><loginID>alice</loginID><siteID>{site}</siteID></userKey>"
        return bridge.send("LoginRequest", f"{key}<password>{password}</password>").outcome

    key = "<userKey><loginID>alice</loginID><siteID>two</siteID></userKey>"
    content = f"<userInfo>{key}</userInfo><password>a stranger's</password>"
    assert bridge.send("CreateUserProfileRequest", content).outcome == "accepted"
    for _ in range(3):
        assert login("one", "wrong") == "invalid_login"
        assert login("two", "a stranger's") == "accepted"
    assert login("one", SECRET) == REFUSED


def test_an_erid_has_to_wait_as_a_login_does(tmp_path: Path, throttle: dict[str, Any]) -> None:
    bridge = node(tmp_path, throttle)
    erid = bridge.people.erid("alice")
    assert bridge.guess(erid, 3, kind="userID") == ["invalid_login"] * 3
    assert bridge.login(erid, kind="externalReferenceID") == REFUSED


def test_a_creation_does_not_tell_passwords_as_often_as_one_likes(
    tmp_path: Path, throttle: dict[str, Any]
) -> None:
    """It is answered with the account that is there, to whoever knows its password."""
    bridge = node(tmp_path, throttle)
    assert bridge.create("carol") == "accepted"
    assert [bridge.create("carol", "wrong") for _ in range(3)] == ["login_taken"] * 3
    assert bridge.create("carol") == "Throttled"
    assert bridge.login("carol") == REFUSED


def test_a_repeated_creation_never_has_to_wait(tmp_path: Path, throttle: dict[str, Any]) -> None:
    bridge = node(tmp_path, throttle)
    assert [bridge.create("carol") for _ in range(6)] == ["accepted"] * 6


def test_an_outage_is_neither_a_wrong_password_nor_a_right_one(
    tmp_path: Path, throttle: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = node(tmp_path, throttle)
    bridge.guess("alice", 2)
    source = bridge.people.parts.sources["shop"]

    def gone(*_: object, **__: object) -> None:
        raise SourceUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(source, "find", gone)
        assert bridge.guess("alice", 6) == ["SourceUnavailable"] * 6
    assert bridge.guess("alice", 2) == ["invalid_login", REFUSED]


def test_of_guesses_that_come_at_once_no_more_are_looked_at(
    tmp_path: Path, throttle: dict[str, Any]
) -> None:
    bridge = node(tmp_path, throttle)
    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(lambda _: bridge.login("alice", "wrong"), range(24)))
    assert sorted(outcomes) == ["invalid_login"] * 3 + [REFUSED] * 21


def test_a_login_that_can_be_nobodys_is_not_counted(tmp_path: Path) -> None:
    bridge = node(tmp_path, {})
    assert bridge.guess("x" * 5000, 5) == ["invalid_login"] * 5
    assert bridge.people.watched.decisions == []


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    bridge = node(tmp_path, {"logins": {"enabled": False}})
    assert bridge.guess("alice", 8) == ["invalid_login"] * 8


def test_what_was_decided_is_told_and_whom_it_was_about_is_not(tmp_path: Path) -> None:
    bridge = node(tmp_path, {})
    bridge.guess("alice", 4)
    assert bridge.people.watched.decisions == [("login", "allowed", "memory")] * 3 + [
        ("login", "refused", "memory")
    ]


def test_the_time_that_it_takes_is_told_where_it_takes_any(tmp_path: Path) -> None:
    bridge = node(tmp_path, {})

    def counted() -> int:
        return [phase for phase, _, _ in bridge.call.deadline.phases].count("throttle")

    bridge.login("alice")
    assert counted() == 2  # before the password is verified, and after
    bridge.get("alice")
    assert counted() == 0


def test_workers_of_one_node_without_redis_count_for_themselves(tmp_path: Path) -> None:
    one, other = node(tmp_path, {}), node(tmp_path, {})
    one.guess("alice", 3)
    assert one.login("alice") == REFUSED
    assert other.login("alice") == "accepted"


def test_nodes_with_one_redis_share_what_is_counted(tmp_path: Path, redis: Redis) -> None:
    url = redis.new_database()
    one, other = node(tmp_path, in_redis(url)), node(tmp_path, in_redis(url))
    assert [*one.guess("alice", 2), *other.guess("alice", 1)] == ["invalid_login"] * 3
    assert [one.login("alice"), other.login("alice")] == [REFUSED] * 2
    one.guess("bob", 2)
    assert other.login("bob") == "accepted"
    assert one.guess("bob", 3) == ["invalid_login"] * 3
    redis.drop(url)


def test_redis_holds_no_login_and_nothing_that_can_be_tried_against_a_list_of_logins(
    tmp_path: Path, redis: Redis
) -> None:
    import hashlib

    from redis import Redis as Client

    url = redis.new_database()
    bridge = node(tmp_path, in_redis(url, prefix="here:"))
    bridge.guess("alice", 1)
    with Client.from_url(url) as client:
        (key,) = client.keys("*")
        assert key.startswith(b"here:login:")
        assert b"alice" not in key
        assert b"alice" not in repr(client.hgetall(key)).encode()
        assert 0 < client.ttl(key) <= 900
        for known in (b"alice", b"4:shopalice"):
            for digest in (hashlib.sha256(known), hashlib.blake2b(known, digest_size=16)):
                assert digest.hexdigest().encode() not in key
    redis.drop(url)
